"""The `q=` filter of collections: operators by field type, AND before OR, dates in the user's format."""

from __future__ import annotations

import pytest

from .account import RECORD, Account


@pytest.fixture
def firm(account: Account) -> Account:
    account.customer("C-1", email="ada@acme.example", comments="50% off_now")
    account.customer("C-2", email="bob@beta.example")
    account.customer("C-3", "UK", "GBP", isInactive=True)
    account.job("J-1", "C-1", startDate="2026-01-10", jobPrice=5)
    account.job("J-2", "C-2", startDate="2026-02-10")
    account.order("SO-1", "C-1", "J-1")
    account.order("SO-2", "C-2", "J-2", item={"items": []})
    return account


def keys(account: Account, record: str, q: str) -> list[str]:
    ids = [item["id"] for item in account.get(record, q=q)["items"]]
    return [account.get(f"{record}/{id}")["externalId"] for id in ids]


@pytest.mark.parametrize(
    ("record", "q", "found"),
    [
        ("customer", 'companyName IS "Customer C-1"', ["C-1"]),
        ("customer", 'companyname IS "customer c-1"', ["C-1"]),
        ("customer", "email START_WITH ada", ["C-1"]),
        ("customer", "email END_WITH beta.example", ["C-2"]),
        ("customer", "email ENDWITH beta.example", ["C-2"]),
        ("customer", "email CONTAIN example", ["C-1", "C-2"]),
        ("customer", "email CONTAIN_NOT acme", ["C-2", "C-3"]),
        ("customer", "comments CONTAIN 50%", ["C-1"]),
        ("customer", "comments CONTAIN ff_now", ["C-1"]),
        ("customer", "comments CONTAIN f_fnow", []),
        ("customer", "email EMPTY", ["C-3"]),
        ("customer", "email EMPTY_NOT", ["C-1", "C-2"]),
        ("customer", "isInactive IS true", ["C-3"]),
        ("customer", "isInactive IS_NOT true", ["C-1", "C-2"]),
        ("customer", "email START_WITH bob OR email START_WITH ada AND isInactive IS true", ["C-2"]),
        ("customer", "(email START_WITH bob OR email START_WITH ada) AND isInactive IS false", ["C-1", "C-2"]),
        ("customer", "externalId IS C-2", ["C-2"]),
        ("customer", "lastModifiedDate ON 2026-01-15", ["C-1", "C-2", "C-3"]),
        ("customer", "lastModifiedDate AFTER 2026-01-15", []),
        ("customer", "dateCreated ON_OR_AFTER 2026-01-15 AND dateCreated BEFORE 2026-01-16", ["C-1", "C-2", "C-3"]),
        ("job", "startDate ON 2026-01-10", ["J-1"]),
        ("job", "startDate AFTER 2026-01-10", ["J-2"]),
        ("job", "startDate ON_OR_BEFORE 2026-01-10", ["J-1"]),
        ("job", "startDate WITHIN [2026-01-01, 2026-01-31]", ["J-1"]),
        ("job", "jobPrice GREATER_OR_EQUAL 5", ["J-1"]),
        ("salesOrder", "total GREATER 6000.59", ["SO-1"]),
        ("salesOrder", "total EQUAL 6000.6", ["SO-1"]),
        ("salesOrder", "total BETWEEN [0, 10]", ["SO-2"]),
        ("salesOrder", "total ANY_OF [0, 6000.6]", ["SO-1", "SO-2"]),
        ("salesOrder", "custbody_sow IS SO-1", []),
    ],
)
def test_filter_finds(firm: Account, record: str, q: str, found: list[str]) -> None:
    """Each operator finds what it says, in order of id."""
    assert keys(firm, record, q) == found


def test_reference_is_asked_for_by_id(firm: Account) -> None:
    """A select field compares by internal id."""
    id = firm.system.row("customer", "C-1").id
    assert keys(firm, "job", f"parent ANY_OF [{id}]") == ["J-1"]
    assert keys(firm, "job", f"parent ANY_OF_NOT [{id}]") == ["J-2"]


def test_dates_are_in_the_users_format() -> None:
    """With a US date preference, ISO dates are still read, and the user's own are."""
    account = Account(date_format="MM/DD/YYYY")
    account.customer()
    account.job(startDate="2026-01-10")
    assert keys(account, "job", 'startDate ON "1/10/2026"') == ["JOB-S-00042"]


@pytest.mark.parametrize(
    "q",
    ["nope IS 1", "companyName", "companyName IS", "companyName GREATER 5", "isInactive IS maybe", "total IS x", "(companyName IS a", "companyName IS a)",
     "companyName IS a b", "startDate ON yesterday", "startDate ON 2026-02-31", "AND", "companyName IS [a]", "id ANY_OF []", "id ANY_OF [1", '"x" IS 1',
     "currency IS 1", "orderStatus IS A", "(" * 80 + "companyName IS a" + ")" * 80, 'companyName IS "open', "lastModifiedDate BETWEEN [2026-01-01]"],
)  # fmt: skip
def test_unreadable_filter_is_refused(firm: Account, q: str) -> None:
    """400 INVALID_PARAMETER at q, whatever is wrong with it."""
    for record in ("customer", "job", "salesOrder"):
        assert firm.call("GET", f"{RECORD}/{record}", query={"q": q}).problem == (400, "INVALID_PARAMETER", "q"), record
