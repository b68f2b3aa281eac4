"""House rule of time and chance: our rooms may not even name what would make two runs differ.

The guards catch these while a virtual run is on; this finds them in code that no run has reached. A finding reads
`path:line: X is banned: do Y`. A real need is entered in ALLOWED, with its reason.
"""

import ast
import random
import re
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("simulators", "orchestrator", "scenarios")
ALLOWED = {
    "scenarios/clock/guards.py": "guards what it names",
    "scenarios/clock/paced.py": "is the bridge to the wall clock",
    "scenarios/clock/bench.py": "measures CPU time outside any run",
    "orchestrator/engine/bench.py": "measures CPU time outside any run",
    "scenarios/bench/": "measures CPU time outside any run",
    "scenarios/progress.py": "is the progress line; the guards let it pass",
    "orchestrator/app.py": "hands the real clock to the core in production",
    "simulators/app.py": "hands the real clock to a server on ports",
    "scenarios/clock/patient.py": "is the bridge to the wall clock",
    "scenarios/serve.py": "says once what time it is on the wall",
}
CLOCK = "take the instant from the clock port"
KEYED = "derive it from the seed by meaning"
BANNED = {
    **{f"datetime.datetime.{name}": CLOCK for name in ("now", "utcnow", "today")},
    "datetime.date.today": CLOCK,
    **{
        f"time.{name}": CLOCK
        for name in dir(time)
        if re.match(r"(time|monotonic|perf_counter|process_time|thread_time|sleep|clock_get)(_ns|time)?", name)
    },
    **{f"random.{name}": KEYED for name in random.__all__ if name[0].islower()},
    **{f"secrets.{name}": KEYED for name in ("token_bytes", "token_hex", "token_urlsafe", "choice", "randbelow", "randbits")},
    **dict.fromkeys(("os.urandom", "uuid.uuid1", "uuid.uuid4", "random.SystemRandom"), KEYED),
    **dict.fromkeys(("threading.Thread", "concurrent.futures.ThreadPoolExecutor"), "keep the work on the loop"),
}
UNORDERED = "a set's order is the process's: sort it, or use a dict"
BLIND_SQL = re.compile(
    r"current_(timestamp|time|date)\b|\bdatetime\(\s*'now'|julianday\(\s*'now'|'now'\s*\)|\brandom(blob)?\(", re.IGNORECASE
)
SQL_WORDS = re.compile(r"\b(select|insert|update|delete|create table|default)\b", re.IGNORECASE)
INDIFFERENT = {"sorted", "set", "frozenset", "len", "sum", "min", "max", "any", "all"}


def findings(source):
    """Yield (line, what, remedy) for one file's text."""
    tree = ast.parse(source)
    names = dict(_imports(tree))
    harmless = {id(argument) for node in ast.walk(tree) if _is_call(node, INDIFFERENT) for argument in node.args}
    for node in ast.walk(tree):
        dotted = _dotted(node, names) if isinstance(node, ast.Attribute | ast.Name) else None
        if dotted in BANNED:
            yield node.lineno, f"{dotted} is banned", BANNED[dotted]
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and SQL_WORDS.search(node.value)
            and BLIND_SQL.search(node.value)
        ):
            yield node.lineno, "SQLite's own clock or chance is banned", CLOCK
        if any(_is_set(one) for one in _iterated(node, harmless)):
            yield node.lineno, "iterating a set is banned", UNORDERED


def _imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (one.asname or one.name.split(".")[0], one.name if one.asname else one.name.split(".")[0]) for one in node.names
            )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)


def _dotted(node, names):
    if isinstance(node, ast.Name):
        return names.get(node.id) if isinstance(node.ctx, ast.Load) else None
    if isinstance(node, ast.Attribute):
        left = _dotted(node.value, names)
        return left and f"{left}.{node.attr}"
    return None


def _is_call(node, functions):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions


def _is_set(node):
    return isinstance(node, ast.Set | ast.SetComp) or _is_call(node, {"set", "frozenset"})


def _iterated(node, harmless):
    if isinstance(node, ast.For):
        yield node.iter
    elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp) and id(node) not in harmless:
        yield from (part.iter for part in node.generators)
    elif _is_call(node, {"list", "tuple", "enumerate", "iter"}) or (
        isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "join"
    ):
        yield from node.args


def test_our_rooms_name_nothing_that_would_make_runs_differ():
    """No wall clock, unkeyed chance, thread, SQLite clock or iterated set in simulators, orchestrator and scenarios."""
    found = []
    for path in sorted(one for room in ROOMS for one in (ROOT / room).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(tuple(ALLOWED)):
            found += [f"{place}:{line}: {what}: {remedy}" for line, what, remedy in findings(path.read_text("utf-8"))]
    for path in sorted(one for room in ROOMS for one in (ROOT / room).rglob("*.sql")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if BLIND_SQL.search(line.partition("--")[0]):
                found.append(f"{path.relative_to(ROOT).as_posix()}:{number}: SQLite's own clock or chance is banned: {CLOCK}")
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "code",
    [
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "from datetime import datetime\ndatetime.utcnow()",
        "from datetime import date as day\nday.today()",
        "import time\ntime.monotonic()",
        "from time import perf_counter_ns as t\nt()",
        "from uuid import uuid4\nf = uuid4",
        "import os.path, os\nos.urandom(8)",
        "import random\nrandom.shuffle(x)",
        "import threading\nthreading.Thread(target=f)",
        "db.execute('insert into t values (CURRENT_TIMESTAMP)')",
        "db.execute(\"select datetime('now')\")",
        "for x in {1, 2}: pass",
        "[x for x in set(y)]",
        "list(frozenset(y))",
        "','.join({str(z) for z in y})",
    ],
)
def test_the_rule_finds(code):
    """Aliases, from-imports and bare references are found."""
    assert len(list(findings(code))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import datetime as dt\ndt.datetime.fromtimestamp(0, dt.UTC)",
        "import random\nrandom.Random(7).random()",
        "class Clock:\n    def now(self): return self.time()",
        "for x in sorted({1, 2}): pass",
        "any(x for x in set(y))",
        "{x for x in {1, 2}}",
        '"""select the current_timestampless way"""',
        "x in {1, 2}",
    ],
)
def test_the_rule_lets_pass(code):
    """What is the same in every process is no finding."""
    assert list(findings(textwrap.dedent(code))) == []
