"""Guards: while a virtual run is on, whoever reaches for the real world gets `Escape` with the line that did it.

Guarded: the clocks and sleep of `time`, `datetime.now`, `utcnow` and `today`, entropy (`os.urandom`, `uuid1`, `uuid4`,
`secrets`, unseeded `random`), thread start, processes, sockets. A call is let through when its own line is in one of the
`ALLOWED` packages (logging and the progress line), or comes from another thread than the run's. Nothing is wrapped that a run
calls often; what is off costs nothing, and `__exit__` puts back the very objects it took.

Not guarded, because it is decided in C: entropy of ssl and cryptography, SQLite's clock and random(), `from x import y` made
while a run is on by modules that are imported during it (those keep a guard that lets everything through once the run is over).
"""

from __future__ import annotations

import _thread
import ctypes
import datetime as dt
import functools
import gc
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from scenarios.clock.inside import Escape

stopwatch: Callable[[], float] = time.perf_counter  # wall seconds for the runner's own reports; never for the story

ALLOWED = ("logging", "rich", "structlog", "scenarios.progress", "hypothesis", "_pytest", "pluggy")
ESCAPES_MAX = 100

_CLOCKS = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns",
    "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns", "sleep",
)  # fmt: skip
_NOW_BY_DEFAULT = {
    "localtime": 0,
    "gmtime": 0,
    "ctime": 0,
    "asctime": 0,
    "strftime": 1,
}  # with so many arguments they read the clock
_SECRETS = ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe")
_RANDOM = tuple(name for name in random.__all__ if name[0].islower() and hasattr(random, name))

Site = tuple[Any, str, str]  # owner, attribute, what to say

SITES: tuple[Site, ...] = (
    *((time, name, "wait and read time on the loop") for name in (*_CLOCKS, *_NOW_BY_DEFAULT)),
    *((random, name, "draw by meaning: scenarios.clock.draws.u") for name in _RANDOM),
    *((secrets, name, "derive it from the seed") for name in _SECRETS),
    (random, "_urandom", "derive it from the seed"),
    (random.Random, "seed", "give the generator a seed"),
    (os, "urandom", "derive it from the seed"),
    (os, "getrandom", "derive it from the seed"),
    (uuid, "uuid1", "make ids from business keys"),
    (uuid, "uuid4", "make ids from business keys"),
    (threading.Thread, "start", "keep work on the loop"),
    (_thread, "start_new_thread", "keep work on the loop"),
    (subprocess.Popen, "__init__", "start processes before the run"),
    (socket.socket, "connect", "call the app in process"),
    (socket.socket, "connect_ex", "call the app in process"),
    (socket.socket, "bind", "call the app in process"),
    (socket, "getaddrinfo", "call the app in process"),
)
TYPES: tuple[tuple[type, str], ...] = ((dt.datetime, "now"), (dt.datetime, "utcnow"), (dt.date, "today"))

_LIBRARY = str(Path(os.__file__).parent)


