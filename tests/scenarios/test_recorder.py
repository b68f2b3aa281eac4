"""The history file: canonical lines, reads by the hour, a digest over the plain bytes, packed when long."""

from __future__ import annotations

import gzip
import hashlib

import msgspec
import pytest

from scenarios import recorder as recording
from scenarios.history import Call, Mark, Polls, Record
from scenarios.recorder import Recorder

HOUR = 3_600_000


def read(at, found=0):
    return Call(at, at + 1, "erp", "GET", "/x", "suiteql", "robot", 200, found=found)


def write(at):
    return Call(at, at + 1, "erp", "PUT", "/x/eid:TE-1", "upsert_record", "robot", 204, key="TE-1", effect=True)


def lines(path):
    return [msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines()]


def test_reads_become_hourly_counts_and_writes_stay_whole(tmp_path):
    """Ten reads of an hour are one line; a write keeps its own."""
    path = tmp_path / "h.jsonl"
    recorder = Recorder(path)
    for n in range(10):
        recorder.take(read(HOUR + n, found=n % 2))
    recorder.take(write(HOUR + 50))
    recorder.take(read(2 * HOUR))
    recorder.close()
    assert lines(path) == [
        write(HOUR + 50),
        Polls(HOUR, "erp", "suiteql", 200, 10, 5),
        Polls(2 * HOUR, "erp", "suiteql", 200, 1, 0),
    ]
    assert (recorder.calls, recorder.empty_reads) == (12, 6)


def test_the_digest_is_over_the_plain_bytes_even_when_the_file_is_packed(tmp_path, monkeypatch):
    """Packing a long history changes no digest, and equal histories are equal files."""
    monkeypatch.setattr(recording, "GZIP_OVER_BYTES", 100)
    packed = []
    for name in ("a.jsonl", "b.jsonl"):
        recorder = Recorder(tmp_path / name)
        for n in range(50):
            recorder.take(Mark(n, "start"))
        digest = recorder.close()
        packed.append((tmp_path / (name + ".gz")).read_bytes())
        assert hashlib.sha256(gzip.decompress(packed[-1])).hexdigest() == digest
    assert packed[0] == packed[1]
    assert not (tmp_path / "a.jsonl").exists()


def test_listeners_hear_every_record_in_order():
    """The oracle sees the calls that the file only counts."""
    heard = []
    recorder = Recorder(None)
    recorder.listeners.append(heard.append)
    for record in (read(1), write(2), Mark(3, "end")):
        recorder.take(record)
    assert heard == [read(1), write(2), Mark(3, "end")]


@pytest.mark.parametrize("record", [read(5), write(6), Mark(7, "quiet", "work was still open")])
def test_a_record_survives_its_line(record):
    """What is written can be read back."""
    assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
