"""Match (method, raw path) against a table of routes: a trie of dictionaries, `*` for a variable step. No redirects, trailing slash ignored.

The path comes undecoded: a key may hold %2F, and ASGI's decoded `path` has already lost the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from .calls import Handler


class Paths:
    """A literal step wins over a variable one; there is no way back up the tree once a literal step has matched."""

    def __init__(self, table: Iterable[tuple[str, str, Handler]]) -> None:
        self.root: dict[str, Any] = {}
        for method, pattern, handler in table:
            node = self.root
            for step in pattern.strip("/").split("/"):
                node = node.setdefault("*" if step[0] == "{" else step, {})
            leaf = node.setdefault("", {})
            assert method not in leaf, f"{method} {pattern} is declared twice"
            leaf[method] = handler

    def match(self, method: str, path: str) -> tuple[Handler, list[str]] | tuple[None, tuple[str, ...]]:
        """Return (handler, variable steps), or (None, allowed methods): empty when nothing lives there."""
        node, args = self.root, []
        for step in path.split("/"):
            if step:
                found = node.get(step)
                if found is None:
                    found = node.get("*")
                    if found is None:
                        return None, ()
                    args.append(unquote(step) if "%" in step else step)
                node = found
        leaf = node.get("")
        if leaf is None:
            return None, ()
        handler = leaf.get(method)
        return (handler, args) if handler else (None, tuple(leaf))
