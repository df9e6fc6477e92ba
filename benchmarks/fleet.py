"""Sleeping cases moved from one build of the code to another and back, in waves; and no letter minds."""

import asyncio
import itertools
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from activities.outbox import Outbox
from audit.life import Life, with_what_is_open
from audit.opening import Opener
from audit.replay import replayed
from benchmarks.measures import Handle, answer, open_cases, until_quiet
from benchmarks.sides import OURS, contacts
from benchmarks.workers import ROOT, shipped
from build import build_id
from cli.fleet import elsewhere, move
from cli.waves import Pace
from connect import keys
from converter.codec import CaseCodec
from settings import Settings

PACE = Pace(wave=200, pause=5, rate=20)
DEPLOYMENT = "reengagement"
_AT_ONCE = 32
_REPLAYED = 200
_NEXT_LETTER = timedelta(days=31)


@dataclass
class Move:
    """One move of the fleet: seconds, the busiest second in cores, and how long facts were answered in meanwhile."""

    seconds: float
    peak_cores: float
    answered: list[float]


@dataclass
class Moved:
    """What the moves took, and what the cases had to say of it: how many of each thing that must not be."""

    cases: int
    quietly: list[float] = field(default_factory=list)
    there: Move | None = None
    back: Move | None = None
    wrong_letters: int = 0
    failed_tasks: int = 0
    replayed_otherwise: int = 0


async def fleet(client: Client, settings: Settings, cases: int, say: Callable[[str], None]) -> Moved:
    """Open so many cases under one build, move all to another and back, then see what letters each has had."""
    moved = Moved(cases)
    other = _another_build(settings.home / "v2")
    first = await shipped(settings, deployment=DEPLOYMENT)
    second = await shipped(settings, deployment=DEPLOYMENT, root=other)
    try:
        builds = [build_id(), build_id(other)]
        await _make_current(client, builds[0])
        handles, _ = await open_cases(client, OURS, first, [f"fleet-{one}" for one in range(cases)])
        await until_quiet(handles)
        say(f"{cases:,} cases sleep on v1")
        moved.quietly = [await _answered(handle) for handle in handles[:50]]
        moved.there = await _move(client, builds[1], handles, say)
        moved.back = await _move(client, builds[0], handles, say)
        say("turning clocks to the next letter")
        await _next_letters(client, handles)
        outbox = Outbox(settings.letters)
        moved.wrong_letters = sum(not _on_time(outbox, handle.id) for handle in handles)
        say("looking at histories")
        await _histories(client, settings, handles, moved)
    finally:
        await first.kill()
        await second.kill()
    return moved


def _another_build(root: Path) -> Path:
    """A copy of the code that decides the same, and is another build."""
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".*", "var", "tests", "__pycache__"))
    with (root / "domain" / "__init__.py").open("a") as file:
        file.write("\n# v2\n")
    return root


async def _make_current(client: Client, build: str) -> None:
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build, identity="benchmark"
    )
    for _ in range(300):
        with suppress(RPCError):  # its worker is not known yet
            await client.workflow_service.set_worker_deployment_current_version(request)
            return
        await asyncio.sleep(0.2)
    raise RuntimeError(f"{build} did not become current")


async def _move(client: Client, build: str, handles: list[Handle], say: Callable[[str], None]) -> Move:
    await _make_current(client, build)
    answered: list[float] = []
    began = time.perf_counter()
    async with _cores() as cores:
        moving = asyncio.create_task(move(client, DEPLOYMENT, None, PACE))
        for handle in itertools.cycle(handles):
            answered.append(await _answered(handle))
            await asyncio.sleep(0.5)
            if moving.done():
                break
    assert not moving.result()
    assert not await elsewhere(client, f"{DEPLOYMENT}:{build}", None)
    say(f"moved in {time.perf_counter() - began:.0f} s")
    return Move(time.perf_counter() - began, max(cores), answered)


async def _answered(handle: Handle) -> float:
    kind, fact = next(contacts(datetime.now(UTC)))
    began = time.perf_counter()
    await answer(handle, kind, fact | {"message_id": f"contact-{time.time_ns()}"})
    return time.perf_counter() - began


@asynccontextmanager
async def _cores() -> AsyncIterator[list[float]]:
    """How many cores of this machine were busy, second by second."""
    busy: list[float] = [0.0]

    async def watch() -> None:
        before = _busy_seconds()
        while True:
            await asyncio.sleep(1)
            now = _busy_seconds()
            busy.append(now - before)
            before = now

    watching = asyncio.create_task(watch())
    try:
        yield busy
    finally:
        watching.cancel()


def _busy_seconds() -> float:
    fields = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


async def _next_letters(client: Client, handles: list[Handle]) -> None:
    skipper, place = TimeSkipper(client), asyncio.Semaphore(_AT_ONCE)

    async def turn(handle: Handle) -> None:
        async with place:
            await skipper.fast_forward(client.get_workflow_handle(handle.id), _NEXT_LETTER)

    await asyncio.gather(*map(turn, handles))
    await until_quiet([client.get_workflow_handle(handle.id) for handle in handles])


def _on_time(outbox: Outbox, case: str) -> bool:
    """Two letters, thirty days apart: none early, late or twice."""
    sent = [letter.sent_on for letter in outbox.letters(case)]
    return len(sent) == 2 and sent[1] - sent[0] == timedelta(days=30)


async def _histories(client: Client, settings: Settings, handles: list[Handle], moved: Moved) -> None:
    codec = CaseCodec(keys(settings))
    for number, handle in enumerate(handles):
        life = await with_what_is_open(Life(case=handle.id, manifest=(), runs=()), client)
        opener = Opener(codec)
        for run in life.runs:
            history = await opener.opened(run)
            failed = [one for one in history.events if one.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]
            moved.failed_tasks += len(failed)
            if number < _REPLAYED:
                moved.replayed_otherwise += bool((await replayed(run.workflow_id, history)).differences)
