"""Attributes replaced for a time and put back, last first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self


class Patch:
    """A context manager; `setattr` within it holds until it ends."""

    def __init__(self) -> None:
        self._undo = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._undo.close()

    def setattr(self, owner: Any, name: str, value: Any) -> None:
        """Replace `owner.name`, which must exist: a bug at a seam that has moved is no bug at all."""
        original = owner.__dict__[name] if isinstance(owner, type) and name in owner.__dict__ else getattr(owner, name)
        inherited = isinstance(owner, type) and name not in owner.__dict__
        self._undo.callback(delattr, owner, name) if inherited else self._undo.callback(setattr, owner, name, original)
        setattr(owner, name, value)

    def setitem(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        """Replace `mapping[key]`, which must exist."""
        self._undo.callback(mapping.__setitem__, key, mapping[key])
        mapping[key] = value


Bug = Callable[[Patch], None]
