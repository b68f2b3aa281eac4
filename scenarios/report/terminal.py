"""The verdict on a terminal: story, invariants, figures, and where the report is. Everything goes to standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from scenarios.verdict import Verdict

COLOURS = {"held": "green", "broken": "bold red", "unsettled": "yellow", "unknown": "magenta"}
KPI_NAMES = {
    "setup_hours_p50": "project set-up, median",
    "setup_hours_p95": "project set-up, 95 of 100 within",
    "invoice_cycle_hours_p50": "approved to invoiced, median",
    "invoice_cycle_hours_p95": "approved to invoiced, 95 of 100 within",
    "unbilled_approved_value": "approved and not billed at the end",
    "sync_lag_minutes_p95": "invoice status seen in the CRM, 95 of 100 within",
    "exception_rate": "exceptions per attempt",
    "exception_resolution_hours_p50": "exception resolved, median",
    "touchless_share": "set-ups no human touched",
    "leakage_ratio": "leakage of billable value",
}


def show_verdict(story: str, verdict: Verdict, folder: Path) -> None:
    """Print one verdict for a person: the story first, the word last but one, the report's place last."""
    console = Console(highlight=False)
    if story:
        console.print(Panel(" ".join(story.split()), title=f"{verdict.scenario}, seed {verdict.seed}, preset {verdict.preset}"))
    console.print(invariant_table(verdict))
    console.print(kpi_table(verdict))
    if verdict.exceptions:
        listed = ", ".join(f"{code} {count}" for code, count in sorted(verdict.exceptions.items()))
        console.print(Text.assemble(("Exceptions worked by clerks: ", "bold"), listed))
    if verdict.not_judged:
        listed = "; ".join(f"{n.id} ({n.why})" for n in verdict.not_judged)
        console.print(Text.assemble(("Not judged: ", "bold"), listed))
    if verdict.note:
        console.print(Text(verdict.note, style="magenta"))
    days = verdict.simulated_seconds / 86_400
    console.print(
        f"{days:.0f} simulated days, {verdict.calls:,} vendor calls in {verdict.wall_seconds:.1f} s "
        f"({verdict.calls_per_second:,.0f} calls/s); state {verdict.digest.get('state', '')[:12]}"
    )
    console.print(Text.assemble("verdict: ", (verdict.verdict, COLOURS[verdict.verdict])))
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)


def invariant_table(verdict: Verdict) -> Table:
    """One line for all that held; a line with its witness for each that did not."""
    table = Table(title="Invariants", title_justify="left", show_edge=False, pad_edge=False)
    for name, style in (("id", "bold"), ("", ""), ("verdict", ""), ("facts judged", "")):
        table.add_column(name, style=style, justify="right" if name == "facts judged" else "left")
    table.add_column("witness", overflow="fold")
    for finding in sorted(verdict.invariants, key=lambda f: (f.verdict == "held", f.id)):
        colour = COLOURS[finding.verdict]
        table.add_row(
            finding.id, finding.title, Text(finding.verdict, style=colour), f"{finding.checked:,}", Text(finding.witness[:600])
        )
    return table


def kpi_table(verdict: Verdict) -> Table:
    table = Table(title="Figures", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, kpi in verdict.kpis.items():
        table.add_row(KPI_NAMES.get(name, name), figure(kpi))
    return table


def figure(kpi: Mapping[str, Any]) -> str:
    """A number with its unit; a dash where nothing was measured."""
    value, unit = kpi.get("value"), kpi.get("unit", "")
    if value is None:
        return "-"
    if unit == "ratio":
        return f"{100 * value:.1f} %"
    return f"{value:,.1f} {unit}" if isinstance(value, float) else f"{value:,} {unit}"


def show_list(
    stories: Mapping[str, str],
    vendors: Mapping[str, Sequence[str]],
    designs: Sequence[str],
    presets: Sequence[str],
    faults: Mapping[str, Any],
) -> None:
    """Print all that a user may name on the command line."""
    console = Console(highlight=False)
    table = Table(title="Scenarios", title_justify="left", show_edge=False)
    table.add_column("name", style="bold", no_wrap=True)
    table.add_column("story")
    for name, story in stories.items():
        table.add_row(name, story)
    console.print(table)
    for part, known in vendors.items():
        console.print(f"{part}: {', '.join(known)}")
    console.print(f"designs: {', '.join(designs)}\npresets: {', '.join(presets)}")
    table = Table(title="Faults", title_justify="left", show_edge=False)
    table.add_column("id", style="bold")
    table.add_column("what")
    table.add_column("targets")
    table.add_column("parameters")
    for kind in faults.values():
        parameters = "\n".join(f"{n} = {p.default}: {p.meaning}" for n, p in kind.params.items())
        table.add_row(kind.id, kind.title, ", ".join(kind.targets), parameters)
    console.print(table)
