"""Points of a run are named by what they mean."""

from __future__ import annotations

import pytest

from orchestrator.policies.effect import correlation, effect_key
from orchestrator.store.database import Database
from scenarios.crash.points import Counter, Meaning, Point, call_meaning, commit_meaning


@pytest.fixture
def database():
    made = Database(":memory:")
    made.commit(
        (
            "insert into run(id, process, version, key, root, given, state, started_at) values(?, ?, ?, ?, ?, ?, ?, ?)",
            ("bill:S-1", "bill", 1, "S-1", "S-1", "{}", "ready", 0),
        )
    )
    yield made
    made.close()


def test_a_commit_is_named_by_the_journal_entry_in_it(database):
    """Whatever is written beside an entry, the entry says which step this is."""
    beside = ("insert into outbox(id, type) values(?, ?)", ("x", "y"))
    entry = ("insert into entry(run, at, name, value) values(?, ?, ?, ?)", (1, 0, "post_time#2", "{}"))
    assert commit_meaning(database, (beside, entry)) == Meaning("bill:S-1", "post_time#2")


@pytest.mark.parametrize(
    ("sql", "arguments", "meaning"),
    [
        ("insert into run(id, process) values(?, ?)", ("time:7", "time"), Meaning("time:7", "start")),
        ("update run set state = ?, detail = ? where seq = ?", ("parked", "{}", 1), Meaning("bill:S-1", "rest:parked")),
        ("insert into message(run, id, body) values(?, ?, ?)", (1, "m", "{}"), Meaning("bill:S-1", "message")),
        ("insert into note(name, value, at) values(?, ?, ?)", ("poll:sold", "1", 1), Meaning("", "note:poll:sold")),
        ("insert into inbox_tally(topic, state) values(?, ?)", ("crm.won", "accepted"), Meaning("", "inbox:crm.won")),
        ("update exception set state = ? where id = ?", ("open", "X-1"), Meaning("", "exception")),
    ],
)
def test_other_commits_are_named_by_run_or_table(database, sql, arguments, meaning):
    """A start, a rest, a message of a run; else the table."""
    assert commit_meaning(database, ((sql, arguments),)) == meaning


def test_a_call_belongs_to_its_step_or_to_its_traveller():
    """The key of the effect under way names run and step; pollers have a correlation only."""
    token = effect_key.set("activate:S-1/create_project")
    assert call_meaning("psa", "POST") == Meaning("activate:S-1", "create_project:psa:POST")
    effect_key.reset(token)
    token = correlation.set("poll-feed")
    assert call_meaning("psa", "GET") == Meaning("", "poll-feed:psa:GET")
    correlation.reset(token)


def test_equal_places_are_numbered():
    """The second time a run comes by the same place is another point."""
    counter, here = Counter(), Meaning("r", "s")
    assert [counter.point("after-commit", here).nth for _ in range(3)] == [1, 2, 3]
    assert counter.point("before-commit", here) == Point("r", "s", "before-commit", 1)
