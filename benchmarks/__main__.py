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
from benchmarks.audit import audit, audit_rows
from benchmarks.figures import codec_rows, fleet_rows, rows, scale_rows
from benchmarks.fleet import fleet
from benchmarks.measures import Measured
from benchmarks.results import Report, Row
from benchmarks.scale import scale
from benchmarks.sides import BARE, OURS, PLAIN, Side
from benchmarks.surge import Dose, surge
from benchmarks.workers import WorkerProcess, client_of, working
from chaos.stage import free_ports
from connect import encrypting
from converter.plugin import plugin
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
    both = {side.name: Measured() for side in (OURS, BARE)}
    console.print("starting a server and two workers")
    async with _server() as (settings, client):
        await _open_tell_and_live(settings, (OURS, BARE), plan, both, console)
        for number in range(plan.surge_pairs):
            for side in _in_turn((OURS, BARE), number):
                console.print(f"surge {number + 1} of {plan.surge_pairs}: {side.name}: letters due at once")
                surged = await surge(client, settings, side, number, plan.surge)
                both[side.name].surged.append(surged.letters)
                both[side.name].answered_quietly.append(surged.quietly)
                both[side.name].answered_in_surge.append(surged.meanwhile)
        assert not (await client.count_workflows("Quarantined > 0")).count, "facts must be heard, not held"
        await _replay(settings, (OURS, BARE), plan, both, console)
    console.print("printing letters")
    return rows(both, measures.print_letters(plan.letters))


async def measure_codec(plan: Plan, console: Console) -> list[Row]:
    """Our workflow with its payloads sealed, and with the same in plain text. ALL-6. Raises ServerDidNotStart."""
    both = {side.name: Measured() for side in (OURS, PLAIN)}
    console.print("starting a server and two workers")
    async with _server() as (settings, _):
        await _open_tell_and_live(settings, (OURS, PLAIN), plan, both, console)
        await _replay(settings, (OURS, PLAIN), plan, both, console)
    return codec_rows(both)


async def measure_audit(plan: Plan, console: Console) -> list[Row]:
    """Lives of sixty months verified, beside Temporal's own replay of the same. ALL-8. Raises ServerDidNotStart."""
    lived = Measured()
    console.print("starting a server and a worker")
    async with _server() as (settings, _):
        client = await client_of(OURS, settings)
        async with working(OURS, settings) as worker:
            console.print("sixty months")
            lived.histories, _ = await measures.live(client, OURS, worker, [f"life-{one}" for one in range(plan.lives)])
        console.print("archiving and verifying")
        return audit_rows(await audit(client, settings, lived, plan.pairs))


async def measure_fleet(cases: int, console: Console) -> list[Row]:
    """Sleeping cases moved from v1 to v2 and back. ALL-3, ALL-5. Raises ServerDidNotStart, RuntimeError."""
    async with _server() as (settings, client):
        return fleet_rows(await fleet(client, settings, cases, console.print))


async def _replay(
    settings: Settings, sides: tuple[Side, Side], plan: Plan, both: dict[str, Measured], console: Console
) -> None:
    for number in range(plan.pairs):
        console.print(f"replay {number + 1} of {plan.pairs}")
        for side in _in_turn(sides, number):
            converting = encrypting(settings) if side.sealed else plugin(None)
            both[side.name].replayed.append(await measures.replay(both[side.name].histories, converting))


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[Settings, Client]]:
    """A server of our own, its files gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        port, ui_port = free_ports(2)
        settings = Settings(home=Path(home), port=port, ui_port=ui_port)
        async with devserver.running(settings) as client:
            yield settings, client


async def _open_tell_and_live(
    settings: Settings, sides: tuple[Side, Side], plan: Plan, both: dict[str, Measured], console: Console
) -> None:
    async with AsyncExitStack() as stack:
        workers = {side.name: await stack.enter_async_context(working(side, settings)) for side in sides}
        clients = {side.name: await client_of(side, settings) for side in sides}
        for side in sides:
            await _warm_up(clients[side.name], side, workers[side.name])
        for number in range(plan.pairs):
            for side in _in_turn(sides, number):
                console.print(f"round {number + 1} of {plan.pairs}: {side.name}: cases opened, facts told")
                await _open_and_tell(clients[side.name], side, workers[side.name], number, plan, both[side.name])
        for number in range(plan.life_pairs):
            for side in _in_turn(sides, number):
                console.print(f"life {number + 1} of {plan.life_pairs}: {side.name}: sixty months")
                ids = [f"life-{number}-{one}" for one in range(plan.lives)]
                histories, spent = await measures.live(clients[side.name], side, workers[side.name], ids)
                both[side.name].histories += histories
                both[side.name].lived.append(spent)


def _in_turn(sides: tuple[Side, Side], number: int) -> tuple[Side, Side]:
    return sides if number % 2 == 0 else sides[::-1]


async def _warm_up(client: Client, side: Side, worker: WorkerProcess) -> None:
    handles, _ = await measures.open_cases(client, side, worker, [f"warm-{one}" for one in range(_WARM_UP)])
    await measures.tell_facts(handles, worker, 4)


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


async def run(
    *, quick: bool, strict: bool, codec: bool, audited: bool, moved: int, marks: list[int], file: Path
) -> int:
    """Measure, show, write; 1 when a goal is missed and that was asked to count."""
    console = Console()
    began = time.perf_counter()
    report = Report(quick, os.cpu_count() or 1)
    if marks:
        report.title = "The worker as it ships, over many open cases"
        report.rows = await measure_scale(marks, console)
    elif moved:
        report.title = f"{moved:,} sleeping cases moved to another build and back"
        report.sides = ("moving", "quiet")
        report.rows = await measure_fleet(moved, console)
    elif audited:
        report.title, report.sides = "An audit, and Temporal's own replay", ("audit", "plain replay")
        report.rows = await measure_audit(QUICK if quick else FULL, console)
    elif codec:
        report.title, report.sides = "Our payloads sealed, and in plain text", ("sealed", "plain")
        report.rows = await measure_codec(QUICK if quick else FULL, console)
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
    codec: Annotated[
        bool, typer.Option("--codec", help="Instead: what it costs that payloads are sealed, beside plain text")
    ] = False,
    audited: Annotated[
        bool, typer.Option("--audit", help="Instead: what it costs to verify lives, beside Temporal's own replay")
    ] = False,
    moved: Annotated[
        int, typer.Option("--fleet", min=0, help="Instead: so many sleeping cases moved to another build and back")
    ] = 0,
    marks: Annotated[
        list[int] | None,
        typer.Option(
            "--scale", min=1, help="Instead: memory and restart of the worker over so many open cases (repeatable)"
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--json", help="Where the figures go; else var/benchmarks/{latest,codec,audit,fleet,scale}.json"),
    ] = None,
) -> None:
    """Measure our case workflow beside a bare hand-written one, on a Temporal server of their own."""
    name = "scale" if marks else "fleet" if moved else "audit" if audited else "codec" if codec else "latest"
    file = file or Path("var/benchmarks") / f"{name}.json"
    run_and_exit(
        run(quick=quick, strict=strict, codec=codec, audited=audited, moved=moved, marks=marks or [], file=file)
    )


if __name__ == "__main__":
    typer.run(main)
