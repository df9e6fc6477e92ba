"""`python -m benchmarks`: measure both sides on a server of their own, and hold the figures against the goals."""

import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from temporalio.client import Client

import devserver
from benchmarks import measures
from benchmarks.figures import rows, scale_rows
from benchmarks.measures import Measured
from benchmarks.results import Report, Row
from benchmarks.scale import scale
from benchmarks.sides import BARE, OURS, SIDES, Side
from benchmarks.surge import Dose, surge
from benchmarks.workers import WorkerProcess, working
from chaos.stage import free_ports
from process import run_and_exit
from settings import Settings

_WARM_UP = 10


@dataclass(frozen=True)
class Plan:
    """How much is measured: pairs of rounds, cases opened and facts told to each of them in a round, lives, surges."""

    pairs: int
    cases: int
    facts: int
    life_pairs: int
    lives: int
    surge_pairs: int
    surge: Dose
    letters: int


FULL = Plan(pairs=4, cases=120, facts=8, life_pairs=2, lives=6, surge_pairs=2, surge=Dose(500, 10), letters=300)
QUICK = Plan(pairs=1, cases=50, facts=8, life_pairs=1, lives=2, surge_pairs=1, surge=Dose(50, 2), letters=50)


async def measure(plan: Plan, console: Console) -> list[Row]:
    """Both sides in turns, so that a machine that gets slower does so for both. Raises ServerDidNotStart."""
    both = {name: Measured() for name in SIDES}
    console.print("starting a server and two workers")
    async with _server() as (_, client):
        await _open_tell_and_live(client, plan, both, console)
        for number in range(plan.surge_pairs):
            for side in _in_turn(number):
                console.print(f"surge {number + 1} of {plan.surge_pairs}: {side.name}: letters due at once")
                surged = await surge(client, side, number, plan.surge)
                both[side.name].surged.append(surged.letters)
                both[side.name].answered_quietly.append(surged.quietly)
                both[side.name].answered_in_surge.append(surged.meanwhile)
        assert not (await client.count_workflows("Quarantined > 0")).count, "facts must be heard, not held"
    for number in range(plan.pairs):
        console.print(f"replay {number + 1} of {plan.pairs}")
        for side in _in_turn(number):
            both[side.name].replayed.append(await measures.replay(both[side.name].histories))
    console.print("printing letters")
    return rows(both, measures.print_letters(plan.letters))


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[Settings, Client]]:
    """A server of our own, its files gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        port, ui_port = free_ports(2)
        settings = Settings(home=Path(home), port=port, ui_port=ui_port)
        async with devserver.running(settings) as client:
            yield settings, client


async def _open_tell_and_live(client: Client, plan: Plan, both: dict[str, Measured], console: Console) -> None:
    async with AsyncExitStack() as stack:
        workers = {side.name: await stack.enter_async_context(working(side, client)) for side in SIDES.values()}
        await _warm_up(client, workers)
        for number in range(plan.pairs):
            for side in _in_turn(number):
                console.print(f"round {number + 1} of {plan.pairs}: {side.name}: cases opened, facts told")
                await _open_and_tell(client, side, workers[side.name], number, plan, both[side.name])
        for number in range(plan.life_pairs):
            for side in _in_turn(number):
                console.print(f"life {number + 1} of {plan.life_pairs}: {side.name}: sixty months")
                ids = [f"life-{number}-{one}" for one in range(plan.lives)]
                histories, spent = await measures.live(client, side, workers[side.name], ids)
                both[side.name].histories += histories
                both[side.name].lived.append(spent)


def _in_turn(number: int) -> tuple[Side, Side]:
    return (OURS, BARE) if number % 2 == 0 else (BARE, OURS)


async def _warm_up(client: Client, workers: dict[str, WorkerProcess]) -> None:
    for side in SIDES.values():
        ids = [f"warm-{one}" for one in range(_WARM_UP)]
        handles, _ = await measures.open_cases(client, side, workers[side.name], ids)
        await measures.tell_facts(handles, workers[side.name], 4)


async def _open_and_tell(
    client: Client, side: Side, worker: WorkerProcess, number: int, plan: Plan, measured: Measured
) -> None:
    ids = [f"{number}-{one}" for one in range(plan.cases)]
    handles, opened = await measures.open_cases(client, side, worker, ids)
    measured.opened.append(opened)
    measured.told.append(await measures.tell_facts(handles, worker, plan.facts))


async def measure_scale(marks: list[int], console: Console) -> list[Row]:
    """The worker as it ships under so many open cases, each time from nothing. Raises RuntimeError."""
    measured = []
    for cases in marks:
        console.print(f"{cases:,} open cases: starting a server and the worker")
        async with _server() as (settings, client):
            measured.append(await scale(client, settings, cases, console.print))
    return scale_rows(measured)


async def run(*, quick: bool, strict: bool, marks: list[int], file: Path) -> int:
    """Measure, show, write; 1 when a goal is missed and that was asked to count."""
    console = Console()
    began = time.perf_counter()
    report = Report(quick, os.cpu_count() or 1)
    if marks:
        report.title = "The worker as it ships, over many open cases"
        report.rows = await measure_scale(marks, console)
    else:
        report.rows = await measure(QUICK if quick else FULL, console)
    report.seconds = time.perf_counter() - began
    console.print(report.table())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    console.print(f"written: {file}")
    return 1 if strict and report.missed else 0


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of few cases: a minute or two, and less exact")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a goal is missed")] = False,
    marks: Annotated[
        list[int] | None,
        typer.Option(
            "--scale", min=1, help="Instead: memory and restart of the worker over so many open cases (repeatable)"
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--json", help="Where the figures go; else var/benchmarks/latest.json or scale.json")
    ] = None,
) -> None:
    """Measure our case workflow beside a bare hand-written one, on a Temporal server of their own."""
    file = file or Path("var/benchmarks") / ("scale.json" if marks else "latest.json")
    run_and_exit(run(quick=quick, strict=strict, marks=marks or [], file=file))


if __name__ == "__main__":
    typer.run(main)
