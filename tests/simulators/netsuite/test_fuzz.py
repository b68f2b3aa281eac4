"""Malformed calls of any shape get the vendor's own error, never a 500, and never change a thing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .account import RECORD, SUITEQL, TOKEN, Account, eid, time_body

FUZZ = settings(derandomize=True, max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
NAMES = ("employee", "customer", "item", "hours", "tranDate", "isBillable", "rate", "memo", "custcol_work_date", "custcol_tax_code", "externalId",
         "companyName", "subsidiary", "currency", "terms", "parent", "startDate", "entity", "orderStatus", "custbody_cap", "payment", "time",
         "expCost", "expense", "apply", "addressBook", "id", "links", "status", "nope", "approvalStatus", "isInactive")  # fmt: skip
RECORDS = (
    "customer",
    "job",
    "employee",
    "serviceSaleItem",
    "timeBill",
    "salesOrder",
    "expenseReport",
    "invoice",
    "customerPayment",
)
LISTED = ("item", "time", "expcost", "expense", "apply")


@pytest.fixture(scope="module")
def firm() -> Account:
    account = Account()
    account.customer()
    account.job()
    account.order()
    account.time("TE-1")
    account.time("TE-2")
    account.expense("EX-1")
    account.bill_job("INV-1", time=("TE-1",))
    return account


def judged(account: Account, before: int, method: str, path: str, body: Any, **more: Any) -> None:
    """A 2xx may change something; anything else is a 4xx in the error shape and changes nothing."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = account.call(method, path, raw, **more)
    assert found.status in (200, 202, 204) or 400 <= found.status < 500, found
    if found.status >= 400:
        assert account.system.position == before, (method, path, body)
        if path != TOKEN:
            status, code, _ = found.problem
            assert status == found.json["status"], code


@FUZZ
@given(
    st.sampled_from(RECORDS),
    st.sampled_from(("POST", "PUT", "PATCH")),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6),
    st.booleans(),
)
def test_random_fields(firm: Account, record: str, method: str, body: dict[str, Any], strict: bool) -> None:
    """Known names with nonsense in them."""
    path = f"{RECORD}/{record}" + ("" if method == "POST" else "/eid:F-1")
    headers = {"x_netsuite_propertynamevalidation": "error"} if strict else {}
    judged(firm, firm.system.position, method, path, body, **headers)


@FUZZ
@given(st.sampled_from(RECORDS), st.sampled_from(LISTED), st.one_of(JSON, st.lists(st.dictionaries(st.sampled_from(("line", "doc", "apply", "amount", "item", "orderLine", "customer", "quantity", "rate")), JSON, max_size=4), max_size=3).map(lambda items: {"items": items})))  # fmt: skip
def test_random_sublists(firm: Account, record: str, name: str, given_: Any) -> None:
    """Sublists with nonsense in their lines, on create, on update and on transform."""
    good = {
        "companyName": "x",
        "subsidiary": eid("SUB-US"),
        "entity": eid("CUS-A-00042-US"),
        "customer": eid("CUS-A-00042-US"),
        "payment": 5,
    }
    for body in ({name: given_}, {**good, name: given_}):
        judged(firm, firm.system.position, "POST", f"{RECORD}/{record}", body)
    judged(
        firm,
        firm.system.position,
        "POST",
        f"{RECORD}/job/eid:JOB-S-00042/!transform/invoice",
        {"externalId": "INV-1", name: given_},
    )
    judged(firm, firm.system.position, "PATCH", f"{RECORD}/salesOrder/eid:SO-S-00042", {name: given_, "entity": 1})


@FUZZ
@given(st.sampled_from(sorted(time_body())), JSON)
def test_one_wrong_value_in_a_good_body(firm: Account, name: str, value: Any) -> None:
    """A time bill with one field spoilt."""
    judged(firm, firm.system.position, "PUT", f"{RECORD}/timeBill/eid:TE-F", {**time_body(), name: value})


@FUZZ
@given(st.binary(max_size=40))
def test_random_bytes(firm: Account, raw: bytes) -> None:
    """A body that is no JSON, or no object."""
    for method, path in (("POST", f"{RECORD}/customer"), ("PUT", f"{RECORD}/timeBill/eid:X"), ("POST", SUITEQL), ("POST", TOKEN)):
        judged(firm, firm.system.position, method, path, raw, prefer="transient")


