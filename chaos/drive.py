"""Sends what is planned, while things go wrong, and keeps the ledger of what was acknowledged."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.converter import WorkflowSerializationContext
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from chaos.fold import Sent
from chaos.plan import TOO_LARGE, Encoded, Plan, Sending
from chaos.stage import Stage
from chaos.steady import steadily
from cli.console import progress
from devserver import temporal_command
from workflows.attributes import NEXT_ACTION_AT
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

SIDE_BY_SIDE = 32
NEVER = 36_500
TURNING = timedelta(minutes=3)
"""How long turning a clock may take: asked again while a timer is due, the server would skip that timer."""
_BEGUN = 4
"""Events after which a run has completed its first workflow task, which a run that follows another soon waits for."""


@dataclass
class Driven:
    """What became of one case's messages: acknowledged good ones and bad ones, those refused before they were recorded,
    and those that came after its end."""

    plan: Plan
    sent: list[Sent] = field(default_factory=list)
    bad: int = 0
    runs: int = 0
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
        with progress() as bar:
            driving = bar.add_task("cases driven", total=len(plans))

            async def drive(plan: Plan) -> Driven:
                driven = await self._drive(plan)
                bar.advance(driving)
                return driven

            return list(await asyncio.gather(*(drive(plan) for plan in plans)))

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
        await self.to(handle, plan, plan.until)
        driven.until = await self._clock(handle)

    async def open(self, plan: Plan) -> WorkflowHandle[Any, Any]:
        """Open a case, once."""
        start = Start(opened=plan.opened, edition=plan.policy, continue_after_days=plan.run_days or NEVER)

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
        """Turn the case's clock to where a virtual day is as old as the opening was; a clock is turned once.

        A case that continues as new while its clock is turned has no say before the turning ends: the server skips on
        before the first workflow task of the new run. So the clock of one that does is turned from deadline to
        deadline, while it is quiet.
        """
        target = plan.opened_at + timedelta(days=day)

        async def turn() -> bool:
            now, acts_at = await (self._when_quiet(handle) if plan.chains else self._now(handle))
            stop = target
            if plan.chains and acts_at and now < acts_at:
                stop = min(target, acts_at + timedelta(minutes=1))
            if stop > now:
                await self._stage.skipper.fast_forward(handle, stop - now)
            return stop < target

        try:
            while await steadily(turn, attempt=TURNING):
                pass
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    async def _when_quiet(self, handle: WorkflowHandle[Any, Any]) -> tuple[datetime, datetime | None]:
        while True:
            said = (await handle.describe()).raw_description
            is_new = said.workflow_execution_info.history_length < _BEGUN
            if not is_new and not said.HasField("pending_workflow_task") and not said.pending_activities:
                return await self._now(handle)
            await asyncio.sleep(0.1)

    async def _now(self, handle: WorkflowHandle[Any, Any]) -> tuple[datetime, datetime | None]:
        """What time it is for a case, and when it acts next."""
        described = await handle.describe()
        info = described.raw_description.workflow_extended_info.time_skipping_info
        now = info.current_time.ToDatetime(tzinfo=UTC) if info.HasField("current_time") else datetime.now(UTC)
        return now, described.typed_search_attributes.get(NEXT_ACTION_AT)

    async def _clock(self, handle: WorkflowHandle[Any, Any]) -> datetime:
        now, _ = await steadily(lambda: self._now(handle))
        return now

    async def _send(self, handle: WorkflowHandle[Any, Any], sending: Sending, driven: Driven) -> None:
        at = await self._clock(handle)
        try:
            match sending.way:
                case "update":
                    await steadily(lambda: handle.execute_update(sending.name, sending.says))
                case "signal":
                    arguments = await self._arguments(sending.says)
                    await steadily(lambda: self._bare(handle, sending).signal(sending.name, args=arguments))
                case "command line":
                    await steadily(lambda: self._by_command_line(handle.id, sending))
        except WorkflowUpdateFailedError as error:
            driven.refused[sending.message_id] = str(error.cause)
            return
        except RPCError as error:
            match error.status:
                case RPCStatusCode.NOT_FOUND:
                    driven.too_late += 1  # the case has ended
                case RPCStatusCode.INVALID_ARGUMENT if sending.says == TOO_LARGE:
                    driven.refused[sending.message_id] = "too large"
                case _:
                    raise
            return
        self.sent += 1
        if sending.good:
            driven.sent.append(Sent(at, sending.name, sending.says, sending.message_id))
        else:
            driven.bad += 1

    def _bare(self, handle: WorkflowHandle[Any, Any], sending: Sending) -> WorkflowHandle[Any, Any]:
        """The case, for a client that seals nothing where the message says how it is sealed."""
        says = sending.says
        through = isinstance(says, Encoded) and says.sealed != "for the case"
        return self._stage.bare.get_workflow_handle(handle.id) if through else handle

    async def _arguments(self, says: Any) -> list[Any]:
        match says:
            case None:
                return []
            case list():
                return says
            case Encoded(data, encoding, sealed):
                payload = Payload(metadata={"encoding": encoding.encode()}, data=data)
                return [RawValue(await self._for_another(payload) if sealed == "for another case" else payload)]
            case _:
                return [says]

    async def _for_another(self, payload: Payload) -> Payload:
        context = WorkflowSerializationContext(namespace=self._client.namespace, workflow_id="another case")
        codec = self._client.data_converter.with_context(context).payload_codec
        assert codec
        [sealed] = await codec.encode([payload])
        return sealed

    async def _by_command_line(self, case: str, sending: Sending) -> None:
        """Signal with the stock `temporal` command. Raises RPCError as the client does, where the case has ended."""
        command = ("workflow", "signal", "--workflow-id", case, "--name", sending.name)
        process = await asyncio.create_subprocess_exec(
            temporal_command(),
            *(*command, "--input", json.dumps(sending.says)),
            *("--address", f"127.0.0.1:{self._stage.settings.port}", "--namespace", self._stage.settings.namespace),
            *("--codec-endpoint", self._stage.codec_address),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode and b"already completed" in said:
            raise RPCError(said.decode(), RPCStatusCode.NOT_FOUND, b"")
        if process.returncode:
            raise TimeoutError
