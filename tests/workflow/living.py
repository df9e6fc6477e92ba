"""A case that lives on the real server, its clock turned at will: what the workflow tests speak in."""

import asyncio
import io
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar, cast, get_args
from zoneinfo import ZoneInfo

from pypdf import PdfReader
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.common import RawValue
from temporalio.converter import PayloadCodec, WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from activities.outbox import Outbox
from activities.records.store import Records
from domain.ledger import Entry
from domain.policy import Policy
from domain.staffing.facts import Consideration
from domain.staffing.views import StaffingReceipt, StaffingStatus
from domain.views import Receipt, Status
from policy.load import edition
from settings import Settings
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Ended, StaffingEnded, Start

MISSOURI = edition("mo-mwa/2014-01-27")
GUIDE = edition("or-jobs/dq1-guide")
OREGON = edition("or-jobs/2024-01-01")
CHICAGO = ZoneInfo(MISSOURI.time_zone.value)
PATIENCE = 30.0
"""Seconds a test waits for what ought to come at once; machines are shared."""

ADDRESS = {"lines": ["12 Elm Street"], "city": "St. Louis", "state": "MO", "postal_code": "63101"}
EVIDENCE = "a letter from Xanthippe's shelter"
"""Evidence that no word of the software contains."""
NAME = "Annabel Quillfeather"
"""A name that no word of the software contains, so that a test can look for it where it must not be."""

Asked = TypeVar("Asked")

_numbers = itertools.count(1)


def new_id() -> str:
    return f"test-{secrets.token_hex(6)}"


