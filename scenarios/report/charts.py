"""The timeline as geometry: what waited and what was not billed, over simulated time, under the faults that struck.

Pure: series in, coordinates out; templates/timeline.svg draws them. Each timeline is laid out for one width, because text in
a drawing must not shrink with the screen. The way in is `timeline`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from scenarios.report.figures import moment, short

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
LANES_MAX = 8
LANE_HEIGHT = 34
BAND_WIDTH_MIN = 3.0
RIGHT, TOP, PANEL_GAP, AXIS_HEIGHT = 12, 34, 48, 30
CHARACTER_WIDTH = 6.7  # of the label font, in drawing units; generous


@dataclass(frozen=True)
class Series:
    """One panel: title, values by step, height in drawing units."""

    title: str
    values: tuple[float, ...]
    height: int


@dataclass(frozen=True)
class Struck:
    """One fault between two instants (ms). `shade`: paint it behind the series; `lane`: give it a bar below them."""

    title: str
    begin: int
    end: int
    shade: bool
    lane: bool = True


@dataclass(frozen=True)
class Span:
    """The simulated time that is drawn: begin (ms) and length of one step."""

    begin: int
    step_ms: int
    steps: int

    @property
    def end(self) -> int:
        return self.begin + self.step_ms * self.steps


@dataclass(frozen=True)
class Tick:
    """A place on an axis with its label; anchor is SVG's text-anchor."""

    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Panel:
    title: str
    top: float
    bottom: float
    line: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Lane:
    title: str
    y: float
    left: float
    right: float
    label: Tick


@dataclass(frozen=True)
class Timeline:
    """Everything the template needs; all lengths in drawing units."""

    width: int
    height: float
    left: float
    right: float
    top: float
    bottom: float
    panels: tuple[Panel, ...]
    bands: tuple[tuple[float, float], ...]  # (x, width)
    rules: tuple[Tick, ...]  # month ends, or midnights
    marks: tuple[Tick, ...]  # billing days
    ticks: tuple[Tick, ...]
    lanes: tuple[Lane, ...]
    more_lanes: int


@dataclass(frozen=True)
class Scale:
    """Instants to x."""

    span: Span
    left: float
    right: float

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.span.begin) / max(1, self.span.end - self.span.begin)
        return round(self.left + min(1.0, max(0.0, share)) * (self.right - self.left), 1)


def timeline(
    span: Span, series: Sequence[Series], struck: Sequence[Struck], *, marks: Sequence[int] = (), width: int = 960
) -> Timeline | None:
    """Lay out the panels one below the other, then a lane for each fault; None when there is nothing to draw."""
    if not span.steps or not any(s.values for s in series):
        return None
    left = 58.0 if width > 600 else 44.0
    scale = Scale(span, left, width - RIGHT)
    panels: list[Panel] = []
    y = float(TOP)
    for one in series:
        panels.append(panel(one, scale, y))
        y += one.height + PANEL_GAP
    bottom = y - PANEL_GAP
    inside = [s for s in struck if s.end > span.begin and s.begin < span.end]
    barred = [s for s in inside if s.lane]
    lanes = tuple(lane(s, scale, bottom + AXIS_HEIGHT + 14 + LANE_HEIGHT * n) for n, s in enumerate(barred[:LANES_MAX]))
    return Timeline(
        width=width,
        height=bottom + AXIS_HEIGHT + LANE_HEIGHT * len(lanes) + (8 if lanes else 0),
        left=left,
        right=scale.right,
        top=TOP,
        bottom=bottom,
        panels=tuple(panels),
        bands=tuple(bands([s for s in inside if s.shade], scale)),
        rules=tuple(Tick(scale.x(at), "") for at in rule_instants(span)),
        marks=tuple(Tick(scale.x(at), "") for at in marks),
        ticks=time_ticks(scale),
        lanes=lanes,
        more_lanes=len(barred) - len(lanes),
    )


