"""Find, read and check scenario files: the library's by name, a user's by path. Every mistake is reported at once."""

from __future__ import annotations

import re
from pathlib import Path

from scenarios.errors import Mistakes, UsageError, nearest
from scenarios.faults.plan import fault_mistakes
from scenarios.spec import Fault, Scenario, parse_scenario

LIBRARY = Path(__file__).parent / "library"
SIZE_MAX = 1_000_000
FAULTS_HEAD = "name: faults\nstory: none\nfaults:\n"


def library_names() -> list[str]:
    """Names of the scenarios that come with Rehearsal, sorted."""
    return sorted(path.stem for path in LIBRARY.glob("*.yaml"))


def find_scenario(name: str) -> Path:
    """Return the file of a library name or a path. Raises UsageError naming the nearest known ones."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"scenario file {name} does not exist; give a library name or a YAML file")
        return path
    path = LIBRARY / f"{name}.yaml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        raise UsageError(f"scenario {name!r} is unknown; {nearest(name, library_names())}")
    return path


def load_scenario(name: str) -> Scenario:
    """Read and check a scenario. Raises Mistakes with all of them, each with its place in the file."""
    path = find_scenario(name)
    try:
        text = path.read_bytes()[: SIZE_MAX + 1].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can not be read as UTF-8 text ({error}); give a scenario file") from error
    if len(text) > SIZE_MAX:
        raise UsageError(f"{path} is larger than {SIZE_MAX} bytes; give a scenario file")
    return parse_scenario(text, str(path), fault_mistakes)


def load_faults(path: Path) -> tuple[Fault, ...]:
    """Read a YAML list of faults. Raises Mistakes or UsageError as `load_scenario` does."""
    try:
        text = path.read_bytes()[: SIZE_MAX + 1].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can not be read as UTF-8 text; give a YAML list of faults") from error
    indented = "".join(f"  {line}\n" for line in text.splitlines())
    try:
        return parse_scenario(FAULTS_HEAD + indented, str(path), fault_mistakes).faults
    except Mistakes as mistakes:
        raise Mistakes([without_head(m, str(path)) for m in mistakes.mistakes]) from mistakes


def without_head(mistake: str, where: str) -> str:
    """The mistake at its place in the user's own file, which has neither the head nor the indent."""
    line, column, rest = mistake.removeprefix(where + ":").split(":", 2)
    return f"{where}:{max(1, int(line) - FAULTS_HEAD.count(chr(10)))}:{max(1, int(column) - 2)}:{rest}"
