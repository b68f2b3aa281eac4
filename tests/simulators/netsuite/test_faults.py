"""What a fault plan may do to an account beside plain refusals: jobs that fail late, a replica that lags, one region gone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulators.behaviours.staleness import Replica
from simulators.kernel.calls import Call
from simulators.vendors.netsuite.regions import subsidiary_of

from .account import RECORD, SUITEQL, Account, eid, jump

LATER = {"prefer": "respond-async"}
COUNT = {"q": "SELECT COUNT(*) AS n FROM customer"}
NAMES = {"q": "SELECT c.companyname FROM customer c ORDER BY c.id"}


@pytest.mark.parametrize(
    ("fate", "progress", "completed", "result"), [("fail", "failed", True, 500), ("never", "processing", False, 404)]
)
def test_a_job_that_was_accepted_can_fail_late_or_never_end(fate: str, progress: str, completed: bool, result: int) -> None:
    """The caller was told 202; only the job says that nothing was made, or says nothing for ever."""
    account = Account()
    account.system.state.jobs.faults.append(lambda _job: fate)

    async def story() -> tuple[int, Any, int]:
        made = await account.ask("PUT", f"{RECORD}/customer/eid:C-1", {"companyName": "x", "subsidiary": eid("SUB-US")}, **LATER)
        await asyncio.sleep(3600)
        job = made.headers["location"]
        return made.status, (await account.ask("GET", job)).json, (await account.ask("GET", job + "/task/1/result")).status

    accepted, told, ended = jump(story())
    assert (accepted, told["progress"], told["completed"], ended) == (202, progress, completed, result)
    assert account.system.look("customer") == []


def stale(account: Account, replica: Replica) -> None:
    """Every question goes to the replica from now on."""

    def lag(_system: Any, call: Call) -> None:
        if call.operation == "suiteql" and call.handler is not None:
            call.handler = replica.stale(call.handler)

    account.system.strikes["before"].append(lag)


def asked(account: Account, question: dict[str, str]) -> list[Any]:
    items = account.call("POST", SUITEQL, question, prefer="transient").json["items"]
    return [next(v for k, v in item.items() if k != "links") for item in items]


def test_a_replica_shows_what_was_there_a_minute_ago() -> None:
    """New rows are not there yet, changed ones show their old values; a record read by its id is up to date."""
    account = Account()
    account.customer()
    account.now += 3_600_000
    replica = Replica(account.system, 60_000)
    fresh = asked(account, NAMES)
    stale(account, replica)
    account.put("customer", "C-NEW", {"companyName": "new", "subsidiary": eid("SUB-US")})
    account.put("customer", "CUS-A-00042-US", {"companyName": "renamed"})
    early, by_id = asked(account, NAMES), account.call("GET", f"{RECORD}/customer/eid:CUS-A-00042-US").json["companyName"]
    account.now += 60_000
    assert (early, by_id) == (fresh, "renamed")
    assert asked(account, NAMES) == ["renamed", "new"]


def test_a_stale_question_leaves_nothing_behind() -> None:
    """What is taken back for a reader is there again for everybody else, also when the question itself is refused."""
    account = Account()
    replica = Replica(account.system, 60_000)
    account.customer()
    before = account.system.digest()
    stale(account, replica)
    assert asked(account, COUNT) == ["0"]
    assert account.call("POST", SUITEQL, {"q": "SELECT nothing FROM nowhere"}, prefer="transient").status == 400
    account.system.strikes["before"].clear()
    assert (account.system.digest(), asked(account, COUNT)) == (before, ["1"])


def test_a_call_is_about_the_subsidiary_of_its_record_or_of_its_body(project: Account) -> None:
    """By external id, by internal id, by what the body points at; a question is about none."""
    seen: list[str] = []
    project.system.strikes["before"].append(lambda system, call: seen.append(subsidiary_of(system, call)))
    job = project.call("GET", f"{RECORD}/job/eid:JOB-S-00042").json
    project.put("customer", "C-DE", {"companyName": "x", "subsidiary": eid("SUB-DE")})
    project.call("POST", f"{RECORD}/job/{job['id']}/!transform/invoice", {})
    project.time("TE-1")
    project.call("POST", SUITEQL, COUNT, prefer="transient")
    assert seen == ["SUB-US", "SUB-DE", "SUB-US", "SUB-US", ""]
