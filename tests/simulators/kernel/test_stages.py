from __future__ import annotations

import asyncio

import pytest

from simulators.kernel.calls import LOST, CallRecord, Later, Reply
from simulators.kernel.faces import ReplyLost
from simulators.kernel.records import Refusal
from tests.simulators.kernel.conftest import World

NOTE = {"Title": "t"}


def test_a_caller_that_hangs_up_cancels_only_its_own_wait(world: World) -> None:
    """The effect comes when it comes, once, and a retry finds it."""
    world.system.service_ms = 10_000

    async def story() -> list[object]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await world.ask("PUT", "/v1/note/N-1", NOTE)
        at_once = len(world.system.look("note"))
        await asyncio.sleep(20)
        later = len(world.system.look("note"))
        status, _, _ = await world.ask("PUT", "/v1/note/N-1", NOTE)
        return [at_once, later, status, len(world.system.look("note"))]

    assert world.run(story()) == [0, 1, 200, 1]


def test_slots_are_held_by_the_work_not_by_the_caller(world: World) -> None:
    """Twenty callers leave after a second: five were refused, fifteen slots stay taken until the work is done."""
    world.system.service_ms = 10_000

    async def one(n: int) -> object:
        try:
            async with asyncio.timeout(1):
                return (await world.ask("PUT", f"/v1/note/N-{n}", NOTE))[0]
        except TimeoutError:
            return "left"

    async def story() -> list[object]:
        ends = await asyncio.gather(*(one(n) for n in range(20)))
        held = world.system.state.slots.held
        await asyncio.sleep(30)
        return [
            ends.count("left"),
            ends.count(429),
            held,
            world.system.state.slots.held,
            len(world.system.look("note")),
            world.system.in_flight,
        ]

    assert world.run(story()) == [15, 5, 15, 0, 15, 0]


def test_a_lost_reply_leaves_its_effect(world: World) -> None:
    """Struck after the commit: the caller hears nothing, the row is there, the record says status 0 with effect."""
    records: list[CallRecord] = []
    world.system.on_call = records.append
    world.system.strikes["after"].append(lambda _system, _call: LOST)
    with pytest.raises(ReplyLost):
        world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
    assert len(world.system.look("note")) == 1
    assert [(r.status, r.effect, r.key, r.operation, r.correlation) for r in records] == [(0, True, "N-1", "upsert", "S-1")]


def test_the_reply_to_a_refused_call_may_be_lost_too(world: World) -> None:
    """The strike after the handler hits whatever the handler said."""
    world.system.strikes["after"].append(lambda _system, _call: LOST)
    with pytest.raises(ReplyLost):
        world.run(world.ask("PUT", "/v1/note/N-1", {"Nope": 1}))


@pytest.mark.parametrize("point", ["arrival", "before"])
def test_a_call_struck_before_the_commit_has_no_effect(world: World, point: str) -> None:
    """A 503 or silence before the handler means nothing was done."""
    world.system.strikes[point] += [lambda s, c: s.refuse(c, Refusal("unavailable", "down")), lambda _s, _c: LOST]
    assert world.run(world.ask("PUT", "/v1/note/N-1", NOTE))[0] == 503
    del world.system.strikes[point][0]
    with pytest.raises(ReplyLost):
        world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
    assert (world.system.position, world.system.state.slots.held) == (0, 0)


def test_a_reply_may_be_garbled_after_the_commit(world: World) -> None:
    """The strike after the commit may answer in the vendor's place."""
    world.system.strikes["after"].append(
        lambda _system, call: call.reply._replace(body=b'{"half":') if call.method == "PUT" else None
    )
    with pytest.raises(ValueError, match="Expecting value"):
        world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
    assert len(world.system.look("note")) == 1


def test_delays_of_several_strikes_add_up_and_the_first_answer_wins(world: World) -> None:
    """Two slow strikes and one refusal: the refusal comes after both delays."""
    world.system.strikes["before"] += [
        lambda _s, _c: Later(2),
        lambda _s, _c: None,
        lambda _s, _c: Later(3),
        lambda s, c: s.refuse(c, Refusal("unavailable", "down")),
        lambda _s, _c: Reply(500),
    ]
    status, _, _ = world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
    assert (status, world.loop.now, world.system.position, world.system.state.slots.held) == (503, 5.0, 0, 0)
    del world.system.strikes["before"][3:]
    status, _, _ = world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
    assert (status, world.loop.now) == (201, 10.0)