@FUZZ
@given(st.text(max_size=60))
def test_random_queries(firm: Account, text: str) -> None:
    """SuiteQL and filters of any characters."""
    before = firm.system.position
    judged(firm, before, "POST", SUITEQL, {"q": text}, prefer="transient")
    judged(firm, before, "POST", SUITEQL, {"q": f"SELECT {text} FROM customer"}, prefer="transient")
    judged(firm, before, "POST", SUITEQL, {"q": f"SELECT id FROM customer WHERE {text}"}, prefer="transient")
    judged(firm, before, "GET", f"{RECORD}/customer", b"", query={"q": text.encode("utf-8", "replace")})


WORDS = st.sampled_from(("SELECT", "FROM", "WHERE", "customer", "transaction", "t", "id", "*", ",", "(", ")", "=", "'x'", "1", "AND", "OR", "NOT", "JOIN", "ON", "GROUP BY",
                         "ORDER BY", "COUNT", "SUM", "TO_DATE", "TO_CHAR", "BUILTIN.DF", "ROWNUM", "<=", "UNION", "CASE", "WHEN", "THEN", "END", "AS", "?", "type",
                         "trandate", "lastmodifieddate", "SYSDATE", "-", "+", "IN", "BETWEEN", "(+)", "DISTINCT", "FETCH FIRST 1 ROWS ONLY", "NULL", "IS", ".", "TRUNC"))  # fmt: skip


@settings(FUZZ, max_examples=600)
@given(st.lists(WORDS, max_size=14))
def test_random_words_of_the_language(firm: Account, words: list[str]) -> None:
    """Sentences made of the language's own words, mostly nonsense."""
    judged(firm, firm.system.position, "POST", SUITEQL, {"q": "SELECT " + " ".join(words)}, prefer="transient")
    judged(
        firm,
        firm.system.position,
        "POST",
        SUITEQL,
        {"q": "SELECT id FROM transaction t WHERE " + " ".join(words), "params": [1]},
        prefer="transient",
    )


@FUZZ
@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=10), max_size=5), st.sampled_from(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "BREW")))  # fmt: skip
def test_random_paths(firm: Account, steps: list[str], method: str) -> None:
    """Paths that lead nowhere, or nearly somewhere."""
    path = "/".join(s.replace("?", "").replace("#", "") for s in steps)
    for start in ("/", f"{RECORD}/", f"{RECORD}/invoice/eid:INV-1/", f"{RECORD}/customer/", "/services/rest/async/v1/job/"):
        judged(firm, firm.system.position, method, start + path, b"{}")


@pytest.mark.parametrize("params", [5, "x", {}, [[1]], [{}], [1, 2, 3], [2**80]])
def test_odd_parameters(firm: Account, params: Any) -> None:
    """Parameters of the wrong shape or number."""
    judged(
        firm,
        firm.system.position,
        "POST",
        SUITEQL,
        {"q": "SELECT id FROM customer WHERE id = ?", "params": params},
        prefer="transient",
    )


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "\uffff", "🦆" * 50])
def test_odd_characters_are_kept_or_refused(firm: Account, text: str) -> None:
    """Characters that stores dislike."""
    body = json.dumps({"companyName": "x" + text, "subsidiary": {"externalId": "SUB-US" + text}}).encode()
    judged(firm, firm.system.position, "PUT", f"{RECORD}/customer/eid:ODD", body)
    good = json.dumps({"companyName": "x" + text, "subsidiary": eid("SUB-US")}).encode()
    judged(firm, firm.system.position, "PUT", f"{RECORD}/customer/eid:ODD", good)
    judged(
        firm,
        firm.system.position,
        "POST",
        SUITEQL,
        json.dumps({"q": "SELECT id FROM customer WHERE externalid = ?", "params": [text]}).encode(),
        prefer="transient",
    )


def test_posted_invoice_survived_all_of_it(firm: Account) -> None:
    """After all that noise the posted invoice is what it was."""
    row = firm.system.row("invoice", "INV-1")
    assert (row.version, row.number, row.gross, row.status) == (1, "INVUS000001", 134_125, "open")
