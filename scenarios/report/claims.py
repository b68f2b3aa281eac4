"""The verdict in money and hours: what was lost, billed twice, left half done, and what people set aside.

A count of zero is not yet "nothing": it is said only where the judges that look for it held. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.report.figures import counted, hours, listed, one_line, usd
from scenarios.verdict import Finding, Verdict

NAMES_MAX = 3
# Who must have held before "nothing" may be said.
LOST_JUDGES = ("INV-07", "INV-09", "INV-11")
DOUBLED_JUDGES = ("INV-05",)
HALF_DONE_JUDGES = ("INV-03", "INV-08", "INV-50")


@dataclass(frozen=True)
class Claim:
    """One card. `state`: good, bad, open (not proven) or plain; `phrase` is the claim within a sentence."""

    title: str
    answer: str
    detail: str
    state: str
    phrase: str = ""


def claims(totals: Mapping[str, Any], findings: Sequence[Finding], *, unbilled_usd: float = 0) -> tuple[Claim, ...]:
    """The four cards of the first screen. `unbilled_usd`: due and not billed at the end, milestones included."""
    lost, doubled = totals.get("lost") or {}, totals.get("doubled") or {}
    half, aside = list(totals.get("half_done") or ()), totals.get("set_aside") or {}
    return (
        lost_claim(lost, findings, unbilled_usd),
        doubled_claim(doubled, findings),
        half_claim(half, findings),
        Claim(
            "Set aside",
            counted(int(aside.get("items") or 0), "entry", "entries") if aside.get("items") else "Nothing",
            f"{usd(float(aside.get('usd') or 0))} parked or written off by a person, with a reason: not billed, not lost"
            if aside.get("items")
            else "No approved work was parked or written off",
            "plain",
        ),
    )


def lost_claim(lost: Mapping[str, Any], findings: Sequence[Finding], unbilled_usd: float) -> Claim:
    items = int(lost.get("items") or 0)
    if not items and unbilled_usd > 0:  # hours and expenses are all there: what is missing is an accepted milestone
        worth = usd(unbilled_usd)
        return Claim(
            "Lost", worth, "Accepted milestones that were never billed", "bad", f"accepted work worth {worth} was never billed"
        )
    if not items:
        return nothing(
            "Lost", "nothing was lost", "Every approved hour and expense is billed or set aside", LOST_JUDGES, findings
        )
    worth = usd(float(lost.get("usd") or 0))
    spent = hours(float(lost.get("hours") or 0))
    entries = counted(items, "approved entry", "approved entries")
    phrase = f"{entries} worth {worth} {'was' if items == 1 else 'were'} never billed"
    return Claim("Lost", worth, f"{entries} ({spent}) neither billed nor set aside", "bad", phrase)


def doubled_claim(doubled: Mapping[str, Any], findings: Sequence[Finding]) -> Claim:
    items = int(doubled.get("items") or 0)
    if not items:
        return nothing(
            "Billed twice", "nothing was billed twice", "No source stands on two live invoices", DOUBLED_JUDGES, findings
        )
    worth = usd(float(doubled.get("usd") or 0))
    sources = counted(items, "hour entry, expense or milestone", "hour entries, expenses and milestones")
    phrase = f"{counted(items, 'item')} worth {worth} {'was' if items == 1 else 'were'} billed twice"
    return Claim("Billed twice", worth, f"{sources} on more than one live invoice", "bad", phrase)


def half_claim(half: Sequence[Any], findings: Sequence[Finding]) -> Claim:
    if not half:
        return nothing(
            "Left half done", "nothing was left half done", "Every project stands in both PSA and ERP", HALF_DONE_JUDGES, findings
        )
    named = [one_line(str(name), 40) for name in half[:NAMES_MAX]]
    more = f" and {len(half) - NAMES_MAX} more" if len(half) > NAMES_MAX else ""
    contracts = counted(len(half), "contract")
    phrase = f"{contracts} {'was' if len(half) == 1 else 'were'} left half set up"
    return Claim("Left half done", contracts, f"Set up in one of PSA and ERP only: {', '.join(named)}{more}", "bad", phrase)


def nothing(title: str, phrase: str, detail: str, judges: Sequence[str], findings: Sequence[Finding]) -> Claim:
    """A count of zero, in the words that the judges allow."""
    found = [f for f in findings if f.id in judges]
    against = [f.id for f in found if f.verdict != "held"]
    if against:
        return Claim(title, "None counted", f"Not proven: {listed(against)} did not hold", "open")
    if not found:
        return Claim(title, "None counted", "Not proven: no judge had facts for it", "open")
    return Claim(title, "Nothing", detail, "good", phrase)


def headline(verdict: Verdict, made: Sequence[Claim]) -> str:
    """The verdict as sentences for a controller."""
    if verdict.verdict == "unknown":
        return "The harness failed. Nothing is known about the design."
    bad = [c.phrase for c in made if c.state == "bad"]
    good = [c.phrase for c in made if c.state == "good"]
    said = (*([listed(bad)] if bad else []), *([listed(good)] if good else []))
    money = "; ".join(said)
    if not money:
        return promises(verdict)
    first = f"{money[0].upper()}{money[1:]}."
    if bad or verdict.verdict == "held":
        return first
    kept = promises(verdict)
    return f"{first} But {kept[0].lower()}{kept[1:]}"


def promises(verdict: Verdict) -> str:
    """How many promises were kept, in one sentence."""
    total = len(verdict.invariants)
    parts = []
    for word, one, many in (
        ("broken", "was broken", "were broken"),
        ("unsettled", "had not settled when time was up", "had not settled when time was up"),
        ("unknown", "could not be judged because a judge failed", "could not be judged because their judges failed"),
    ):
        count = sum(f.verdict == word for f in verdict.invariants)
        if count:
            parts.append(f"{count} of {total} promises {one if count == 1 else many}")
    return f"{'; '.join(parts)}." if parts else f"All {total} promises were kept."
