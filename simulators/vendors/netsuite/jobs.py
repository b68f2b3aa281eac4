"""Asynchronous requests: `Prefer: respond-async` puts a call off, a job tells how it went, an idempotency key makes it once.

The work happens after `settings.async_ms`, in its own transaction, outside the caller's slot.
Source: Executing Asynchronous REST Web Services Requests, Idempotency (SuiteTalk REST help, as collected in SOURCES.md, read 2026-11).
"""

from __future__ import annotations

import asyncio
from functools import lru_cache, wraps
from typing import Any

from simulators.kernel.calls import Call, Handler, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.wire import json_bytes

from .codecs import iso
from .shown import self_link
from .state import Account, Job

JOB = "/services/rest/async/v1/job"
JSON = ((b"content-type", b"application/vnd.oracle.resource+json; type=singular; charset=UTF-8"),)
PREFERENCE = (b"preference-applied", b"respond-async")
JOBS_MAX, KEY_MAX = 100_000, 255


def prefers_later(call: Call) -> bool:
    return "respond-async" in preferences(call.headers.get(b"prefer", b""))


@lru_cache(maxsize=64)
def preferences(given: bytes) -> frozenset[str]:
    """What the Prefer header asks for."""
    return frozenset(given.decode("latin-1").lower().replace(" ", "").split(","))


def may_run_later(handler: Handler) -> Handler:
    """Let the handler's call be put off when the request asks for it. The idempotency key counts only then."""

    @wraps(handler)
    def choose(system: Account, call: Call) -> Reply:
        return put_off(system, call, handler) if prefers_later(call) else handler(system, call)

    return choose


def put_off(system: Account, call: Call, handler: Handler) -> Reply:
    """Answer 202 and do the work later. Raises Refusal 'idempotency' for a key that was used, pointing at its first job."""
    jobs = system.state.jobs
    key = call.header(b"x-netsuite-idempotency-key")
    if len(key) > KEY_MAX:
        raise Refusal("header", "Invalid idempotency key.", field="X-NetSuite-Idempotency-Key", got=key)
    first = jobs.keys.get((call.user, key)) if key else None
    if first is not None:
        raise Refusal("idempotency", "The idempotency key was already used by another request.", field="X-NetSuite-Idempotency-Key",
                      got=f"{JOB}/{first}")  # fmt: skip
    if len(jobs.held) >= JOBS_MAX:
        raise Refusal("throttled", "too many jobs")
    jobs.made += 1
    job = jobs.held[jobs.made] = Job(jobs.made, call.user, system.clock())
    if key:
        jobs.keys[call.user, key] = job.id
    asyncio.get_running_loop().call_later(system.settings.async_ms / 1000, run, system, call, handler, job)
    return Reply(202, b"", (PREFERENCE, (b"location", f"{JOB}/{job.id}".encode())))


def run(system: Account, call: Call, handler: Handler, job: Job) -> None:
    """Do the work of a job. A refusal is its result; a bug of ours raises into the loop."""
    job.progress = "processing"
    fate = next((said for fault in system.state.jobs.faults if (said := fault(job))), "")
    if fate == "never":
        return  # it stays "processing" for ever
    again = Call(call.method, call.path, call.raw_query, call.headers, call.body, call.base)
    again.args, again.user, again.handler, again.at = list(call.args), call.user, handler, system.clock()
    try:
        if fate:
            raise Refusal("server_error", "the job failed", got=job.id)
        job.reply = system.transact(lambda: handler(system, again))
    except Refusal as refusal:
        job.reply = system.refuse(again, refusal)
    job.ended_at = system.clock()
    job.progress = "succeeded" if job.reply.status < 400 else "failed"


def job_of(system: Account, call: Call) -> Job:
    text = call.args[0]
    job: Job | None = system.state.jobs.held.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if job is None or job.user != call.user:
        raise Refusal("missing", f"no job {text}", field="id", got=text)
    return job


def read_job(system: Account, call: Call) -> Reply:
    job = job_of(system, call)
    here = f"{call.base}{JOB}/{job.id}"
    body = {"links": self_link(here), "completed": job.reply is not None, "id": str(job.id), "progress": job.progress,
            "task": {"links": self_link(here + "/task")}}  # fmt: skip
    return Reply(200, json_bytes(body), JSON)


def read_tasks(system: Account, call: Call) -> Reply:
    job = job_of(system, call)
    here = f"{call.base}{JOB}/{job.id}/task"
    return Reply(
        200,
        json_bytes({"links": self_link(here), "count": 1, "items": [{"links": self_link(here + "/1")}], "totalResults": 1}),
        JSON,
    )


def read_task(system: Account, call: Call) -> Reply:
    job = task_of(system, call)
    here = f"{call.base}{JOB}/{job.id}/task/1"
    body: dict[str, Any] = {
        "links": [{"rel": "related", "href": here + "/result"}, *self_link(here)],
        "completed": job.reply is not None, "id": "1", "progress": job.progress, "startTime": iso(job.started_at),
    }  # fmt: skip
    if job.reply is not None:
        body["endTime"] = iso(job.ended_at)
    return Reply(200, json_bytes(body), JSON)


def task_of(system: Account, call: Call) -> Job:
    job = job_of(system, call)
    if call.args[1] != "1":
        raise Refusal("missing", f"no task {call.args[1]}", field="id", got=call.args[1])
    return job


def read_result(system: Account, call: Call) -> Reply:
    """The answer that the request would have had at once."""
    job = task_of(system, call)
    if job.reply is None:
        raise Refusal("missing", "the task is not finished", field="id", got=call.args[1])
    return job.reply


ROUTES = (
    ("GET", JOB + "/{job}", read_job),
    ("GET", JOB + "/{job}/task", read_tasks),
    ("GET", JOB + "/{job}/task/{task}", read_task),
    ("GET", JOB + "/{job}/task/{task}/result", read_result),
)