def panel(series: Series, scale: Scale, top: float) -> Panel:
    """One series as steps: each value stands for its whole step."""
    bottom = top + series.height
    levels = nice_levels(max([0.0, *series.values]))
    ceiling = levels[-1]

    def y(value: float) -> float:
        return round(bottom - max(0.0, value) / ceiling * series.height, 1)

    steps = [f"M{scale.left:g} {bottom:g}"]
    for index, value in enumerate(series.values):
        steps.append(f"V{y(value):g}H{scale.x(scale.span.begin + (index + 1) * scale.span.step_ms):g}")
    line = "".join([*steps, f"V{bottom:g}"]) if series.values else ""
    ticks = tuple(Tick(y(level), short(level)) for level in (levels if max([0.0, *series.values]) > 0 else levels[:1]))
    return Panel(series.title, top, bottom, line, ticks)


def nice_levels(highest: float) -> tuple[float, ...]:
    """Two to five round levels from 0 to at least `highest`."""
    if highest <= 0:
        return (0.0, 1.0)  # drawn as an empty panel: only 0 is labelled
    size = 10.0 ** math.floor(math.log10(highest))
    step = next(size * part for part in (0.25, 0.5, 1, 2.5) if size * part * 4 >= highest)
    if highest <= 4:
        step = max(1.0, step)
    return tuple(step * n for n in range(math.ceil(highest / step) + 1))


def bands(struck: Sequence[Struck], scale: Scale) -> list[tuple[float, float]]:
    """(x, width) of the union, so that faults at one time are not painted over each other."""
    found: list[tuple[float, float]] = []
    for left, width in sorted(band(s, scale) for s in struck):
        if found and left <= sum(found[-1]):
            found[-1] = (found[-1][0], round(max(sum(found[-1]), left + width) - found[-1][0], 1))
        else:
            found.append((left, width))
    return found


def band(struck: Struck, scale: Scale) -> tuple[float, float]:
    left, right = scale.x(struck.begin), scale.x(struck.end)
    return left, round(max(BAND_WIDTH_MIN, right - left), 1)


def lane(struck: Struck, scale: Scale, y: float) -> Lane:
    """A bar with its title above it, on the side where there is room."""
    left, width = band(struck, scale)
    right = min(left + width, scale.right)
    if left + len(struck.title) * CHARACTER_WIDTH <= scale.right:
        label = Tick(left, struck.title, "start")
    elif right - len(struck.title) * CHARACTER_WIDTH >= 0:
        label = Tick(right, struck.title, "end")
    else:
        label = Tick(scale.left, struck.title, "start")
    return Lane(struck.title, y, left, right, label)


def rule_instants(span: Span) -> list[int]:
    """Month ends when the steps are days, midnights when they are shorter."""
    days = range(-(-span.begin // DAY_MS) * DAY_MS, span.end, DAY_MS)
    if span.step_ms < DAY_MS:
        return [at for at in days if at > span.begin]
    return [at for at in days if at > span.begin and moment(at).day == 1]


def time_ticks(scale: Scale) -> tuple[Tick, ...]:
    """Month names in the middle of their months; hours and dates on a close-up."""
    span = scale.span
    if span.step_ms < DAY_MS:
        every = 6 if scale.right > 600 else 12
        hours = range(-(-span.begin // HOUR_MS) * HOUR_MS, span.end, HOUR_MS)
        return tuple(Tick(scale.x(at), hour_label(at)) for at in hours if moment(at).hour % every == 0 and is_inside(at, scale))
    ends = [span.begin, *rule_instants(span), span.end]
    found = []
    for begin, end in pairwise(ends):
        at = moment(begin)
        wide = scale.x(end) - scale.x(begin)
        label = f"{at:%b %Y}" if wide > 64 else f"{at:%b}" if wide > 24 else ""
        found.append(Tick((scale.x(begin) + scale.x(end)) / 2, label))
    return tuple(found)


def hour_label(at_ms: int) -> str:
    at = moment(at_ms)
    return f"{at.day} {at:%b}" if at.hour == 0 else f"{at:%H:%M}"


def is_inside(at_ms: int, scale: Scale) -> bool:
    """Is there room for a label around the instant?"""
    return scale.left + 14 <= scale.x(at_ms) <= scale.right - 14
