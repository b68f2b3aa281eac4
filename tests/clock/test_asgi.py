"""In-process ASGI calls: what goes in and out, what a time-out may reach, and what never passes in silence."""

import asyncio
import contextvars
import gc
from contextlib import asynccontextmanager

import fastapi
import pytest
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, StreamingResponse

from scenarios.clock.asgi import NoAnswer, call, call_plain, lifespan, sync_endpoints
from scenarios.clock.loop import run_virtual
from scenarios.clock.reports import Unwatched


def run(main):
    return run_virtual(main, start_ms=0)


async def respond(send, body=b"ok", status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


def get(app, path="/", query="", headers=(), body=b"", method="GET"):
    return call(app, method, path, query, headers, body)


def test_the_app_sees_the_request_as_sent():
    """Raw path, decoded path, query, headers in bytes, and the body in one piece."""
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope, message=await receive())
        await respond(send)

    async def main(_loop):
        await call(app, "PUT", "/eid%3ACUS-A/ä", "q=a%20b", (("Content-Type", "text/x"), ("x-a", "1")), b"body")

    run(main)
    assert (seen["method"], seen["path"], seen["raw_path"]) == ("PUT", "/eid:CUS-A/ä", b"/eid%3ACUS-A/%C3%A4")
    assert (seen["query_string"], seen["headers"]) == (b"q=a%20b", [(b"content-type", b"text/x"), (b"x-a", b"1")])
    assert seen["message"] == {"type": "http.request", "body": b"body", "more_body": False}


def test_the_answer_is_whole():
    """Status, lower-case headers (repeated ones joined) and all chunks of the body."""

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 207, "headers": [(b"X-A", b"1"), (b"x-a", b"2"), (b"b", b"3")]})
        for chunk in (b"one ", b"", b"two"):
            await asyncio.sleep(1)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})

    async def main(loop):
        return await get(app), loop.time()

    assert run(main) == ((207, {"x-a": "1, 2", "b": "3"}, b"one two"), 3.0)


def test_a_client_s_time_out_does_not_reach_the_server():
    """The server commits after its client has gone: the case 'done, but the reply was lost'."""
    effects = []

    async def app(_scope, _receive, send):
        await asyncio.sleep(10)
        effects.append("committed")
        await respond(send)

    async def main(loop):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await get(app)
        gone_at = loop.time()
        await asyncio.sleep(20)
        return gone_at

    assert run(main) == 5.0
    assert effects == ["committed"]


def test_a_server_s_time_out_does_not_reach_the_client():
    """A time-out that the app sets up in its very first step belongs to the app's task, not to the caller's."""

    async def app(_scope, _receive, send):
        try:
            async with asyncio.timeout(3):
                await asyncio.sleep(100)
        except TimeoutError:
            await respond(send, b"gave up")

    async def main(_loop):
        return (await get(app))[2]

    assert run(main) == b"gave up"


def test_every_call_is_a_task_of_its_own():
    """Also when the app answers without waiting: current task and context are not the client's."""
    word = contextvars.ContextVar("word", default="client's")

    async def app(_scope, _receive, send):
        word.set("server's")
        await respond(send, asyncio.current_task().get_name().encode())

    async def main(_loop):
        mine = asyncio.current_task()
        _, _, name = await get(app)
        return name.decode() != mine.get_name(), word.get(), asyncio.current_task() is mine

    assert run(main) == (True, "client's", True)


def test_an_app_may_call_another_in_its_first_step():
    """Calls nest: the orchestrator's app calls a vendor before it has waited for anything."""

    async def inner(_scope, _receive, send):
        await respond(send, b"inner " + asyncio.current_task().get_name().encode())

    async def outer(_scope, _receive, send):
        mine = asyncio.current_task()
        _, _, body = await get(inner)
        assert asyncio.current_task() is mine
        await respond(send, body)

    async def main(_loop):
        return (await get(outer))[2]

    assert run(main) == b"inner task-3"


def test_an_app_that_never_waits_takes_no_trip_through_the_loop():
    """Its answer is there before anything else runs."""
    order = []

    async def app(_scope, _receive, send):
        await respond(send)

    async def main(loop):
        loop.call_soon(order.append, "loop")
        await get(app)
        order.append("answered")

    run(main)
    assert order == ["answered", "loop"]


@pytest.mark.parametrize("wait", [0, 1])
def test_the_app_s_own_bug_is_raised_not_answered(wait):
    """No 500 for our own mistake: the caller gets the exception."""

    async def app(_scope, _receive, _send):
        if wait:
            await asyncio.sleep(wait)
        raise KeyError("our bug")

    with pytest.raises(KeyError, match="our bug"):
        run(lambda _loop: get(app))


@pytest.mark.parametrize("wait", [0, 1])
def test_an_app_that_ends_without_an_answer_is_a_bug(wait):
    """A response that never completes is no empty answer."""

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(wait)

    with pytest.raises(NoAnswer, match="complete response"):
        run(lambda _loop: get(app))


def test_a_failure_after_the_client_has_gone_ends_the_run():
    """Nobody waits for the reply any more, yet a broken mock must not pass for a working one."""

    async def app(_scope, _receive, _send):
        await asyncio.sleep(10)
        raise KeyError("too late")

    async def main(_loop):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await get(app)
        await asyncio.sleep(20)

    with pytest.raises(Unwatched, match="too late"):
        run(main)


def test_a_server_whose_client_has_gone_is_not_garbage():
    """Work that only its own task refers to goes on: asyncio holds tasks weakly, we do not."""

    async def app(_scope, _receive, _send):
        asyncio.current_task().set_name("server")
        await asyncio.get_running_loop().create_future()

    async def main(_loop):
        try:
            async with asyncio.timeout(5):
                await get(app)
        except TimeoutError:
            pass
        await asyncio.sleep(1)
        gc.collect()
        return sorted(task.get_name() for task in asyncio.all_tasks())

    assert run(main) == ["server", "task-1"]


