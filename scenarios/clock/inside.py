"""What keeps a virtual run inside its loop: executor calls run inline, everything that would leave raises `Escape`.

`Escape` is also what the guards raise; it names what was called and from where.
"""

from __future__ import annotations

import asyncio
from asyncio import base_events
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Escape(RuntimeError):
    """Code under simulation reached for the real world: a thread, a socket, a wall clock, unkeyed chance."""


class Inside(base_events.BaseEventLoop):
    """A loop without an outside: no sockets, no processes, no threads."""

    def _check_closed(self) -> None:
        if self.is_closed():
            raise RuntimeError("event loop is closed")

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:  # noqa: ARG002 - there are no threads to choose from
        """Call the function now, on the loop's thread: the only order that is the same in every process."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            future.set_exception(error)
        return future

    def _process_events(self, event_list: Any) -> None:
        """Do nothing: there is no selector."""

    def _write_to_self(self) -> None:
        """Do nothing: nobody else can wake this loop."""


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(_loop: Inside, *args: Any, **_named: Any) -> NoReturn:
        raise Escape(
            f"loop.{name}{args[:2]!r} refused in a virtual run: call the app in process (scenarios.clock.asgi), or run paced"
        )

    refuse.__name__ = name
    return refuse


OUTSIDE = (
    "add_reader", "add_writer", "_add_reader", "_add_writer", "create_connection", "create_server", "create_datagram_endpoint",
    "create_unix_connection", "create_unix_server", "connect_accepted_socket", "connect_read_pipe", "connect_write_pipe",
    "subprocess_exec", "subprocess_shell", "sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_sendall",
    "sock_sendfile", "sendfile", "start_tls", "getaddrinfo", "getnameinfo",
)  # fmt: skip
for _name in OUTSIDE:
    setattr(Inside, _name, _refusal(_name))
