"""The terminal: story first, verdict last but one, report last, at any width, with no obedience to foreign text."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.report.terminal import show_verdict
from tests.report.examples import IDS, STORY, UNKNOWN, findings_with, verdict_with

FOLDER = Path("runs") / "month-end-7"


def lines(capsys, verdict, story=STORY) -> list[str]:
    show_verdict(story, verdict, FOLDER)
    return capsys.readouterr().out.splitlines()


@pytest.fixture(params=["80", "120", "200"])
def width(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", request.param)
    return int(request.param)


@pytest.mark.parametrize("word", ["held", "broken", "unsettled", "unknown"])
def test_first_the_story_last_the_report_before_it_the_verdict(capsys, width, word):
    """Scripts and people find them at the same places in every verdict."""
    out = lines(capsys, UNKNOWN if word == "unknown" else verdict_with(verdict=word))
    assert (out[0], out[-2], out[-1]) == (STORY, f"verdict: {word}", f"report: {FOLDER / 'report.html'}")


def test_no_line_is_wider_than_the_terminal_or_ends_in_spaces(capsys, width):
    """Except the place of the report, which must stay in one piece."""
    witness = "S-00012 was won on 3 Feb at 10:00 and has no project " * 9
    verdict = verdict_with(verdict="broken", invariants=findings_with("INV-09", "broken", witness))
    out = [*lines(capsys, verdict, STORY * 9)[:-1], *lines(capsys, verdict_with())[:-1]]
    assert max(map(len, out)) <= width
    assert [line for line in out if line != line.rstrip()] == []


def test_every_promise_and_reason_is_listed(capsys, width):
    """Held, broken with its witness, and not judged with its reason."""
    verdict = verdict_with(verdict="broken", invariants=findings_with("INV-09", "broken", "TE-17 was never billed"))
    text = "\n".join(lines(capsys, verdict))
    assert [id for id in IDS if id not in text] == []
    assert "TE-17 was never billed" in text
    assert "not judged INV-51 no system was down" in text


def test_pipes_get_plain_text(capsys, width):
    """No escape codes, no boxes."""
    assert "\n".join(lines(capsys, verdict_with())).isascii()


def test_foreign_text_is_neither_markup_nor_control(capsys):
    """Brackets are shown, escape codes are not obeyed."""
    verdict = verdict_with(verdict="broken", invariants=findings_with("INV-09", "broken", "[bold]x[/] [/nope] \x1b[2J"))
    text = "\n".join(lines(capsys, verdict, "[red]story[/red] \x1b]0;title\x07"))
    assert "[bold]x[/] [/nope] ?[2J" in text
    assert "[red]story[/red] ?]0;title?" in text
    assert "\x1b" not in text