def test_work_after_the_answer_goes_on_by_itself():
    """A background task of the app does not hold the client up."""
    done = []

    async def app(scope, receive, send):
        async def after():
            await asyncio.sleep(30)
            done.append("after")

        await JSONResponse({}, background=BackgroundTask(after))(scope, receive, send)

    async def main(loop):
        await get(app)
        answered_at = loop.time()
        await asyncio.sleep(60)
        return answered_at

    assert run(main) == 0.0
    assert done == ["after"]


def test_a_streaming_app_is_not_told_that_its_client_left():
    """Starlette listens for a disconnect while it streams: a client that waits has not left."""

    async def chunks():
        for number in range(3):
            await asyncio.sleep(1)
            yield b"%d" % number

    async def main(_loop):
        return await get(StreamingResponse(chunks()))

    assert run(main) == (200, {}, b"012")


def test_a_client_that_left_is_a_disconnect():
    """An app that listens hears it; nothing is cancelled."""
    heard = []

    async def app(_scope, receive, _send):
        await receive()
        heard.append((await receive())["type"])

    async def main(_loop):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await get(app)
        await asyncio.sleep(1)

    run(main)
    assert heard == ["http.disconnect"]


def test_fastapi_works_unchanged_sync_endpoints_included():
    """A sync endpoint would need a thread; in a virtual run it is called inline, and the start-up check names it."""
    app = fastapi.FastAPI()

    @app.get("/sync/{name}")
    def plain(name: str) -> dict[str, str]:
        return {"name": name}

    @app.post("/async")
    async def waits(body: dict[str, int]) -> dict[str, int]:
        await asyncio.sleep(2)
        return body

    async def main(loop):
        one = await get(app, "/sync/ann")
        two = await call(app, "POST", "/async", "", (("content-type", "application/json"),), b'{"a":1}')
        return one[2], two[2], loop.time()

    assert run(main) == (b'{"name":"ann"}', b'{"a":1}', 2.0)
    assert [text.split(" -> ")[0] for text in sync_endpoints(app)] == ["/sync/{name}"]


def test_lifespan_starts_and_ends_an_app_once():
    """Start-up runs before the first request and shut-down after the last."""
    events = []

    @asynccontextmanager
    async def living(_app):
        events.append("up")
        yield {"pool": 5}
        await asyncio.sleep(2)
        events.append("down")

    app = fastapi.FastAPI(lifespan=living)

    async def main(loop):
        async with lifespan(app) as state:
            events.append(dict(state))
        return loop.time()

    assert run(main) == 2.0
    assert events == ["up", {"pool": 5}, "down"]


def test_an_app_without_a_lifespan_is_left_alone():
    """A bare app raises for what it does not know, or just returns."""

    async def raising(scope, _receive, send):
        assert scope["type"] == "http"
        await respond(send)

    async def returning(_scope, _receive, _send):
        return

    async def main(_loop):
        async with lifespan(raising), lifespan(returning):
            return (await get(raising))[0]

    assert run(main) == 200


def test_a_failed_start_is_not_survived():
    """An app that could not start serves nobody."""

    @asynccontextmanager
    async def living(_app):
        raise ValueError("no database")
        yield

    async def main(_loop):
        async with lifespan(fastapi.FastAPI(lifespan=living)):
            pass

    with pytest.raises(RuntimeError, match="no database"):
        run(main)


def test_calls_work_on_a_stock_loop_too():
    """The same caller serves plain asyncio tests."""

    async def app(_scope, _receive, send):
        await asyncio.sleep(0)
        await respond(send, b"stock")

    assert asyncio.run(get(app)) == (200, {}, b"stock")


async def waits_for_futures(_scope, receive, send):
    """An app as a mock system's face is: it waits for nothing but a future that the loop sets."""
    loop, body = asyncio.get_running_loop(), (await receive())["body"]
    ready = loop.create_future()
    loop.call_later(2, ready.set_result, None)
    await ready
    await respond(send, body + b"!")


def test_a_plain_call_gives_the_answer_of_a_call():
    """The same status, headers and body at the same instant, without a task for the app."""

    async def main(loop):
        plain = await call_plain(waits_for_futures, "GET", "/", "", (), b"on"), loop.time()
        return plain, (await call(waits_for_futures, "GET", "/", "", (), b"on"), loop.time())

    assert run(main) == (((200, {}, b"on!"), 2.0), ((200, {}, b"on!"), 4.0))


def test_a_plain_call_that_is_given_up_leaves_the_loop_its_work():
    """A client's time-out takes its reply and the app's wait; what the app had the loop do is done."""
    done = []

    async def app(_scope, _receive, send):
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.call_later(2, lambda: done.append(loop.time()) or ready.done() or ready.set_result(None))
        await ready
        await respond(send, b"")

    async def main(_loop):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await call_plain(app, "GET", "/", "", (), b"")
        await asyncio.sleep(5)

    run(main)
    assert done == [2.0]


def test_a_plain_call_raises_what_the_app_raised():
    """Our own bug is no answer: at once, after a wait, and when nothing was said at all."""

    async def breaks(_scope, _receive, _send):
        raise LookupError("at once")

    async def breaks_later(scope, receive, send):
        await waits_for_futures(scope, receive, lambda _message: breaks(scope, receive, send))

    async def says_nothing(_scope, _receive, _send):
        pass

    async def main(_loop):
        for app, error in ((breaks, LookupError), (breaks_later, LookupError), (says_nothing, NoAnswer)):
            with pytest.raises(error):
                await call_plain(app, "GET", "/", "", (), b"")

    run(main)
