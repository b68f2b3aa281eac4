"""The `rehearse` command: words in, one verdict out. Heavy imports live inside the commands.

Exit codes: 0 held; 2 usage or configuration; 20 broken; 21 did not settle; 22 unknown.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from scenarios.errors import HarnessError, Mistakes, UsageError

app = typer.Typer(
    name="rehearse",
    help="A dress rehearsal for the integration between a firm's CRM, PSA and ERP.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress line, no tables.")]
Preset = Annotated[str | None, typer.Option(help="Size of the firm: XS, S or M.")]
Faults = Annotated[
    str | None, typer.Option(help="Instead of the scenario's own: calm, rough or storm, one fault such as F-08, or a YAML list.")
]
Speed = Annotated[str, typer.Option(help="virtual, real, or simulated seconds per second.")]
Bugs = Annotated[str, typer.Option(help="Bugs to plant in the orchestrator, joined by +; their names: `rehearse power`.")]
Out = Annotated[Path | None, typer.Option(help="Where the files of the run go. Default: runs/SCENARIO-SEED.")]


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A name of `rehearse list`, or a YAML file.")],
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    preset: Annotated[str | None, typer.Option(help="Size of the firm: XS, S or M.")] = None,
    crm: Annotated[str | None, typer.Option(help="CRM vendor.")] = None,
    psa: Annotated[str | None, typer.Option(help="PSA vendor.")] = None,
    erp: Annotated[str | None, typer.Option(help="ERP vendor.")] = None,
    design: Annotated[str | None, typer.Option(help="Integration design: core, naive or manual.")] = None,
    engine: Annotated[str | None, typer.Option(help="Durable engine: embedded.")] = None,
    faults: Faults = None,
    heads: Annotated[int | None, typer.Option(help="Billable heads instead of the preset's.")] = None,
    speed: Speed = "virtual",
    ties: Annotated[int, typer.Option(min=0, help="Seed for the order of equal instants; 0: first in, first out.")] = 0,
    planted: Bugs = "",
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rehearse one scenario and say whether the design held."""
    from scenarios.loading import load_scenario
    from scenarios.power import named
    from scenarios.resolve import Words, resolve

    words = Words(seed, preset, crm, psa, erp, design, engine, heads, speed, planted, ties)
    rehearsal = resolve(load_scenario(scenario), words)
    named(planted)
    if faults is not None:
        from scenarios.stage import with_faults

        rehearsal = with_faults(rehearsal, faults)
    from scenarios.runner import rehearse

    verdict, folder = rehearse(rehearsal, out, quiet=quiet or as_json)
    if not quiet and not as_json:
        from scenarios.report.terminal import show_verdict

        show_verdict(rehearsal.scenario.story, verdict, folder)
    finish(verdict.exit_code, verdict if as_json else None)


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """Show what there is: scenarios, vendors, designs, presets, faults."""
    from scenarios.faults.plan import FAULTS
    from scenarios.loading import library_names, load_scenario
    from scenarios.resolve import DESIGNS, PRESETS, VENDORS

    stories = {name: " ".join(load_scenario(name).story.split()) for name in library_names()}
    if as_json:
        found = {
            "scenarios": list(stories),
            "vendors": {k: list(v) for k, v in VENDORS.items()},
            "designs": list(DESIGNS),
            "presets": list(PRESETS),
            "faults": list(FAULTS),
            "drifts": [],
        }
        finish(0, found)
    from scenarios.report.terminal import show_list

    show_list(stories, VENDORS, DESIGNS, PRESETS, FAULTS)


