"""The bench on a terminal: every ratio with its goal, its spread and what it was measured against."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

MARKS = {True: ("reached", "green"), False: ("missed", "bold red"), None: ("unknown", "yellow")}


def show(result: dict[str, Any]) -> None:
    """Print one result of `measure` for a person."""
    console = Console(highlight=False)
    console.print(ratios_table(result["ratios"]))
    for name, found in result["ratios"].items():
        shares = f"; client used {found['client_cpu_share']:.2f} of its core" if "client_cpu_share" in found else ""
        console.print(Text(f"{name}: {found['note']}; against {found['against']}{shares}", style="dim"), soft_wrap=True)
    console.print(figures_table(result["figures"]))
    machine = result["machine"]
    words = (
        f"{result['rounds']} rounds in turns, CPU time, medians of the rounds' ratios; load {machine['load'][0]:.1f} on "
        f"{machine['cpus']} cores; Python {machine['python']}; {result['seconds']:.0f} s"
    )
    console.print(Text(words, style="dim"), soft_wrap=True)


def ratios_table(ratios: dict[str, dict[str, Any]]) -> Table:
    table = Table("ratio", box=None, pad_edge=False, header_style="dim")
    for title in ("value", "goal", "low", "high", "ours /s", "yardstick /s"):
        table.add_column(title, justify="right")
    table.add_column("")
    for name, found in ratios.items():
        word, colour = MARKS[found["reached"]]
        value = "-" if found["value"] is None else f"{found['value']:.3f}"
        numbers = (f"{found[key]:.3f}" for key in ("goal", "low", "high"))
        rates = (f"{found[key]:,.0f}" for key in ("numerator", "denominator"))
        table.add_row(name, value, *numbers, *rates, Text(word, style=colour))
    return table


def figures_table(figures: dict[str, dict[str, Any]]) -> Table:
    table = Table("figure", box=None, pad_edge=False, header_style="dim")
    for title in ("value", "limit"):
        table.add_column(title, justify="right")
    table.add_column("unit")
    table.add_column("")
    for name, found in figures.items():
        limited = found["limit"] is not None
        word, colour = MARKS[found["reached"]] if limited else ("", "")
        limit = f"{found['limit']:,g}" if limited else ""
        table.add_row(name, f"{found['value']:,.2f}", limit, found["unit"], Text(word, style=colour))
    return table
