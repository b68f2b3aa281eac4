"""The firm's numbers: firm.yaml read, changed by overrides, checked, frozen.

Leaves of the file are `{value, mark, row}`; the model below sees the values only. Mistakes are collected and raised
together, each `path: got, wanted`. The way in is `load_firm`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import ruamel.yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from scenarios.clock.calendar import Place

FILE = Path(__file__).with_name("firm.yaml")
HEADS_PER_ENTITY_MIN, HEADS_MAX = 2, 12_000
MARKS = frozenset({"memory", "synthetic", "decided"})
NOT_OVERRIDDEN = frozenset({"presets", "changes", "entities"})

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Hour = Annotated[float, Field(ge=0, lt=24)]


class FirmMistakes(ValueError):
    """Every mistake in the firm's numbers, each `path: got, wanted`, in `mistakes`."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entity(Numbers):
    """A legal entity: `heads` is its weight in the head count, `holidays` an ISO country with an optional part."""

    name: str
    country: str
    currency: str
    zone: str
    holidays: str
    rounding: str
    heads: Count
    usd_per_unit: Positive
    locale: str

    @property
    def place(self) -> Place:
        """Where its people keep their hours."""
        return place_of(self.zone, self.holidays)


class Clerk(Numbers):
    """Where a queue of the exceptions desk is worked."""

    zone: str
    holidays: str

    @property
    def place(self) -> Place:
        """Where the clerk keeps hours."""
        return place_of(self.zone, self.holidays)


class Roles(Numbers):
    share: dict[str, Share]
    utilisation: dict[str, Share]
    rates_usd: dict[str, dict[str, Positive]]


class PeopleNumbers(Numbers):
    utilisation_actual: Positive
    utilisation_sd: Share
    hours_per_year: Positive
    days_per_year: Positive
    month_factor: dict[str, Positive]
    leave_share: Share
    leave_days_max: Count
    hours_a_day_max: Positive


class Window(Numbers):
    """Which part of the quarter is lived through; `last_days` 0 is all of it, from the scenario's start."""

    last_days: Count
    lead_days: Count
    opening_days: Annotated[int, Field(ge=1)]
    first_win_days: Count
    start_days: tuple[Count, Count]


class Projects(Numbers):
    per_head: Positive
    starts_per_head_year: Annotated[float, Field(ge=0)]
    months_median: Positive
    months_sigma: Share
    weeks_min: Count
    team_mean: Annotated[float, Field(ge=1)]
    team_max: Annotated[int, Field(ge=1)]
    late_share: Share
    overrun_median: Share
    start_lag_days_max: Count


class Contracts(Numbers):
    tm_share: Share
    capped_share: Share
    cap_over_estimate: tuple[Positive, Positive]
    discount_mean: Share
    discount_max: Share
    terms: dict[str, Share]
    milestone_months: tuple[Positive, Positive]


class Customers(Numbers):
    existing_share: Share
    strategic_share: Share
    abroad_share: Share
    exempt_share: Share
    taxed_state_share: Share


class Sales(Numbers):
    win_rate: Annotated[float, Field(gt=0, le=1)]
    cycle_days_median: Positive
    cycle_sigma: Share
    push_last_days: Positive
    push_last_day: Positive
    heads_per_seller: Positive
    signed_after_won_share: Share
    saved_again_share: Share
    double_close_share: Share


class Timesheets(Numbers):
    friday_share: Share
    friday_hours: tuple[Hour, Hour]
    monday_share: Share
    monday_hours: tuple[Hour, Hour]
    late_share: Share
    chaser_share: Share
    month_end_share: Share
    split_share: Share
    after_close_share: Share


class Approvals(Numbers):
    lag_hours_median: Positive
    lag_sigma: Positive
    office_hours: tuple[Hour, Hour]
    reject_share: Share
    fix_hours_median: Positive


class Expenses(Numbers):
    share_of_value: Share
    billable_share: Share
    reject_share: Share
    usd_median: Positive
    sigma: Positive
    receipt_from_minor: Count


class Milestones(Numbers):
    accept_days_median: Positive
    accept_sigma: Positive
    slip_days_median: Positive


class Billing(Numbers):
    run_hour: Hour
    run_days: tuple[Count, ...]
    last_approval_hour: Hour
    soft_close_day: Count
    hard_close_day: Count
    close_hour: Hour
    send_hours: tuple[Hour, ...]
    renames_per_quarter: Count


class Payers(Numbers):
    late_share: Share
    late_days_mean: Positive
    early_days_max: Count
    partial_share: Share
    partial_part: tuple[Share, Share]
    rest_days_mean: Positive
    book_hour: Hour


class Clerks(Numbers):
    sales_ops: Clerk = Field(alias="sales-ops")
    finance_ops: Clerk = Field(alias="finance-ops")
    project_ops: Clerk = Field(alias="project-ops")
    platform: Clerk
    round_hours: tuple[Hour, ...]
    minutes_median: Positive
    waive_minutes_median: Positive
    sigma: Positive
    tries_max: Count
    waive_minor_max: Count
    director_waive_minor_max: Count


