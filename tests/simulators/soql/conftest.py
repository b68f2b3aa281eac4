from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulators.salesforce.org import Org, sell


@pytest.fixture(scope="module")
def book() -> Iterator[Org]:
    """One sales book for all questions of a module: asking changes nothing."""
    made = Org()
    sell(made)
    yield made
    made.close()
