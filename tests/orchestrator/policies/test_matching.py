"""A record is ours only when its name is exactly ours."""

import pytest

from orchestrator.errors import BusinessException
from orchestrator.policies.matching import only


def test_only_the_exact_name_counts():
    """A title that merely begins alike is somebody else's."""
    titles = ["S-00042 Payroll", "S-00042 Payroll move", "S-00042 Payroll move 2"]
    assert only(titles, "S-00042 Payroll move", str) == "S-00042 Payroll move"
    assert only(titles, "S-00042", str) is None


def test_two_of_a_name_are_for_a_person_to_sort_out():
    """Choosing between two would be guessing."""
    with pytest.raises(BusinessException) as refused:
        only(["a", "a"], "a", str)
    assert refused.value.code == "SEVERAL_MATCHES"
