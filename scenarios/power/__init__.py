"""Bugs planted in the orchestrator on purpose, each by a name: what a careless change would do, and the oracle has to find.

A bug is a patch of one or two methods for the time of one run; the product has no switch for it. `plant` is the way in: the runner
calls it with the name a rehearsal bears, so that broken runs replay and shrink like any other. The table is `bugs.BUGS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scenarios.errors import UsageError, nearest

JOINT = "+"


def named(said: str) -> tuple[str, ...]:
    """The names in `one` or `one+other`, each checked; `""` names none. Raises UsageError for a bug that is not in the table."""
    from scenarios.power.bugs import BUGS

    names = tuple(said.split(JOINT)) if said else ()
    for name in names:
        if name not in BUGS:
            raise UsageError(f"planted bug {name!r} is unknown; {nearest(name, BUGS)}")
    return names


@contextmanager
def plant(said: str) -> Iterator[None]:
    """Break the orchestrator by these bugs until the block ends, then put everything back. Raises UsageError as `named`."""
    from scenarios.power.bugs import BUGS
    from scenarios.power.patching import Patch

    names = named(said)
    with Patch() as patch:
        for name in names:
            BUGS[name](patch)
        yield
