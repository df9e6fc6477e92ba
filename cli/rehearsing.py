"""`rehearse`: lives lived through in virtual time, on the real server, with the real worker."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.progress import Progress, TaskID
from rich.table import Column, Table
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from cli.console import OK, PARTLY, out, print_json, progress
from cli.lives import Happening, Life, Script
from policy.load import DEFAULT, edition
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

SIDE_BY_SIDE = 8
SLACK = timedelta(days=2)
"""How far a virtual clock may lie from where it was sent before a rehearsal is not to be believed."""
ENDS_WITHIN = 30
"""Seconds a case that has nothing more to wait for may take to end."""
NEVER_AGAIN = 36500
"""Days until a rehearsed case continues as new: the server's virtual clock errs after the third time."""


@dataclass
class Lived:
    """How far a life came, and what is wrong with it, if anything is."""

    life: str
    case: str
    phase: str = ""
    outcome: str | None = None
    rules: list[str] = field(default_factory=list)
    why: str = ""
    staffings: list[str] = field(default_factory=list)
    letters: int = 0
    quarantined: int = 0
    days: int = 0
    faults: list[str] = field(default_factory=list)


class _NoStaffing(LookupError):
    """A fact is told to a staffing that the case has not opened."""


class Rehearsal:
    """One run over lives: all to their end, or all for a number of days."""

    def __init__(self, client: Client, days: int | None) -> None:
        self._client = client
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False, max_session_skip_count=1000))
        self._days = days
        self._run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self._place = asyncio.Semaphore(SIDE_BY_SIDE)

    async def live_all(self, lives: Sequence[Life], bar: Progress) -> list[Lived]:
        """Live them side by side; progress counts facts and endings."""
        steps = bar.add_task("living cases", total=sum(len(life.facts) + 1 for life in lives))
        return list(await asyncio.gather(*(self._live(life, bar, steps) for life in lives)))

    async def _live(self, life: Life, bar: Progress, steps: TaskID) -> Lived:
        async with self._place:
            lived = Lived(life.name, f"rehearsal-{self._run}-{life.name}")
            script = Script(lived.case, life, edition(life.edition or DEFAULT), datetime.now(UTC))
            handle = await self._skipper.client.start_workflow(
                CASE_WORKFLOW,
                Start(opened=script.opening(), edition=script.policy, continue_after_days=NEVER_AGAIN),
                id=lived.case,
                task_queue=TASK_QUEUE,
                static_summary=f"rehearsal: {life.about}",
            )
            await _settled(handle)
            for number, happening in enumerate(life.facts):
                if self._days is None or happening.day <= self._days:
                    await self._send(handle, script, number, lived)
                bar.advance(steps)
            if self._days is not None:
                await self._forward(handle, script.opens_at + timedelta(days=self._days), lived)
            await self._look(handle, script, lived)
            bar.advance(steps)
            return lived

    async def _send(self, handle: WorkflowHandle[Any, Any], script: Script, number: int, lived: Lived) -> None:
        happening = script.life.facts[number]
        await self._forward(handle, script.instant(happening), lived)
        try:
            told = await self._staffing(handle, script, happening) if happening.staffing else handle
            await told.execute_update(happening.kind, script.fact(number))
            if happening.kind == "decided":
                await told.result()  # it has told its case
                await _settled(handle)
        except _NoStaffing as error:
            lived.faults.append(f"day {happening.day}, {happening.kind}: {error}")
        except WorkflowUpdateFailedError as error:
            lived.faults.append(f"day {happening.day}, {happening.kind} refused: {error.cause}")
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            lived.faults.append(f"day {happening.day}, {happening.kind}: the case had ended")

    async def _staffing(
        self, handle: WorkflowHandle[Any, Any], script: Script, happening: Happening
    ) -> WorkflowHandle[Any, Any]:
        """The staffing a fact is told to, its clock at the same instant: it is a workflow with a clock of its own."""
        opened = {one["number"]: one["staffing"] for one in (await _settled(handle))["staffings"]}
        if not opened.get(happening.staffing):
            raise _NoStaffing(f"staffing {happening.staffing} was not opened")
        staffing = self._client.get_workflow_handle(opened[happening.staffing])
        ahead = script.instant(happening) - await _clock(staffing)
        if ahead > timedelta(0):
            await self._skip(staffing, ahead)
        return staffing

    async def _forward(self, handle: WorkflowHandle[Any, Any], until: datetime, lived: Lived) -> None:
        """Let virtual time run to an instant; a clock that lands elsewhere makes the rehearsal worthless: say so."""
        ahead = until - await _clock(handle)
        if ahead > timedelta(0) and await self._skip(handle, ahead):
            off = abs(await _clock(handle) - until)
            if off > SLACK:
                lived.faults.append(f"the virtual clock is {off} off")

    async def _skip(self, handle: WorkflowHandle[Any, Any], ahead: timedelta) -> bool:
        """Whether the case still runs after skipping that much time."""
        try:
            return await self._skipper.fast_forward(handle, ahead)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return False

    async def _look(self, handle: WorkflowHandle[Any, Any], script: Script, lived: Lived) -> None:
        if self._days is None and script.life.ends:
            with suppress(TimeoutError):  # then the fault is that it did not end
                await asyncio.wait_for(handle.result(), ENDS_WITHIN)
        status: dict[str, Any] = await _settled(handle)
        lived.phase, lived.outcome = status["phase"], status["outcome"]
        lived.letters, lived.quarantined = status["letters_sent"], len(status["quarantine"])
        lived.staffings = [one["result"] or "undecided" for one in status["staffings"]]
        lived.days = (datetime.fromisoformat(status["as_of"]).date() - script.opens_on).days
        timeline: list[dict[str, Any]] = await handle.query("timeline")
        lived.rules = _in_order(rule for entry in timeline if entry["what"] == "decision" for rule in entry["rules"])
        lived.why = f"{status['why']['says']} ({status['why']['rule']})" if status["why"] else ""
        if self._days is None and script.life.ends and status["outcome"] != script.life.ends:
            lived.faults.append(f"ended {status['outcome']}, not {script.life.ends}")


