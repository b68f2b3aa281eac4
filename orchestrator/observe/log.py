"""One event a line, a stable name from the table below, fields with units. Instants come from the clock port.

No secret, token or personal field belongs in a line; names of fields that would hold one are refused.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
import structlog

EVENTS = frozenset({
    "intake-accepted", "intake-refused", "intake-quarantined", "intake-pushed-back", "notice-applied", "notice-parked", "notice-put-off",
    "run-rested", "exception-decided", "exception-escalated", "breaker-changed", "call-ended", "billing-ordered", "alert-raised",
    "poll-ended", "start-up", "shut-down", "consumer-throttled", "consumer-refused",
})  # fmt: skip
"""Every event there is. A dashboard may be built on these names."""

SECRET_FIELDS = frozenset({"token", "secret", "password", "authorization", "assertion", "client_secret"})

Sink = Callable[[str], None]


class Log:
    """Where events go: `sink` gets one JSON line each."""

    def __init__(self, clock: Callable[[], int], sink: Sink) -> None:
        def stamped(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
            return {"at": clock(), **fields}

        self._logger = structlog.wrap_logger(
            _Lines(sink), processors=[stamped, _line], wrapper_class=structlog.make_filtering_bound_logger(0)
        )

    def event(self, name: str, /, **fields: Any) -> None:
        """Write one event. `name` stands in EVENTS."""
        assert name in EVENTS, f"{name} is no event of ours: add it to EVENTS"
        assert not SECRET_FIELDS & fields.keys(), f"{sorted(SECRET_FIELDS & fields.keys())} must not be logged"
        self._logger.info(name, **fields)


class _Lines:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def info(self, text: str) -> None:
        self._sink(text)


def _line(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> str:
    return msgspec.json.encode(dict(fields), enc_hook=str).decode()
