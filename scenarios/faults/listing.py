"""A fault plan written for a person's hand: one line a fault, instants as clock times, nothing that is usual. Read by `--faults FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from scenarios.faults.kinds import MINUTE_MS
from scenarios.faults.plan import FAULTS
from scenarios.spec import Fault

HEAD = "# A fault plan: edit it, and give it back with --faults FILE. Instants are UTC unless a zone is named; share is of what matches.\n"


def as_yaml(faults: Sequence[Fault]) -> str:
    """The plan as YAML; reading it gives equal lines, each with its place, so that it draws the same chances."""
    return HEAD + lines_of(faults)


def lines_of(faults: Sequence[Fault]) -> str:
    """The plan alone, a line a fault."""
    return "".join(f"- {line_of(fault, number)}  # {FAULTS[fault.id].title}\n" for number, fault in enumerate(faults))


def line_of(fault: Fault, number: int) -> str:
    """One line as a flow mapping."""
    told: dict[str, Any] = {"id": fault.id, "target": fault.target}
    match = {name: value for name, value in fault.match.model_dump().items() if value is not None}
    told |= {"match": match} if match else {}
    told |= {"from": instant(fault.begin)} if fault.begin is not None else {}
    told |= {"to": instant(fault.end)} if fault.end is not None else {}
    told |= {"share": fault.share} if fault.share < 1 else {}
    told |= {"params": fault.params} if fault.params else {}
    told["place"] = number if fault.place is None else fault.place
    return flow(told)


def instant(at: int) -> str:
    """A clock time, as fine as it must be."""
    then = datetime.fromtimestamp(at // 1000, UTC)
    if at % MINUTE_MS == 0:
        return then.strftime("%Y-%m-%d %H:%M")
    return then.strftime("%Y-%m-%d %H:%M:%S") + (f".{at % 1000:03}" if at % 1000 else "")


def flow(value: Any) -> str:
    """YAML flow style; texts that YAML would read as something else are quoted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = value.replace("-", "").replace("_", "").isalnum() and not value[0].isdigit()
        return value if plain else "'" + value.replace("'", "''") + "'"
    return str(value)
