"""The guard in front of every write: what belongs to others is refused before anything is sent."""

import pytest

from orchestrator.errors import Refused
from orchestrator.policies.reference import load

GUARD = load().guard


def test_the_crm_owns_an_accounts_name():
    """The mapping from the ERP's customer name to the account's name exists, and the guard refuses it."""
    assert any((row.source, row.target) == ("erp.customer.name", "crm.account.name") for row in load().mirrors)
    with pytest.raises(Refused) as refused:
        GUARD.check("crm", "account", ("name",))
    assert refused.value.code == "NOT_OWNER"


@pytest.mark.parametrize(
    ("system", "kind", "field"),
    [("crm", "sow", "tax_profile"), ("psa", "time_entry", "minutes"), ("erp", "payment", "amount"), ("erp", "invoice", "status"),
     ("psa", "story", "accepted_at"), ("crm", "nothing", "at_all")],
)  # fmt: skip
def test_fields_of_people_are_refused(system, kind, field):
    """Nothing that people own, or that nobody listed, is written."""
    assert GUARD.refused(system, kind, (field,)) == [field]


def test_a_mixed_write_is_refused_whole():
    """One foreign field among ours stops the write and is named."""
    with pytest.raises(Refused, match="tax_profile"):
        GUARD.check("crm", "sow", ("delivery_status", "tax_profile"))


def test_mirrors_provisions_and_commands_are_ours():
    """What section 9 lists may be written, each field in its mode."""
    GUARD.check("crm", "sow", ("delivery_status", "project_code", "billed_to_date", "unbilled"))
    GUARD.check("erp", "time_bill", ("external_id", "minutes", "rate"))
    modes = [GUARD.modes[at] for at in (("crm", "sow", "unbilled"), ("erp", "job", "name"), ("erp", "time_bill", "rate"))]
    assert modes == ["mirror", "provision", "command"]