def test_our_own_bug_raises_even_after_time_has_passed(world: World) -> None:
    """A broken handler is no vendor 500: the caller gets the exception, the slot returns, nothing is written."""

    def broken(system, call) -> Reply:
        system.records.create(system.wires["note"].kind, {"title": "half"}, "x")
        raise ZeroDivisionError

    for service_ms in (0, 1000):
        world.system.service_ms = service_ms
        world.system.strikes["before"] = [lambda _system, call: setattr(call, "handler", broken)]
        with pytest.raises(ZeroDivisionError):
            world.run(world.ask("PUT", "/v1/note/N-1", NOTE))
        assert (world.system.state.slots.held, world.system.in_flight, world.system.position) == (0, 0, 0)


def test_a_bug_that_no_caller_waits_for_reaches_the_loop(world: World) -> None:
    """The caller left; the exception must not vanish with it."""
    world.system.service_ms = 10_000
    world.system.strikes["before"] = [lambda _system, _call: 1 / 0]

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await world.ask("PUT", "/v1/note/N-1", NOTE)
        await asyncio.sleep(20)

    world.run(story())
    assert world.loop.caught() == [ZeroDivisionError]


def test_service_time_is_drawn_by_meaning(world: World) -> None:
    """The n-th upsert takes the same time whatever else was called before it; slowness multiplies it."""

    async def times(*paths: str) -> list[float]:
        taken = []
        for path in paths:
            begun = world.loop.now
            await world.ask("PUT" if "N-" in path else "GET", path, NOTE if "N-" in path else None)
            taken.append(round(world.loop.now - begun, 6))
        return taken

    world.system.service_ms = 100
    first = world.run(times("/v1/note/N-1", "/v1/note/N-2"))
    world.system.draws.clear()
    mixed = world.run(times("/v1/note/n1", "/v1/note/N-1", "/v1/note/n1", "/v1/note/N-2"))
    assert [mixed[1], mixed[3]] == first
    assert all(0.05 <= t <= 0.15 for t in (*first, *mixed))
    world.system.draws.clear()
    world.system.slowness = 20
    assert world.run(times("/v1/note/N-1")) == [pytest.approx(first[0] * 20, abs=1e-5)]


def test_a_body_beyond_the_limit_is_refused_in_the_vendors_words(world: World) -> None:
    """Nothing is parsed, nothing held."""
    records: list[CallRecord] = []
    world.system.on_call = records.append
    status, body, _ = world.run(world.ask("PUT", "/v1/note/N-1", b"x" * 100_001))
    assert ([(r.status, r.error) for r in records], world.system.in_flight) == ([(413, "too_large")], 0)
    assert (status, body["error"], world.system.position) == (413, "too_large", 0)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("PUT", "/v1/note/N-1", b"{", 400, "bad_json"),
        ("PUT", "/v1/note/N-1", b"\xff\xfe", 400, "bad_json"),
        ("PUT", "/v1/note/N-1", b"[]", 400, "bad_json"),
        ("PUT", "/v1/note/N-1", b"[" * 20_000, 400, "bad_json"),
        ("PUT", "/v1/note/N-1", b'{"Title":5}', 400, "wrong_type"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","Price":1e300}', 400, "wrong_type"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","Price":99999999999999999999}', 400, "wrong_type"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","Status":["x"]}', 400, "bad_value"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","OwnerId":"o9"}', 400, "dangling"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","Nope":1}', 400, "unknown_field"),
        ("PUT", "/v1/note/N-1", b'{"Title":"t","Id":"x"}', 400, "read_only"),
        ("PUT", "/v1/note/%FF%00", b'{"Title":"\\u0000"}', 201, None),
        ("GET", "/v1/note/\xff", None, 404, "missing"),
        ("GET", "/v1/note/" + "9" * 5000, None, 404, "missing"),
        ("GET", "/v2", None, 404, "no_route"),
        ("DELETE", "/v1/note/1", None, 405, "no_method"),
    ],
)
def test_malformed_calls_get_the_vendors_own_error(
    world: World, method: str, path: str, body: bytes, status: int, error: str | None
) -> None:
    """Whatever comes, the answer is the vendor's, never a 500."""
    found, told, _ = world.run(world.ask(method, path, body, query=b"a=%ff&b=\xff&&=&"))
    assert (found, told.get("error")) == (status, error)


def test_a_key_may_hold_a_slash(world: World) -> None:
    """The raw path is split before it is unquoted; a trailing slash changes nothing."""
    assert world.run(world.ask("PUT", "/v1/note/N%2F1/", NOTE))[0] == 201
    assert world.system.row("note", "N/1").title == "t"


def test_restore_waits_for_calls_to_end(world: World) -> None:
    """A call under way would resume in another world."""
    world.system.service_ms = 1000
    image = world.system.snapshot()

    async def story() -> None:
        call = asyncio.ensure_future(world.ask("PUT", "/v1/note/N-1", NOTE))
        await asyncio.sleep(0.01)
        with pytest.raises(AssertionError, match="1 calls under way"):
            world.system.restore(image)
        await call

    world.run(story())
    world.system.restore(image)
    assert world.system.look("note") == []
