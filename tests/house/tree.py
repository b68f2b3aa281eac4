"""What the house rules look at: the product's own files, their modules and imports."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("simulators", "orchestrator", "scenarios", "contracts", "load")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the product: what git tracks or would track, else every file that is no build product."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        names = [p for p in ROOT.rglob("*") if not {".venv", "runs", "__pycache__"} & set(p.relative_to(ROOT).parts)]
    return tuple(sorted(p for p in names if p.is_file()))


@cache
def modules() -> dict[str, Path]:
    """{dotted name: file} of the product's Python modules."""
    found = {}
    for path in tracked():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in ROOMS:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def table() -> dict[str, tuple[str, ...]]:
    """The import table of pyproject.toml: {room: rooms it may import}."""
    text = (ROOT / "pyproject.toml").read_text()
    return {room: tuple(may) for room, may in tomllib.loads(text)["tool"]["rehearsal"]["imports"].items()}


def room_of(module: str) -> str:
    """The longest row of the table that `module` belongs to, or ''."""
    parts = module.split(".")
    return next((name for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in table()), "")


def imports_of(module: str, path: Path, *, run_time: bool = False) -> list[tuple[int, str]]:
    """(line, imported module of ours) for every import statement, also those inside functions; `run_time`: not those for types only."""
    found: list[tuple[int, str]] = []
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(), str(path))
    for_types = {id(inner) for node in ast.walk(tree) if is_for_types(node) for inner in ast.walk(node)} if run_time else set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{stem}.{alias.name}"
                found.append((node.lineno, whole if whole in modules() else stem))
    return [(line, name) for line, name in found if name.split(".")[0] in ROOMS]


def is_for_types(node: ast.AST) -> bool:
    """Is this `if TYPE_CHECKING:`?"""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
