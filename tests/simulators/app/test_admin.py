from __future__ import annotations

import itertools
import json
import socket
from typing import Any

import httpx2
import pytest

from simulators.app import Served
from simulators.kernel.stages import System

PATHS = ("act", "seed", "look", "snapshot", "restore", "faults", "reset")


def post(client: httpx2.Client, path: str, body: Any) -> tuple[int, Any]:
    answer = client.post(f"/_rehearse/{path}", json=body)
    return answer.status_code, answer.json()


def act(client: httpx2.Client, verb: str, kind: str, key: str, **values: Any) -> tuple[int, Any]:
    return post(client, "act", {"verb": verb, "kind": kind, "key": key, "values": values, "user": "ann", "at": 7})


def test_people_act_and_look_from_outside(plain: httpx2.Client) -> None:
    """The same verbs, keys and refusals as in process."""
    assert act(plain, "create", "owner", "Ann") == (200, {"id": "o000001", "key": "Ann"})
    assert act(plain, "create", "note", "N-1", title="t", owner_id="Ann") == (200, {"id": "n000001", "key": "N-1"})
    assert act(plain, "approve", "note", "N-1")[0] == 200
    status, refused = act(plain, "update", "note", "N-1", status="draft")
    assert (status, refused["code"], refused["field"], refused["kind"]) == (409, "illegal_transition", "status", "note")
    status, seen = post(plain, "look", {"kind": "note", "equals": {"status": "posted"}})
    assert (status, [(r["id"], r["owner_id"], r["posted_at"]) for r in seen["rows"]]) == (200, [("n000001", "o000001", 7)])


def test_seeding_is_all_or_nothing(plain: httpx2.Client) -> None:
    """Rows come in order, so that later ones may name earlier ones; one bad row undoes all."""
    rows = [{"kind": "owner", "key": "Ann"}, {"kind": "note", "key": "N-1", "values": {"title": "t", "owner_id": "Ann"}}]
    status, bad = post(plain, "seed", {"rows": [*rows, {"kind": "note", "key": "N-2"}]})
    assert (status, bad["code"], plain.get("/_rehearse").json()["position"]) == (409, "required", 0)
    assert post(plain, "seed", {"rows": rows})[0] == 200
    assert plain.get("/_rehearse").json()["position"] == 2


def test_snapshot_restore_and_reset(plain: httpx2.Client) -> None:
    """The state comes back by name; a reset forgets rows, snapshots, faults and journal."""
    act(plain, "create", "note", "N-1", title="t")
    before = plain.get("/_rehearse").json()["digest"]
    assert post(plain, "snapshot", {"name": "one"}) == (200, {"name": "one", "position": 1})
    act(plain, "update", "note", "N-1", title="u")
    assert plain.get("/_rehearse").json()["digest"] != before
    assert post(plain, "restore", {"name": "one"}) == (200, {"name": "one", "position": 1})
    assert plain.get("/_rehearse").json()["digest"] == before
    assert post(plain, "restore", {"name": "two"})[0] == 404
    plain.put("/_rehearse/faults", json={"faults": [{"id": "f", "what": "outage"}]})
    assert post(plain, "reset", {}) == (200, {"position": 0})
    assert (post(plain, "restore", {"name": "one"})[0], plain.get("/_rehearse/faults").json()) == (404, {"faults": []})
    assert plain.get("/_rehearse/calls").json() == {"calls": [], "total": 0}


def test_the_journal_holds_the_latest_calls_and_changes(plain: httpx2.Client) -> None:
    """Calls of the vendor's face only, newest last; changes with their values."""
    for n in range(3):
        plain.put(f"/v1/note/N-{n}", json={"Title": "t"}, headers={"x-correlation-id": "S-1"})
    found = plain.get("/_rehearse/calls?limit=2").json()
    assert (found["total"], [(c["key"], c["status"], c["effect"], c["correlation"]) for c in found["calls"]]) == (
        3,
        [("N-1", 201, True, "S-1"), ("N-2", 201, True, "S-1")],
    )
    changes = plain.get("/_rehearse/changes?since=1&limit=1").json()
    assert (changes["position"], [(c["seq"], c["values"]["number"]) for c in changes["changes"]]) == (3, [(2, "N-1")])


