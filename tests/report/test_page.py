"""The page says what the verdict says, to people, offline, and obeys nobody's text."""

from __future__ import annotations

import re

import msgspec
import pytest

from scenarios.report.page import alert_text, report_page
from scenarios.verdict import Finding, NotJudged
from tests.report.examples import FAULT, FINDINGS, IDS, STORY, TOLD, UNKNOWN, findings_with, judgement_with, verdict_with
from tests.report.reading import Reading

SIZE_MAX = 150_000
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\x1b[31m\u202e\ud800&amp;"
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "p", "h1", "h2", "h3", "ul", "li", "div", "span",
    "a", "figure", "figcaption", "svg", "defs", "pattern", "path", "rect", "text", "details", "summary", "table", "thead", "tbody",
    "tr", "th", "td", "data", "dl", "dt", "dd", "code",
}  # fmt: skip


def read(verdict=None, judgement=None, story=STORY) -> Reading:
    return Reading(report_page(story, verdict or verdict_with(), judgement or judgement_with()))


def hostile_page() -> str:
    """Every text that can come from outside is hostile, and as long as can be."""
    long = HOSTILE * 60
    bad = Finding(long, "broken", 1, long, long)
    told = {
        **TOLD,
        "events": [{"at": 0, "text": long}] * 500,
        "desks": {long: long},
        "totals": {**TOLD["totals"], "half_done": [long] * 9, "slips": {long + str(n): 1 for n in range(100)}},
    }
    verdict = verdict_with(
        scenario=HOSTILE,
        verdict="broken",
        design=HOSTILE,
        preset=HOSTILE,
        note=long,
        invariants=(bad,) * 90,
        not_judged=(NotJudged(long, long),) * 90,
        kpis={long + str(n): {"value": 1, "unit": HOSTILE} for n in range(100)},
        exceptions={long + str(n): 3 for n in range(100)},
        faults=({**FAULT, "id": HOSTILE, "target": HOSTILE, "match": {"path": long}, "params": {HOSTILE: long}},) * 100,
        alerts=(long,) * 100,
        digest={HOSTILE: HOSTILE},
        profiles={HOSTILE: HOSTILE},
    )
    return report_page(long, verdict, judgement_with(told))


@pytest.mark.parametrize("made", ["held", "hostile", "unknown"])
def test_only_our_own_elements_stand_on_the_page(made):
    """Foreign text makes no element and no attribute: what is parsed is what the templates hold, properly nested."""
    page = {
        "held": lambda: report_page(STORY, verdict_with(), judgement_with()),
        "hostile": hostile_page,
        "unknown": lambda: report_page(HOSTILE, msgspec.structs.replace(UNKNOWN, note=HOSTILE), None),
    }[made]()
    reading = Reading(page)
    attributes = {name for _, attributes in reading.tags for name in attributes}
    assert ({tag for tag, _ in reading.tags} - ALLOWED, reading.crossed, reading.open) == (set(), [], [])
    assert not {name for name in attributes if name.startswith("on")} | ({"src", "style", "xlink:href"} & attributes)
    assert "<script" not in page
    assert "onerror=alert(2)>{{ 7*7 }}" in reading.text or made == "held"


def test_the_page_can_be_written_and_obeys_no_control_code():
    """Lone surrogates, escapes and marks that turn text around are shown as question marks."""
    page = hostile_page()
    assert page.encode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", page)


@pytest.mark.parametrize("page", [report_page(STORY, verdict_with(), judgement_with()), hostile_page()], ids=["held", "hostile"])
def test_the_page_asks_nothing_of_a_network(page):
    """No address, no import, no font, no script; links lead to places on the page itself."""
    reading = Reading(page)
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)|<link|<script|<iframe", page.split("</head>")[0] + markup(page))
    targets = {a.get("id") for _, a in reading.tags}
    assert all((a["href"] or "").startswith("#") and (a["href"] or "")[1:] in targets for a in reading.named("a"))
    assert any("default-src 'none'" in (m.get("content") or "") for m in reading.named("meta"))


def markup(page: str) -> str:
    """All tags of the page, without the text between them."""
    return " ".join(re.findall(r"<[^>]*>", page))


def test_the_page_stays_small():
    """The biggest page there can be is under the limit, with a year of days and everything hostile."""
    days = [f"2026-{1 + n // 28 % 12:02}-{1 + n % 28:02}" for n in range(400)]
    series = {name: [n * 1234.567 for n in range(400)] for name in ("backlog", "unbilled", "exceptions", "invoices")}
    year = {**TOLD, "days": days, "series": series, "close_ups": TOLD["close_ups"] * 9}
    assert len(report_page(STORY, verdict_with(), judgement_with(year)).encode()) < SIZE_MAX
    assert len(hostile_page().encode()) < 4 * SIZE_MAX  # nothing there is realistic; it is bounded all the same


