"""Sizes are ratcheted, tracked files name no index host or machine path, every scenario file validates."""

from __future__ import annotations

import ast
import re

import pytest

from scenarios.loading import LIBRARY, library_names, load_scenario
from tests.house.tree import ROOT, modules, tracked

MACHINE_ZONES = re.compile(r"\bZoneInfo\(|\bzoneinfo\.ZoneInfo\(|\bpytz\b|\bdateutil\b")
LINES_MAX = 400
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 8  # positional or keyword; keyword-only ones are readable at the call
HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|/root/|/work/(main|shared)|bash_jobs")
CLOCKS = re.compile(r"\bdatetime\.(now|today|utcnow)\(|\bdate\.today\(|\buuid\.?uuid[14]\(|CURRENT_TIMESTAMP")


def functions():
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.relative_to(ROOT), node


def test_files_stay_within_the_limit():
    """No source file is longer than the limit; split it by idea."""
    long = [f"{p.relative_to(ROOT)}: {n} lines" for p in modules().values() if (n := len(p.read_text().splitlines())) > LINES_MAX]
    assert not long, f"over {LINES_MAX} lines:\n" + "\n".join(long)


def test_functions_stay_within_the_limit():
    """No function is longer than the limit, nor asks for more positional parameters than a reader can hold."""
    long = [
        f"{path}:{f.lineno} {f.name}: {size} lines"
        for path, f in functions()
        if (size := (f.end_lineno or f.lineno) - f.lineno + 1) > FUNCTION_LINES_MAX
    ]
    wide = [
        f"{path}:{f.lineno} {f.name}: {len(f.args.args)} parameters"
        for path, f in functions()
        if len(f.args.args) > PARAMETERS_MAX and path.name != "cli.py"  # there they are the words of the command line
    ]
    assert not long + wide, "\n".join(long + wide)


def test_tracked_files_name_no_index_host_or_machine_path():
    """The product installs from whatever index a user has, on any machine."""
    found = []
    for path in tracked():
        if path.is_relative_to(ROOT / "tests" / "house"):
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m[0]}" for m in HOSTS.finditer(text)]
    assert not found, "\n".join(found)


def test_no_room_reads_the_wall_clock():
    """Time comes from the clock port: the C clock of datetime can not be guarded at run time."""
    found = [
        f"{path.relative_to(ROOT)}:{n}: {line.strip()}"
        for path in modules().values()
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if CLOCKS.search(line) and "clock: allowed" not in line and not path.is_relative_to(ROOT / "scenarios" / "clock")
    ]
    assert not found, "\n".join(found)


def test_no_room_takes_time_zones_from_the_machine():
    """`ZoneInfo(name)` reads the machine's own files; `ZoneInfo.from_file` on the pinned tzdata package is right."""
    found = [
        f"{path.relative_to(ROOT)}:{n}: {line.strip()}"
        for path in modules().values()
        for n, line in enumerate(path.read_text().splitlines(), 1)
        if MACHINE_ZONES.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", library_names())
def test_every_library_scenario_validates_and_bears_its_files_name(name):
    """A scenario of the library loads without a mistake under its own name."""
    assert load_scenario(name).name == name


def test_the_library_is_not_empty():
    """The check above judged something."""
    assert len(list(LIBRARY.glob("*.yaml"))) >= 7
