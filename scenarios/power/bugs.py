"""The table of planted bugs: {name: patch}. A name is what the careless change does, with hyphens."""

from __future__ import annotations

from scenarios.power.guards import GUARDS
from scenarios.power.patching import Bug

FAMILIES: tuple[tuple[Bug, ...], ...] = (GUARDS,)
BUGS: dict[str, Bug] = {bug.__name__.replace("_", "-"): bug for family in FAMILIES for bug in family}
