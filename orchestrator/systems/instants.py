"""Instants on the wire: ISO 8601 text to integer milliseconds and back. No clock is read here."""

from __future__ import annotations

from datetime import UTC, datetime


def millis(text: str | None) -> int:
    """Milliseconds of an ISO 8601 instant; 0 when there is none. Raises ValueError without an offset: local time is ambiguous."""
    if not text:
        return 0
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"instant without offset: {text!r}")
    return int(instant.timestamp()) * 1000 + instant.microsecond // 1000


def utc(instant: int) -> str:
    """`2026-03-01T10:15:00Z`, rounded down to the second."""
    return datetime.fromtimestamp(instant // 1000, UTC).isoformat()[:19] + "Z"
