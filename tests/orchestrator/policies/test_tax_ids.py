"""A tax id that cannot be is told from one that can."""

import pytest

from orchestrator.canonical.party import Party
from orchestrator.policies.matching import same_company
from orchestrator.policies.tax_ids import is_possible


@pytest.mark.parametrize(
    ("tax_id", "country", "possible"),
    [
        ("DE136695976", "DE", True),
        ("DE136695977", "DE", False),
        ("DE13669597", "DE", False),
        ("NL004495445B01", "NL", True),
        ("NL004495446B01", "NL", False),
        ("ATU13585627", "AT", True),
        ("ATU13585628", "AT", False),
        ("BE0428759497", "BE", True),
        ("BE0428759498", "BE", False),
        ("be 0428.759.497", "BE", True),
        ("FR40303265045", "FR", True),
        ("EL094259216", "GR", True),
        ("DE136695976", "NL", False),
        ("", "DE", False),
        ("٣٣٣", "DE", False),
    ],
)
def test_form_and_check_digits_decide(tax_id, country, possible):
    """Country, form and check digit must agree."""
    assert is_possible(tax_id, country) is possible


def test_the_same_tax_id_is_the_same_company():
    """Spelling and spacing do not matter; another tax id does, whatever the name."""
    one = Party("A-00001", "North Bridge Ltd", tax_id="GB 123 456", website="https://n.example")
    again = Party("A-70001", "NORTH BRIDGE Ltd.", tax_id="GB123456", website="https://n.example")
    sister = Party("A-00002", "North Bridge Ltd", tax_id="GB999999", website="https://n.example")
    nameless = Party("A-00003", "north-bridge ltd", website="https://n.example")
    assert same_company(one, [one, again, sister, nameless]) == ["A-00003", "A-70001"]


def test_nothing_is_like_an_empty_field():
    """Two accounts without tax id and site have nothing in common."""
    assert same_company(Party("A-1", "X"), [Party("A-2", "X")]) == []
