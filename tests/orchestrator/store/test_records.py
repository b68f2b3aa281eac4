"""Migrations, cross-references, outbox, audit chain, notes."""

from __future__ import annotations

import sqlite3

import pytest

from orchestrator.errors import BusinessException, StoreError
from orchestrator.settings import Settings
from orchestrator.store.audit import Audit, Fact
from orchestrator.store.crossrefs import Crossrefs
from orchestrator.store.database import Database
from orchestrator.store.notes import Notes
from orchestrator.store.outbox import Outbox


class Clock:
    def __init__(self):
        self.now = 1_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database():
    return Database(":memory:")


JOB = {"system": "erp", "type": "job", "entity": "US"}


def test_opening_again_migrates_nothing_and_keeps_rows(tmp_path, clock):
    """Migrations run once, in order."""
    path = str(tmp_path / "s.db")
    first = Database(path)
    Notes(first, clock).put("watermark/feed", 7)
    first.close()
    second = Database(path)
    assert Notes(second, clock).get("watermark/feed") == 7


def test_a_store_of_a_newer_program_is_refused(tmp_path):
    """We do not guess what a newer schema means."""
    path = str(tmp_path / "s.db")
    Database(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("pragma user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match="newer program"):
        Database(path)


def test_a_foreign_file_is_refused_in_one_sentence(tmp_path):
    """Not a database: said so, and left alone."""
    path = tmp_path / "s.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match="no store of ours"):
        Database(str(path))
    assert path.read_bytes().startswith(b"this is")


def test_a_failing_statement_leaves_nothing_of_its_transaction(database):
    """All statements of a commit or none."""
    put = "insert into note(name, value, at) values(?, '1', 0)"
    with pytest.raises(sqlite3.IntegrityError):
        database.commit((put, ("a",)), (put, ("a",)))
    assert database.rows("select * from note") == []


def test_crossref_is_one_to_one_at_every_instant(database, clock):
    """Neither side may have a second partner; saying it again is fine."""
    refs = Crossrefs(database, clock)
    refs.link("S-00001", "17", **JOB)
    refs.link("S-00001", "17", **JOB)
    for canonical, id in (("S-00001", "18"), ("S-00002", "17")):
        with pytest.raises(BusinessException, match="SEVERAL_MATCHES"):
            refs.link(canonical, id, **JOB)
    assert (refs.id_of("S-00001", **JOB), refs.canonical_of("17", **JOB)) == ("17", "S-00001")
    assert len(refs.all()) == 1


def test_relinked_name_keeps_its_history(database, clock):
    """What it was called then can still be asked."""
    refs = Crossrefs(database, clock)
    refs.link("S-00001", "17", **JOB)
    clock.now = 2_000
    for _ in range(2):
        refs.relink("S-00001", "18", **JOB)
    assert [refs.id_of("S-00001", **JOB, at=at) for at in (999, 1_000, 1_999, 2_000)] == [None, "17", "17", "18"]
    assert [(ref.id, ref.valid_from, ref.valid_to) for ref in refs.of("S-00001")] == [("17", 1_000, 2_000), ("18", 2_000, None)]


def test_id_freed_by_unlink_can_be_given_again(database, clock):
    """A name that holds no longer is free."""
    refs = Crossrefs(database, clock)
    refs.link("S-00001", "17", **JOB)
    clock.now = 2_000
    refs.unlink("S-00001", **JOB)
    refs.link("S-00002", "17", **JOB)
    assert [refs.canonical_of("17", **JOB, at=at) for at in (1_500, 2_500)] == ["S-00001", "S-00002"]


def test_outbox_tells_in_order_and_remembers_what_was_sent(database, clock):
    """Marking twice changes nothing; counts are {pending, sent}."""
    outbox = Outbox(database, clock)
    assert outbox.counts() == {"pending": 0, "sent": 0}
    for number in range(3):
        put = "insert into outbox(id, type, subject, data, at) values(?, 't', 'S', '{\"n\":1}', ?)"
        database.commit((put, (f"e{number}", number)))
    outbox.sent(["e0"])
    outbox.sent(["e0"])
    assert [letter.id for letter in outbox.unsent()] == ["e1", "e2"]
    assert outbox.counts() == {"pending": 2, "sent": 1}
    assert [letter.id for letter in outbox.published(limit=2)] == ["e1", "e2"]


@pytest.fixture
def chain(database, clock):
    audit = Audit(database, clock)
    for number in range(4):
        audit.append(Fact("ann", "act", f"S-{number}", "root", after={"n": number}))
    return audit


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        ("update audit set actor = 'bob' where seq = 2", 2),
        ("update audit set after_hash = 'x' where seq = 3", 3),
        ("delete from audit where seq = 2", 2),
        ("update audit set seq = 99 where seq = 1", 1),
    ],
)
def test_a_tampered_chain_is_found_where_it_breaks(chain, database, tamper, found):
    """Changing, removing or reordering a record breaks the chain there."""
    assert chain.verify() is None
    database.commit((tamper, ()))
    assert chain.verify() == found


@pytest.mark.parametrize(
    ("value", "subject"),
    [({"source": "TE-5", "id": "9"}, "TE-5"), ({"key": "INV-S-1-M1"}, "INV-S-1-M1"), ({"id": "9"}, "S-1"), (None, "S-1")],
)
def test_a_record_names_what_was_written(database, clock, value, subject):
    """The external id of it; where the step does not tell, the contract it was for. Its correlation is always the root."""
    audit = Audit(database, clock)
    database.commit(audit.writes({"post_time"})("r", "S-1", "S-1", "post_time#1", {"end": "done", "value": value}))
    (record,) = audit.all()
    assert (record.subject, record.correlation, record.reason) == (subject, "S-1", "r")


def test_a_done_financial_step_has_its_record_and_no_other(database, clock):
    """Only named steps, only when done; undo is its own act."""
    beside = Audit(database, clock).writes({"post_time"})
    done, failed = {"end": "done", "value": {"id": "5"}}, {"end": "transient"}
    names = ["post_time#1", "post_time~3#2", "undo:post_time#1", "read_deal#1", "post_time#2.due", "begin"]
    said = [beside("r", "S-1", "S-1", name, done) for name in names[:4]]
    assert [entry and entry[1][2] for entry in said] == ["post_time", "post_time", "undo:post_time", None]
    assert beside("r", "S-1", "S-1", "post_time#1", failed) is None
    assert beside("r", "S-1", "S-1", "begin", 1) is None


def test_notes_are_listed_by_prefix(database, clock):
    """Breaker states of all systems, say."""
    notes = Notes(database, clock)
    for name in ("breaker/psa", "breaker/erp", "watermark/feed"):
        notes.put(name, {"name": name})
    assert list(notes.named("breaker/")) == ["breaker/erp", "breaker/psa"]


def test_what_is_acknowledged_survives_a_power_cut_by_default():
    """A billing run that was answered, a decision, an audit record: nobody would say them again, so each commit is synced."""
    assert Settings.model_fields["synchronous"].default == "full"


@pytest.mark.parametrize(("said", "level"), [("normal", 1), ("full", 2)])
def test_the_disk_is_told_to_sync_as_the_settings_say(said, level, tmp_path):
    """SQLite's own level: 2 waits for the disk at each commit."""
    database = Database(str(tmp_path / "s.db"), synchronous=said)
    assert database.row("pragma synchronous") == (level,)
    database.close()
