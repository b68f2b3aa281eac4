"""What people see of a crash campaign: how many points, how many runs, and of each failure where it died and what broke."""

from __future__ import annotations

from typing import Any

from rich.console import Console


def show_crashes(result: dict[str, Any]) -> None:
    """Print the result of `rehearse crash`."""
    console = Console(highlight=False)
    console.print(
        f"{result['scenario']}, seed {result['seed']}, preset {result['preset']}: {result['points']} points to die at "
        f"({result['idle_left_out']} of idle polls left out), {result['runs']} runs"
    )
    for failure in result["failures"]:
        died = ", then ".join(f"{p['run'] or '-'} {p['step']} {p['position']} #{p['nth']}" for p in failure["points"])
        console.print(f"[bold red]{failure['verdict']}[/] died at {died}: {failure['invariant']}", highlight=False)
        console.print(f"  {failure['witness']}", markup=False)
        console.print(f"  rehearse replay {failure['dir']}", markup=False)
    if result["failures_not_shown"]:
        console.print(f"and {result['failures_not_shown']} more")
    console.print(
        f"{result['held']} held, {result['broken']} broken, {result['unsettled']} unsettled, {result['unknown']} unknown; "
        f"{result['runs_per_second']} runs/s, {result['runs_per_cpu_second']} a CPU second; "
        f"{result['lived_to_the_end']} lived to the end, the others until nothing told them from the undisturbed world"
    )
