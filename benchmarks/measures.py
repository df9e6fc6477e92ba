"""What is done to both sides, and what it takes them."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.plugin import SimplePlugin
from temporalio.testing import TimeSkipper
from temporalio.worker import Replayer

from activities.letters import render
from activities.providers import ProviderDirectory
from benchmarks.bare import BareCase
from benchmarks.sides import Side, closed, facts, opening
from benchmarks.workers import WorkerProcess, sandbox
from chaos.steady import steadily
from domain.commands import SendLetter
from settings import Settings

LIFE = timedelta(days=60 * 31 + 20)
"""A little more than the 60 months of the lifetime limit."""
_SKIPPING = (
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
)
_AT_ONCE = 16
LOOK_AGAIN = 0.05

Handle = WorkflowHandle[Any, Any]


@dataclass
class Spent:
    """What something took: how many there were, seconds on the clock and of the worker's processors, memory gained."""

    count: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    kib: float = 0.0


@dataclass
class Measured:
    """What one side took, round by round; histories of the lives it lived; seconds until facts were answered."""

    opened: list[Spent] = field(default_factory=list)
    told: list[Spent] = field(default_factory=list)
    lived: list[Spent] = field(default_factory=list)
    replayed: list[Spent] = field(default_factory=list)
    histories: list[WorkflowHistory] = field(default_factory=list)
    surged: list[Spent] = field(default_factory=list)
    answered_quietly: list[list[float]] = field(default_factory=list)
    answered_in_surge: list[list[float]] = field(default_factory=list)


async def open_cases(
    client: Client, side: Side, worker: WorkerProcess, ids: Iterable[str]
) -> tuple[list[Handle], Spent]:
    """Start cases, until each has sent its first letter and waits."""
    start = side.input(opening(datetime.now(UTC)))
    async with measuring(worker) as spent:
        handles = await in_turns(
            client.start_workflow(side.workflow, start, id=f"{side.name}-{one}", task_queue=side.task_queue)
            for one in ids
        )
        await until_quiet(handles)
    spent.count = len(handles)
    return handles, spent


async def tell_facts(handles: list[Handle], worker: WorkerProcess, each: int) -> Spent:
    """Signal facts to open cases, round by round, until every case has heard all of its."""
    async with measuring(worker) as spent:
        for kind, fact in islice(facts(datetime.now(UTC)), each):
            await in_turns(handle.signal(kind, fact) for handle in handles)
        await until_quiet(handles)
    spent.count = each * len(handles)
    return spent


async def answer(handle: Handle, kind: str, fact: dict[str, Any]) -> None:
    """Tell a fact by update until it is answered: the server gives up the waiting, not the update, after a while."""
    await steadily(lambda: handle.execute_update(kind, fact, id=fact["message_id"]))


async def live(
    client: Client, side: Side, worker: WorkerProcess, ids: Iterable[str]
) -> tuple[list[WorkflowHistory], Spent]:
    """Take cases through sixty months of virtual time side by side, then close them. Letters after the first count."""
    handles, _ = await open_cases(client, side, worker, ids)
    skipper = TimeSkipper(client)
    async with measuring(worker) as spent:
        await asyncio.gather(*[skipper.fast_forward(handle, LIFE) for handle in handles])
        await until_quiet(handles)
    ended = closed(datetime.now(UTC) + LIFE - timedelta(days=1))
    await in_turns(handle.signal("ta_case_closed", ended) for handle in handles)
    await asyncio.gather(*[handle.result() for handle in handles])
    histories = [await handle.fetch_history() for handle in handles]
    spent.count = sum(_is_letter(event) for history in histories for event in history.events) - len(handles)
    return histories, spent


async def replay(histories: list[WorkflowHistory], plugin: SimplePlugin) -> Spent:
    """Replay lives in this process; their events count."""
    replayer = Replayer(workflows=[BareCase], plugins=[plugin], workflow_runner=sandbox())
    began = time.perf_counter()
    await replayer.replay_workflows(_each(histories))
    return Spent(sum(len(history.events) for history in histories), time.perf_counter() - began)


async def _each(histories: Iterable[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history


def quiet_cycle(history: WorkflowHistory) -> Sequence[HistoryEvent]:
    """The events from one letter to the next where nothing else happens: of a life's cycles, one of median size."""
    events = real(history)
    letters = [index for index, event in enumerate(events) if _is_letter(event)]
    cycles = [events[one:next_one] for one, next_one in pairwise(letters)]
    return sorted(cycles, key=size)[len(cycles) // 2]


def real(history: WorkflowHistory) -> Sequence[HistoryEvent]:
    """The events that real time leaves too: without those that only say that time was skipped."""
    return [event for event in history.events if event.event_type not in _SKIPPING]


def size(events: Iterable[HistoryEvent]) -> int:
    """Bytes of events, as they travel."""
    return sum(event.ByteSize() for event in events)


def print_letters(count: int) -> Spent:
    """Render letters as PDF, in one thread."""
    family = opening(datetime.now(UTC))
    provider = ProviderDirectory.load(Settings().providers).get(family["provider"])
    letter = SendLetter(
        effect="benchmark/letter/1",
        case_id="benchmark",
        number=1,
        language="en",
        good_weeks=2,
        assessment_needed=True,
        citation="MO 0290.040.00",
        **{name: family[name] for name in ("provider", "name", "address", "sanction_began", "required_hours")},
    )
    today = datetime.now(UTC).date()
    render(letter, provider, today)  # loads the fonts
    began = time.perf_counter()
    for number in range(count):
        render(letter.model_copy(update={"number": number}), provider, today)
    return Spent(count, time.perf_counter() - began)


@asynccontextmanager
async def measuring(worker: WorkerProcess) -> AsyncIterator[Spent]:
    """What the block takes: known when it is left. How many of what there were is for the block to say."""
    spent = Spent()
    began, cpu, kib = time.perf_counter(), worker.cpu_seconds, worker.resident_kib
    yield spent
    spent.seconds = time.perf_counter() - began
    spent.cpu_seconds = worker.cpu_seconds - cpu
    spent.kib = worker.resident_kib - kib


async def in_turns(work: Iterable[Coroutine[Any, Any, Any]]) -> list[Any]:
    """All of it, so much at once."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def one(part: Coroutine[Any, Any, Any]) -> Any:
        async with free:
            return await part

    return await asyncio.gather(*[one(part) for part in work])


async def until_quiet(handles: list[Handle]) -> None:
    """Until no case has anything under way. The server is asked, so that the answer costs the worker nothing."""
    await in_turns(_quiet(handle) for handle in handles)


async def _quiet(handle: Handle) -> None:
    while True:
        said = (await handle.describe()).raw_description
        if not said.HasField("pending_workflow_task") and not said.pending_activities:
            return
        await asyncio.sleep(LOOK_AGAIN)


def _is_letter(event: HistoryEvent) -> bool:
    attributes = event.activity_task_scheduled_event_attributes
    scheduled = event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return scheduled and attributes.activity_type.name == "deliver_letter"
