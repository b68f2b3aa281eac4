"""Counters and histograms in memory, gauges asked at scrape time; shown in Prometheus' text form from a registry of our own.

The library's own counters read the wall clock when they are made, so it only formats here; it keeps nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

PREFIX = "orchestrator_"
BUCKETS_MS = (10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 60_000)
SERIES_MAX = 2_000

COUNTERS = {
    "intake_messages": ("What happened to incoming messages", ("source", "verdict")),
    "calls": ("Calls to vendors by outcome", ("system", "outcome")),
    "consumer_requests": ("Requests to our own API by outcome", ("route", "status")),
    "seldom": ("What happens only when something is out of order", ("what",)),
    "alerts": ("Business alerts raised", ("name",)),
}
SELDOM = ("breaker_opened", "sweep_found_lost", "token_refreshed", "quota_gone")
"""What `seldom` counts, besides what the store and the journal can tell. Counted since the program began."""
HISTOGRAMS = {"call_ms": ("How long calls to vendors take", ("system",))}
GAUGES = {
    "runs_open": ("Open runs by process", ("process",)),
    "inbox_pending": ("Notices waiting to be handed on", ()),
    "outbox_pending": ("Events nobody has been told of", ()),
    "exceptions_open": ("Open exceptions by queue", ("queue",)),
    "breaker_open": ("1 while a system's breaker is not closed", ("system",)),
}

Labels = tuple[str, ...]
Gauge = Callable[[], Mapping[Labels, float]]


class Metrics(Collector):
    """All figures of one orchestrator. Names and labels stand in the tables above."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._counters: dict[str, dict[Labels, int]] = {name: {} for name in COUNTERS}
        self._histograms: dict[str, dict[Labels, list[int]]] = {name: {} for name in HISTOGRAMS}
        self._gauges: dict[str, Gauge] = {}
        self.registry.register(self)

    def count(self, name: str, *labels: str, by: int = 1) -> None:
        """Add to a counter. Beyond SERIES_MAX label sets the rest is counted under "other"."""
        series = self._counters[name]
        assert len(labels) == len(COUNTERS[name][1]), f"{name} has labels {COUNTERS[name][1]}"
        if labels not in series and len(series) >= SERIES_MAX:
            labels = ("other",) * len(labels)
        series[labels] = series.get(labels, 0) + by

    def observe(self, name: str, value_ms: int, *labels: str) -> None:
        """Add one duration to a histogram: counts per bucket, then the sum."""
        series = self._histograms[name].setdefault(labels, [0] * (len(BUCKETS_MS) + 2))
        series[bisect_left(BUCKETS_MS, value_ms)] += 1
        series[-1] += value_ms

    def watch(self, name: str, gauge: Gauge) -> None:
        """Ask `gauge` for {labels: value} at each scrape."""
        assert name in GAUGES, f"{name} is no gauge of ours"
        self._gauges[name] = gauge

    def value(self, name: str, *labels: str) -> int:
        """What a counter stands at."""
        return self._counters[name].get(labels, 0)

    def total(self, name: str, **labels: str) -> int:
        """What all series of a counter with these labels add up to."""
        names = COUNTERS[name][1]
        wanted = {names.index(label): value for label, value in labels.items()}
        return sum(n for values, n in self._counters[name].items() if all(values[i] == v for i, v in wanted.items()))

    def text(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self.registry)

    def collect(self) -> Iterable[Metric]:
        """For the registry: one family a name."""
        for name, (help, labels) in COUNTERS.items():
            counter = CounterMetricFamily(PREFIX + name, help, labels=labels)
            for values, number in sorted(self._counters[name].items()):
                counter.add_metric(values, number)
            yield counter
        for name, (help, labels) in HISTOGRAMS.items():
            yield self._histogram(name, help, labels)
        for name, ask in self._gauges.items():
            help, labels = GAUGES[name]
            gauge = GaugeMetricFamily(PREFIX + name, help, labels=labels)
            for values, level in sorted(ask().items()):
                gauge.add_metric(values, level)
            yield gauge

    def _histogram(self, name: str, help: str, labels: Labels) -> Metric:
        family = HistogramMetricFamily(PREFIX + name, help, labels=labels)
        for values, series in sorted(self._histograms[name].items()):
            buckets, total = [], 0
            for bound, number in zip((*map(str, BUCKETS_MS), "+Inf"), series, strict=False):
                total += number
                buckets.append((bound, total))
            family.add_metric(values, buckets, sum_value=series[-1])
        return family