def test_unknown_says_that_the_harness_failed_and_shows_no_figure():
    """A run that the harness could not finish has no figures, no drawing, no kept promise, and no comfort."""
    reading = Reading(report_page(STORY, UNKNOWN, None))
    assert "The harness failed. Nothing is known about the design." in reading.text
    assert "RuntimeError: boom" in reading.text
    assert not reading.named("svg") + reading.named("data")
    assert "USD" not in reading.text
    assert "Nothing was lost" not in reading.text


def test_a_judge_that_failed_leaves_no_figures_either():
    """When a judge crashed the verdict is unknown: the judges are listed, money is not."""
    findings = findings_with("INV-09", "unknown", "the judge failed: KeyError")
    reading = read(verdict_with(verdict="unknown", invariants=findings))
    assert "the judge failed: KeyError" in reading.text
    assert not reading.named("svg") + reading.named("data")
    assert "USD" not in reading.text


def test_every_promise_stands_on_the_page():
    """Kept, not kept and not judged: none is dropped, each with its facts or its reason."""
    text = read(verdict_with(verdict="broken", invariants=findings_with("INV-09", "broken", "TE-17 was never billed"))).text
    assert [id for id in (*IDS, "INV-51") if id not in text] == []
    assert all(f"{f.checked} facts" in text for f in FINDINGS)
    assert "no system was down" in text


def test_what_was_not_kept_comes_first_and_open():
    """Broken, then unsettled, then not judged, then kept; a witness is never folded away."""
    findings = findings_with("INV-50", "broken", "TE-17 was never billed")
    findings = (msgspec.structs.replace(findings[0], verdict="unsettled", witness="S-1 is open"), *findings[1:])
    page = report_page(STORY, verdict_with(verdict="broken", invariants=findings), judgement_with())
    order = [page.index(text) for text in ("TE-17 was never billed", "S-1 is open", "no system was down", "INV-05")]
    assert order == sorted(order)
    assert "TE-17" not in "".join(re.findall(r"<details>.*?</details>", page, re.DOTALL))


def test_figures_equal_those_of_the_verdict():
    """Each figure carries the verdict's own value, and the text that people read is made from it."""
    reading = read()
    assert [a["value"] for a in reading.named("data")] == ["0.25", "30.517", "0", "1234567.89", "29.998", "0.9111"]
    assert all(text in reading.text for text in ("15 min", "30.5 h", "USD 1,234,568", "30 min", "91.11%"))


def test_counts_equal_those_of_the_verdict():
    """Cases, strikes, calls, seed and digests stand as they are."""
    text = read().text
    for wanted in (
        "CAP_EXCEEDED work beyond the agreed cap project-ops 11",
        "NEW_CODE 2",
        "100% 321",
        "Requests to systems 90,368",
    ):
        assert wanted in text
    assert all(digest in text for digest in ("a" * 64, "b" * 64))


def test_the_page_of_a_replay_is_the_same_page():
    """Wall-clock figures are no part of it."""
    slow = verdict_with(wall_seconds=99.0, calls_per_second=1.0)
    assert report_page(STORY, slow, judgement_with()) == report_page(STORY, verdict_with(), judgement_with())


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"totals": TOLD["totals"]},
        {**TOLD, "days": [], "close_ups": []},
        {**TOLD, "series": {}},
        {**TOLD, "series": {"backlog": [], "unbilled": []}, "close_ups": [{"from": 0, "step_ms": 0, "backlog": []}]},
    ],
)
def test_missing_series_leave_a_page_without_drawings(told):
    """A story without days or series is said in words."""
    reading = read(judgement=judgement_with(told))
    assert "This run recorded no days to draw" in reading.text or reading.named("svg")
    assert reading.crossed == []


def test_no_faults_and_no_cases_are_said_in_words():
    """Empty tables are sentences."""
    text = read(verdict_with(faults=(), exceptions={}, kpis={})).text
    assert "Nothing on the technical side." in text
    assert "The design reported none." in text
    assert "None was measured." in text


def test_an_alert_is_told_in_words():
    """When, what, where, about what and since when; a warning stands as it is."""
    alert = {"at": 1_774_980_000_000, "code": "system_unreachable", "system": "erp", "flow": "all", "subject": "erp", "since": 0}
    assert alert_text(alert) == "31 Mar 18:00 system unreachable (ERP all): erp, since 01 Jan 00:00"
    assert alert_text("line 1 never struck") == "line 1 never struck"