class Guards:
    """A context manager: guards are up inside it. `escapes` holds what was refused, also when somebody caught it.

    `allowed` names packages (or modules) whose own lines may pass, beside `ALLOWED`.
    """

    def __init__(self, allowed: tuple[str, ...] = ()) -> None:
        self.escapes: list[Escape] = []
        self._allowed = frozenset(ALLOWED + allowed)
        self._on = False
        self._owner = 0
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        self._owner, self._on = threading.get_ident(), True
        stand_ins: dict[int, tuple[Any, Any]] = {}
        for owner, name, advice in SITES:
            if name in vars(owner) or hasattr(owner, name):
                original = getattr(owner, name)
                stand_in = self._guard(original, f"{owner.__name__}.{name}", advice, _harmless(owner, name))
                self._replace(owner, name, stand_in)
                stand_ins[id(original)] = (original, stand_in)
        for owner, name in TYPES:
            self._replace_in_type(owner, name)
        self._replace_copies(stand_ins)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._on = False
        while self._undo:
            self._undo.pop()()
        if error is not None and self.escapes and error is not self.escapes[0]:
            error.add_note(f"earlier in this run: {self.escapes[0]}")

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Let everything through within the block: a person looks into the run."""
        was_on, self._on = self._on, False
        try:
            yield
        finally:
            self._on = was_on

    def raise_first(self) -> None:
        """Raise the first escape of the run, if there was one."""
        if self.escapes:
            raise self.escapes[0]

    def _guard(self, original: Any, what: str, advice: str, harmless: Callable[..., bool]) -> Callable[..., Any]:
        def guarded(*args: Any, **named: Any) -> Any:
            if self._on and not harmless(*args, **named):
                self._check(sys._getframe(1), what, advice)
            return original(*args, **named)

        return functools.update_wrapper(guarded, original) if callable(original) else guarded

    def _check(self, frame: FrameType, what: str, advice: str) -> None:
        """Raise `Escape` unless the calling line may pass."""
        if threading.get_ident() != self._owner or self._may_pass(frame.f_globals.get("__name__", "")):
            return
        escape = Escape(f"{what} called during a virtual run at {_site(frame)}; {advice}")
        if len(self.escapes) < ESCAPES_MAX:
            self.escapes.append(escape)
        raise escape

    def _may_pass(self, module: str) -> bool:
        while module:
            if module in self._allowed:
                return True
            module = module.rpartition(".")[0]
        return False

    def _replace(self, owner: Any, name: str, stand_in: Any) -> None:
        if name in vars(owner):
            self._undo.append(functools.partial(setattr, owner, name, vars(owner)[name]))
        else:  # inherited: socket.connect lives in the C base class
            self._undo.append(functools.partial(delattr, owner, name))
        setattr(owner, name, stand_in)

    def _replace_in_type(self, owner: type, name: str) -> None:
        """Guard a class method of a C type, whose attributes cannot be set: write its dictionary and drop the method caches."""
        names = gc.get_referents(owner.__dict__)[0]
        original = names[name]
        advice = "ask the clock port; a date comes from an instant (scenarios.clock.calendar)"

        def guarded(cls: type, *args: Any, **named: Any) -> Any:
            if self._on:
                self._check(sys._getframe(1), f"{cls.__name__}.{name}", advice)
            return original.__get__(None, cls)(*args, **named)

        self._undo.append(functools.partial(_write_type, owner, names, name, original))
        _write_type(owner, names, name, classmethod(guarded))

    def _replace_copies(self, stand_ins: dict[int, tuple[Any, Any]]) -> None:
        """Guard what modules took by `from time import monotonic` before the run."""
        for module in tuple(sys.modules.values()):
            if module is None or module.__name__ == __name__:
                continue
            names = vars(module)
            for name in [name for name, value in names.items() if id(value) in stand_ins]:
                original, stand_in = stand_ins[id(names[name])]
                self._undo.append(functools.partial(names.__setitem__, name, original))
                names[name] = stand_in


def _write_type(owner: type, names: dict[str, Any], name: str, value: Any) -> None:
    names[name] = value
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))


def _harmless(owner: Any, name: str) -> Callable[..., bool]:
    """Return the test for calls that look guarded but read nothing: `localtime(given)`, `Random(7)`."""
    if owner is time and name in _NOW_BY_DEFAULT:
        enough = _NOW_BY_DEFAULT[name]
        return lambda *args: len(args) > enough and args[enough] is not None
    if owner is random.Random:
        return lambda _self, a=None, *_rest, **_named: a is not None
    return _never


def _never(*_args: Any, **_named: Any) -> bool:
    return False


def _site(frame: FrameType) -> str:
    """Name the calling line, and the first line outside the standard library when that is another."""
    outer: FrameType | None = frame
    while (
        outer is not None
        and outer.f_code.co_filename.startswith((_LIBRARY + os.sep, "<"))
        and "-packages" not in outer.f_code.co_filename
    ):
        outer = outer.f_back
    here = _line(frame)
    return here if outer in (None, frame) else f"{_line(outer)} (through {here})"


def _line(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
