"""Write the history of a run as it happens: canonical JSON lines, a rolling digest, reads counted by the hour.

Two runs of the same seed and code give the same bytes. Tokens, signatures and wall times never enter. The oracle listens
to the same stream through `listeners`; nothing is kept in memory here.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from scenarios.history import Call, Polls, Record

HOUR_MS = 3_600_000
GZIP_OVER_BYTES = 50_000_000
BUFFER_BYTES = 1 << 20


class Recorder:
    """The one writer of `history.jsonl`. `take` any record; `close` flushes, compresses a long file and fixes the digest."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.listeners: list[Callable[[Record], None]] = []
        self.size = self.lines = self.calls = self.empty_reads = 0
        self._file = path.open("wb", buffering=BUFFER_BYTES) if path else None
        self._hash = hashlib.sha256()
        self._encode = msgspec.json.Encoder().encode
        self._hour = 0
        self._counts: dict[tuple[str, str, int], list[int]] = {}

    def take(self, record: Record) -> None:
        """Write one record and tell the listeners. Calls without effect become hourly counts in the file."""
        for listener in self.listeners:
            listener(record)
        if type(record) is Call:
            self.calls += 1
            if record.found == 0:
                self.empty_reads += 1
            if (not record.effect and record.status < 400 and record.method == "GET") or record.found >= 0:
                self._count(record)
                return
        self._write(record)

    def _count(self, call: Call) -> None:
        hour = call.ended_at - call.ended_at % HOUR_MS
        if hour != self._hour:
            self._flush_counts()
            self._hour = hour
        counted = self._counts.setdefault((call.system, call.operation, call.status), [0, 0])
        counted[0] += 1
        counted[1] += max(call.found, 0)

    def _flush_counts(self) -> None:
        for (system, operation, status), (calls, found) in sorted(self._counts.items()):
            self._write(Polls(self._hour, system, operation, status, calls, found))
        self._counts.clear()

    def _write(self, record: Record) -> None:
        line = self._encode(record) + b"\n"
        self._hash.update(line)
        self.size += len(line)
        self.lines += 1
        if self._file:
            self._file.write(line)

    def close(self) -> str:
        """Finish the file; return the digest over its plain bytes as hex. Call once."""
        self._flush_counts()
        if self._file and self.path:
            self._file.close()
            if self.size > GZIP_OVER_BYTES:
                compress(self.path)
        return self._hash.hexdigest()


def compress(path: Path) -> None:
    """Replace `x` by `x.gz`, with no time stamp inside, so that equal histories stay equal files."""
    target = path.with_name(path.name + ".gz")
    with path.open("rb") as plain, target.open("wb") as out, gzip.GzipFile("", "wb", 3, out, mtime=0) as packed:
        shutil.copyfileobj(plain, packed, BUFFER_BYTES)
    path.unlink()
