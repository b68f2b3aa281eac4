"""Which faults exist, and what is wrong with a line of a plan. Catalogue: domain.md section 6. A family more is one line here."""

from __future__ import annotations

from typing import Any

from scenarios.errors import nearest
from scenarios.faults import consistency, data, delivery, intake, network, process, vendor
from scenarios.faults.kinds import FaultKind
from scenarios.spec import Fault

FAMILIES = (network.KINDS, vendor.KINDS, delivery.KINDS, intake.KINDS, consistency.KINDS, data.KINDS, process.KINDS)
FAULTS: dict[str, FaultKind] = {
    kind.id: kind for kind in sorted((kind for kinds in FAMILIES for kind in kinds), key=lambda kind: kind.id)
}


def fault_mistakes(fault: Fault) -> list[tuple[tuple[Any, ...], str]]:
    """Return (place within the fault, message) of everything wrong with one line of a plan."""
    kind = FAULTS.get(fault.id)
    if kind is None:
        return [(("id",), f"got {fault.id!r}; {nearest(fault.id, FAULTS)}")]
    found: list[tuple[tuple[Any, ...], str]] = []
    if fault.target not in kind.targets:
        found.append((("target",), f"got {fault.target!r}; {fault.id} may target {', '.join(kind.targets)}"))
    if kind.windowed and (fault.begin is None or fault.end is None):
        found.append(((), f"{fault.id} ({kind.title}) needs `from` and `to`"))
    if fault.begin is not None and fault.end is not None and fault.end <= fault.begin:
        found.append((("to",), "must be later than `from`"))
    for name, given in fault.params.items():
        known = kind.params.get(name)
        if known is None:
            found.append((("params", name), f"{fault.id} takes no such parameter; known: {', '.join(kind.params) or 'none'}"))
        elif wrong := known.mistake(given):
            found.append((("params", name), wrong))
    return found
