"""Stop a replay in the debugger at an instant of the story, and let a person look at a world that stands still."""

from __future__ import annotations

import pdb  # noqa: T100 - this is the debugger's one door
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scenarios.errors import UsageError
from scenarios.spec import instant

if TYPE_CHECKING:
    from scenarios.world.living import World

Look = Callable[["World"], None]


def instant_of(said: str) -> int:
    """Milliseconds since 1970 of `--break-at`: an ISO instant with a zone or offset, or the milliseconds. Raises UsageError."""
    if said.isdecimal():
        return int(said)
    try:
        then = datetime.fromisoformat(said)
    except ValueError:
        then = None
    if then is not None and then.tzinfo is not None:
        return round(then.timestamp() * 1000)
    try:
        return int(instant(said))
    except ValueError as error:
        raise UsageError(f"--break-at got {said!r}; {error}, or milliseconds since 1970") from error


def into_debugger(world: World) -> None:
    """Tell where the run stands and hand over to pdb; `c` goes on, as if nobody had looked."""
    now = datetime.fromtimestamp(world.clock() / 1000, UTC).isoformat(sep=" ", timespec="milliseconds")
    sys.stderr.write(
        f"stopped at {now} ({world.clock()}), before the next thing happens. `world` has: systems (crm, psa, erp), orchestrator, firm, "
        "wire, loop, recorder. c: go on, q: leave.\n"
    )
    debugger = pdb.Pdb(nosigint=True, readrc=False)
    debugger.set_trace(sys._getframe())
