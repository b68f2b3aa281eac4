"""The power table as people read it: on the terminal while it grows, and as the page of the docs."""

from __future__ import annotations

from typing import Any

HEAD = """# Power: what the oracle can see

Each bug below is planted in the orchestrator, one at a time (`scenarios/power`), and the scenario is run on seed 1, 2, 3, ... until an
invariant that holds without the bug is found broken. A `+` joins bugs of which one stands behind the other.
This page is written by `rehearse power --table docs/power.md`.
"""


def line(catch: dict[str, Any]) -> str:
    """One bug in one line."""
    if not catch["caught"]:
        return f"not caught in {catch['seeds']} seeds  {catch['name']}  {catch['trouble']}"
    return f"{catch['invariant']}  seeds {catch['seeds']:<3}  {catch['name']}  ({catch['scenario']})"


def page(table: dict[str, Any]) -> str:
    """The table as Markdown."""
    seeds = sorted(catch["seeds"] for catch in table["bugs"] if catch["caught"])
    caught, all_ = len(seeds), len(table["bugs"])
    median = seeds[(len(seeds) - 1) // 2] if seeds else 0
    lines = [
        HEAD,
        f"{caught} of {all_} caught, the median after {median} seeds, the slowest after {seeds[-1] if seeds else 0}.",
        "",
        "| bug | found by | where | seeds |",
        "|---|---|---|---|",
    ]
    for catch in table["bugs"]:
        found = catch["invariant"] if catch["caught"] else "**nobody**"
        lines.append(
            f"| {catch['name'].replace('-', ' ').replace('+', ' + ')} | {found} | {catch['scenario']} | {catch['seeds']} |"
        )
    lines += ["", "## Which bugs break which invariant", "", "| invariant | broken by |", "|---|---|"]
    for row in table["invariants"]:
        names = ", ".join(name.replace("-", " ") for name in row["broken_by"][:6])
        more = len(row["broken_by"]) - 6
        lines.append(f"| {row['id']} | {names or '**nothing planted**'}{f' and {more} more' if more > 0 else ''} |")
    return "\n".join(lines) + "\n"
