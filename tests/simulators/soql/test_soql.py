from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simulators.tongues import soql, soql_dates
from tests.simulators.salesforce.org import Org
from tests.simulators.soql.corpus import ACCEPTED, REFUSED


def first(record: dict[str, Any]) -> Any:
    """The value of the first selected field, whatever parent it stands in."""
    at: Any = record
    while isinstance(at, dict):
        at = next(v for n, v in at.items() if n != "attributes")
    return at


@pytest.mark.parametrize(("text", "wanted"), ACCEPTED, ids=[t for t, _ in ACCEPTED])
def test_accepted_queries_answer_these_rows(book: Org, text: str, wanted: list[object]) -> None:
    """Each query of the corpus is answered with the first column written down beside it."""
    status, answer = book.query(text)
    assert (status, [first(r) for r in answer["records"]] if status == 200 else answer) == (200, wanted)


@pytest.mark.parametrize(("text", "code", "piece"), REFUSED, ids=[t for t, _, _ in REFUSED])
def test_refused_queries_say_why(book: Org, text: str, code: str, piece: str) -> None:
    """Each wrong query of the corpus gets 400, the vendor's code and a sentence that points at the mistake."""
    before = book.system.digest()
    status, answer = book.query(text)
    assert (status, answer[0]["errorCode"]) == (400, code)
    assert piece in answer[0]["message"]
    assert book.system.digest() == before


def test_asking_twice_parses_once(book: Org) -> None:
    """Queries that differ only in literals share one plan."""
    book.query("SELECT Id, Name FROM Account WHERE Name = 'one' AND CreatedDate > 2026-01-01T00:00:00Z LIMIT 3")
    plans = len(book.system.state.plans)
    book.query("SELECT Id, Name FROM Account WHERE Name = 'two \\' three' AND CreatedDate > 2020-01-01T00:00:00Z LIMIT 9")
    assert len(book.system.state.plans) == plans


def test_plans_are_bounded(book: Org) -> None:
    """However many shapes are asked, no more than PLANS_MAX plans are kept."""
    from simulators.vendors.salesforce.state import PLANS_MAX

    state = book.system.state
    plan = next(iter(state.plans.values()))
    for n in range(PLANS_MAX + 5):
        state.remember((f"shape {n}", False), plan)
    assert len(state.plans) <= PLANS_MAX
    state.plans.clear()


def test_an_offset_in_a_shape_points_at_the_text() -> None:
    """Where literals were lifted out, positions still name the text as it came."""
    text = "SELECT Id FROM A WHERE a = 'it\\'s' AND b = 2026-01-01 AND oops"
    shape, literals = soql.lift(text)
    assert literals == ("'it\\'s'", "2026-01-01")
    assert soql.origin(text, shape.index("oops")) == text.index("oops")


def test_a_parent_is_nested_or_null(book: Org) -> None:
    """Fields of a parent stand in its own record with type and address; without a parent there is null."""
    rows = book.rows(
        "SELECT Name, Account.Name, Account.Parent.Name FROM Opportunity WHERE Opportunity_Number__c IN ('O-3', 'O-5') ORDER BY Opportunity_Number__c"
    )
    account = rows[0]["Account"]
    assert (account["attributes"]["type"], account["Name"], account["Parent"]["Name"]) == ("Account", "Böhm GmbH", "Acme")
    assert account["attributes"]["url"].startswith("/services/data/v67.0/sobjects/Account/001")
    assert rows[1]["Account"] is None


def test_children_are_nested_or_null(book: Org) -> None:
    """A child sub-query gives each row its own list, ordered and limited per parent, or null."""
    text = "SELECT Name, (SELECT Line_Key__c, Product2.Name, Quantity FROM OpportunityLineItems WHERE Quantity > 0.5 ORDER BY Line_Key__c DESC LIMIT 1) FROM Opportunity WHERE Opportunity_Number__c IN ('O-1', 'O-2') ORDER BY Name"
    alpha, beta = book.rows(text)
    below = alpha["OpportunityLineItems"]
    assert (below["totalSize"], below["done"]) == (1, True)
    assert [(r["Line_Key__c"], r["Product2"]["Name"], r["Quantity"]) for r in below["records"]] == [
        ("S-1-R2", "Project manager", 1.0)
    ]
    assert beta["OpportunityLineItems"] is None


def test_counting_gives_a_number_and_no_records(book: Org) -> None:
    """SELECT COUNT() answers totalSize alone; LIMIT caps it."""
    assert book.query("SELECT COUNT() FROM Opportunity")[1] == {"totalSize": 5, "done": True, "records": []}
    assert book.query("SELECT COUNT() FROM Opportunity LIMIT 3")[1]["totalSize"] == 3


def test_sums_are_aggregate_results(book: Org) -> None:
    """Rows of an aggregate query are of type AggregateResult, with aliases or expr0, expr1, and no ids."""
    rows = book.rows("SELECT Status__c, SUM(Gross__c) total, COUNT(Id) FROM Invoice__c GROUP BY Status__c ORDER BY Status__c")
    kind = {"type": "AggregateResult"}
    assert rows == [
        {"attributes": kind, "Status__c": "Open", "total": 120.0, "expr0": 1},
        {"attributes": kind, "Status__c": "Paid", "total": 80.0, "expr0": 1},
    ]


def test_all_fields_are_asked_with_a_word(book: Org) -> None:
    """FIELDS(CUSTOM) and FIELDS(STANDARD) share the fields of FIELDS(ALL) between them."""
    whole, custom, standard = (
        set(book.rows(f"SELECT FIELDS({w}) FROM SOW__c LIMIT 1")[0]) for w in ("ALL", "CUSTOM", "STANDARD")
    )
    assert custom | standard == whole
    assert custom & standard == {"attributes"}
    assert all(n.endswith("__c") for n in custom - {"attributes"})


@pytest.mark.parametrize(
    ("word", "count", "first_day", "after"),
    [
        ("TODAY", 0, (2026, 1, 4), (2026, 1, 5)),
        ("THIS_WEEK", 0, (2026, 1, 4), (2026, 1, 11)),
        ("LAST_WEEK", 0, (2025, 12, 28), (2026, 1, 4)),
        ("LAST_N_DAYS", 3, (2026, 1, 1), (2026, 1, 5)),
        ("NEXT_N_WEEKS", 2, (2026, 1, 11), (2026, 1, 25)),
        ("LAST_N_MONTHS", 2, (2025, 11, 1), (2026, 1, 1)),
        ("LAST_QUARTER", 0, (2025, 10, 1), (2026, 1, 1)),
        ("NEXT_N_QUARTERS", 1, (2026, 4, 1), (2026, 7, 1)),
        ("N_MONTHS_AGO", 1, (2025, 12, 1), (2026, 1, 1)),
        ("NEXT_YEAR", 0, (2027, 1, 1), (2028, 1, 1)),
        ("LAST_N_FISCAL_YEARS", 1, (2025, 1, 1), (2026, 1, 1)),
    ],
)
def test_a_date_word_is_a_range_of_days(
    word: str, count: int, first_day: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    """Seen from Sunday 2026-01-04, on which a week begins, each word names these days."""
    assert soql_dates.range_of(word, count, date(2026, 1, 4)) == (date(*first_day), date(*after))
