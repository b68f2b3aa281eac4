"""Which deals may become contracts, and what refuses the others."""

import msgspec
import pytest

from orchestrator.canonical.deal import DealLine
from orchestrator.canonical.party import Address, Party
from orchestrator.errors import BusinessException
from orchestrator.policies.validation import validate
from tests.orchestrator.deals import REFERENCE, deal, milestone_deal

ABROAD = Party("A-00042", "Nordwind", Address(country="FR"), "", "standard")

REFUSALS = [
    (deal(status="sent"), "NOT_SIGNED"),
    (deal(signed_at=0), "NOT_SIGNED"),
    (deal(entity="USA"), "ENTITY_UNKNOWN"),
    (deal(entity=""), "ENTITY_UNKNOWN"),
    (deal(lines=()), "LINES_MISSING"),
    (deal(type="retainer"), "LINES_MISSING"),
    (deal(lines=(DealLine("S-00042-M1", "MILESTONE", 100, 1, 1),)), "LINES_MISSING"),
    (deal(lines=(DealLine("S-00099-R1", "ROLE-SENIOR", 100, 1, 1),)), "LINES_MISSING"),
    (deal(currency="EUR"), "CURRENCY_MISMATCH"),
    (deal(sow_currency="GBP"), "CURRENCY_MISMATCH"),
    (deal(terms=""), "TERMS_MISSING"),
    (deal(terms="NET99"), "TERMS_MISSING"),
    (deal(billing_email=""), "BILLING_CONTACT_MISSING"),
    (deal(offering="juggling"), "OFFERING_UNMAPPED"),
    (deal(tax_profile=""), "TAX_PROFILE_MISSING"),
    (deal(tax_profile="EXPORT"), "TAX_PROFILE_MISMATCH"),
    (deal(party=ABROAD, entity="DE", currency="EUR", sow_currency="EUR", tax_profile="REVERSE_CHARGE"), "TAX_ID_MISSING"),
    (milestone_deal(amount=99_999_99), "SCHEDULE_MISMATCH"),
]


@pytest.mark.parametrize(("given", "code"), REFUSALS, ids=[f"{n}-{code}" for n, (_, code) in enumerate(REFUSALS)])
def test_a_deal_with_a_hole_is_refused_by_name(given, code):
    """Every human slip has its own code, and the first rule that refuses names the field to fix."""
    with pytest.raises(BusinessException) as refused:
        validate(given, REFERENCE)
    assert refused.value.code == code
    assert refused.value.facts["field"].count(".") == 1 or code == "TAX_PROFILE_MISSING"


def test_a_signed_deal_becomes_its_contract():
    """Value, tax code, customer and template follow from the deal."""
    made = validate(deal(cap=25_000_00), REFERENCE)
    assert (made.value, made.cap, made.tax_code, made.customer.eid) == (30_000_00, 25_000_00, "US-00", "CUS-A-00042-US")
    assert [line.key for line in made.lines] == ["S-00042-R1", "S-00042-R2"]


def test_a_milestone_contract_has_no_cap():
    """A cap is a promise about time; milestones are their own limit."""
    made = validate(milestone_deal(cap=1), REFERENCE)
    assert (made.cap, made.value, [line.amount for line in made.lines]) == (None, 100_000_00, [40_000_00, 60_000_00])


def test_tens_of_lines_keep_their_order():
    """R10 comes after R9."""
    lines = tuple(DealLine(f"S-00042-R{n}", "ROLE-SENIOR", 100, 1_000_000, 100_00) for n in range(12, 0, -1))
    made = validate(msgspec.structs.replace(deal(), lines=lines), REFERENCE)
    assert [line.key for line in made.lines] == [f"S-00042-R{n}" for n in range(1, 13)]
