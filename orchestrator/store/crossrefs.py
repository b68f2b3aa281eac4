"""What a thing of ours is called in each system: one to one at every instant, with history.

A canonical key has at most one live id per (system, type, entity), and an id at most one canonical key; the
database itself refuses anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.errors import BusinessException
from orchestrator.store.database import Database, Row


@dataclass(frozen=True)
class Crossref:
    """One name of one thing. `valid_to` None: it holds now. `entity` is "" where the system has no such division."""

    canonical: str
    system: str
    type: str
    entity: str
    id: str
    valid_from: int
    valid_to: int | None = None


_ALL = "select canonical, system, type, entity, id, valid_from, valid_to from crossref"
_LIVE = "system = ? and type = ? and entity = ?"
_AT = "valid_from <= ? and (valid_to is null or valid_to > ?)"


class Crossrefs:
    """The rows of cross-references."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._db, self._clock = database, clock

    def link(self, canonical: str, id: str, *, system: str, type: str, entity: str = "") -> None:
        """Name `canonical` in a system. Repeatable. Raises BusinessException SEVERAL_MATCHES when either side is taken."""
        place = (system, type, entity)
        clash = f"{_ALL} where {_LIVE} and valid_to is null and (canonical = ? or id = ?)"
        for row in self._db.rows(clash, (*place, canonical, id)):
            there = _crossref(row)
            if (there.canonical, there.id) != (canonical, id):
                why = f"{system} {type} {id} cannot be {canonical}: {there.canonical} is {there.id} there"
                raise BusinessException("SEVERAL_MATCHES", why, subject=canonical, system=system)
            return
        put = "insert into crossref(canonical, system, type, entity, id, valid_from) values(?, ?, ?, ?, ?, ?)"
        self._db.commit((put, (canonical, *place, id, self._clock())))

    def relink(self, canonical: str, id: str, *, system: str, type: str, entity: str = "") -> None:
        """Give `canonical` another id from now on; the old name stays in history, in one transaction."""
        now, place = self._clock(), (system, type, entity)
        close = f"update crossref set valid_to = ? where {_LIVE} and canonical = ? and id <> ? and valid_to is null"
        put = f"""insert into crossref(canonical, system, type, entity, id, valid_from) select ?, ?, ?, ?, ?, ?
            where not exists(select 1 from crossref where {_LIVE} and canonical = ? and valid_to is null)"""
        self._db.commit(
            (close, (now, *place, canonical, id)),
            (put, (canonical, *place, id, now, *place, canonical)),
        )

    def unlink(self, canonical: str, *, system: str, type: str, entity: str = "") -> None:
        """The name holds no longer; history stays."""
        close = f"update crossref set valid_to = ? where {_LIVE} and canonical = ? and valid_to is null"
        self._db.commit((close, (self._clock(), system, type, entity, canonical)))

    def id_of(self, canonical: str, *, system: str, type: str, entity: str = "", at: int | None = None) -> str | None:
        """The system's id of a thing, now or at an instant."""
        return self._one("id", "canonical", canonical, (system, type, entity), at)

    def first_of(self, id: str, *, system: str, type: str, entity: str = "") -> str | None:
        """What an id was first known as, whatever it is called since."""
        row = self._db.row(
            f"select canonical from crossref where {_LIVE} and id = ? order by seq limit 1", (system, type, entity, id)
        )
        return None if row is None else str(row[0])

    def canonical_of(self, id: str, *, system: str, type: str, entity: str = "", at: int | None = None) -> str | None:
        """Whose id it is, now or at an instant."""
        return self._one("canonical", "id", id, (system, type, entity), at)

    def of(self, canonical: str) -> list[Crossref]:
        """Every name a thing has or had."""
        return [_crossref(row) for row in self._db.rows(f"{_ALL} where canonical = ? order by seq", (canonical,))]

    def all(self) -> list[Crossref]:
        """Every cross-reference, oldest first."""
        return [_crossref(row) for row in self._db.rows(f"{_ALL} order by seq")]

    def _one(self, wanted: str, given: str, value: str, place: tuple[str, str, str], at: int | None) -> str | None:
        when, instants = ("valid_to is null", ()) if at is None else (_AT, (at, at))
        row = self._db.row(f"select {wanted} from crossref where {_LIVE} and {given} = ? and {when}", (*place, value, *instants))
        return None if row is None else str(row[0])


def _crossref(row: Row) -> Crossref:
    return Crossref(*row)
