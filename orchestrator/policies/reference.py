"""The reference data every rule decides from, loaded once from the YAML files beside it: entities, tax, offerings, owners.

`load()` is the way in and the only reader of files here; it collects every mistake it finds and reports them together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from ruamel.yaml import YAML

from orchestrator.errors import ConfigError
from orchestrator.policies.catalogue import Catalogue, Entry
from orchestrator.policies.ownership import Guard, Mapping
from orchestrator.policies.tax import Rule, TaxTable

DATA = Path(__file__).parent / "data"
FILES = ("entities", "offerings", "tax", "exceptions", "ownership")


class Entity(msgspec.Struct, frozen=True):
    """One legal entity of the firm."""

    code: str
    currency: str
    time_zone: str
    country: str


class Hours(msgspec.Struct, frozen=True):
    """Business hours of every entity, local time: from `open` o'clock up to `close` o'clock, Monday to Friday."""

    open: int
    close: int


class Reference(msgspec.Struct, frozen=True):
    """Everything a rule may look up."""

    entities: dict[str, Entity]
    terms: dict[str, int]
    roles: frozenset[str]
    milestone_item: str
    expense_item: str
    hours: Hours
    offerings: dict[str, str]
    tax: TaxTable
    catalogue: Catalogue
    guard: Guard
    mirrors: tuple[Mapping, ...]


def load(folder: Path = DATA) -> Reference:
    """Read and check the reference data of `folder`. Raises ConfigError with every problem found."""
    problems: list[str] = []
    raw = {name: _read(folder / f"{name}.yaml", problems) for name in FILES}
    if problems:
        raise ConfigError(problems)
    entities = {code: Entity(code, **row) for code, row in raw["entities"]["entities"].items()}
    tax = TaxTable(
        {code: entity.country for code, entity in entities.items()},
        frozenset(raw["tax"]["eu"]),
        {code: tuple(msgspec.convert(row, Rule) for row in rows) for code, rows in raw["tax"]["rules"].items()},
    )
    problems += [f"tax.yaml: entity {code} has no rules" for code in entities if code not in tax.rules]
    problems += [f"tax.yaml: entity {code} is unknown to entities.yaml" for code in tax.rules if code not in entities]
    if problems:
        raise ConfigError(problems)
    return Reference(
        entities,
        raw["entities"]["terms"],
        frozenset(raw["entities"]["roles"]),
        raw["entities"]["milestone_item"],
        raw["entities"]["expense_item"],
        Hours(**raw["entities"]["business_hours"]),
        {name: row["template"] for name, row in raw["offerings"]["offerings"].items()},
        tax,
        _catalogue(raw["exceptions"]),
        Guard.of({system: raw["ownership"][system] for system in ("crm", "psa", "erp")}),
        tuple(Mapping(row["from"], row["to"]) for row in raw["ownership"]["mirrors"]),
    )


def _catalogue(raw: dict[str, Any]) -> Catalogue:
    owners = {queue: row["owner"] for queue, row in raw["queues"].items()}
    return Catalogue({code: msgspec.convert({"code": code, "owner": owners[row["queue"]], **row}, Entry, strict=True)
                      for code, row in raw["codes"].items()})  # fmt: skip


def _read(path: Path, problems: list[str]) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path.name}: {error.strerror}; put the file back")
        return None
