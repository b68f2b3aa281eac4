"""The mock on real sockets beside Starlette's hello-JSON: both on uvicorn, httptools and uvloop, on one core, the client on the other.

Each server is a process; every leg of the mock has a leg of hello just before or after it. Rates are per CPU second of the server's
own process, because neighbours take wall time but not that. The client says what share of its core it used: above 0.9 it, and not
the server, may have been the limit, and the figure is unknown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select
from statistics import median
from typing import Any, NamedTuple

from scenarios.bench.ratio import Ratio
from scenarios.errors import HarnessError

CASES = (("salesforce_read", "salesforce"), ("salesforce_upsert", "salesforce"), ("netsuite_put", "netsuite"))
NOTES = {
    "salesforce_read": "GET Opportunity by id",
    "salesforce_upsert": "PATCH Opportunity by external key, four fields changed",
    "netsuite_put": "PUT timeBill eid:, the whole record, hours and memo changed",
}
GOAL = 0.55
LEG_S, WARM_S = 0.35, 0.3
CONNECTIONS = 48
CLIENT_SHARE_MAX = 0.9
ANSWER_S_MAX = 60.0
ROOT = Path(__file__).resolve().parents[2]


class Leg(NamedTuple):
    """One stretch of load: calls per CPU second of the server, per wall second, and how busy both ends were."""

    rate: float
    per_wall_s: float
    server_share: float
    client_share: float


class Child:
    """A process of the bench that answers lines with JSON lines, in bounded time."""

    def __init__(self, module: str, *words: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.name = " ".join((module, *words))
        self.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", f"scenarios.bench.{module}", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT,
        )  # fmt: skip

    def hear(self) -> Any:
        """The next answer. Raises HarnessError when none comes."""
        out = self.process.stdout
        assert out is not None
        if not select([out], [], [], ANSWER_S_MAX)[0]:
            raise HarnessError(f"bench process {self.name} said nothing for {ANSWER_S_MAX:.0f} s")
        line = out.readline()
        if not line:
            raise HarnessError(f"bench process {self.name} ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self, what: Any) -> Any:
        """Send one line, hear one."""
        into = self.process.stdin
        assert into is not None
        into.write(json.dumps(what).encode() + b"\n")
        into.flush()
        return self.hear()

    def end(self) -> None:
        """Close its input, which ends it; kill it when that does not."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Range:
    """Three servers on one core, a client on another, and the legs between them."""

    def __init__(self, servers: dict[str, Child], client: Child) -> None:
        self.servers, self.client = servers, client
        self.told = {name: server.hear() for name, server in servers.items()}
        client.hear()
        self.first = 0

    def leg(self, server: str, case: str, seconds: float = LEG_S) -> Leg:
        """Load one server for so long. Raises HarnessError when it answers anything but success."""
        told, child = self.told[server], self.servers[server]
        job = {"port": told["port"], "keys": told["keys"], "case": case, "seconds": seconds}
        before = child.ask("cpu")
        found = self.client.ask({**job, "connections": CONNECTIONS, "first": self.first})
        spent = child.ask("cpu") - before
        self.first = found["next"]
        if found["failed"] or not found["calls"]:
            raise HarnessError(f"{case}: {found['failed']} of {found['calls']} calls failed: {found['sample']}")
        wall = found["wall_s"]
        return Leg(found["calls"] / spent, found["calls"] / wall, spent / wall, found["cpu_s"] / wall)


def cores() -> tuple[str, str]:
    """A core for the servers and another for the client; 'any' when there are not two, or they can not be chosen."""
    held = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (str(held[0]), str(held[1])) if len(held) > 1 else ("any", "any")


@contextmanager
def shooting_range() -> Iterator[Range]:
    """Everything up while the block runs, and gone afterwards."""
    servers_core, client_core = cores()
    with ExitStack() as stack:
        servers: dict[str, Child] = {}
        for name in ("hello", "salesforce", "netsuite"):
            servers[name] = Child("served", name, servers_core)
            stack.callback(servers[name].end)
        client = Child("client", client_core)
        stack.callback(client.end)
        yield Range(servers, client)


def socket_ratios(rounds: int) -> list[Ratio]:
    """Read, upsert and PUT over sockets against hello-JSON."""
    legs: dict[str, list[tuple[Leg, Leg]]] = {case: [] for case, _ in CASES}
    with shooting_range() as held:
        for case, server in (("hello", "hello"), *CASES):
            held.leg(server, case, WARM_S)
        for turn in range(rounds):
            for case, server in CASES:
                order = ((server, case), ("hello", "hello")) if turn % 2 else (("hello", "hello"), (server, case))
                found = {case: held.leg(server, case) for server, case in order}
                legs[case].append((found[case], found["hello"]))
    return [ratio_of(case, pairs) for case, pairs in legs.items()]


def ratio_of(case: str, pairs: list[tuple[Leg, Leg]]) -> Ratio:
    """The figure of one case, unknown when the client was at its limit, or had no core of its own."""
    share = median(max(ours.client_share, theirs.client_share) for ours, theirs in pairs)
    more = {
        "client_cpu_share": round(share, 3),
        "server_cpu_share": round(median(ours.server_share for ours, _ in pairs), 3),
        "hello_cpu_share": round(median(theirs.server_share for _, theirs in pairs), 3),
        "wall_value": round(median(ours.per_wall_s / theirs.per_wall_s for ours, theirs in pairs), 4),
        "connections": CONNECTIONS,
    }
    unknown = f"the client used {share:.2f} of its core, above {CLIENT_SHARE_MAX}" if share > CLIENT_SHARE_MAX else ""
    if cores()[0] == "any":
        unknown = "there is no second core for the client"
    return Ratio(
        name=f"sockets_{case}", goal=GOAL, unit="calls per CPU second of the server", note=NOTES[case], unknown=unknown, more=more,
        against="Starlette hello-JSON, same server software, same seconds", pairs=[(a.rate, b.rate) for a, b in pairs],
    )  # fmt: skip
