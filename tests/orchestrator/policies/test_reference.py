"""The reference data is whole, and every mistake in it is told at once."""

import shutil

import pytest

from orchestrator.errors import ConfigError
from orchestrator.policies.reference import DATA, load

QUEUES = {
    "sales-ops": {"TAX_PROFILE_MISSING", "BILLING_CONTACT_MISSING", "OFFERING_UNMAPPED", "TERMS_MISSING", "LINES_MISSING",
                  "CURRENCY_MISMATCH", "SCHEDULE_MISMATCH", "NOT_SIGNED", "DUPLICATE_ACCOUNT", "DEAL_REOPENED", "AMENDMENT_UNSUPPORTED"},
    "finance-ops": {"ENTITY_UNKNOWN", "TAX_ID_MISSING", "TAX_ID_INVALID", "TAX_PROFILE_MISMATCH", "CREDIT_HOLD", "APPROVAL_WITHDRAWN", "VENDOR_REFUSED", "PERIOD_CLOSED",
                    "SEVERAL_MATCHES"},
    "project-ops": {"CAP_EXCEEDED", "RATE_MISSING", "PERSON_UNKNOWN", "PERSON_UNASSIGNED", "IMPLAUSIBLE", "STORY_UNMAPPED"},
    "platform": {"DEFECT", "CHANGED", "EXHAUSTED", "FORBIDDEN"},
}  # fmt: skip


def test_every_code_has_its_queue():
    """Each exception code goes to the queue that can resolve it."""
    found: dict[str, set[str]] = {}
    for entry in load().catalogue.entries.values():
        found.setdefault(entry.queue, set()).add(entry.code)
    assert found == QUEUES


def test_every_code_says_who_does_what_by_when():
    """Owner, remediation, severity and due time stand with every code."""
    for entry in load().catalogue.entries.values():
        assert entry.owner, entry.code
        assert len(entry.remediation) > 20, entry.code
        assert entry.severity in ("low", "medium", "high"), entry.code
        assert entry.sla_hours > 0, entry.code


def test_an_unknown_code_is_the_platforms():
    """A code nobody listed is explained by those who wrote it."""
    assert load().catalogue.of("NEVER_HEARD").queue == "platform"


def test_missing_files_and_rows_are_told_together(tmp_path):
    """A folder without two files names both."""
    shutil.copytree(DATA, tmp_path / "data")
    (tmp_path / "data" / "tax.yaml").unlink()
    (tmp_path / "data" / "offerings.yaml").unlink()
    with pytest.raises(ConfigError) as refused:
        load(tmp_path / "data")
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["offerings.yaml", "tax.yaml"]


def test_an_entity_without_tax_rules_is_refused(tmp_path):
    """A new entity needs its rows in the tax table."""
    shutil.copytree(DATA, tmp_path / "data")
    entities = tmp_path / "data" / "entities.yaml"
    entities.write_text(
        entities.read_text().replace("terms:", "  FR: {currency: EUR, time_zone: Europe/Paris, country: FR}\nterms:")
    )
    with pytest.raises(ConfigError, match="FR has no rules"):
        load(tmp_path / "data")
