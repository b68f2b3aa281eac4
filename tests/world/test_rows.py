"""Where a run keeps its rows changes nothing but memory."""

from __future__ import annotations

from scenarios.loading import load_scenario
from scenarios.progress import Progress
from scenarios.recorder import Recorder
from scenarios.resolve import Words, resolve
from scenarios.world import accounts, living

DAY_MS = 86_400_000
DAYS = 5


def digest(heads: int) -> tuple[str, str]:
    """Where the rows were, and the history's digest, of the first days of a firm."""
    rehearsal = resolve(load_scenario("clean-quarter"), Words(seed=1, heads=heads))
    story = living.story_of(rehearsal)
    recorder = Recorder(None)
    living.live_through(rehearsal, recorder, Progress(quiet=True), until_ms=story.start_ms + DAYS * DAY_MS)
    return accounts.place_of_rows(heads), recorder.close()


def test_rows_in_temporary_files_give_the_same_history(monkeypatch):
    """A large firm's databases spill to SQLite's own files; the history is the one of rows in memory, byte for byte."""
    in_memory = digest(12)
    monkeypatch.setattr(accounts, "HEADS_IN_MEMORY_MAX", 11)
    assert in_memory[0] == ":memory:"
    assert digest(12) == ("", in_memory[1])
