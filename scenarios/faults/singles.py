"""Each fault alone, at its usual strength, in a window that every preset lives through: the days around the end of March 2026.

`rehearse run clean-quarter --faults F-28` and campaigns over all faults take their plans from here. A preset of a few weeks sells on
23 and 24 March, works until the 31st and bills at the end of the month and two working days later.
"""

from __future__ import annotations

from datetime import UTC, datetime

from scenarios.errors import UsageError, nearest
from scenarios.faults.plan import FAULTS
from scenarios.spec import Fault, Match

NOT_SINGLE = {"F-21": "no process of this firm calls a vendor asynchronously"}


def ms(day: int, hour: int, minute: int = 0, *, month: int = 3) -> int:
    """An instant of 2026, UTC."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


SELLING = (ms(23, 0), ms(25, 0))  # deals are won, signed and set up
WORKING = (ms(25, 0), ms(31, 12))
WEEK = (ms(23, 0), ms(30, 0))
CLOSING = (ms(31, 15), ms(31, 19))  # the first billing run: 18:00 in London is 17:00 UTC, in Berlin 16:00
WHOLE = (ms(23, 0), ms(4, 0, month=4))
TRANSFORM, DATA = "*!transform*", "*/data/*"


def line(id: str, target: str, when: tuple[int, int], share: float = 1.0, /, **more: object) -> Fault:
    match = {name: more.pop(name) for name in ("method", "path", "kind", "key") if name in more}
    return Fault.model_validate(
        {
            "id": id,
            "target": target,
            "from": when[0],
            "to": when[1],
            "share": share,
            "match": Match.model_validate(match),
            "params": more,
        }
    )


PLANS: tuple[Fault, ...] = (
    line("F-01", "crm", (ms(23, 14), ms(23, 17))),
    line("F-01", "psa", (ms(24, 9), ms(24, 12))),
    line("F-01", "erp", CLOSING),
    line("F-02", "crm", SELLING),
    line("F-02", "erp", CLOSING),
    line("F-03", "psa", (ms(26, 8), ms(26, 11))),
    line("F-03", "erp", CLOSING),
    line("F-04", "crm", WEEK, 0.2, path=DATA),
    line("F-04", "psa", WEEK, 0.2),
    line("F-04", "erp", WEEK, 0.2, path="*/record/*"),
    line("F-05", "crm", (ms(24, 8), ms(24, 14))),
    line("F-06", "erp", (ms(31, 9), ms(31, 16)), left=1),
    line("F-06", "erp", (ms(31, 16), ms(31, 18)), left=0),
    line("F-07", "crm", WEEK, 0.2),
    line("F-07", "psa", WEEK, 0.2),
    line("F-07", "erp", WEEK, 0.2),
    line("F-08", "crm", WEEK, 0.2),
    line("F-08", "psa", WEEK, 0.2),
    line("F-08", "erp", WHOLE, 0.2),
    line("F-09", "crm", WEEK, 0.2),
    line("F-09", "psa", WEEK, 0.2, mode="reset"),
    line("F-09", "erp", WHOLE, 0.2),
    line("F-10", "erp", CLOSING, entity="UK"),
    line("F-10", "erp", CLOSING, entity="DE"),
    line("F-11", "crm", (ms(31, 8), ms(31, 12))),
    line("F-11", "psa", (ms(24, 14), ms(24, 18))),
    line("F-11", "erp", CLOSING),
    line("F-12", "crm", (ms(23, 14), ms(23, 17)), mode="dns"),
    line("F-12", "erp", CLOSING),
    line("F-13", "psa", WEEK, 0.1),
    line("F-13", "erp", WHOLE, 0.1),
    line("F-14", "crm", WHOLE),
    line("F-15", "crm", WHOLE),
    line("F-16", "crm", WHOLE),
    line("F-16", "psa", WHOLE),
    line("F-17", "crm", WHOLE, 0.5),
    line("F-18", "crm", WHOLE),
    line("F-18", "psa", WHOLE, 0.5),
    line("F-19", "crm", WHOLE, 0.5),
    line("F-19", "crm", WHOLE, 0.3, mode="unknown"),
    line("F-20", "crm", WHOLE, 0.3),
    line("F-22", "crm", (ms(23, 12), ms(24, 12)), copies=50),
    line("F-23", "psa", WHOLE, retention_ms=600_000),
    line("F-24", "crm", WHOLE, 0.3, mode="door", delay_ms=60_000),
    line("F-24", "crm", WHOLE, 0.3, mode="organization", delay_ms=60_000),
    line("F-24", "crm", WHOLE, 0.3, mode="action", delay_ms=60_000),
    line("F-24", "crm", WHOLE, 0.5, mode="replay"),
    line("F-25", "crm", WHOLE),
    line("F-27", "crm", WEEK, 0.3),
    line("F-27", "erp", WHOLE, 0.3),
    line("F-28", "erp", WHOLE, 0.5),
    line("F-29", "crm", WHOLE),
    line("F-29", "psa", WHOLE),
    line("F-29", "erp", WHOLE),
    line("F-30", "crm", WHOLE, skew_ms=420_000),
    line("F-30", "psa", WHOLE, skew_ms=-420_000),
    line("F-30", "erp", WHOLE, skew_ms=-420_000),
    line("F-31", "psa", WHOLE, 0.3, rows=4),
    line("F-32", "crm", WHOLE, 0.3, rows=1),
    line("F-33", "crm", (ms(30, 0), ms(1, 12, month=4)), kind="Invoice__c", times=2),
    line("F-34", "crm", WHOLE, every_ms=600_000),
    line("F-34", "erp", WHOLE, every_ms=600_000),
    line("F-35", "crm", (ms(24, 9), ms(24, 11))),
    line("F-35", "erp", (ms(31, 9), ms(31, 16)), path="*/record/*"),
    line("F-72", "core", (ms(23, 16), ms(24, 0)), nth=40),
    line("F-72", "core", CLOSING, nth=20),
    line("F-73", "core", (ms(23, 16), ms(24, 0)), nth=60),
    line("F-73", "core", CLOSING, nth=10),
    line("F-74", "core", (ms(23, 16), ms(24, 0)), nth=61),
    line("F-75", "core", (ms(23, 14), ms(24, 4))),
    line("F-75", "core", (ms(31, 15), ms(31, 19))),
    line("F-76", "core", (ms(31, 8), ms(1, 12, month=4)), every_ms=1_200_000),
    line("F-77", "core", (ms(23, 10), ms(23, 22))),
    line("F-78", "core", (ms(26, 10), ms(26, 11))),
    line("F-78", "core", (ms(1, 10, month=4), ms(1, 11, month=4))),
    line("F-79", "core", (ms(23, 16, 30), ms(23, 17))),
    line("F-79", "core", (ms(31, 17, 1), ms(31, 18))),
    line("F-80", "core", SELLING),
    line("F-81", "core", (ms(23, 15, 25), ms(23, 15, 35))),
    line("F-81", "core", (ms(31, 16, 58), ms(31, 17, 8))),
    line("F-82", "core", (ms(31, 14), ms(1, 12, month=4))),
)


def single(fault_id: str) -> tuple[Fault, ...]:
    """The lines of a plan that holds this fault only. Raises UsageError for one that is unknown or strikes nowhere in this firm."""
    if fault_id in NOT_SINGLE:
        raise UsageError(f"{fault_id} alone would never strike: {NOT_SINGLE[fault_id]}; name it in a plan of your own")
    found = tuple(fault for fault in PLANS if fault.id == fault_id)
    if not found:
        raise UsageError(f"no plan for fault {fault_id!r} alone; {nearest(fault_id, singles())}")
    return found


def singles() -> tuple[str, ...]:
    """The faults that have a plan of their own, in order."""
    return tuple(id for id in FAULTS if any(fault.id == id for fault in PLANS))
