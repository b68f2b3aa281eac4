"""The table of planted bugs: {name: patch}. A name is what the careless change does, with hyphens."""

from __future__ import annotations

from scenarios.power.care import CARE
from scenarios.power.effects import EFFECTS
from scenarios.power.guards import GUARDS
from scenarios.power.ledger import LEDGER
from scenarios.power.news import NEWS
from scenarios.power.patching import Bug
from scenarios.power.prices import PRICES
from scenarios.power.records import RECORDS

FAMILIES: tuple[tuple[Bug, ...], ...] = (GUARDS, EFFECTS, RECORDS, PRICES, NEWS, CARE, LEDGER)
BUGS: dict[str, Bug] = {bug.__name__.replace("_", "-"): bug for family in FAMILIES for bug in family}