def fact(today: date, **said: Any) -> dict[str, Any]:
    """A fact with its envelope: happened and recorded today, under a message id of its own, unless said otherwise."""
    recorded_at = datetime(today.year, today.month, today.day, tzinfo=CHICAGO) + timedelta(seconds=next(_numbers))
    envelope = {
        "message_id": f"m-{secrets.token_hex(6)}",
        "happened_on": today.isoformat(),
        "recorded_by": "a case manager",
        "recorded_at": recorded_at.isoformat(),
    }
    return envelope | {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def opening(today: date, **said: Any) -> dict[str, Any]:
    """The opening of a case with nothing out of the ordinary: thirty hours a week, twelve months counted."""
    usual = {
        "sanction_began": today,
        "required_hours": 30,
        "provider": "MWA-STL-01",
        "name": NAME,
        "address": ADDRESS,
        "call_in_answered": True,
        "months_counted": 12,
        "months_through": f"{today:%Y-%m}",
    }
    return fact(today, kind="opened", **usual | said)


def raw(data: bytes, encoding: str | None = "json/plain") -> RawValue:
    """A message as it goes over the wire, readable or not."""
    return RawValue(Payload(metadata={"encoding": encoding.encode()} if encoding else {}, data=data))


def today_in_missouri() -> date:
    return datetime.now(CHICAGO).date()


@dataclass
class World:
    """The server, its worker, and where letters and records end up."""

    client: Client
    settings: Settings
    records: Records
    outbox: Outbox
    skipper: TimeSkipper = field(init=False)

    def __post_init__(self) -> None:
        self.skipper = TimeSkipper(self.client)

    async def open(
        self,
        *,
        edition: Policy = MISSOURI,
        continue_after_days: int = 365,
        task_queue: str = TASK_QUEUE,
        **said: Any,
    ) -> "Life":
        """Open a case as an upstream system would, with its edition's values, and see it reach its first wait."""
        zone = ZoneInfo(edition.time_zone.value)
        opened = opening(datetime.now(zone).date(), **said)
        start = Start(opened=opened, edition=edition, continue_after_days=continue_after_days)
        return await self.start(start, task_queue=task_queue, zone=zone)

    async def start(
        self, *args: Any, task_queue: str = TASK_QUEUE, id: str | None = None, zone: ZoneInfo = CHICAGO
    ) -> "Life":
        handle = await self.client.start_workflow(
            CASE_WORKFLOW, args=args, id=id or new_id(), task_queue=task_queue, result_type=Ended
        )
        return Life(self, self.client.get_workflow_handle(handle.id, result_type=Ended), zone)


@dataclass
class Life:
    """One case, and the zone its dates are of."""

    world: World
    handle: WorkflowHandle[Any, Ended]
    zone: ZoneInfo = CHICAGO

    @property
    def id(self) -> str:
        return self.handle.id

    async def now(self) -> datetime:
        """The instant it is for this case."""
        return await self.world.skipper.get_current_time(self.handle)

    async def today(self) -> date:
        return (await self.now()).astimezone(self.zone).date()

    async def to(self, day: date, hour: int = 12) -> None:
        """Turn the case's clock to a local hour of a date, and let what is due then be done."""
        target = datetime(day.year, day.month, day.day, hour, tzinfo=CHICAGO)
        ahead = target - await self.now()
        assert ahead > timedelta(0), f"the clock of this case is past {target}"
        await self.world.skipper.fast_forward(self.handle, ahead)

    async def days(self, count: int) -> None:
        """Turn the case's clock to noon, days ahead, and let what is due till then be done."""
        await self.to(await self.today() + timedelta(days=count))

    async def tell(self, kind: str, **said: Any) -> Receipt:
        """A fact by update: answered with its receipt."""
        today = await self.today()
        return await self.handle.execute_update(kind, fact(today, **said), result_type=Receipt)

    async def staffing(self, number: int = 1) -> "Staffing":
        """One of its staffings, once it is open."""
        status = await self.until(lambda status: len(status.staffings) >= number and not status.open_commands)
        handle = self.world.client.get_workflow_handle(
            status.staffings[number - 1]["staffing"], result_type=StaffingEnded
        )
        return Staffing(self, handle)

    async def signal(self, kind: str, **said: Any) -> None:
        """A fact by signal."""
        await self.handle.signal(kind, fact(await self.today(), **said))

    async def status(self) -> Status:
        return await self.ask("status", Status)

    async def timeline(self) -> tuple[Entry, ...]:
        return tuple(await self.ask("timeline", list[Entry]))

    async def ask(self, query: str, answer: type[Asked]) -> Asked:
        """What a query answers; between two runs of a case the server has nobody to ask."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return cast(Asked, await self.handle.query(query, result_type=answer))
            except RPCError as error:
                if error.status != RPCStatusCode.FAILED_PRECONDITION or time.monotonic() > until:
                    raise
                await asyncio.sleep(0.05)

    async def until(self, holds: Callable[[Status], object], patience: float = PATIENCE) -> Status:
        """The status once it is so; fails with the last status when it is not so in time."""
        status = await self.status()
        for _ in range(int(patience / 0.1)):
            if status and holds(status):
                return status
            await asyncio.sleep(0.1)
            status = await self.status()
        raise AssertionError(f"was not so in {patience} s: {status}")

    async def until_done(self) -> Status:
        """The status once nothing is on its way."""
        return await self.until(lambda status: not status.open_commands)

    async def result(self) -> Ended:
        return await asyncio.wait_for(self.handle.result(), PATIENCE)

    async def history(self) -> WorkflowHistory:
        """The history of the case's present run."""
        return await self.world.client.get_workflow_handle(self.id).fetch_history()

    async def events(self, *types: "EventType.ValueType") -> list[Any]:
        """The events of some types in the case's present run."""
        return [event for event in (await self.history()).events if event.event_type in types]

    @property
    def codec(self) -> PayloadCodec:
        """What opens its payloads."""
        context = WorkflowSerializationContext(namespace=self.world.client.namespace, workflow_id=self.id)
        codec = self.world.client.data_converter.with_context(context).payload_codec
        assert codec
        return codec

    async def read(self, payload: Payload) -> bytes:
        """What a payload of its history says, decrypted."""
        return (await self.codec.decode([payload]))[0].data

    async def details(self) -> str:
        """The table that the Temporal UI shows."""
        metadata = await self.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return metadata.current_details

    async def attributes(self) -> dict[str, Any]:
        """The search attributes by name."""
        described = await self.handle.describe()
        return {pair.key.name: pair.value for pair in described.typed_search_attributes}

    def letters(self) -> list[tuple[date, str]]:
        """The letters in the outbox, in order: the date each was sent, and what it says."""
        sent = self.world.outbox.letters(self.id)
        return [(letter.sent_on, _text((self.world.outbox.directory / letter.where).read_bytes())) for letter in sent]

    def letter_dates(self) -> list[date]:
        return [letter.sent_on for letter in self.world.outbox.letters(self.id)]


@dataclass
class Staffing:
    """One staffing of a case; it keeps the case's time."""

    case: Life
    handle: WorkflowHandle[Any, StaffingEnded]

    async def tell(self, kind: str, **said: Any) -> StaffingReceipt:
        """Something recorded by update: answered with its receipt."""
        now = await self.case.now()
        behind = now - await self.case.world.skipper.get_current_time(self.handle)
        if behind > timedelta(hours=1):
            await self.case.world.skipper.fast_forward(self.handle, behind)
        today = now.astimezone(self.case.zone).date()
        return await self.handle.execute_update(kind, fact(today, **said), result_type=StaffingReceipt)

    async def answer_all(self, **otherwise: str) -> None:
        """Every consideration is answered: no, unless told otherwise."""
        for consideration in get_args(Consideration):
            answer = otherwise.get(consideration, "no")
            said = {"consideration": consideration, "answer": answer, "evidence": EVIDENCE}
            await self.tell("consideration_answered", **said)

    async def due_process(self) -> None:
        """What due process asks for is recorded."""
        await self.tell("screening_offered", screening="learning needs screening")
        await self.tell("contact_attempted", type="phone")
        await self.tell("contact_attempted", type="home_visit")
        await self.tell("engagement_option_offered", option="life skills class")
        await self.tell("attendance_recorded", attendance="no_show")

    async def decide(self, finding: str = "no_good_cause", **said: Any) -> StaffingEnded:
        """The team decides, and the case has heard it."""
        await self.tell("decided", **{"finding": finding, "decided_by": "the team"} | said)
        ended = await asyncio.wait_for(self.handle.result(), PATIENCE)
        await self.case.until(lambda status: status.outcome or not status.open_commands)
        return ended

    async def status(self) -> StaffingStatus:
        return await self.handle.query("status", result_type=StaffingStatus)


def _text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
