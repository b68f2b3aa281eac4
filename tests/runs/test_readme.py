"""What README and room pages tell people to type works."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import ROOT, tracked
from tests.runs.small import command

TYPED = re.compile(r"`?\./rehearse ([^`\n|]+)`?")
FIRST = ("run month-end-erp-brownout", "test")
QUICK = ("list",)
LONG = ("suite", "bench", "serve", "test", "replay")  # tests of their own: suites, bench, sockets, this one


def typed() -> list[str]:
    """Every command line in the Markdown files, once."""
    found = []
    for path in tracked():
        if path.suffix == ".md":
            found += [m[1].strip().rstrip(".,") for m in TYPED.finditer(path.read_text())]
    return list(dict.fromkeys(found))


def test_the_readme_opens_with_the_two_commands():
    """A newcomer types these first, and nothing before them."""
    readme = [m[1].strip() for m in TYPED.finditer((ROOT / "README.md").read_text())]
    assert tuple(readme[:2]) == FIRST


@pytest.mark.parametrize("line", typed())
def test_every_documented_command_is_understood(line, tmp_path):
    """Its words are known: the command, its options, the scenario. Runs are made on a small firm, long ones elsewhere."""
    words = line.split()
    if "my-story.yaml" in words:
        text = (
            (ROOT / "scenarios" / "library" / "clean-quarter.yaml").read_text().replace("name: clean-quarter", "name: my-story")
        )
        (tmp_path / "my-story.yaml").write_text(text)
    if words[0] in QUICK:
        done = command(*words, cwd=tmp_path)
    elif words[0] == "run":
        done = command(words[0], "no-such-scenario", *words[2:], "--heads", "12", cwd=tmp_path)
        assert "no-such-scenario" in done.stderr
        assert "No such option" not in done.stderr
        return
    else:
        done = command(words[0], "--help", cwd=tmp_path)
        for option in (w for w in words if w.startswith("--")):
            assert option in done.stdout, f"{words[0]} has no option {option}"
    assert done.returncode == 0, done.stderr
