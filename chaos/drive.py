"""Sends what is planned, while things go wrong, and keeps the ledger of what was acknowledged."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chaos.fold import Sent
from chaos.plan import DAYS, MOST_LATE, Plan, Sending
from chaos.stage import Stage
from chaos.steady import steadily
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

SIDE_BY_SIDE = 24
NEVER_AGAIN = 36500


@dataclass
class Driven:
    """What became of one case's messages: acknowledged good ones, held bad ones, and those that came after its end."""

    plan: Plan
    sent: list[Sent] = field(default_factory=list)
    bad: int = 0
    too_late: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    silent: str | None = None
    clock_jumped: bool = False
    until: datetime | None = None


class Driver:
    """Drives cases side by side."""

    def __init__(self, stage: Stage, client: Client) -> None:
        self._stage, self._client = stage, client
        self._place = asyncio.Semaphore(SIDE_BY_SIDE)
        self.sent = 0

    async def drive_all(self, plans: list[Plan]) -> list[Driven]:
        """Send everything that is planned."""
        return list(await asyncio.gather(*(self._drive(plan) for plan in plans)))

    async def _drive(self, plan: Plan) -> Driven:
        async with self._place:
            driven = Driven(plan)
            try:
                await self._live(driven)
            except TimeoutError as error:
                driven.silent = str(error)
            return driven

    async def _live(self, driven: Driven) -> None:
        plan = driven.plan
        handle = await self.open(plan)
        for day in sorted({one.day for one in plan.sendings}):
            await self.to(handle, plan, day)
            for sending in (one for one in plan.sendings if one.day == day):
                await self._send(handle, sending, driven)
        await self.to(handle, plan, DAYS + MOST_LATE + 1)
        driven.until = await self._clock(handle)

    async def open(self, plan: Plan) -> WorkflowHandle[Any, Any]:
        """Open a case, once."""
        start = Start(opened=plan.opened, edition=plan.policy, continue_after_days=NEVER_AGAIN)

        async def call() -> None:
            try:
                await self._stage.skipper.client.start_workflow(
                    CASE_WORKFLOW, start, id=plan.case, task_queue=TASK_QUEUE
                )
            except WorkflowAlreadyStartedError:
                return  # the answer was lost, the start was not

        await steadily(call)
        return self._client.get_workflow_handle(plan.case)

    async def to(self, handle: WorkflowHandle[Any, Any], plan: Plan, day: int) -> None:
        """Turn the case's clock to where a virtual day is as old as the opening was; a clock is turned once."""
        target = plan.opened_at + timedelta(days=day)

        async def call() -> None:
            ahead = target - await self._clock(handle)
            if ahead > timedelta(0):
                await self._stage.skipper.fast_forward(handle, ahead)

        try:
            await steadily(call)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    async def _clock(self, handle: WorkflowHandle[Any, Any]) -> datetime:
        description = await steadily(handle.describe)
        info = description.raw_description.workflow_extended_info.time_skipping_info
        return info.current_time.ToDatetime(tzinfo=UTC) if info.HasField("current_time") else datetime.now(UTC)

    async def _send(self, handle: WorkflowHandle[Any, Any], sending: Sending, driven: Driven) -> None:
        at = await self._clock(handle)
        try:
            if sending.way == "update":
                await steadily(lambda: handle.execute_update(sending.name, sending.says))
            else:
                await steadily(lambda: handle.signal(sending.name, args=_arguments(sending.says)))
        except WorkflowUpdateFailedError as error:
            driven.refused[sending.message_id] = str(error.cause)
            return
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            driven.too_late += 1  # the case has ended
            return
        self.sent += 1
        if sending.good:
            driven.sent.append(Sent(at, sending.name, sending.says, sending.message_id))
        else:
            driven.bad += 1


def _arguments(says: Any) -> list[Any]:
    match says:
        case None:
            return []
        case list():
            return says
        case bytes():
            return [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=says))]
        case _:
            return [says]
