"""Whatever is sent, the vendor answers in his own shape, never with a 500, and a refused call changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulators.vendors.salesforce import ROUTES
from tests.simulators.salesforce.org import DATA, Org, sell

FEW = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.sampled_from([
    "Name", "StageName", "CloseDate", "Amount", "AccountId", "Account", "OwnerId", "Probability", "Quantity", "UnitPrice", "TotalPrice",
    "OpportunityId", "PricebookEntryId", "Product2Id", "LastName", "Email", "SOW_Number__c", "Status__c", "Signed_At__c", "Version__c",
    "Cap__c", "Opportunity__c", "Opportunity__r", "Invoice_Key__c", "Gross__c", "Due_Date__c", "Id", "attributes", "IsActive", "Nope",
])  # fmt: skip
OBJECTS = st.sampled_from(
    ["Account", "Contact", "Opportunity", "OpportunityLineItem", "SOW__c", "Invoice__c", "PricebookEntry", "Quote", "Contract"]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12),
    st.sampled_from(["", "2026-01-01", "2026-01-01T00:00:00Z", "0015e0000000001AAA", "Closed Won", "Signed", "1e400", "A-1", "999999999999999999999"]),
)  # fmt: skip
BODIES = st.dictionaries(
    NAMES, st.one_of(LEAVES, st.dictionaries(st.text(max_size=8), LEAVES, max_size=2), st.lists(LEAVES, max_size=2)), max_size=5
)
WORDS = st.sampled_from([
    "SELECT", "Id", "Name", "FROM", "Account", "Opportunity", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "(", ")", ",", "=", "!=", "<", "'x'",
    "''", "5", "-1", "1e999", "2026-01-01", "2026-01-01T00:00:00Z", "TODAY", "LAST_N_DAYS:99999", "NULL", "true", "ORDER BY", "GROUP BY",
    "HAVING", "COUNT(Id)", "SUM(Amount)", "COUNT()", "LIMIT", "OFFSET", "Account.Name", "Owner.Name", "StageName", "FIELDS(ALL)", "CreatedDate",
    "(SELECT Id FROM Contacts)", "Id IN (SELECT AccountId FROM Opportunity)", "?", "\\", "'", "\n", "\x00", "ß", "FOR VIEW", "NULLS LAST",
])  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Iterator[Org]:
    made = Org()
    sell(made)
    yield made
    made.close()


def polite(org: Org, method: str, path: str, body: Any = None) -> None:
    """One call: an answer below 500 in the vendor's shape; a refused one leaves the state as it was."""
    before = org.system.digest()
    status, answer, _ = org.ask(method, path, body)
    assert status < 500
    if status >= 400:
        assert org.system.digest() == before
        assert isinstance(answer, list) or "error" in answer
        assert isinstance(answer, dict) or all({"message", "errorCode"} <= set(e) for e in answer)


@FEW
@given(name=OBJECTS, body=BODIES)
def test_odd_bodies(book: Org, name: str, body: dict[str, Any]) -> None:
    """Creates of any fields and values."""
    polite(book, "POST", f"{DATA}/sobjects/{name}", body)


@FEW
@given(
    body=BODIES,
    target=st.sampled_from(
        [
            "Opportunity/Opportunity_Number__c/O-1",
            "SOW__c/SOW_Number__c/S-1",
            "OpportunityLineItem/Line_Key__c/S-1-R1",
            "Invoice__c/Invoice_Key__c/INV-1",
        ]
    ),
)
def test_odd_updates(book: Org, body: dict[str, Any], target: str) -> None:
    """Updates of any fields and values of records that exist."""
    polite(book, "PATCH", f"{DATA}/sobjects/{target}", body)


@FEW
@given(words=st.lists(WORDS, max_size=14))
def test_odd_queries(book: Org, words: list[str]) -> None:
    """Sentences out of SOQL's own words."""
    polite(book, "GET", f"{DATA}/query?q={quote(' '.join(words))}")


@FEW
@given(text=st.text(max_size=60))
def test_odd_texts_as_queries(book: Org, text: str) -> None:
    """Any text as a query, and as the value of a comparison."""
    polite(book, "GET", f"{DATA}/query?q={quote(text)}")
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    status, _ = book.query(f"SELECT Id FROM Account WHERE Name = '{escaped}' OR Name LIKE '{escaped}'")
    assert status == 200


@FEW
@given(
    raw=st.one_of(
        st.binary(max_size=40),
        st.recursive(
            LEAVES,
            lambda x: (
                st.lists(x, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "records",
                            "allOrNone",
                            "compositeRequest",
                            "batchRequests",
                            "method",
                            "url",
                            "referenceId",
                            "body",
                            "attributes",
                            "type",
                        ]
                    ),
                    x,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ).map(lambda x: json.dumps(x).encode()),
    ),
    path=st.sampled_from(
        ["/composite", "/composite/batch", "/composite/sobjects", "/composite/sobjects/Account", "/sobjects/Account"]
    ),
)
def test_odd_envelopes(book: Org, raw: bytes, path: str) -> None:
    """Anything as the body of composite, batch and collections."""
    polite(book, "POST", DATA + path, raw)
    polite(book, "PATCH", f"{DATA}/composite/sobjects/Invoice__c/Invoice_Key__c", raw)


@pytest.mark.parametrize("route", ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_every_route_survives_nonsense(book: Org, route: tuple[str, str, Any]) -> None:
    """Each route with steps that name nothing, odd characters, and a query string of rubbish."""
    method, pattern, _ = route
    for step in ("x", "%00", "%C3%28", "..", "a" * 300, "'", "-1", "%2F"):
        path = "/".join("v67.0" if part == "{v}" else step if part.startswith("{") else part for part in pattern.split("/"))
        token = book.token
        polite(
            book,
            method,
            path + "?q=%ff&ids=,,&fields=%00&start=x&end=y&allOrNone=maybe",
            b"{" if method in ("POST", "PATCH") else None,
        )
        assert book.token == token
