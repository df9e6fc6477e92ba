"""A surge: letters of many cases due at once after their worker was away, and facts that others are told meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client
from temporalio.testing import TimeSkipper

from benchmarks.measures import LOOK_AGAIN, Handle, Spent, answer, in_turns, measuring, open_cases, until_quiet
from benchmarks.sides import Side, contacts
from benchmarks.workers import working
from settings import Settings

_BEFORE_THE_LETTER = timedelta(days=29)
_PAST_THE_LETTER = timedelta(days=3)
_TOLD = 100
"""Cases that are told facts: many, since the server lets one case have ten unanswered updates."""
_PACE = 0.1
"""Seconds from one fact to the next."""

Telling = tuple[Handle, str, dict[str, Any]]
"""A case, and the fact it is told."""


@dataclass(frozen=True)
class Dose:
    """Cases whose letters fall due, and for how many seconds facts are told when all is quiet again."""

    letters: int
    quiet_seconds: float


@dataclass
class Surged:
    """What the letters took, and seconds until a fact was answered: told meanwhile, and when all was quiet again."""

    letters: Spent
    meanwhile: list[float]
    quietly: list[float]


async def surge(client: Client, settings: Settings, side: Side, number: int, dose: Dose) -> Surged:
    """Letters fall due in cases without a worker; then one starts with nothing in its memory, until all are sent.

    The worker before it keeps no case in memory: for a case one kept, the server would first wait ten seconds for it.
    """
    skipper = TimeSkipper(client)
    async with working(side, settings, cached=0) as worker:
        due, _ = await open_cases(client, side, worker, [f"surge-{number}-{one}" for one in range(dose.letters)])
        others, _ = await open_cases(client, side, worker, [f"beside-{number}-{one}" for one in range(_TOLD)])
        await in_turns(skipper.fast_forward(handle, _BEFORE_THE_LETTER) for handle in due)
        await until_quiet(due)
    await in_turns(_fall_due(skipper, handle) for handle in due)
    sent = await _second_letters(client, side) + dose.letters
    to_tell = ((handle, *one) for one in contacts(datetime.now(UTC)) for handle in others)
    async with working(side, settings) as worker:
        async with telling(to_tell) as meanwhile, measuring(worker) as letters:
            while await _second_letters(client, side) < sent:
                await asyncio.sleep(LOOK_AGAIN)
            letters.count = dose.letters
        await until_quiet(due)
        async with telling(to_tell) as quietly:
            await asyncio.sleep(dose.quiet_seconds)
    return Surged(letters, meanwhile, quietly)


@asynccontextmanager
async def telling(to_tell: Iterator[Telling]) -> AsyncIterator[list[float]]:
    """Tell facts by update for as long as the block runs, at a pace that waits for no answer.

    Yields the seconds until each was answered; complete when the block is left.
    """
    waits: list[float] = []
    stop = asyncio.Event()

    async def tell(handle: Handle, kind: str, fact: dict[str, Any]) -> None:
        began = time.perf_counter()
        await answer(handle, kind, fact)
        waits.append(time.perf_counter() - began)

    async def tell_all() -> None:
        async with asyncio.TaskGroup() as under_way:
            while not stop.is_set():
                under_way.create_task(tell(*next(to_tell)))
                await asyncio.sleep(_PACE)

    told = asyncio.create_task(tell_all())
    try:
        yield waits
    finally:
        stop.set()
        await told


async def _fall_due(skipper: TimeSkipper, handle: Handle) -> None:
    """Turn a case's clock until its letter is due: a workflow task then waits for a worker."""
    turning = asyncio.create_task(skipper.fast_forward(handle, _PAST_THE_LETTER))
    while not (await handle.describe()).raw_description.HasField("pending_workflow_task"):
        assert not turning.done(), "a letter was to fall due"
        await asyncio.sleep(LOOK_AGAIN)
    turning.cancel()


async def _second_letters(client: Client, side: Side) -> int:
    """How many cases of a side have sent a second letter: asked of the server, in one request for all of them."""
    return (await client.count_workflows(f"WorkflowType = '{side.workflow}' AND LettersSent > 1")).count
