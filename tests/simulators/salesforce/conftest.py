from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulators.vendors.salesforce import SalesforceSettings
from tests.simulators.salesforce.org import Org, sell

OpenOrg = Callable[..., Org]


@pytest.fixture
def open_org() -> Iterator[OpenOrg]:
    """Opens orgs with other settings, and closes them."""
    made: list[Org] = []

    def open_one(settings: SalesforceSettings | None = None, *, seed: int = 7) -> Org:
        made.append(Org(settings, seed=seed))
        return made[-1]

    yield open_one
    for org in made:
        org.close()


@pytest.fixture
def org(open_org: OpenOrg) -> Org:
    return open_org()


@pytest.fixture
def sold(org: Org) -> Org:
    sell(org)
    return org