class Staffing(Numbers):
    round_hours: tuple[Hour, ...]
    search_hours: tuple[Hour, ...]


class Slips(Numbers):
    """Shares of deals with a slip of the seller; `guarantees` says how many there are at least."""

    missing_tax_profile: Share
    missing_entity: Share
    missing_billing_contact: Share
    missing_tax_id: Share
    unmapped_offering: Share
    wrong_currency: Share
    missing_terms: Share


class Guarantees(Numbers):
    missing_tax_profile: Count
    missing_entity: Count
    rejected_timesheet: Count
    over_cap: Count
    late_entry: Count
    partial_payment: Count
    strategic_account: Count


class FirmSpec(Numbers):
    """All numbers of one firm. `entities` are those of the preset, in its order."""

    preset: str
    entities: dict[str, Entity]
    heads: Annotated[int, Field(le=HEADS_MAX)]
    window: Window
    roles: Roles
    people: PeopleNumbers
    projects: Projects
    contracts: Contracts
    customers: Customers
    sales: Sales
    timesheets: Timesheets
    approvals: Approvals
    expenses: Expenses
    milestones: Milestones
    billing: Billing
    payers: Payers
    clerks: Clerks
    staffing: Staffing
    slips: Slips
    guarantees: Guarantees

    @field_validator("heads")
    @classmethod
    def _nobody_alone(cls, heads: int, info: ValidationInfo) -> int:
        """Somebody else decides about one's time."""
        count = len(info.data.get("entities", ()))
        if heads < HEADS_PER_ENTITY_MIN * count:
            raise ValueError(f"at least {HEADS_PER_ENTITY_MIN} heads for each of {count} entities")
        return heads


def place_of(zone: str, holidays: str) -> Place:
    """Read "GB-ENG" as country GB, part ENG."""
    country, _, part = holidays.partition("-")
    return Place(zone, country, part)


def load_firm(preset: str, heads: int | None = None, overrides: dict[str, Any] | None = None) -> FirmSpec:
    """Return the numbers of a preset, with `heads` people and the dotted `overrides` on top. Raises FirmMistakes with all mistakes."""
    values = read()
    presets, changes = values.pop("presets"), values.pop("changes")
    mistakes = []
    if preset not in presets:
        mistakes.append(f"preset: got {preset!r}, wanted one of {', '.join(presets)}")
    for name, value in {**changes.get(preset, {}), **(overrides or {})}.items():
        mistakes += change(values, name, value)
    if mistakes:
        raise FirmMistakes(mistakes)
    chosen = presets[preset]
    values["entities"] = {code: values["entities"][code] for code in chosen["entities"]}
    try:
        return FirmSpec.model_validate({**values, "preset": preset, "heads": heads or chosen["heads"]})
    except ValidationError as error:
        raise FirmMistakes([worded(each) for each in error.errors()]) from error


def change(values: dict[str, Any], name: str, value: Any) -> list[str]:
    """Set the dotted `name` in `values`; return what is wrong with it, if anything."""
    node, steps = values, name.split(".")
    for depth, step in enumerate(steps):
        known = [key for key in node if depth or key not in NOT_OVERRIDDEN] if isinstance(node, dict) else []
        if step not in known:
            close = difflib.get_close_matches(step, known, n=3, cutoff=0.4)
            return [
                f"{name}: got an unknown name {step!r}, wanted {'one like ' + ' or '.join(close) if close else 'one of ' + ', '.join(known)}"
            ]
        if depth < len(steps) - 1:
            node = node[step]
    if isinstance(node[steps[-1]], dict) and not isinstance(value, dict):
        return [f"{name}: got {value!r}, wanted one of its parts: {', '.join(node[steps[-1]])}"]
    node[steps[-1]] = value
    return []


def worded(error: Any) -> str:
    """One pydantic error as `path: got, wanted`."""
    path = ".".join(str(step) for step in error["loc"])
    return f"{path}: got {error['input']!r}, wanted: {error['msg']}"


def read() -> dict[str, Any]:
    """Return the values of firm.yaml as a fresh tree."""
    tree: dict[str, Any] = strip(document())
    return tree


@cache
def document() -> dict[str, Any]:
    """Return firm.yaml as it is, marks included."""
    loaded: dict[str, Any] = ruamel.yaml.YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    return loaded


def is_leaf(node: Any) -> bool:
    """Whether a node is `{value, mark, row}`."""
    return isinstance(node, dict) and "value" in node and "mark" in node


def strip(node: Any) -> Any:
    """Replace every leaf by its value, copied."""
    if is_leaf(node):
        return strip(node["value"])
    if isinstance(node, dict):
        return {key: strip(value) for key, value in node.items()}
    return list(node) if isinstance(node, list) else node


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Return `(dotted name, leaf)` of the file, in its order; a value outside a leaf comes as it is."""
    if is_leaf(node) or not isinstance(node, dict):
        yield path, node
        return
    for key, value in node.items():
        yield from leaves(value, f"{path}.{key}" if path else str(key))
