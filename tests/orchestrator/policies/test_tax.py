"""The tax decision table, row by row."""

import pytest

from orchestrator.errors import BusinessException
from orchestrator.policies.reference import load

TAX = load().tax

DECISIONS = [
    ("US", "US", "NY", "", "EXEMPT", "US-EX", 0),
    ("US", "US", "HI", "", "STANDARD", "US-HI", 4000),
    ("US", "US", "NM", "", "STANDARD", "US-NM", 5125),
    ("US", "US", "SD", "", "STANDARD", "US-SD", 4200),
    ("US", "US", "WV", "", "STANDARD", "US-WV", 6000),
    ("US", "US", "NY", "", "STANDARD", "US-00", 0),
    ("US", "US", "", "", "STANDARD", "US-00", 0),
    ("US", "CA", "", "", "EXPORT", "US-OS", 0),
    ("UK", "GB", "", "", "STANDARD", "UK-S20", 20000),
    ("UK", "FR", "", "", "EXPORT", "UK-OS", 0),
    ("DE", "DE", "", "", "STANDARD", "DE-S19", 19000),
    ("DE", "FR", "", "FR123", "REVERSE_CHARGE", "DE-RC", 0),
    ("DE", "US", "", "", "EXPORT", "DE-OS", 0),
    ("NL", "NL", "", "", "STANDARD", "NL-S21", 21000),
    ("NL", "DE", "", "DE136695976", "REVERSE_CHARGE", "NL-RC", 0),
    ("NL", "GB", "", "", "EXPORT", "NL-OS", 0),
    ("AU", "AU", "", "", "STANDARD", "AU-S10", 10000),
    ("AU", "NZ", "", "", "EXPORT", "AU-FR", 0),
    ("SG", "SG", "", "", "STANDARD", "SG-S9", 9000),
    ("SG", "MY", "", "", "EXPORT", "SG-ZR", 0),
]

REFUSALS = [
    ("US", "US", "", "", "", "TAX_PROFILE_MISSING"),
    ("XX", "US", "", "", "STANDARD", "ENTITY_UNKNOWN"),
    ("US", "CA", "", "", "STANDARD", "TAX_PROFILE_MISMATCH"),
    ("US", "US", "", "", "EXPORT", "TAX_PROFILE_MISMATCH"),
    ("US", "US", "", "", "REVERSE_CHARGE", "TAX_PROFILE_MISMATCH"),
    ("UK", "GB", "", "", "EXPORT", "TAX_PROFILE_MISMATCH"),
    ("UK", "DE", "", "DE1", "REVERSE_CHARGE", "TAX_PROFILE_MISMATCH"),
    ("DE", "FR", "", "", "REVERSE_CHARGE", "TAX_ID_MISSING"),
    ("DE", "DE", "", "DE1", "REVERSE_CHARGE", "TAX_PROFILE_MISMATCH"),
    ("DE", "FR", "", "", "EXPORT", "TAX_PROFILE_MISMATCH"),
    ("DE", "GB", "", "GB1", "REVERSE_CHARGE", "TAX_PROFILE_MISMATCH"),
    ("DE", "", "", "", "EXPORT", "TAX_PROFILE_MISMATCH"),
    ("AU", "AU", "", "", "EXPORT", "TAX_PROFILE_MISMATCH"),
    ("DE", "DE", "", "", "standard", "TAX_PROFILE_MISMATCH"),
]


@pytest.mark.parametrize(("entity", "country", "region", "tax_id", "profile", "code", "rate"), DECISIONS)
def test_the_table_decides_code_and_rate(entity, country, region, tax_id, profile, code, rate):
    """Each row of the firm's tax table gives its code and rate."""
    rule = TAX.decide(entity, country, region, tax_id, profile)
    assert (rule.code, rule.rate) == (code, rate)


@pytest.mark.parametrize(("entity", "country", "region", "tax_id", "profile", "code"), REFUSALS)
def test_what_no_row_fits_is_refused(entity, country, region, tax_id, profile, code):
    """Any other combination is an exception with its own code, never a default."""
    with pytest.raises(BusinessException) as refused:
        TAX.decide(entity, country, region, tax_id, profile)
    assert refused.value.code == code
