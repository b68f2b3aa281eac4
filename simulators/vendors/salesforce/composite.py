"""POST /composite and /composite/batch: several requests in one. They run through the same handlers as requests that come alone.

Composite counts as one call, may refer to earlier results (`@{ref.id}`), and with allOrNone undoes everything on the first
failure. Batch counts each, refers to nothing and undoes nothing. Source: reference 1.8 (documentation), 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from simulators.kernel.calls import Call, Handler, Reply
from simulators.kernel.records import Refusal
from simulators.kernel.stages import System
from simulators.kernel.wire import json_bytes

from .errors import JSON, data_stem
from .gate import known_version
from .state import Org

REQUESTS_MAX, COSTLY_MAX = 25, 5
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")
REFERENCE_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
REFERENCE = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z]\w*|\[\d{1,4}\])+)\}")
STEP = re.compile(r"\.([A-Za-z]\w*)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
BATCH_HALTED = "The batch request was halted since haltOnError was set to true and an error occurred in a previous subrequest."


class Part(NamedTuple):
    """One request inside another."""

    method: str
    url: str
    reference: str
    body: Any


class Undone(Exception):
    """A part failed and allOrNone was asked."""


def composite(system: System[Org], call: Call) -> Reply:
    body = call.document()
    parts = [composite_part(p) for p in listed(body, "compositeRequest")]
    whole = body.get("allOrNone", False)
    if not isinstance(whole, bool):
        raise Refusal("bad_json", "allOrNone must be a boolean")
    if len({p.reference for p in parts}) < len(parts):
        raise Refusal("envelope", "referenceId values must be unique within a composite request")
    check_costly(parts)
    results: list[dict[str, Any]] = []
    try:
        with system.store.atomic():
            for part in parts:
                results.append(run_part(system, call, part, results))
                if whole and results[-1]["httpStatusCode"] >= 300:
                    raise Undone
    except Undone:
        failed = len(results) - 1
        results = [r if i == failed else halted(part.reference) for i, (part, r) in enumerate(zip(parts, results, strict=False))]
        results += [halted(part.reference) for part in parts[len(results) :]]
    return Reply(200, json_bytes({"compositeResponse": results}), JSON)


def run_part(system: System[Org], call: Call, part: Part, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer one part of a composite; what it refers to is filled in from the parts before it."""
    done = {r["referenceId"]: r for r in before}
    try:
        url, body = str(filled(part.url, done)), filled(part.body, done)
    except Refusal as refusal:
        return document(system.refuse(call, refusal), part.reference)
    return document(inner(system, call, part.method, url, body), part.reference)


def document(reply: Reply, reference: str) -> dict[str, Any]:
    headers = {n.decode().title(): v.decode() for n, v in reply.headers if n == b"location"}
    body = msgspec.json.decode(reply.body) if reply.body else None
    return {"body": body, "httpHeaders": headers, "httpStatusCode": reply.status, "referenceId": reference}


def halted(reference: str) -> dict[str, Any]:
    body = [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference}


def batch(system: System[Org], call: Call) -> Reply:
    """POST /composite/batch."""
    body = call.document()
    parts = [batch_part(p, data_stem(call)) for p in listed(body, "batchRequests")]
    stop = body.get("haltOnError", False)
    if not isinstance(stop, bool):
        raise Refusal("bad_json", "haltOnError must be a boolean")
    if not system.state.window.take(system.clock(), len(parts) - 1):
        raise Refusal("quota", "TotalRequests Limit exceeded.")
    results: list[dict[str, Any]] = []
    failed = False
    for part in parts:
        if failed and stop:
            results.append({"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": BATCH_HALTED}]})
            continue
        reply = inner(system, call, part.method, part.url, part.body)
        failed = failed or reply.status >= 300
        results.append({"statusCode": reply.status, "result": msgspec.json.decode(reply.body) if reply.body else None})
    return Reply(200, json_bytes({"hasErrors": failed, "results": results}), JSON)


