"""What many open cases ask of the worker as it ships: memory, room in the database, and time to come back."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import SystemRandom

from temporalio.client import Client

from benchmarks.measures import Handle, answer, open_cases
from benchmarks.sides import OURS, contacts
from benchmarks.workers import WorkerProcess, log_of, shipped
from settings import Settings

RESTARTS = 20
TOLD = 200
_FEW = 10
_A_STRETCH = 1000
_START_SECONDS = 60


@dataclass
class Scaled:
    """So many open cases, how many of them the worker keeps in memory, and what that takes.

    `first_answer` and `all_answers` are seconds from the start of a worker whose forerunner was killed: until one open
    case, and until `TOLD` of them, had answered a fact.
    """

    cases: int
    cached: int
    idle_kib: float = 0.0
    resident_kib: float = 0.0
    database_kib: float = 0.0
    first_answer: list[float] = field(default_factory=list)
    all_answers: list[float] = field(default_factory=list)


async def scale(client: Client, settings: Settings, cases: int, say: Callable[[str], None]) -> Scaled:
    """Open so many cases, weigh the worker, then kill and start it again and again.

    Raises RuntimeError when the worker does not start.
    """
    scaled = Scaled(cases, min(cases, settings.max_cached_cases))
    worker = await shipped(settings)
    try:
        await _work_begins(client, worker, settings)
        scaled.idle_kib, empty_kib = worker.resident_kib, _database_kib(settings)
        handles: list[Handle] = []
        while len(handles) < cases:
            stretch = range(len(handles), min(cases, len(handles) + _A_STRETCH))
            opened, spent = await open_cases(client, OURS, worker, map(str, stretch))
            handles += opened
            say(f"{len(handles):,} of {cases:,} cases are open, {spent.count / spent.seconds:.0f} a second")
        scaled.resident_kib, scaled.database_kib = worker.resident_kib, _database_kib(settings) - empty_kib
        facts = contacts(datetime.now(UTC))
        for number in range(RESTARTS):
            await worker.kill()
            began = time.perf_counter()
            worker = await shipped(settings)
            kind, fact = next(facts)
            told = SystemRandom().sample(handles, min(TOLD, cases))
            await answer(told[0], kind, fact)
            scaled.first_answer.append(time.perf_counter() - began)
            await asyncio.gather(*[answer(handle, kind, fact) for handle in told[1:]])
            scaled.all_answers.append(time.perf_counter() - began)
            say(f"restart {number + 1} of {RESTARTS}: {scaled.first_answer[-1]:.1f} s, {scaled.all_answers[-1]:.1f} s")
    finally:
        await worker.kill()
    return scaled


async def _work_begins(client: Client, worker: WorkerProcess, settings: Settings) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            await open_cases(client, OURS, worker, [f"first-{one}" for one in range(_FEW)])
    except TimeoutError as error:
        raise RuntimeError(f"the worker did not start; it said: {log_of(settings).read_text()[-2000:]}") from error


def _database_kib(settings: Settings) -> float:
    """Size of the server's database, with what is still in its journal."""
    return sum(file.stat().st_size for file in settings.home.glob("temporal.sqlite*")) / 1024
