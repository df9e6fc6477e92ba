"""The invariants, asked of server, outbox and records when everything has settled: each violation is one line."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from chaos.drive import Driven
from chaos.fold import Folded
from chaos.stage import Stage
from chaos.steady import steadily
from converter.plugin import plugin
from domain.ledger import TIMELINE_KEPT

AT_ONCE = 16


async def check_all(stage: Stage, client: Client, driven: list[Driven], *, replays: int) -> list[str]:
    """Every violation there is, over all cases; histories of the first so many are replayed as well."""
    place = asyncio.Semaphore(AT_ONCE)

    async def check(one: Driven) -> list[str]:
        async with place:
            if one.silent:
                return [f"{one.plan.case}: {one.silent}"]
            handle = client.get_workflow_handle(one.plan.case)
            status, timeline = await settled(handle)
            faults = [*_faults(stage, one, status, timeline)]
            off = [*_as_folded(one, status)]
            if off and await _clock_jumped(handle):
                one.clock_jumped = True
            else:
                faults += off
            return [f"{one.plan.case}: {fault}" for fault in faults]

    found = [fault for faults in await asyncio.gather(*map(check, driven)) for fault in faults]
    for one in driven[:replays]:
        history = await client.get_workflow_handle(one.plan.case).fetch_history()
        replayer = Replayer(workflows=[], plugins=[plugin()])
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        found += [f"{one.plan.case}: does not replay: {result.replay_failure}"] if result.replay_failure else []
    return found


async def settled(
    handle: WorkflowHandle[Any, Any], *, sending: bool = False
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Status and timeline of a case, once nothing is on its way, unless something is to be."""

    async def ask() -> dict[str, Any]:
        try:
            status: dict[str, Any] | None = await handle.query("status")
        except RPCError as error:
            if error.status == RPCStatusCode.FAILED_PRECONDITION:
                raise TimeoutError from error
            raise
        if status is None or (status["open_commands"] and not sending):
            await asyncio.sleep(0.3)
            raise TimeoutError
        return status

    status = await steadily(ask)
    timeline: list[dict[str, Any]] = await steadily(lambda: handle.query("timeline"))
    return status, timeline


LATE = timedelta(hours=6)


async def _clock_jumped(handle: WorkflowHandle[Any, Any]) -> bool:
    """Whether the server fired a timer long after it was due.

    A server killed while it skips time may come back with the clock at where the skip was to end, past deadlines in
    between. That is a defect of the virtual clock: what was due then is done late, and the dates of the fold, which
    knows no such jump, can't be asked for. Everything else still is.
    """
    due: dict[int, datetime] = {}
    for event in (await handle.fetch_history()).events:
        at = event.event_time.ToDatetime()
        if any(at - one > LATE for one in due.values()):
            return True
        match event.event_type:
            case EventType.EVENT_TYPE_TIMER_STARTED:
                due[event.event_id] = at + event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            case EventType.EVENT_TYPE_TIMER_FIRED:
                due.pop(event.timer_fired_event_attributes.started_event_id, None)
            case EventType.EVENT_TYPE_TIMER_CANCELED:
                due.pop(event.timer_canceled_event_attributes.started_event_id, None)
    return False


def _faults(stage: Stage, driven: Driven, status: dict[str, Any], timeline: list[dict[str, Any]]) -> Iterator[str]:
    yield from _facts(driven, status, timeline)
    yield from _letters(stage, driven, status)
    yield from _records(stage, driven, status)


def _facts(driven: Driven, status: dict[str, Any], timeline: list[dict[str, Any]]) -> Iterator[str]:
    """Every acknowledged fact once, every bad message in quarantine. ALL-1, ALL-2."""
    heard = Counter(entry["ref"] for entry in timeline if entry["what"] == "fact")
    for message in {one.message_id for one in driven.sent}:
        if heard[message] != 1 and len(timeline) < TIMELINE_KEPT:
            held = any(message in entry["content"] for entry in status["quarantine"])
            if not held:
                yield f"fact {message} was acknowledged and heard {heard[message]} times"
    if len(heard) != status["facts_heard"] and len(timeline) < TIMELINE_KEPT:
        yield f"{status['facts_heard']} facts heard, {len(heard)} on the timeline"
    held_times = sum(entry["times"] for entry in status["quarantine"])
    if held_times < driven.bad:
        yield f"{driven.bad} bad messages acknowledged, {held_times} held"


def _letters(stage: Stage, driven: Driven, status: dict[str, Any]) -> Iterator[str]:
    """Letters at the vendor are the letters due, each once, and none after the end. ALL-3, MO-3."""
    sent = [letter.sent_on for letter in stage.outbox.letters(driven.plan.case)]
    if len(sent) != status["letters_sent"]:
        yield f"{len(sent)} letters at the vendor, {status['letters_sent']} sent by the case"
    if any((later - earlier).days < 30 for earlier, later in itertools.pairwise(sent)):
        yield f"letters less than 30 days apart: {sent}"


def _records(stage: Stage, driven: Driven, status: dict[str, Any]) -> Iterator[str]:
    """The open tasks in the records are the case's open tasks. ALL-3."""
    recorded = sorted(task.effect for task in stage.records.tasks(driven.plan.case))
    shown = sorted(task["task"] for task in status["open_tasks"])
    if recorded != shown:
        yield f"tasks open in the records {recorded}, in the case {shown}"


def _as_folded(driven: Driven, status: dict[str, Any]) -> Iterator[str]:
    """The state is the pure core's fold of the same facts, letter by letter and date by date. ALL-1, ALL-7."""
    assert driven.until
    alone = Folded(driven.plan).after(driven.sent, driven.until).case
    if (status["phase"], status["outcome"]) != (alone.phase, alone.outcome):
        yield f"is {status['phase']} ({status['outcome']}), the fold {alone.phase} ({alone.outcome})"
    if status["letters_sent"] != len(alone.letters_sent()):
        yield f"{status['letters_sent']} letters, the fold {len(alone.letters_sent())}"
    last = alone.letters_sent()[-1].isoformat() if alone.letters_sent() else None
    if status["last_letter_on"] != last:
        yield f"the last letter on {status['last_letter_on']}, the fold {last}"
