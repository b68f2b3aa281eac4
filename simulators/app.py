"""Mock systems on sockets: HTTP and TLS listeners per system, with the control plane beside the vendor's face.

Way in: `async with serving({"salesforce": system}, certificates=...) as served` on a loop of one's own, or `in_background(...)` for
callers that block. The vendor's face stays a bare callable; one look at the raw path sends operators to the control plane.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, TypeVar

from simulators.admin import PREFIX, admin_plane
from simulators.certificates import Certificates
from simulators.kernel.faces import Asgi, Receive, Scope, Send
from simulators.kernel.stages import System
from simulators.sockets import Listener, bind

START_S = 30
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Where to listen. `ports` and `tls_ports`: {name: port}, any free port when left out. Without `certificates` there is no TLS.

    `admin` None: the control plane is there when the host is this machine only.
    """

    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    tls_ports: Mapping[str, int] = field(default_factory=dict)
    certificates: Certificates | None = None
    admin: bool | None = None


class Served:
    """Systems that answer on ports. URLs have no trailing slash."""

    def __init__(self, host: str, plain: Mapping[str, Listener], secure: Mapping[str, Listener]) -> None:
        self.host, self.plain, self.secure = host, plain, secure
        self.loop = asyncio.get_running_loop()

    def url(self, name: str, *, tls: bool = False) -> str:
        """http://127.0.0.1:PORT, or https://localhost:PORT."""
        if tls:
            return f"https://localhost:{self.secure[name].port}"
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.plain[name].port}"

    def do(self, work: Callable[[], ResultT]) -> ResultT:
        """Run `work` on the systems' own loop, from another thread: a system belongs to one loop."""

        async def run() -> ResultT:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(START_S)


def beside(system: System[Any]) -> Asgi:
    """The vendor's face, with the control plane under its own prefix."""
    vendor, plane, prefix = system.app, admin_plane(system), PREFIX.encode()

    def app(scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        chosen: Any = plane if scope["type"] == "http" and scope["raw_path"].startswith(prefix) else vendor
        return chosen(scope, receive, send)  # type: ignore[no-any-return]

    return app


def is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@asynccontextmanager
async def serving(systems: Mapping[str, System[Any]], where: Serving | None = None) -> AsyncIterator[Served]:
    """Serve systems by name while the block runs. Raises PortInUse before anything listens."""
    where = where or Serving()
    admin = is_local(where.host) if where.admin is None else where.admin
    plain: dict[str, Listener] = {}
    secure: dict[str, Listener] = {}
    try:
        for name, system in systems.items():
            app, aside = (beside(system), PREFIX) if admin else (system.app, "")
            plain[name] = Listener(app, bind(where.host, where.ports.get(name, 0)), None, system, aside)
            if where.certificates:
                secure[name] = Listener(app, bind(where.host, where.tls_ports.get(name, 0)), where.certificates, system, aside)
        begun: list[Listener] = []
        try:
            for listener in (*plain.values(), *secure.values()):
                await listener.begin()
                begun.append(listener)
            yield Served(where.host, plain, secure)
        finally:
            await asyncio.gather(*(listener.end() for listener in begun))
    finally:
        for listener in (*plain.values(), *secure.values()):
            listener.bound.close()


def new_loop() -> asyncio.AbstractEventLoop:
    """A uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    made: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return made


@contextmanager
def in_background(systems: Mapping[str, System[Any]], where: Serving | None = None) -> Iterator[Served]:
    """As `serving`, on a loop in a thread of its own, for clients that block. Reach into a system only by `served.do`."""
    ready: list[Served | BaseException] = []
    heard = threading.Event()
    leave: list[Callable[[], object]] = []

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        leave.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with serving(systems, where) as served:
            ready.append(served)
            heard.set()
            await stop.wait()

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(main())
        except BaseException as error:
            ready.append(error)
        finally:
            heard.set()

    thread = threading.Thread(target=run, name="mock systems", daemon=True)
    thread.start()
    assert heard.wait(START_S), "the servers did not come up"
    if isinstance(ready[0], BaseException):
        thread.join()
        raise ready[0]
    try:
        yield ready[0]
    finally:
        leave[0]()
        thread.join(START_S)
        if isinstance(ready[-1], BaseException):
            raise ready[-1]
