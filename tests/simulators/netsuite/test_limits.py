"""Governance: a pool of simultaneous requests, asynchronous jobs with idempotency keys, sizes and pages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from simulators.kernel.faces import face
from simulators.registry import furnish
from simulators.vendors.netsuite import ROOM

from .account import HOST, RECORD, START, Account, Answer, eid, jump, time_body

JOB = "/services/rest/async/v1/job"
LATER = {"prefer": "respond-async"}


def test_simultaneous_requests_beyond_the_limit_get_429() -> None:
    """Of 20 at once 15 pass; the others get the vendor's odd body, no Retry-After, and nothing is written for them."""
    account = Account(service_ms=200)

    async def crowd() -> list[Answer]:
        asks = (
            account.ask("PUT", f"{RECORD}/customer/eid:C-{n}", {"companyName": "x", "subsidiary": eid("SUB-US")})
            for n in range(20)
        )
        return await asyncio.gather(*asks)

    answers = jump(crowd())
    assert [a.status for a in answers] == [204] * 15 + [429] * 5
    refused = answers[-1]
    assert refused.json == {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4",
        "title": "Bad Request",
        "status": 429,
        "o:errorDetails": [
            {"detail": "Concurrent request limit exceeded. Request blocked.", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}
        ],
        "o:errorCode": "USER_ERROR",
    }
    assert "retry-after" not in refused.headers
    assert len(account.system.look("customer")) == 15
    assert (account.system.state.pool.held, account.system.state.pool.peak) == (0, 15)


def test_other_integrations_use_the_same_pool() -> None:
    """What others hold is not ours: with 13 of 15 reserved, two pass."""
    account = Account(service_ms=200, reserved=13)

    async def crowd() -> list[Answer]:
        return await asyncio.gather(*(account.ask("GET", f"{RECORD}/customer") for _ in range(4)))

    assert [a.status for a in jump(crowd())] == [200, 200, 429, 429]


def test_slot_is_held_after_the_caller_has_left() -> None:
    """A caller that gives up does not free its slot: the work goes on, and commits."""
    account = Account(service_ms=10_000, concurrency_limit=1)

    async def leave() -> tuple[int, int]:
        ask = account.ask("PUT", f"{RECORD}/customer/eid:C-1", {"companyName": "x", "subsidiary": eid("SUB-US")})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask, 1)
        second = await account.ask("GET", f"{RECORD}/customer")
        await asyncio.sleep(60)
        return second.status, account.system.state.pool.held

    assert jump(leave()) == (429, 0)
    assert len(account.system.look("customer")) == 1


def test_governance_limits_tell_the_numbers() -> None:
    """The account's limit, and an integration's own when one is carved out."""
    path = "/services/rest/system/v1/governanceLimits"
    assert Account().call("GET", path).json == {
        "accountConcurrencyLimit": 15, "accountUnallocatedConcurrencyLimit": 15, "integrationLimitType": "accountLimit"}  # fmt: skip
    own = Account(integration_limit=4).call("GET", path).json
    assert (own["integrationConcurrencyLimit"], own["accountUnallocatedConcurrencyLimit"]) == (4, 11)


