"""The engagement as it was set up: the same project in ERP and PSA, and how their ids join."""

from __future__ import annotations

import msgspec

from orchestrator.canonical.contract import Contract


class Ref(msgspec.Struct, frozen=True):
    """One record of one system: `key` is our business key or external id, `id` the system's own."""

    key: str
    id: str


class Story(msgspec.Struct, frozen=True):
    """One WBS element to create in the PSA; `key` is the contract line it stands for."""

    key: str
    title: str
    kind: str
    start_on: str
    due_on: str
    billable: bool
    fixed_fee: bool
    minutes: int


class Workspace(msgspec.Struct, frozen=True):
    """The PSA project: `title` is unique because it begins with the SOW number."""

    sow: str
    title: str
    currency: str
    price: int
    start_on: str
    due_on: str
    description: str


class Demand(msgspec.Struct, frozen=True):
    """Hours of one role the contract needs, to be staffed in the PSA."""

    key: str
    role: str
    label: str
    minutes: int


class Engagement(msgspec.Struct, frozen=True):
    """One activated contract with every id that later work needs. `stories` is line key by PSA story id."""

    contract: Contract
    customer: Ref
    order: Ref
    job: Ref
    workspace: str
    stories: dict[str, str] = {}

    @property
    def workspace_ref(self) -> Ref:
        """The project in the PSA, by our number and its id there."""
        return Ref(self.contract.sow, self.workspace)