@app.command()
def suite(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios; none: all that expect to hold.")] = None,
    seeds: Annotated[str, typer.Option(help="A..B, both included, or one number.")] = "1..1",
    shard: Annotated[str, typer.Option(help="I/N: run only every N-th, beginning with the I-th.")] = "1/1",
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes side by side.")] = 1,
    preset: Annotated[str | None, typer.Option(help="Size of the firm: XS, S or M.")] = None,
    design: Annotated[str | None, typer.Option(help="Integration design.")] = None,
    engine: Annotated[str | None, typer.Option(help="Durable engine: embedded.")] = None,
    faults: Faults = None,
    speed: Speed = "virtual",
    ties: Annotated[
        int, typer.Option(min=0, max=1000, help="So many shuffles of equal instants a seed, beside the usual order.")
    ] = 0,
    planted: Bugs = "",
    heads: Annotated[int | None, typer.Option(help="Billable heads instead of the preset's.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the folders of all runs, not only of those that went wrong.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit file.")] = None,
    out: Annotated[Path, typer.Option(help="Where failing runs are kept.")] = Path("runs/suite"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Rehearse many scenarios on many seeds. Exit code: the worst of them; a run that ends as its file expects is a success."""
    from scenarios.resolve import Words
    from scenarios.suite import Campaign, parse_seeds, parse_shard, run_campaign

    words = Words(preset=preset, design=design, engine=engine, heads=heads, speed=speed, planted=planted)
    campaign = Campaign(
        tuple(names or ()), parse_seeds(seeds), parse_shard(shard), jobs, words, out, faults=faults, ties=ties, keep=keep
    )
    result = run_campaign(campaign, junit=junit, quiet=quiet or as_json)
    finish(result["exit_code"], result if as_json else None)


@app.command()
def replay(
    source: Annotated[Path, typer.Argument(help="The folder of a run, or its replay.json.")],
    break_at: Annotated[
        str | None, typer.Option(help="Stop in the debugger there: '2026-03-31 19:00 Europe/Berlin', ISO with an offset, or ms.")
    ] = None,
    out: Out = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run exactly the same rehearsal again and compare digests."""
    from scenarios.breaking import instant_of
    from scenarios.replay import replay_run

    stop = instant_of(break_at) if break_at is not None else None
    verdict, folder, notes = replay_run(source, out, quiet=quiet or as_json, break_at=stop)
    for note in notes:
        sys.stderr.write(note + "\n")
    if not quiet and not as_json:
        from scenarios.report.terminal import show_verdict

        show_verdict("", verdict, folder)
    finish(verdict.exit_code, verdict if as_json else None)


@app.command()
def shrink(
    source: Annotated[Path, typer.Argument(help="The folder of a broken run.")],
    invariant: Annotated[
        str, typer.Option(help="Which broken promise to keep. Default: the first that decided the verdict.")
    ] = "",
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Candidate runs at most.")] = 300,
    seconds: Annotated[float, typer.Option(min=1, help="Wall seconds at most.")] = 300.0,
    out: Annotated[Path | None, typer.Option(help="Where the small run goes. Default: DIR/shrunk.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Reduce a broken run to the fewest faults, deals and days that break the same promise."""
    from scenarios.shrink import Bounds, shrink_run, summary

    def said(line: str) -> None:
        if not quiet and not as_json:
            sys.stderr.write(line + "\n")

    shrunk, verdict, folder = shrink_run(source, out, Bounds(runs, seconds), said, invariant=invariant)
    if not quiet and not as_json:
        from scenarios.faults.listing import lines_of
        from scenarios.report.terminal import show_shrunk

        show_shrunk(shrunk.counts, lines_of(shrunk.rehearsal.scenario.faults), folder)
    finish(0, summary(shrunk, verdict, folder) if as_json else None)


@app.command()
def power(
    names: Annotated[list[str] | None, typer.Argument(help="Planted bugs; none: all.")] = None,
    seeds_max: Annotated[int, typer.Option(min=1, max=10_000, help="Give up on a bug after so many seeds.")] = 200,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Processes side by side.")] = 1,
    table: Annotated[Path | None, typer.Option(help="Write the table as Markdown.")] = None,
    as_json: Json = False,
) -> None:
    """Plant bugs in the orchestrator, one at a time, and say which invariant finds each. Exit code 20: one was not found."""
    from scenarios.files import write_file
    from scenarios.power.campaign import Table, hunt_all
    from scenarios.power.table import line, page

    found = Table()
    for catch in hunt_all(tuple(names or ()), seeds_max=seeds_max, jobs=jobs):
        found.catches.append(catch)
        sys.stderr.write(line(vars(catch)) + "\n")
    result = found.plain()
    if table is not None:
        write_file(table, page(result).encode())
    finish(20 if result["uncaught"] else 0, result if as_json else None)


@app.command()
def crash(
    scenario: Annotated[str, typer.Argument(help="A name of `rehearse list`, or a YAML file.")],
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    preset: Annotated[str, typer.Option(help="Size of the firm: XS, S or M.")] = "XS",
    pairs: Annotated[int, typer.Option(min=0, max=100_000, help="Also so many seeded pairs of crashes.")] = 0,
    stride: Annotated[int, typer.Option(min=1, help="Die at every so-many-th point only.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Crash runs side by side.")] = 1,
    out: Annotated[Path, typer.Option(help="Where failing runs are kept.")] = Path("runs/crash"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Kill the orchestrator at every commit and call of a scenario, restart it, and judge what comes of it."""
    from scenarios.crash.campaign import crash as kill_everywhere
    from scenarios.loading import load_scenario
    from scenarios.resolve import Words, resolve

    rehearsal = resolve(load_scenario(scenario), Words(seed=seed, preset=preset))
    result = kill_everywhere(rehearsal, out, pairs=pairs, jobs=jobs, stride=stride)
    if not quiet and not as_json:
        from scenarios.report.crashes import show_crashes

        show_crashes(result)
    finish(result["exit_code"], result if as_json else None)


@app.command()
def serve(
    crm: Annotated[str, typer.Option(help="CRM vendor.")] = "salesforce",
    psa: Annotated[str, typer.Option(help="PSA vendor.")] = "kantata",
    erp: Annotated[str, typer.Option(help="ERP vendor.")] = "netsuite",
    port: Annotated[int, typer.Option(min=0, max=65000, help="First of six ports; 0 picks free ones.")] = 8440,
    out: Annotated[Path | None, typer.Option(help="Keep the CA and key files here. Default: a folder that goes away.")] = None,
) -> None:
    """Serve the mock vendors on loopback, over HTTP and TLS, until interrupted."""
    from scenarios.serve import serve_systems

    serve_systems({"crm": crm, "psa": psa, "erp": erp}, port, out)


@app.command()
def bench(
    as_json: Json = False,
    rounds: Annotated[int, typer.Option(min=1, max=99, help="Interleaved rounds; the median counts.")] = 9,
    slow: Annotated[bool, typer.Option("--slow", help="Also whole quarters at S, 2S, 4S and M: many minutes.")] = False,
) -> None:
    """Measure speeds as ratios against a limit in the same run."""
    from scenarios.bench import measure, show

    result = measure(rounds, slow=slow, tell=lambda what: sys.stderr.write(f"measuring: {what}\n"))
    if not as_json:
        show(result)
    finish(0, result if as_json else None)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Check format, lint, types and house rules, and run every test; with arguments, run pytest with them."""
    root = Path(__file__).resolve().parent.parent
    python = sys.executable
    checks = (
        []
        if context.args
        else [
            [python, "-m", "ruff", "format", "--check", "--quiet", "."],
            [python, "-m", "ruff", "check", "--quiet", "."],
            [python, "-m", "mypy"],
        ]
    )
    failed = 0
    tests = [python, "-m", "pytest", *(context.args or ["-n", "2", "--dist", "loadfile"])]
    for command in [*checks, tests]:
        code = subprocess.call(command, cwd=root)
        if code:
            sys.stderr.write(f"rehearse test: {' '.join(command[2:5])} failed with exit code {code}\n")
            failed = failed or code
    raise typer.Exit(1 if failed else 0)


def finish(code: int, result: Any) -> None:
    """Print the one JSON line, when asked for, and leave with the code."""
    if result is not None:
        import msgspec

        text = json.dumps(msgspec.to_builtins(result), ensure_ascii=False, separators=(",", ":"))
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    raise typer.Exit(code)


def guarded(command: Callable[[], Any]) -> int:
    """Run the command; a user's mistake is said in words, our own failure is `unknown`, never a stack trace."""
    try:
        command()
    except Mistakes as error:
        sys.stderr.write(str(error) + "\n")
        return 2
    except UsageError as error:
        sys.stderr.write(f"rehearse: {error}\n")
        return 2
    except HarnessError as error:
        sys.stderr.write(f"rehearse: the harness failed, nothing is known about the design: {error}\n")
        return 22
    except KeyboardInterrupt:
        sys.stderr.write("\nrehearse: interrupted\n")
        return 130
    except BrokenPipeError:
        return 0
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    return 0


def main() -> None:
    """Entry point of the installed command."""
    raise SystemExit(guarded(app))


if __name__ == "__main__":
    main()
