"""A scenario file: what it may say, and every mistake in it with its line and column.

The model is pydantic; positions come from ruamel's round-trip nodes, so that a mistake reads
`file:line:column: what, got, wanted`. `loading.py` is the way in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

import ruamel.yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml.error import MarkedYAMLError

from scenarios.clock.zones import time_zone
from scenarios.errors import Mistakes, nearest

Mistake = tuple[int, int, str]
INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{3})?)?)(?: ([A-Za-z_]+(?:/[A-Za-z_]+)*)|(Z))?")


def instant(value: Any) -> Any:
    """Read `2026-03-31 19:00 Europe/Berlin` (UTC when no zone is named) as milliseconds since 1970; integers pass."""
    if isinstance(value, bool) or not isinstance(value, str | int | datetime):
        raise ValueError("an instant such as '2026-03-31 19:00 Europe/Berlin' is wanted")
    if isinstance(value, int):
        return value
    found = INSTANT.fullmatch(str(value).strip())
    if not found:
        raise ValueError("an instant such as '2026-03-31 19:00 Europe/Berlin' is wanted")
    try:
        zone = time_zone(found[3] or "UTC")
    except ValueError as error:
        raise ValueError(f"time zone {found[3]!r} is unknown; use an IANA name such as Europe/Berlin") from error
    local = datetime.combine(date.fromisoformat(found[1]), time.fromisoformat(found[2]), zone)
    return round(local.astimezone(UTC).timestamp() * 1000)


Instant = Annotated[int, BeforeValidator(instant)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Profiles(Strict):
    """Which vendor plays which part."""

    crm: str = "salesforce"
    psa: str = "kantata"
    erp: str = "netsuite"


class Match(Strict):
    """Which traffic a fault may hit. Absent fields match everything; `path` and `key` are globs (`*`, `?`)."""

    method: str | None = None
    path: str | None = None
    kind: str | None = None
    key: str | None = None
    user: str | None = None


class Fault(Strict):
    """One line of a fault plan: what strikes, where, when, on what share of the matching traffic (0 to 1).

    Chance is drawn by `place`, else by the line's number in its plan: lines taken out of a larger plan keep theirs.
    """

    id: str
    target: Literal["crm", "psa", "erp", "core"]
    match: Match = Match()
    begin: Instant | None = Field(default=None, alias="from")
    end: Instant | None = Field(default=None, alias="to")
    share: float = Field(default=1.0, ge=0, le=1)
    params: dict[str, int | float | str | bool] = {}
    place: int | None = Field(default=None, ge=0)


class Expect(Strict):
    """What the scenario promises; `rehearse suite` compares."""

    verdict: Literal["held", "broken", "unsettled", "unknown"] = "held"
    exceptions: dict[str, int] = {}
    broken: tuple[str, ...] = ()


class Scenario(Strict):
    """A scenario as its file says it. `overrides` are dotted names of scenarios/firm/firm.yaml."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")
    story: str
    seed: int = Field(default=1, ge=0, lt=2**63)
    preset: Literal["XS", "S", "M"] = "S"
    start: date = date(2025, 12, 15)
    profiles: Profiles = Profiles()
    design: Literal["core", "naive", "manual"] = "core"
    overrides: dict[str, Any] = {}
    faults: tuple[Fault, ...] = ()
    expect: Expect = Expect()


# what is wrong with one well-formed fault: (place within the fault, message)
Check = Callable[[Fault], list[tuple[tuple[Any, ...], str]]]


def parse_scenario(text: str, where: str, check: Check) -> Scenario:
    """Return the scenario of a file's text. Raises Mistakes with all mistakes, in the order of the file."""
    loader = ruamel.yaml.YAML(typ="rt")
    try:
        node = loader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else f"{where}:1:1"
        raise Mistakes([f"{place}: not YAML: {error.problem}"]) from error
    except ruamel.yaml.error.YAMLError as error:
        raise Mistakes([f"{where}:1:1: not YAML: {str(error).splitlines()[0]}"]) from error
    if not isinstance(node, dict):
        raise Mistakes([f"{where}:1:1: a mapping is wanted, with name, story and so on; got {type(node).__name__}"])
    given = plain(node)
    found = fault_mistakes_of(given, node, check)
    scenario = None
    try:
        scenario = Scenario.model_validate(given)
    except ValidationError as error:
        found += [mistake(node, e) for e in error.errors()]
    if found or scenario is None:
        raise Mistakes([f"{where}:{line}:{column}: {message}" for line, column, message in sorted(found)])
    return scenario


def fault_mistakes_of(given: dict[str, Any], node: Any, check: Check) -> list[Mistake]:
    """What is wrong with those faults that are well-formed by themselves; the model reports the others."""
    found: list[Mistake] = []
    faults = given.get("faults")
    for index, one in enumerate(faults if isinstance(faults, list) else []):
        fault, wrong = well_formed(one)
        for loc, message in check(fault) if fault else []:
            if not loc or loc[0] not in wrong:
                place = ("faults", index, *loc)
                found.append((*position(node, place), f"{dotted(place)}: {message}"))
    return found


def well_formed(one: Any) -> tuple[Fault | None, frozenset[Any]]:
    """The fault, or what of it is well-formed by itself, with the names of its fields that are not."""
    try:
        return Fault.model_validate(one), frozenset()
    except ValidationError as error:
        wrong = frozenset(e["loc"][0] for e in error.errors() if e["loc"])
    if not isinstance(one, dict) or "id" in wrong:
        return None, wrong
    rest = {name: value for name, value in one.items() if name not in wrong}
    try:
        return Fault.model_validate({"target": "crm"} | rest), wrong
    except ValidationError:
        return None, wrong


def plain(node: Any) -> Any:
    """The node as plain dictionaries, lists and scalars."""
    if isinstance(node, dict):
        return {str(k): plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(v) for v in node]
    if type(node).__module__.startswith("ruamel"):
        for base in (bool, int, float, str):
            if isinstance(node, base):
                return base(node)
    return node


def mistake(node: Any, error: Any) -> Mistake:
    """One pydantic error with its place and words."""
    loc = tuple(error["loc"])
    line, column = position(node, loc)
    name = dotted(loc)
    if error["type"] == "extra_forbidden":
        return line, column, f"{name}: unknown field; {nearest(str(loc[-1]), known_names(loc[:-1]))}"
    if error["type"] == "missing":
        return line, column, f"{name}: missing, and it is required"
    return line, column, f"{name}: got {error['input']!r}; {error['msg'].removeprefix('Value error, ')}"


def known_names(loc: tuple[Any, ...]) -> list[str]:
    """Field names that may stand at `loc`."""
    model: Any = Scenario
    for step in loc:
        if isinstance(step, int):
            model = Fault
            continue
        model = {"profiles": Profiles, "match": Match, "expect": Expect}.get(str(step), model)
    return [f.alias or n for n, f in model.model_fields.items()]


def dotted(loc: tuple[Any, ...]) -> str:
    return ".".join(str(step) for step in loc)


def position(node: Any, loc: tuple[Any, ...]) -> tuple[int, int]:
    """Line and column (from 1) of the deepest node on the way to `loc`."""
    line, column = 0, 0
    for step in loc:
        try:
            marks: Any = node.lc
            place = marks.key(step) if isinstance(node, dict) else marks.item(step)
        except (KeyError, IndexError, AttributeError, TypeError):
            break
        line, column = place
        node = node[step]
    return line + 1, column + 1
