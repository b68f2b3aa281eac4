"""Equal seed and source give equal bytes, in any process, under any hash seed; a replay reproduces the digests."""

from __future__ import annotations

import json

from tests.runs.small import command

SCENARIO = ("run", "webhook-chaos", "--heads", "12", "--json")


def test_two_processes_with_different_hash_seeds_write_the_same_history_and_a_replay_too(tmp_path):
    """Nothing in a run hangs on memory addresses, hash seeds or the wall clock."""
    runs = {}
    for hash_seed in ("1", "77"):
        done = command(*SCENARIO, "--out", str(tmp_path / hash_seed), cwd=tmp_path, PYTHONHASHSEED=hash_seed)
        assert done.returncode == 0, done.stderr
        runs[hash_seed] = json.loads(done.stdout.splitlines()[-1])
    assert runs["1"]["digest"] == runs["77"]["digest"]
    assert (tmp_path / "1" / "history.jsonl").read_bytes() == (tmp_path / "77" / "history.jsonl").read_bytes()
    again = command("replay", str(tmp_path / "1"), "--json", cwd=tmp_path, PYTHONHASHSEED="3")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout.splitlines()[-1])["digest"] == runs["1"]["digest"]
    assert "reproduced" in again.stderr
    spoil(tmp_path / "1" / "replay.json")
    other = command("replay", str(tmp_path / "1"), "--quiet", cwd=tmp_path)
    assert other.returncode == 22
    assert "not reproducible" in other.stderr


def spoil(path):
    """Make the file claim another digest for the same source."""
    held = json.loads(path.read_text())
    held["digest"]["state"] = "0" * 64
    path.write_text(json.dumps(held))
