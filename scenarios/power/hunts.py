"""Where each planted bug is looked for: in fair weather first, or under the fault that its guard is there for.

A hunt is a scenario at the smallest size with a fault plan (a word of `--faults`, or none). The names are those of `bugs.BUGS`;
joined by `+` they are planted together, because one of them stands behind the other and alone is not missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FAIR = "clean-quarter"


@dataclass(frozen=True)
class Hunt:
    """One place to look: scenario, fault plan, preset, heads (None: the preset's), and what the firm does more or less of."""

    scenario: str = FAIR
    faults: str = ""
    preset: str = "XS"
    heads: int | None = None
    overrides: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        size = f", {self.heads} heads" if self.heads else ""
        plan = Path(self.faults).stem if self.faults else ""
        return f"{self.scenario}{f' with {plan}' if plan else ''}{size}"


FAIR_WEATHER = Hunt()
TWELVE = Hunt(preset="S", heads=12)
RENAMES = Hunt(overrides=(("billing.renames_per_quarter", 1),))
STORM = Hunt(faults="storm")


def under(*faults: str) -> tuple[Hunt, ...]:
    """The same story under each of these faults alone, then under anything."""
    return (*(Hunt(faults=fault) for fault in faults), STORM)


PLANS = Path(__file__).parent / "plans"
TAKEN_BACK = (Hunt(faults=str(PLANS / "deal-taken-back.yaml")), STORM)
EVERYWHERE = (FAIR_WEATHER, STORM)
PLACES: dict[str, tuple[Hunt, ...]] = {
    "another-key-each-time-work-is-sent": under("F-08"),
    "an-unknown-invoice-is-tried-again+another-key-each-time-an-invoice-is-asked-for+a-refused-invoice-is-not-looked-for": under(
        "F-08"
    ),
    "every-push-counts-as-new": EVERYWHERE,
    "a-repeated-push-counts-as-new+a-set-up-is-named-by-its-hand-over": under("F-14", "F-15"),
    "an-unknown-outcome-is-tried-again": under("F-08"),
    "no-sweep-of-the-crm": under("F-18"),
    "no-feed+no-polls-of-the-psa": EVERYWHERE,
    "anybody-may-write-anything": (RENAMES, TWELVE),
    "versions-are-not-compared+mirrors-overtake-each-other": under("F-04", "F-05", "F-07"),
    "an-unanswered-posting-counts-as-posted": under("F-07", "F-08"),
    "an-unanswered-workspace-counts-as-refused": under("F-08"),
    "an-unanswered-mirror-counts-as-shown": under("F-07"),
    "a-refusal-is-tried-again": under("F-35"),
    "a-told-wait-is-not-kept": under("F-04"),
    "no-pause-between-tries": under("F-04", "F-01"),
    "a-token-is-never-renewed": under("F-34"),
    "rows-a-batch-refused-are-forgotten": under("F-20"),
    "a-batch-is-repeated-whole": (Hunt(faults=str(PLANS / "several-of-one-invoice.yaml")), STORM),
    "nothing-is-undone": TAKEN_BACK,
    "undone-in-the-order-of-doing": TAKEN_BACK,
    "a-project-is-not-archived": under("F-57"),
    "a-customer-for-every-deal": (TWELVE,),
    "a-closed-period-is-posted-to": (*under("F-59"), TWELVE),
    "late-work-loses-its-date": (*under("F-59"), TWELVE),
    "waived-is-billed-all-the-same": (*EVERYWHERE, TWELVE),
    "strangers-are-believed": under("F-24"),
    "a-notice-in-trouble-is-dropped": under("F-01", "F-12"),
    "sweeps-without-overlap": under("F-29", "F-30"),
    "a-failed-sweep-counts-as-done": under("F-12", "F-03"),
    "a-closed-period-is-posted-to+the-erp-posts-into-closed-periods": (TWELVE,),
    "the-breaker-stays-open": under("F-01"),
}
BEHIND = frozenset({
    "another-key-each-time-an-invoice-is-asked-for", "a-refused-invoice-is-not-looked-for", "an-unknown-invoice-is-tried-again",
    "a-repeated-push-counts-as-new", "a-set-up-is-named-by-its-hand-over", "no-feed", "no-polls-of-the-psa", "a-bill-asks-nobody",
    "versions-are-not-compared", "mirrors-overtake-each-other", "periods-are-believed-open",
    "the-erp-posts-into-closed-periods",
})  # fmt: skip
"""Bugs that another guard stands behind: alone they are not missed (tests/power shows it), so they are hunted in company only."""


def hunted() -> dict[str, tuple[Hunt, ...]]:
    """{bug or bugs: where to look}, in the order of the table of bugs, companies after singles."""
    from scenarios.power.bugs import BUGS

    singles = {name: PLACES.get(name, EVERYWHERE) for name in BUGS if name not in BEHIND}
    return singles | {name: places for name, places in PLACES.items() if "+" in name}
