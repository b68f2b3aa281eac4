"""Arguments and results by value: what enters the journal, and what a process gets back from it.

A process receives the decoded copy even the first time, so that it cannot see a live object once and a
dictionary on replay, nor change a remembered result through an alias.
"""

from __future__ import annotations

import functools
import hashlib
import typing
from collections.abc import Callable

import msgspec

from orchestrator.engine.port import Json

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_ordered = msgspec.json.Encoder(order="deterministic").encode


def plain(value: object) -> Json:
    """The JSON form of a value, sharing nothing with it. Raises TypeError for what JSON cannot say."""
    if value is None or type(value) in (str, int, bool):
        return value
    return _decode(_encode(value))


def text(value: Json) -> str:
    """A JSON value as the journal keeps it."""
    return _encode(value).decode()


def parse(stored: str) -> Json:
    """The value of a journal text."""
    return _decode(stored)


def fingerprint(args: tuple[object, ...]) -> str:
    """A digest of the arguments by value: equal arguments, equal digest, in any process."""
    return hashlib.blake2b(_ordered(args), digest_size=8).hexdigest()


def typed(value: Json, fn: Callable[..., object]) -> typing.Any:
    """A fresh copy of a journalled value, as the type `fn` says it returns."""
    want = _returns(_function(fn))
    if want is typing.Any:
        return plain(value)
    return msgspec.convert(plain(value), want, strict=False)


def _function(fn: typing.Any) -> typing.Any:
    while isinstance(fn, functools.partial):
        fn = fn.func
    return getattr(fn, "__func__", fn)


@functools.lru_cache(maxsize=1024)
def _returns(fn: typing.Any) -> typing.Any:
    if not hasattr(fn, "__annotations__"):
        fn = type(fn).__call__
    return typing.get_type_hints(fn).get("return", typing.Any)