# -- asynchronous requests ----------------------------------------------------------------------------
async def later(account: Account, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    return await account.ask(method, path, body, **LATER, **headers)


def test_asynchronous_request_answers_202_and_runs_later() -> None:
    """The job is pending, then succeeded; its result is the answer the request would have had."""
    account = Account()

    async def story() -> list[Any]:
        made = await later(account, "PUT", f"{RECORD}/customer/eid:C-1", {"companyName": "x", "subsidiary": eid("SUB-US")})
        job = made.headers["location"]
        before = (await account.ask("GET", job)).json
        result_too_early = await account.ask("GET", job + "/task/1/result")
        rows_before = len(account.system.look("customer"))
        await asyncio.sleep(5)
        task = (
            await account.ask(
                "GET", (await account.ask("GET", job + "/task")).json["items"][0]["links"][0]["href"].partition(HOST)[2]
            )
        ).json
        result = await account.ask("GET", job + "/task/1/result")
        return [made, before, result_too_early.status, rows_before, task, result, (await account.ask("GET", job)).json]

    made, before, early, rows, task, result, after = jump(story())
    assert (made.status, made.headers["preference-applied"], made.headers["location"]) == (202, "respond-async", f"{JOB}/1")
    assert (before["completed"], before["progress"], early, rows) == (False, "pending", 404, 0)
    assert (task["completed"], task["progress"], task["links"][0]["rel"]) == (True, "succeeded", "related")
    assert (result.status, result.headers["location"].rpartition("/")[0]) == (204, f"https://{HOST}{RECORD}/customer")
    assert (after["completed"], after["progress"], len(account.system.look("customer"))) == (True, "succeeded", 1)


def test_refusal_of_a_job_is_its_result() -> None:
    """A job that the domain refuses ends failed, with the error as its result, and nothing changed."""
    account = Account()

    async def story() -> tuple[Any, Answer]:
        made = await later(account, "PUT", f"{RECORD}/customer/eid:C-1", {"companyName": "x"})
        await asyncio.sleep(5)
        job = made.headers["location"]
        return (await account.ask("GET", job)).json["progress"], await account.ask("GET", job + "/task/1/result")

    progress, result = jump(story())
    assert (progress, result.problem) == ("failed", (400, "USER_ERROR", "subsidiary"))
    assert account.system.look("customer") == []


def test_idempotency_key_makes_one_job() -> None:
    """The second request with a key gets 400 titled Conflict, and the Location of the first job."""
    account = Account()
    body = {"companyName": "x", "subsidiary": eid("SUB-US")}

    async def story() -> tuple[Answer, Answer, Answer]:
        first = await later(account, "POST", f"{RECORD}/customer", body, x_netsuite_idempotency_key="k-1")
        again = await later(account, "POST", f"{RECORD}/customer", body, x_netsuite_idempotency_key="k-1")
        other = await later(account, "POST", f"{RECORD}/customer", body, x_netsuite_idempotency_key="k-2")
        await asyncio.sleep(5)
        return first, again, other

    first, again, other = jump(story())
    assert again.problem == (400, "IDEMPOTENCY_ERROR", "X-NetSuite-Idempotency-Key")
    assert (again.json["title"], again.headers["location"]) == ("Conflict", first.headers["location"])
    assert other.status == 202
    assert len(account.system.look("customer")) == 2


def test_idempotency_key_is_ignored_on_synchronous_calls(account: Account) -> None:
    """Without respond-async the key means nothing: two POSTs make two records."""
    for _ in range(2):
        body = {"companyName": "x", "subsidiary": eid("SUB-US")}
        assert account.call("POST", f"{RECORD}/customer", body, x_netsuite_idempotency_key="k").status == 204
    assert len(account.system.look("customer")) == 2


def test_jobs_are_their_callers_and_known(account: Account) -> None:
    """A job nobody has is 404."""
    for job in ("9", "x", "-1", "1" * 40):
        assert account.call("GET", f"{JOB}/{job}").problem[:2] == (404, "NONEXISTENT_ID")


# -- sizes and pages ----------------------------------------------------------------------------------
def test_too_large_a_request_is_refused() -> None:
    """A body beyond the limit (104 MB; here a scaled room) is refused in the vendor's shape, and nothing is written."""
    account = Account()
    account.system.app = face(furnish(replace(ROOM, body_bytes_max=1000), clock=lambda: START, seed=1))
    found = account.put("customer", "C-1", {"companyName": "x" * 2000})
    assert (found.status, found.json["o:errorDetails"][0]["o:errorCode"]) == (413, "REQUEST_SIZE_EXCEEDED")
    assert ROOM.body_bytes_max == 104 * 1024 * 1024


def test_media_type_must_be_json(project: Account) -> None:
    """Another content type is 415."""
    found = project.call("PUT", f"{RECORD}/timeBill/eid:TE-1", time_body(), content_type="text/xml")
    assert found.problem[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("query", "at"),
    [({"limit": 1001}, "limit"), ({"limit": 0}, "limit"), ({"limit": "x"}, "limit"), ({"limit": -1}, "limit"), ({"limit": 10, "offset": 5}, "offset"),
     ({"offset": 1}, "offset"), ({"limit": 10, "offset": "ten"}, "offset")],
)  # fmt: skip
def test_page_rules(account: Account, query: dict[str, Any], at: str) -> None:
    """limit lies within 1 and 1000, offset is a multiple of it; else 400 at the parameter."""
    assert account.call("GET", f"{RECORD}/customer", query=query).problem == (400, "INVALID_PARAMETER", at)


def test_pages_join_up(account: Account) -> None:
    """Links lead through every page once, in a fixed order."""
    for n in range(7):
        account.customer(f"C-{n}")
    seen, url = [], f"{RECORD}/customer"
    query: Any = {"limit": 3}
    while url:
        page = account.call("GET", url, query=query).json
        seen += [item["id"] for item in page["items"]]
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
        url, query = (
            (f"{RECORD}/customer", {"limit": 3, "offset": following.rpartition("offset=")[2]}) if following else ("", None)
        )
    assert (len(seen), len(set(seen)), page["totalResults"], page["hasMore"], page["offset"]) == (7, 7, 7, False, 6)
    assert list(page["items"][0]) == ["links", "id"]
