"""Request bodies: JSON or Rails-style form, wrapped in the singular key, or many in the plural key.

What is no object, names neither key, or nests too deep is refused with 400; what an object holds is the wire's business.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from simulators.kernel.calls import Call
from simulators.kernel.records import Refusal

STEP = re.compile(r"\[([^\[\]]*)\]")
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)$")
DEPTH_MAX, PAIRS_MAX = 4, 20_000
MIXED = ("include", "optional_fields")


def document_of(call: Call) -> dict[str, Any]:
    """Return the decoded body; an empty one is an empty object. Raises Refusal 'bad_json'.

    Rails mixes body and query: an `include` in the body counts. Source: mavenlink_gem, request.rb (read 2026-11-20).
    """
    if not call.body.strip():
        return {}
    form = call.header(b"content-type").startswith("application/x-www-form-urlencoded")
    body = form_of(call.body) if form else call.document()
    for name in MIXED:
        if isinstance(body.get(name), str):
            call.query.setdefault(name, body[name])
    return body


def objects_of(call: Call, one: str, many: str, most: int) -> list[dict[str, Any]]:
    """Return the objects of a create: `{one: {...}}` or `{many: [{...}, ...]}`. Raises Refusal."""
    body = document_of(call)
    if many in body and one not in body:
        given = body[many]
        if isinstance(given, dict):  # a form writes lists as objects keyed by position
            given = list(given.values())
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise Refusal("missing_parameters", many)
        if not given:
            raise Refusal("missing_parameters", many)
        if len(given) > most:
            raise Refusal("too_many", f"at most {most} {many} can be created in one request")
        return given
    return [object_of(body, one)]


def object_of(body: dict[str, Any], one: str) -> dict[str, Any]:
    """Return the object under its key. Raises Refusal."""
    given = body.get(one)
    if not isinstance(given, dict) or not given:
        raise Refusal("missing_parameters", one)
    return given


def form_of(raw: bytes) -> dict[str, Any]:
    """Read `a[b]=1&a[c][]=2` as nested objects and lists. Raises Refusal 'bad_json'."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=PAIRS_MAX)
    except ValueError as error:
        raise Refusal("bad_json", "the form cannot be read") from error
    body: dict[str, Any] = {}
    for name, value in pairs:
        found = NAME.match(name)
        if found is None:
            raise Refusal("bad_json", f"the form has a name that cannot be read: {name}")
        put(body, [found[1], *STEP.findall(found[2])], value)
    return body


def put(body: dict[str, Any], path: list[str], value: str) -> None:
    """Put a value at its path; a last step of '' makes a list."""
    if len(path) > DEPTH_MAX:
        raise Refusal("bad_json", "the form nests too deep")
    at: Any = body
    for step in path[:-2] if path[-1] == "" else path[:-1]:
        at = at.setdefault(step, {})
        if not isinstance(at, dict):
            raise Refusal("bad_json", f"the form uses {step} twice")
    last = path[-2] if path[-1] == "" else path[-1]
    if path[-1] != "":
        at[last] = value
        return
    held = at.setdefault(last, [])
    if not isinstance(held, list):
        raise Refusal("bad_json", f"the form uses {last} twice")
    held.append(value)