async def _settled(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """The status once nothing is being carried out."""
    while True:
        try:
            status: dict[str, Any] | None = await handle.query("status")
        except RPCError as error:
            if error.status != RPCStatusCode.FAILED_PRECONDITION:  # the first workflow task is not there yet
                raise
            status = None
        if status and (not status["open_commands"] or status["troubles"]):
            return status
        await asyncio.sleep(0.05)


async def _clock(handle: WorkflowHandle[Any, Any]) -> datetime:
    """The virtual time of a workflow; real time for one that never skipped any."""
    description = await handle.describe()
    info = description.raw_description.workflow_extended_info.time_skipping_info
    return info.current_time.ToDatetime(tzinfo=UTC) if info.HasField("current_time") else datetime.now(UTC)


def _in_order(rules: Any) -> list[str]:
    return sorted(set(rules), key=lambda rule: [int(part) if part.isdigit() else 0 for part in re.split(r"\D+", rule)])


async def rehearse(client: Client, lives: Sequence[Life], days: int | None, *, as_json: bool) -> int:
    """Live cases forward by days, or to their end; print what became of each."""
    with progress() as bar:
        lived = await Rehearsal(client, days).live_all(lives, bar)
    if as_json:
        print_json([one.__dict__ for one in lived])
    else:
        _print(lived)
    return PARTLY if any(one.faults for one in lived) else OK


def _print(lived: Sequence[Lived]) -> None:
    whole = (Column(name, no_wrap=True, overflow="fold") for name in ("case", "outcome"))
    table = Table(*whole, "staffings", "why", "rules", "letters", "days", title="Lives")
    for one in lived:
        why = "; ".join([one.why, *one.faults])
        table.add_row(
            one.life,
            one.outcome or one.phase,
            "\n".join(one.staffings),
            why,
            " ".join(one.rules),
            str(one.letters),
            str(one.days),
            style="red" if one.faults else None,
        )
    out.print(table, markup=False)
