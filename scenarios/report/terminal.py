"""The verdict on a terminal or in a pipe: the story first, the word last but one, the report's place last.

Everything goes to standard output. Foreign text is never read as markup and never reaches the terminal as control codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from scenarios.report import words
from scenarios.report.claims import promises
from scenarios.report.figures import clean, counted, figure, one_line
from scenarios.verdict import Finding, Verdict

COLOURS = {"held": "green", "broken": "bold red", "unsettled": "yellow", "unknown": "magenta"}
TEXT_WIDTH_MAX = 110  # longer lines are hard to read
TWO_COLUMNS_FROM, THREE_COLUMNS_FROM = 136, 190
WITNESS_LENGTH_MAX = 600
DAY_S = 86_400


def show_verdict(story: str, verdict: Verdict, folder: Path) -> None:
    """Print one verdict for a person."""
    console = Console(highlight=False)
    if story:
        say(console, Text(clean(" ".join(story.split()))))
    say(console, Text(described(verdict), style="dim"))
    show_promises(console, verdict)
    if verdict.kpis:
        heading(console, "Figures")
        show_table(console, kpi_table(verdict, console.width))
    if verdict.exceptions:
        heading(console, "Cases that needed a person")
        listed = ", ".join(f"{clean(code)} {count}" for code, count in sorted(verdict.exceptions.items()))
        say(console, Text(listed), indent=2)
    if verdict.note:
        console.print()
        say(console, Text(clean(verdict.note), style="magenta"))
    console.print()
    for line in measured(verdict):
        say(console, Text(line, style="dim"))
    console.print(Text.assemble("verdict: ", (verdict.verdict, COLOURS[verdict.verdict])))
    console.print(Text(f"report: {folder / 'report.html'}"), soft_wrap=True)


def say(console: Console, text: Text, *, indent: int = 0) -> None:
    """Print a paragraph, never wider than reads well, without spaces at the ends of lines."""
    for line in text.wrap(console, max(20, min(console.width, TEXT_WIDTH_MAX) - indent)):
        line.rstrip()
        console.print(Text(" " * indent) + line, soft_wrap=True)


def show_table(console: Console, table: Table) -> None:
    """Print a table without spaces at the ends of lines."""
    for segments in console.render_lines(table, pad=False):
        line = Text.assemble(*((s.text, s.style or "") for s in segments))
        line.rstrip()
        console.print(line, soft_wrap=True)


def heading(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))


def described(verdict: Verdict) -> str:
    """Which rehearsal this was, in one line."""
    vendors = ", ".join(words.vendor_name(name) for name in verdict.profiles.values())
    faults = counted(len(verdict.faults), "fault") if verdict.faults else "no faults"
    return clean(
        f"{verdict.scenario}, seed {verdict.seed}, preset {verdict.preset}, design {verdict.design}; {vendors}; {faults}"
    )


def measured(verdict: Verdict) -> list[str]:
    """How much was simulated, and how fast; which state came of it."""
    days = verdict.simulated_seconds / DAY_S
    state = verdict.digest.get("state", "")
    told = f"{days:.0f} simulated days, {verdict.calls:,} vendor calls in {verdict.wall_seconds:.1f} s"
    return [f"{told} ({verdict.calls_per_second:,.0f} calls/s)", *([f"state {state}"] if state else [])]


def show_promises(console: Console, verdict: Verdict) -> None:
    """What was not kept with its first case, what was not judged with its reason, then what was kept."""
    if not verdict.invariants and not verdict.not_judged:
        return
    heading(console, "Promises")
    if verdict.invariants:
        say(console, Text(promises(verdict)), indent=2)
    for finding in sorted((f for f in verdict.invariants if f.verdict != "held"), key=lambda f: f.id):
        say(console, failure(finding), indent=2)
        say(console, Text(one_line(finding.witness, WITNESS_LENGTH_MAX)), indent=10)
    for missing in verdict.not_judged:
        line = Text.assemble(("not judged ", "cyan"), (clean(missing.id), "bold"), " ", one_line(missing.why, WITNESS_LENGTH_MAX))
        say(console, line, indent=2)
    held = [f for f in verdict.invariants if f.verdict == "held"]
    if held:
        show_table(console, held_table(held, console.width))


def failure(finding: Finding) -> Text:
    return Text.assemble(
        (finding.verdict, COLOURS[finding.verdict]),
        " ",
        (clean(finding.id), "bold"),
        f" {clean(finding.title)} ({counted(finding.checked, 'fact')} judged)",
    )


def held_table(held: Sequence[Finding], width: int) -> Table:
    """Kept promises, down and then across, in as many columns as there is room for."""
    rows = [
        (Text("held", style="green"), Text(clean(f.id), style="bold"), Text(clean(f.title)), Text(f"{f.checked:,}", style="dim"))
        for f in sorted(held, key=lambda f: f.id)
    ]
    return side_by_side(rows, columns_for(width), ("left", "left", "left", "right"))


def kpi_table(verdict: Verdict, width: int) -> Table:
    """The figures with their names in words."""
    rows = []
    for name, kpi in verdict.kpis.items():
        known = words.KPIS.get(name)
        rows.append((Text(known.name if known else clean(name)), Text(figure(kpi), style="bold")))
    return side_by_side(rows, min(2, columns_for(width)), ("left", "right"))


def columns_for(width: int) -> int:
    return 3 if width >= THREE_COLUMNS_FROM else 2 if width >= TWO_COLUMNS_FROM else 1


def side_by_side(rows: Sequence[Sequence[Text]], columns: int, justify: Sequence[Any]) -> Table:
    """A table without lines that reads down each column; pipes and plain terminals get plain text."""
    height = -(-len(rows) // columns)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=0)
    for column in range(columns):
        for index, side in enumerate(justify):
            last = column + 1 < columns and index + 1 == len(justify)
            table.add_column(justify=side, overflow="fold", no_wrap=side == "right" or index < len(justify) - 2)
            if last:
                table.add_column(width=1)
    for line in range(height):
        cells: list[Text] = [Text("")]
        for column in range(columns):
            at = line + column * height
            cells += rows[at] if at < len(rows) else [Text("")] * len(justify)
            if column + 1 < columns:
                cells.append(Text(""))
        table.add_row(*cells)
    return table


def show_shrunk(counts: Mapping[str, tuple[int, int]], plan: str, folder: Path) -> None:
    """Print what a search made of a broken run: sizes before and after, the plan that is left, its story."""
    console = Console(highlight=False)
    told = ", ".join(
        f"{before} {what} to {after}" if before != after else f"{after} {what}" for what, (before, after) in counts.items()
    )
    say(console, Text(f"Shrunk: {told}."))
    heading(console, "Fault plan" if plan else "No fault is needed")
    for line in plan.splitlines():
        console.print(Text(clean(line)), soft_wrap=True)
    heading(console, "Story")
    for line in (folder / "story.txt").read_text(encoding="utf-8").splitlines():
        console.print(Text(clean(line)), soft_wrap=True)
    console.print()
    console.print(Text(f"replay: {folder / 'replay.json'}"), soft_wrap=True)


def show_list(
    stories: Mapping[str, str],
    vendors: Mapping[str, Sequence[str]],
    designs: Sequence[str],
    presets: Sequence[str],
    faults: Mapping[str, Any],
) -> None:
    """Print all that a user may name on the command line."""
    console = Console(highlight=False)
    heading_line(console, "Scenarios")
    for name, story in stories.items():
        console.print(Text(name, style="bold green"), soft_wrap=True)
        say(console, Text(clean(story)), indent=4)
    heading(console, "Choices")
    rows = [(Text(part), Text(", ".join(known), style="bold")) for part, known in vendors.items()]
    rows += [(Text("design"), Text(", ".join(designs), style="bold")), (Text("preset"), Text(", ".join(presets), style="bold"))]
    show_table(console, side_by_side(rows, 1, ("left", "left")))
    heading(console, "Faults")
    for kind in faults.values():
        targets = ", ".join(kind.targets)
        say(console, Text.assemble((kind.id, "bold green"), f"  {kind.title}", (f"  [{targets}]", "dim")), indent=2)
        for name, parameter in kind.params.items():
            say(console, Text.assemble(f"{name} = {parameter.default}", (f"  {parameter.meaning}", "dim")), indent=8)


def heading_line(console: Console, title: str) -> None:
    console.print(Text(title, style="bold"))
