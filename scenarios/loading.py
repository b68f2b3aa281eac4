"""Find, read and check scenario files: the library's by name, a user's by path. Every mistake is reported at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scenarios.errors import Mistakes, UsageError, nearest
from scenarios.faults.plan import fault_mistakes
from scenarios.spec import Scenario, dotted, parse_scenario, position

LIBRARY = Path(__file__).parent / "library"
SIZE_MAX = 1_000_000


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
    return checked(*parse_scenario(text, str(path)), str(path))


def checked(scenario: Scenario, node: Any, where: str) -> Scenario:
    """Check what the model alone can not know: fault names and their parameters, and the order of instants."""
    found: list[str] = []
    for index, fault in enumerate(scenario.faults):
        for loc, message in fault_mistakes(fault):
            line, column = position(node, ("faults", index, *loc))
            found.append(f"{where}:{line}:{column}: {dotted(('faults', index, *loc))}: {message}")
    if found:
        raise Mistakes(found)
    return scenario
