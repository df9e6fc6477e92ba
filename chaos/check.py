"""The invariants, asked of server, outbox and records when everything has settled: each violation is one line."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from chaos.drive import Driven
from chaos.fold import Folded
from chaos.stage import Stage
from chaos.steady import steadily
from connect import encrypting
from domain.commands import staffing_id
from domain.ledger import TIMELINE_KEPT

AT_ONCE = 16


@dataclass(frozen=True)
class Seen:
    """A case as it was driven, and as everybody sees it in the end."""

    driven: Driven
    status: dict[str, Any]
    timeline: list[dict[str, Any]]
    staffings: dict[str, bool]
    """The staffings the server knows of the case, and whether each was told that it has ended."""

    @property
    def is_whole(self) -> bool:
        """Whether the timeline holds everything from the opening on."""
        return len(self.timeline) < TIMELINE_KEPT

    @property
    def voided(self) -> set[str]:
        """What the case made void; where it was soon enough the fold, which carries out at once, had it done."""
        void = (
            entry for entry in self.timeline if entry["what"] == "decision" and entry["says"].startswith("made void")
        )
        return {entry["ref"] for entry in void}

    @property
    def effects(self) -> dict[str, date]:
        """What the case says was carried out, and when."""
        done = (entry for entry in self.timeline if entry["what"] == "effect")
        return {entry["ref"]: date.fromisoformat(entry["on"]) for entry in done}


def hangs_on(effect: str, void: str) -> bool:
    """Whether there is an effect only because of another that was made void: itself, its next issue, or what is part
    of it, such as the final version of a page; and what takes any of these back.

    An effect `CASE/KEY` has the number 1, which is written where it is taken back only: `CASE/undo/KEY/1`.
    """
    effect = effect.replace("/undo/", "/")
    first, _, number = void.rpartition("/")
    following = f"{first}/{int(number) + 1}" if first.count("/") > 1 and number.isdecimal() else None
    return effect in (void, following) or effect.startswith(f"{void}/")


def taken_back(undo: str) -> str:
    """The effect that another one takes back: `CASE/undo/KEY/2` that of `CASE/KEY/2`, and 1 is not written there."""
    return undo.replace("/undo/", "/").removesuffix("/1")


async def check_all(stage: Stage, client: Client, driven: list[Driven], *, replays: int) -> list[str]:
    """Every violation there is, over all cases; every run of the first so many is replayed as well."""
    place = asyncio.Semaphore(AT_ONCE)

    async def check(one: Driven) -> list[str]:
        async with place:
            if one.silent:
                return [f"{one.plan.case}: {one.silent}"]
            handle = client.get_workflow_handle(one.plan.case)
            status, timeline = await settled(handle)
            seen = Seen(one, status, timeline, await _staffings(client, one.plan.case))
            faults = [*_facts(seen), *_effects(stage, seen), *_letters(stage, seen), *_records(stage, seen)]
            off = [*_as_folded(seen)]
            if off and await _clock_jumped(client, one.plan.case):
                one.clock_jumped = True
            else:
                faults += off
            return [f"{one.plan.case}: {fault}" for fault in faults]

    found = [fault for faults in await asyncio.gather(*map(check, driven)) for fault in faults]
    replayer = Replayer(workflows=[], plugins=[encrypting(stage.settings)])
    for one in driven[:replays]:
        async for history in runs(client, one.plan.case):
            result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
            one.runs += 1
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


async def runs(client: Client, case: str) -> AsyncIterator[WorkflowHistory]:
    """The histories of a case's runs, from the latest back to the first."""
    run_id: str | None = None
    while run_id != "":
        handle = client.get_workflow_handle(case, run_id=run_id)
        history = await steadily(handle.fetch_history)
        yield history
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


async def _staffings(client: Client, case: str) -> dict[str, bool]:
    """A staffing's clock is not turned with its case's, and holds what comes from the case's days as of the future."""
    listed = client.list_workflows(f"WorkflowType = 'ReengagementStaffing' AND CaseId = '{case}'")
    return {one.id: _was_told(await steadily(client.get_workflow_handle(one.id).fetch_history)) async for one in listed}


def _was_told(history: WorkflowHistory) -> bool:
    signals = (event.workflow_execution_signaled_event_attributes.signal_name for event in history.events)
    return "ended" in signals


LATE = timedelta(hours=6)


async def _clock_jumped(client: Client, case: str) -> bool:
    """Whether the server fired a timer long after it was due, or handed a task out long after it was there.

    A server killed while it skips time may come back with the clock at where the skip was to end, past deadlines in
    between. That is a defect of the virtual clock: what was due then is done late, and the dates of the fold, which
    knows no such jump, can't be asked for. Everything else still is.
    """
    return any([_fired_late(history) async for history in runs(client, case)])


def _fired_late(history: WorkflowHistory) -> bool:
    due: dict[int, datetime] = {}
    for event in history.events:
        at = event.event_time.ToDatetime()
        if any(at - one > LATE for one in due.values()):
            return True
        match event.event_type:
            case EventType.EVENT_TYPE_TIMER_STARTED:
                due[event.event_id] = at + event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
            case EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
                due[event.event_id] = at
            case EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                due.pop(event.workflow_task_started_event_attributes.scheduled_event_id, None)
            case EventType.EVENT_TYPE_TIMER_FIRED:
                due.pop(event.timer_fired_event_attributes.started_event_id, None)
            case EventType.EVENT_TYPE_TIMER_CANCELED:
                due.pop(event.timer_canceled_event_attributes.started_event_id, None)
    return False