def test_faults_strike_what_they_match_until_they_are_taken_away(plain: httpx2.Client, system: System[Any]) -> None:
    """An outage keeps people out as well; other strikes are left alone."""
    system.strikes["arrival"].append(lambda _system, _call: None)
    put = lambda *faults: plain.put("/_rehearse/faults", json={"faults": list(faults)}).status_code
    assert put({"id": "o", "what": "outage", "end": 6000}) == 200
    assert (plain.get("/v1/note/n1").status_code, act(plain, "create", "note", "N-1", title="t")[0]) == (503, 503)
    assert (
        put({"id": "t", "what": "throttle", "wait_ms": 2000, "method": "PUT"}, {"id": "old", "what": "outage", "end": 4000})
        == 200
    )
    assert (plain.get("/v1/note/n1").status_code, plain.put("/v1/note/N-1", json={"Title": "t"}).status_code) == (404, 429)
    assert plain.get("/_rehearse/calls?limit=1").json()["calls"][0]["wait_ms"] == 2000
    assert put({"id": "s", "what": "throttle", "share": 0.5}) == 200
    found = [plain.get("/v1/note/n1").status_code for _ in range(60)]
    assert 15 < found.count(429) < 45
    assert put() == 200
    assert (act(plain, "create", "note", "N-1", title="t")[0], len(system.strikes["arrival"])) == (200, 1)


def test_nothing_is_restored_under_a_call(served: Served, plain: httpx2.Client, system: System[Any]) -> None:
    """409 while a call is under way, and the state stays."""
    post(plain, "snapshot", {"name": "one"})
    served.do(lambda: setattr(system, "in_flight", 1))
    assert [post(plain, path, {"name": "one"})[0] for path in ("restore", "reset")] == [409, 409]
    served.do(lambda: setattr(system, "in_flight", 0))
    assert post(plain, "restore", {"name": "one"})[0] == 200


ODD = [None, True, 0, -1, 2**63, 1e300, "", "x" * 300, "\ud800", "\x00", [], [1], {}, {"a": {"b": [1]}}, [[]]]
SHAPES = {
    "act": {"verb": "create", "kind": "note", "key": "N-1", "values": {"title": "t"}, "user": "ann", "at": 1},
    "seed": {"rows": [{"kind": "note", "key": "N-1", "values": {"title": "t"}}], "user": "x"},
    "look": {"kind": "note", "equals": {"title": "t"}},
    "snapshot": {"name": "n"},
    "restore": {"name": "n"},
    "faults": {"faults": [{"id": "f", "what": "lose", "share": 1.0, "wait_ms": 1, "path": "*"}]},
}


def spoilt(shape: Any) -> Any:
    """Every way to put one odd value, or one odd name, into a document."""
    if isinstance(shape, dict):
        for name in shape:
            for inner in [*ODD, *spoilt(shape[name])]:
                yield {**shape, name: inner}
            yield {k: v for k, v in shape.items() if k != name}
        yield {**shape, "\ud800": 1}
    elif isinstance(shape, list):
        yield from ([inner] for inner in spoilt(shape[0]))


@pytest.mark.parametrize("path", sorted(SHAPES))
def test_malformed_questions_are_4xx_and_never_500(plain: httpx2.Client, path: str) -> None:
    """Whatever a value is, the plane reads it or says why not, in JSON with a code."""
    method = "PUT" if path == "faults" else "POST"
    for body in itertools.chain(ODD, spoilt(SHAPES[path])):
        content = json.dumps(body).encode()
        answer = plain.request(method, f"/_rehearse/{path}", content=content, headers={"content-type": "application/json"})
        assert answer.status_code in (200, 404, 409, 422), (body, answer.status_code, answer.text)
        assert answer.status_code == 200 or answer.json()["code"], body


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "act", b"{", 422),
        ("POST", "act", b"\xff", 422),
        ("POST", "act", b"[" * 50_000, 422),
        ("POST", "act", b'{"at": 1e999}', 422),
        ("POST", "act", b"", 422),
        ("GET", "calls?limit=0", b"", 422),
        ("GET", "calls?limit=x", b"", 422),
        ("GET", "changes?since=-1", b"", 422),
        ("GET", "nothing", b"", 404),
        ("DELETE", "act", b"", 405),
    ],
)
def test_unreadable_questions_are_refused(plain: httpx2.Client, method: str, path: str, content: bytes, status: int) -> None:
    """The status says what was wrong, the body is JSON."""
    answer = plain.request(method, f"/_rehearse/{path}", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, "code" in answer.json()) == (status, True)


def test_a_body_without_a_length_or_too_long_is_not_read(plain: httpx2.Client, served: Served) -> None:
    """411 and 413, before anything is parsed."""
    assert plain.post("/_rehearse/act", content=iter([b"{}"])).status_code == 411
    with socket.create_connection(("127.0.0.1", served.plain["board"].port), timeout=10) as raw:
        raw.sendall(b"POST /_rehearse/act HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")
