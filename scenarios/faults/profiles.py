"""Fault plans made from a seed before the run: explicit lists, drawn by meaning, swarm style.

Each seed turns a random subset of fault families on, and within them a random subset of kinds; how hard each strikes lies between
the bounds its kind names (`kinds.Drawn`). A kind added to the catalogue is drawn without a word here. `faults_of` is the way in.

A plan can always be recovered from: windows lie inside the stage and end before its quiet tail; two lines of one kind on one system
never overlap, and windows in which a system is down leave it at least as long a time to work before the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from scenarios.clock.draws import bernoulli, choice, u
from scenarios.faults.kinds import DAY_MS, HOUR_MS, MINUTE_MS, FaultKind, Parameter
from scenarios.faults.plan import FAULTS
from scenarios.spec import Fault

TRIES = 8  # places tried for a window before it is left out
PEAK_SHARE = 0.6  # windows laid over an instant that hurts
STAGE_PART_MAX, DOWN_PART_MAX = 0.25, 0.05  # of the stage, one window
DAYS_A_WINDOW = 30.0
SHARE_DIGITS, FIGURES = 3, 2
WHOLE_STORY = "data"  # the family of what people do wrong: rare by share, not by hour


@dataclass(frozen=True)
class Stage:
    """When faults may strike a story: epoch ms, `end_ms` being the begin of its quiet tail. `peaks` are the busiest instants."""

    begin_ms: int
    end_ms: int
    peaks: tuple[int, ...] = ()

    @property
    def length_ms(self) -> int:
        """How long faults may strike."""
        return self.end_ms - self.begin_ms


@dataclass(frozen=True)
class Profile:
    """`families` and `kinds` are shares of what is on; `force` is where between mildest (0) and worst (1) a line lies."""

    meaning: str
    families: float
    kinds: float
    force: tuple[float, float]
    windows_max: int


PROFILES: dict[str, Profile] = {
    "calm": Profile("now and then a lost reply or a push twice", 0.5, 0.25, (0.0, 0.25), 1),
    "rough": Profile("a bad season: some families of faults, of middling force", 0.6, 0.5, (0.2, 0.7), 2),
    "storm": Profile("any mix of everything that can be recovered from, up to its worst", 0.8, 0.6, (0.3, 1.0), 3),
}


def faults_of(profile: str, seed: int, stage: Stage) -> tuple[Fault, ...]:
    """Return the plan of a profile for a seed: at least one line, in the order of the catalogue. Equal arguments, equal plan."""
    about = PROFILES[profile]
    kinds = [kind for kind in FAULTS.values() if kind.recoverable]
    on = {family: bernoulli(about.families, seed, profile, "family", family) for family in {kind.family: None for kind in kinds}}
    chosen = [kind for kind in kinds if on[kind.family] and bernoulli(about.kinds, seed, profile, "kind", kind.id)]
    draw = Lines(profile, seed, stage, about)
    made = [line for kind in chosen for line in draw.of(kind)]
    while not made and kinds:
        made = list(draw.of(kinds.pop(int(u(seed, profile, "at least", len(kinds)) * len(kinds)))))
    return tuple(made)


def alone(id: str, seed: int, stage: Stage) -> tuple[Fault, ...]:
    """Return a plan of one kind of fault only, on every system it may strike, at any force. `id` is in the catalogue."""
    about = Profile("", 1.0, 1.0, (0.2, 1.0), 2)
    return tuple(Lines(id, seed, stage, about).of(FAULTS[id], everywhere=True))


class Lines:
    """The lines of one plan as they are drawn; it remembers which windows are taken."""

    def __init__(self, profile: str, seed: int, stage: Stage, about: Profile) -> None:
        self.words, self.seed, self.stage, self.about = (profile, "line"), seed, stage, about
        self.taken: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def of(self, kind: FaultKind, *, everywhere: bool = False) -> Iterator[Fault]:
        """Draw the lines of one kind: on some of its targets (at least one), some windows each."""
        sure = choice(kind.targets, self.seed, *self.words, kind.id, "target")
        for target in kind.targets:
            if not (everywhere or target == sure or bernoulli(0.5, self.seed, *self.words, kind.id, "also", target)):
                continue
            if kind.family == WHOLE_STORY:
                yield self.line(kind, target, 0, None)
                continue
            for number in range(self.windows(kind, target)):
                window = self.window(kind, target, number)
                if window is not None:
                    yield self.line(kind, target, number, window)

    def windows(self, kind: FaultKind, target: str) -> int:
        """How many windows: more in a longer story, but not in proportion."""
        most = self.about.windows_max * math.ceil(math.sqrt(self.stage.length_ms / DAY_MS / DAYS_A_WINDOW))
        return 1 + int(u(self.seed, *self.words, kind.id, target, "windows") * most)

    def force(self, *meaning: str | int) -> float:
        """How hard, between 0 and 1, within the bounds of the profile."""
        low, high = self.about.force
        return low + u(self.seed, *self.words, "force", *meaning) * (high - low)

    def line(self, kind: FaultKind, target: str, number: int, window: tuple[int, int] | None) -> Fault:
        """One line; without a window it holds for the whole story."""
        about = (kind.id, target, number)
        share = round(between(kind.drawn.share, self.force(*about, "share")), SHARE_DIGITS)
        params = {
            name: value for name, one in kind.params.items() if (value := self.parameter(kind, name, one, about)) is not None
        }
        begin, end = window or (None, None)
        told = {
            "id": kind.id,
            "target": target,
            "match": kind.drawn.match,
            "from": begin,
            "to": end,
            "share": share,
            "params": params,
        }
        return Fault.model_validate(told)

    def parameter(self, kind: FaultKind, name: str, one: Parameter, about: tuple[str, str, int]) -> float | str | None:
        """Draw a word, or a number within the bounds of the kind; None keeps the default."""
        if one.words:
            return choice(one.words, self.seed, *self.words, *about, name)
        bounds = kind.drawn.params.get(name)
        if bounds is None:
            return None
        drawn = between(bounds, self.force(*about, name))
        if isinstance(bounds[0], int) and isinstance(bounds[1], int):
            return min(max(short(drawn), min(bounds)), max(bounds))
        return round(drawn, SHARE_DIGITS)

    def window(self, kind: FaultKind, target: str, number: int) -> tuple[int, int] | None:
        """Draw a window in whole minutes that keeps its distance from others; None when there is no room."""
        slot = (target, "down" if kind.drawn.down else kind.id)
        taken = self.taken.setdefault(slot, [])
        for attempt in range(TRIES):
            begin, end = self.span(kind, (kind.id, target, number, attempt))
            gap = max(end - begin, HOUR_MS) if kind.drawn.down else 0
            if all(end + gap <= first or begin >= last + gap for first, last in taken):
                taken.append((begin, end))
                return begin, end
        return None

    def span(self, kind: FaultKind, about: tuple[str | int, ...]) -> tuple[int, int]:
        """Draw a window anywhere on the stage, more likely over a peak."""
        stage = self.stage
        longest = stage.length_ms * (DOWN_PART_MAX if kind.drawn.down else STAGE_PART_MAX)
        length = max(MINUTE_MS, min(between(kind.drawn.length_ms, self.force(*about, "length")), longest))
        at = u(self.seed, *self.words, *about, "at")
        if stage.peaks and bernoulli(PEAK_SHARE, self.seed, *self.words, *about, "peak"):
            begin = choice(stage.peaks, self.seed, *self.words, *about, "which") - at * length
        else:
            begin = stage.begin_ms + at * (stage.length_ms - length)
        begin = min(max(begin, stage.begin_ms), stage.end_ms - length)
        return whole(begin), whole(begin + length)


def between(bounds: tuple[float, float], force: float) -> float:
    """A number that far from mildest to worst; by factors where both are above zero, so that small ones get their turn."""
    mildest, worst = bounds
    if mildest > 0 and worst > 0:
        return float(mildest * (worst / mildest) ** force)
    return mildest + force * (worst - mildest)


def short(number: float) -> int:
    """The number by its first figures, as a person would write it."""
    return int(float(f"{number:.{FIGURES}g}"))


def whole(instant: float) -> int:
    """The minute an instant falls in, so that a plan can be written with clock times."""
    return int(instant) // MINUTE_MS * MINUTE_MS