def _facts(seen: Seen) -> Iterator[str]:
    """Every acknowledged fact once, every bad message in quarantine. ALL-1, ALL-2."""
    if seen.is_whole:
        heard = Counter(entry["ref"] for entry in seen.timeline if entry["what"] == "fact")
        for message in {one.message_id for one in seen.driven.sent}:
            held = any(message in entry["content"] for entry in seen.status["quarantine"])
            if heard[message] != 1 and not held:
                yield f"fact {message} was acknowledged and heard {heard[message]} times"
        if len(heard) != seen.status["facts_heard"]:
            yield f"{seen.status['facts_heard']} facts heard, {len(heard)} on the timeline"
    held_times = sum(entry["times"] for entry in seen.status["quarantine"])
    if held_times < seen.driven.bad:
        yield f"{seen.driven.bad} bad messages acknowledged, {held_times} held"


def _effects(stage: Stage, seen: Seen) -> Iterator[str]:
    """What the case says was carried out is what the receiving sides carried out, each once, on that date. ALL-3."""
    case = seen.driven.plan.case
    letters = stage.outbox.letters(case)
    out_there = stage.records.effects(case) | {letter.effect: letter.sent_on for letter in letters}
    for effect, count in Counter(letter.effect for letter in letters).items():
        if count > 1:
            yield f"{effect} is at the vendor {count} times"
    said = {
        effect: on
        for effect, on in seen.effects.items()
        if not effect.startswith((f"{case}/staffing/", f"{case}/undo/staffing/"))
    }
    for effect in sorted(said.keys() | out_there.keys()) if seen.is_whole else ():
        if said.get(effect) != out_there.get(effect):
            yield f"{effect}: carried out on {out_there.get(effect)}, the case says {said.get(effect)}"
    opened = {staffing_id(effect) for effect in seen.effects if effect.startswith(f"{case}/staffing/")}
    if seen.is_whole and opened != set(seen.staffings):
        yield f"staffings {sorted(seen.staffings)}, the case opened {sorted(opened)}"
    ended = {staffing_id(taken_back(effect)) for effect in seen.effects if "/undo/staffing/" in effect}
    if seen.is_whole and ended != {staffing for staffing, was_told in seen.staffings.items() if was_told}:
        yield f"staffings told to end {seen.staffings}, the case ended {sorted(ended)}"


def _letters(stage: Stage, seen: Seen) -> Iterator[str]:
    """Letters of the 30-day cycle are 30 days apart, and none goes after the end. MO-3."""
    sent = [letter.sent_on for letter in stage.outbox.letters(seen.driven.plan.case) if "/letter/" in letter.effect]
    if len(sent) != seen.status["letters_sent"]:
        yield f"{len(sent)} letters at the vendor, {seen.status['letters_sent']} sent by the case"
    if any((later - earlier).days < 30 for earlier, later in itertools.pairwise(sorted(sent))):
        yield f"letters less than 30 days apart: {sent}"
    ended = [
        entry["at"] for entry in seen.timeline if entry["what"] == "decision" and entry["says"].startswith("closed")
    ]
    if ended and sent and max(sent).isoformat() > ended[-1][:10]:
        yield f"a letter on {max(sent)}, and the case closed on {ended[-1][:10]}"


def _records(stage: Stage, seen: Seen) -> Iterator[str]:
    """The open tasks in the records are the case's open tasks. ALL-3."""
    recorded = sorted(task.effect for task in stage.records.tasks(seen.driven.plan.case))
    shown = sorted(task["task"] for task in seen.status["open_tasks"])
    if recorded != shown:
        yield f"tasks open in the records {recorded}, in the case {shown}"


def _as_folded(seen: Seen) -> Iterator[str]:
    """The state is the pure core's fold of the same facts, letter by letter and date by date. ALL-1, ALL-7."""
    assert seen.driven.until
    alone = Folded(seen.driven.plan).after(seen.driven.sent, seen.driven.until).case
    status = seen.status
    if (status["phase"], status["outcome"]) != (alone.phase, alone.outcome):
        yield f"is {status['phase']} ({status['outcome']}), the fold {alone.phase} ({alone.outcome})"
    if seen.is_whole and len(alone.timeline) < TIMELINE_KEPT:
        folded = {entry.ref: entry.on for entry in alone.timeline if entry.what == "effect"}
        for effect in sorted(folded.keys() | seen.effects.keys()):
            is_excused = any(hangs_on(effect, void) for void in seen.voided)
            if folded.get(effect) != seen.effects.get(effect) and not is_excused:
                yield f"{effect}: carried out on {seen.effects.get(effect)}, in the fold on {folded.get(effect)}"
    elif status["letters_sent"] != len(alone.letters_sent()):
        yield f"{status['letters_sent']} letters, the fold {len(alone.letters_sent())}"
