"""Secrets and people: no token where somebody can read it, and nobody's address where no system needs it."""

from __future__ import annotations

import json
import re
from typing import Any

from scenarios.oracle.books import Row
from scenarios.oracle.facts import CanNotJudge, Facts
from scenarios.oracle.governance import ALL, INTEGRATION
from scenarios.oracle.view import View

SECRET = re.compile(
    r"\bBearer\s+[\w.~+/-]{8,}|\beyJ[\w-]{8,}\.[\w-]{8,}|\b00D\w{12,15}![\w.]{8,}|PRIVATE KEY-|\bclient_(?:secret|assertion)="
)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# Kinds that the integration writes for the sake of a person; the others are about work, contracts and money.
PERSONAL = frozenset({("erp", "customer")})
COUNT = re.compile(r"(\d+) ")


def secrecy(view: View) -> Facts:
    """INV-43: no secret in log, answers, evidence or traces; no person's address in evidence nor where the integration need not put it."""
    read = view.trail.marks.get("read")
    if read is None and not view.has_claims:
        raise CanNotJudge("the design shows neither log nor evidence")
    facts = Facts(checked=sum(map(int, COUNT.findall(read.note))) if read is not None else 0)
    leak = view.trail.marks.get("leak")
    if leak is not None:
        facts.wrong.append(leak.note)
    for part, told in (view.trail.evidence or {}).items():
        for item in told if isinstance(told, list) else [told]:
            text = json.dumps(item, ensure_ascii=False)
            facts.expect(not SECRET.search(text), f"{part} of the evidence hold a token: {name_of(item)}")
            facts.expect(not ADDRESS.search(text), f"{part} of the evidence hold a person's address: {name_of(item)}")
    for (system, kind), fields in INTEGRATION.items():
        if (system, kind) not in PERSONAL:
            for id, row in view.books.live(system, kind):
                held = [name for name in named(row, fields) if ADDRESS.search(str(row[name]))]
                facts.expect(not held, f"{system} {kind} {id} holds a person's address in {', '.join(held)}")
    return facts


def named(row: Row, fields: frozenset[str]) -> list[str]:
    """The fields of a row that the integration may write; who wrote or accepted it is the system's own note."""
    own = row.keys() if fields == ALL else fields & row.keys()
    return [name for name in own if not name.startswith("_") and not name.endswith("_by")]


def name_of(item: Any) -> str:
    """What an item of the evidence is called."""
    return str(item.get("id") or item.get("subject") or "") if isinstance(item, dict) else ""
