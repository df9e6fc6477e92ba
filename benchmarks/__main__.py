"""`python -m benchmarks`: measure both sides on a server of their own, and hold the figures against the goals."""

import json
import os
import socket
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from temporalio.client import Client

import devserver
from benchmarks import measures
from benchmarks.figures import rows
from benchmarks.measures import Measured
from benchmarks.results import Report, Row
from benchmarks.sides import BARE, OURS, SIDES, Side
from benchmarks.workers import WorkerProcess, working
from process import run_and_exit
from settings import Settings

_WARM_UP = 10


@dataclass(frozen=True)
class Plan:
    """How much is measured: pairs of rounds, cases opened and facts told to each of them in a round, lives lived."""

    pairs: int
    cases: int
    facts: int
    life_pairs: int
    lives: int
    letters: int


FULL = Plan(pairs=4, cases=120, facts=8, life_pairs=2, lives=6, letters=300)
QUICK = Plan(pairs=1, cases=50, facts=8, life_pairs=1, lives=2, letters=50)


async def measure(plan: Plan, console: Console) -> list[Row]:
    """Both sides in turns, so that a machine that gets slower does so for both. Raises ServerDidNotStart."""
    both = {name: Measured() for name in SIDES}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        where = Settings(home=Path(home), port=_free_port(), ui_port=_free_port())
        async with AsyncExitStack() as stack:
            console.print("starting a server and two workers")
            client = await stack.enter_async_context(devserver.running(where))
            target = client.service_client.config.target_host
            workers = {
                side.name: await stack.enter_async_context(working(side, target, where.namespace))
                for side in SIDES.values()
            }
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
            assert not (await client.count_workflows("Quarantined > 0")).count, "facts must be heard, not held"
    for number in range(plan.pairs):
        console.print(f"replay {number + 1} of {plan.pairs}")
        for side in _in_turn(number):
            both[side.name].replayed.append(await measures.replay(both[side.name].histories))
    console.print("printing letters")
    return rows(both, measures.print_letters(plan.letters))


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


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port


async def run(*, quick: bool, strict: bool, file: Path) -> int:
    """Measure, show, write; 1 when a goal is missed and that was asked to count."""
    console = Console()
    began = time.perf_counter()
    measured = await measure(QUICK if quick else FULL, console)
    report = Report(quick, os.cpu_count() or 1, time.perf_counter() - began, measured)
    console.print(report.table())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    console.print(f"written: {file}")
    return 1 if strict and report.missed else 0


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of few cases: under a minute, and less exact")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a goal is missed")] = False,
    file: Annotated[Path, typer.Option("--json", help="Where the figures are written")] = Path(
        "var/benchmarks/latest.json"
    ),
) -> None:
    """Measure our case workflow beside a bare hand-written one, on a Temporal server of their own."""
    run_and_exit(run(quick=quick, strict=strict, file=file))


if __name__ == "__main__":
    typer.run(main)