# -- a request inside a request -------------------------------------------------------------------------
def inner(system: System[Org], call: Call, method: str, url: str, body: Any) -> Reply:
    """Run one part as a savepoint of its own. A refusal is its answer."""
    split = urlsplit(url)
    part = Call(method, split.path, split.query.encode(), call.headers, b"" if body is None else json_bytes(body), call.base)
    part.user = call.user
    handler, args = system.paths.match(method, split.path)
    if handler is None:
        return system.refuse(part, Refusal("no_method" if args else "no_route", split.path, got=tuple(args)))
    part.handler, part.args = handler, list(args)
    if not split.path.startswith("/services/data/") or handler in (composite, batch):
        return system.refuse(part, Refusal("envelope", f"{split.path} cannot be part of a composite request"))
    refused = known_version(system, part)
    if isinstance(refused, Reply):
        return refused
    return guarded(system, part, handler)


def guarded(system: System[Org], part: Call, handler: Handler) -> Reply:
    try:
        with system.store.atomic():
            return handler(system, part)
    except Refusal as refusal:
        return system.refuse(part, refusal)


# -- reading the envelope -----------------------------------------------------------------------------
def listed(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The parts of a request. Raises Refusal before anything is done."""
    parts = body.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
        raise Refusal("bad_json", f"{name} must be a list of requests, not empty")
    if len(parts) > REQUESTS_MAX:
        raise Refusal("envelope", f"The maximum number of subrequests is {REQUESTS_MAX}, got {len(parts)}")
    return parts


def text_of(part: dict[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("bad_json", f"each subrequest needs {name}")
    return value


def composite_part(part: dict[str, Any]) -> Part:
    method, url, reference = (text_of(part, n) for n in ("method", "url", "referenceId"))
    if method.upper() not in METHODS:
        raise Refusal("envelope", f"unknown method {method}")
    if REFERENCE_ID.fullmatch(reference) is None:
        raise Refusal(
            "envelope",
            f"Provided referenceId ('{reference}') must start with a letter or a number, and it can contain only letters, numbers and underscores",
        )
    if not url.startswith("/"):
        raise Refusal("envelope", f"the url of a subrequest begins with /services/data, got {url}")
    return Part(method.upper(), url, reference, part.get("body"))


def batch_part(part: dict[str, Any], stem: str) -> Part:
    method, url = (text_of(part, n) for n in ("method", "url"))
    if method.upper() not in METHODS:
        raise Refusal("envelope", f"unknown method {method}")
    path = url if url.startswith("/") else f"/{url}"
    full = path if path.startswith("/services/data/") else stem.rsplit("/", 1)[0] + path
    return Part(method.upper(), full, "", part.get("richInput"))


def check_costly(parts: Iterable[Part]) -> None:
    """At most five parts may be queries or collections."""
    costly = [p for p in parts if re.search(r"/v[\d.]+/(query|queryAll|composite/sobjects)\b", p.url)]
    if len(costly) > COSTLY_MAX:
        raise Refusal("envelope", f"at most {COSTLY_MAX} subrequests may be queries or sObject collections, got {len(costly)}")


# -- references ---------------------------------------------------------------------------------------
def filled(given: Any, done: dict[str, dict[str, Any]]) -> Any:
    """`given` with every @{ref.path} replaced. Raises Refusal 'halted' for a reference to nothing."""
    if isinstance(given, str):
        whole = REFERENCE.fullmatch(given)
        if whole is not None:
            return looked_up(whole, done)
        made = REFERENCE.sub(lambda m: str(looked_up(m, done)), given)
        if "@{" in made:
            raise Refusal("halted", f"Invalid reference specified in '{given}'")
        return made
    if isinstance(given, dict):
        return {name: filled(value, done) for name, value in given.items()}
    if isinstance(given, list):
        return [filled(value, done) for value in given]
    return given


def looked_up(match: re.Match[str], done: dict[str, dict[str, Any]]) -> Any:
    result = done.get(match[1])
    if result is None:
        raise Refusal("halted", f"Invalid reference specified. No value for {match[1]} found")
    if result["httpStatusCode"] >= 300:
        raise Refusal("halted", HALTED)
    at = result["body"]
    for name, index in STEP.findall(match[2]):
        try:
            at = at[int(index)] if index else at[name]
        except (KeyError, IndexError, TypeError) as error:
            raise Refusal("halted", f"Invalid reference specified. No value for {match[0]} found in {match[1]}") from error
    return at
