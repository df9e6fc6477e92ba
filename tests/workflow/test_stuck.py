"""Every stuck state is visible, by the queries and commands docs/runbook.md names, and its cure cures it.

No query is tried here that the runbook does not have.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.service import RPCError
from temporalio.worker import Worker

import devserver
from activities.archive.schedule import ARCHIVING, keep_archiving
from activities.outbox import Carrier, Delivered, Letter, Outbox
from activities.perform import Activities, read_edition
from activities.providers import ProviderDirectory
from activities.records.store import Records
from activities.staffings import Staffings
from chaos.stage import free_ports
from domain.policy import Policy
from settings import Settings
from tests.workflow.living import ADDRESS, OREGON, PATIENCE, Life, World, fact, new_id, opening, today_in_missouri
from workflows import performing
from workflows.case import CaseWorkflow
from workflows.start import ARCHIVE_WORKFLOW, STAFFING_WORKFLOW, TASK_QUEUE

pytest_plugins = ["tests.unit.postgres"]

RUNBOOK = Path("docs/runbook.md").read_text()
UNSANCTIONED = {"sanction_began": None, "provider": "ODHS-PDX-01"}


async def finds(world: World, query: str, *ids: str, patience: float = PATIENCE) -> None:
    """The runbook's query lists these workflows, as soon as the server has it indexed."""
    assert f"`{query}`" in RUNBOOK, "a query nobody is told to use"
    until = time.monotonic() + patience
    while not set(ids) <= {found.id async for found in world.client.list_workflows(query)}:
        assert time.monotonic() < until, f"{query} does not find them"
        await asyncio.sleep(0.2)


async def finds_no_more(world: World, query: str, id: str, patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while id in {found.id async for found in world.client.list_workflows(query)}:
        assert time.monotonic() < until, f"{query} still finds it"
        await asyncio.sleep(0.2)


async def temporal(world: World, command: str, **values: str) -> str:
    """What a command of the runbook prints: `t` and its arguments, with the capitalised words replaced."""
    assert f"t {command}" in RUNBOOK, "a command nobody is told to use"
    for name, value in values.items():
        command = command.replace(name, value)
    process = await asyncio.create_subprocess_shell(
        f"{devserver.temporal_command()} --address 127.0.0.1:{world.settings.port}"
        f" --namespace {world.settings.namespace} --codec-endpoint http://127.0.0.1:{world.settings.codec_port}"
        f" {command}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


class Unreachable:
    """A carrier nobody reaches while it is down."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.down = True

    def deliver(self, letter: Letter) -> Delivered:
        if self.down:
            raise OSError("unreachable")
        return self._outbox.deliver(letter)


@asynccontextmanager
async def worker(
    world: World,
    queue: str,
    *,
    carrier: Carrier | None = None,
    providers: Path | None = None,
    records: Records | None = None,
    staffings: bool = True,
) -> AsyncIterator[None]:
    """A worker of its own for as long as the block runs, with what it depends on as it is that day."""
    directory = ProviderDirectory.load(providers or world.settings.providers)
    activities = Activities(carrier or world.outbox, directory, records or world.records)
    known = [*activities.all, read_edition]
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            world.client,
            task_queue=queue,
            activities=[*known, *([Staffings(STAFFING_WORKFLOW).staff] if staffings else [])],
            activity_executor=threads,
        ):
            yield


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case says after a second what it would say after ten minutes; on a busy machine first that nobody answered."""
    monkeypatch.setattr(performing, "PATIENCE", (timedelta(seconds=1),))


async def test_a_carrier_that_cannot_be_reached(world: World, no_patience: None) -> None:
    carrier, queue = Unreachable(world.outbox), new_id()
    async with worker(world, queue, carrier=carrier):
        life = await world.open(task_queue=queue)
        await finds(world, "NeedsAction = 'stuck-letters'", life.id)
        status = await life.until(
            lambda status: set(status.troubles.values()) == {"OSError"} and len(status.open_commands) == 1
        )
        assert status.needs_action == ("stuck", "stuck-letters")
        carrier.down = False
        assert (await life.until_done()).letters_sent == 1
        await finds_no_more(world, "NeedsAction = 'stuck-letters'", life.id)


@pytest.mark.parametrize(
    "command",
    [
        "activity reset --workflow-id CASE --activity-id ID",
        "activity reset --query \"NeedsAction = 'stuck-letters'\" --yes",
    ],
)
async def test_what_is_mended_is_tried_at_once_on_demand(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(performing, "PATIENCE", (timedelta(seconds=1), timedelta(hours=1)))
    carrier, queue = Unreachable(world.outbox), new_id()
    async with worker(world, queue, carrier=carrier):
        life = await world.open(task_queue=queue)
        await finds(world, "NeedsAction = 'stuck-letters'", life.id)
        while (trying := await pending_activity(life)).attempt < 5:  # then the next is 16 seconds ahead
            await asyncio.sleep(0.2)
        carrier.down, began = False, time.monotonic()
        await temporal(world, command, CASE=life.id, ID=trying.activity_id)
        assert (await life.until_done()).letters_sent == 1
        assert time.monotonic() - began < 10


async def pending_activity(life: Life) -> PendingActivityInfo:
    [one] = (await life.handle.describe()).raw_description.pending_activities
    return one


async def test_a_letter_for_a_provider_the_directory_does_not_hold(
    world: World, no_patience: None, tmp_path: Path
) -> None:
    queue = new_id()
    directory = tmp_path / "providers.yaml"
    known = world.settings.providers.read_text()
    directory.write_text(known)
    async with worker(world, queue, providers=directory):
        life = await world.open(task_queue=queue, provider="MWA-NEW-01")
        await finds(world, "NeedsAction = 'stuck-letters'", life.id)
        await life.until(lambda status: set(status.troubles.values()) == {"UnknownProvider"})
    directory.write_text(known.replace("MWA-KC-01", "MWA-NEW-01"))
    async with worker(world, queue, providers=directory):  # restarted
        assert (await life.until_done()).letters_sent == 1


async def test_a_letter_that_cannot_be_printed(world: World, no_patience: None) -> None:
    queue = new_id()
    async with worker(world, queue):
        life = await world.open(task_queue=queue, address=ADDRESS | {"city": "\U0001f3e0 St. Louis"})
        await finds(world, "NeedsAction = 'stuck-letters'", life.id)
        await life.until(lambda status: set(status.troubles.values()) == {"Unprintable"})
        await life.tell("address_changed", address=ADDRESS)
        assert (await life.until_done()).letters_sent == 1


DOWN = "ALTER DATABASE {} ALLOW_CONNECTIONS false", "ALTER DATABASE {} ALLOW_CONNECTIONS true"
READ_ONLY = "ALTER DATABASE {} SET default_transaction_read_only = on", "ALTER DATABASE {} RESET ALL"


@pytest.fixture
def database(postgres_sockets: str) -> Iterator["Database"]:
    database = Database(postgres_sockets)
    yield database
    database.do(*DOWN[1:])


class Database:
    """A database on a real PostgreSQL, which its administrator can close."""

    def __init__(self, sockets: str) -> None:
        self._sockets, self._name = sockets, f"records_{uuid4().hex}"
        self.do("CREATE DATABASE {}")
        self.records = Records.open(f"postgresql+psycopg://postgres@/{self._name}?host={sockets}")

    def do(self, *commands: str) -> None:
        with psycopg.connect(host=self._sockets, user="postgres", dbname="postgres", autocommit=True) as connection:
            for command in commands:
                connection.execute(SQL(command).format(Identifier(self._name)))  # type: ignore[arg-type]
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self._name,)
            )


@pytest.mark.parametrize(("becomes", "again"), [DOWN, READ_ONLY], ids=["down", "read-only"])
async def test_a_records_database_that_takes_nothing(
    world: World, no_patience: None, database: Database, becomes: str, again: str
) -> None:
    queue = new_id()
    database.do(becomes)
    async with worker(world, queue, records=database.records):
        life = await world.open(task_queue=queue)
        await finds(world, "NeedsAction = 'stuck-records'", life.id)
        status = await life.until(lambda status: status.letters_sent == 1)
        assert status.needs_action == ("stuck", "stuck-records"), "letters don't wait for records"
        [code] = set(status.troubles.values())
        assert code in ("OperationalError", "InternalError"), code
        assert f"`{code}`" in RUNBOOK
        assert (await life.tell("contact_made", type="phone")).result == "recorded"
        database.do(again)
        await life.until_done()
        assert database.records.case(life.id) is not None
        await finds_no_more(world, "NeedsAction = 'stuck-records'", life.id)


async def test_a_worker_that_cannot_open_staffings(world: World, no_patience: None) -> None:
    queue = new_id()
    async with worker(world, queue, staffings=False):  # of an earlier version
        life = await world.open(task_queue=queue, edition=OREGON, **UNSANCTIONED)
        await finds(world, "NeedsAction = 'stuck-staffings'", life.id)
        assert set((await life.status()).troubles.values()) == {"NotFoundError"}
    async with worker(world, queue):
        await life.until_done()
        assert (await (await life.staffing()).status()).comes_to is None


async def test_a_lift_nobody_confirms(world: World) -> None:  # MO-8
    life = await world.open()
    await life.tell("good_cause_finding", finding="found", grounds="ill", decided_by="a supervisor")
    await life.until_done()
    await life.days(11)
    await finds(world, "NeedsAction = 'lift-unconfirmed'", life.id)
    await life.tell("sanction_lifted")
    assert (await life.result()).outcome == "lifted_by_good_cause"
    await finds_no_more(world, "NeedsAction = 'lift-unconfirmed'", life.id)


async def test_a_transfer_nobody_accepts(world: World) -> None:  # MO-14
    life = await world.open()
    await life.tell("transfer_requested", provider="MWA-KC-01")
    await life.days(15)
    await finds(world, "NeedsAction = 'transfer-overdue'", life.id)
    await life.tell("transfer_accepted", provider="MWA-KC-01")
    await finds_no_more(world, "NeedsAction = 'transfer-overdue'", life.id)


async def test_a_staffing_nobody_decides(world: World) -> None:  # OR-1
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await finds(world, "WorkflowType = 'ReengagementStaffing' AND NeedsAction = 'unanswered'", staffing.handle.id)
    await staffing.due_process()
    await staffing.answer_all()
    await finds(world, "WorkflowType = 'ReengagementStaffing' AND NeedsAction = 'undecided'", staffing.handle.id)
    await life.days(31)
    await finds(world, "NeedsAction = 'staffing-overdue'", life.id)
    await staffing.decide()
    await finds_no_more(world, "NeedsAction = 'staffing-overdue'", life.id)


async def test_an_opening_nobody_can_read(world: World) -> None:  # ALL-2
    life = await world.start({"opened": opening(today_in_missouri()) | {"required_hours": "thirty"}})
    await finds(world, "NeedsAction = 'opening'", life.id)
    await finds(world, "Quarantined > 0", life.id)
    [held] = (await life.status()).quarantine
    corrected = {"kind": "opened"} | opening(today_in_missouri())
    await life.handle.execute_update("quarantine_resubmit", {"entry": held.id, "fact": corrected})
    await finds_no_more(world, "NeedsAction = 'opening'", life.id)


async def test_no_worker_at_all(world: World) -> None:
    queue = new_id()
    life = await world.open(task_queue=queue)
    await finds(world, "WorkflowType = 'ReengagementCase' AND ExecutionStatus = 'Running' AND Phase IS NULL", life.id)
    waiting = lambda said: any(one["approximateBacklogCount"] for one in said["stats"])  # noqa: E731 - read once
    described = await task_queue(world, queue, waiting)
    assert described["pollers"] is None
    async with worker(world, queue):
        assert (await life.until_done()).letters_sent == 1
        await task_queue(world, queue, lambda said: said["pollers"])


async def test_what_ought_to_have_happened_and_has_not(world: World) -> None:
    life = await world.open()
    await life.until_done()
    query = "NextActionAt < '2026-03-01T00:00:00Z' AND ExecutionStatus = 'Running'"
    assert f"`{query}`" in RUNBOOK
    due = (await life.attributes())["NextActionAt"]
    for hours, found in ((1, True), (-1, False)):
        asked = query.replace("2026-03-01T00:00:00Z", f"{due + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}")
        listed = [one.id async for one in world.client.list_workflows(f"{asked} AND WorkflowId = '{life.id}'")]
        assert (listed == [life.id]) is found


async def task_queue(world: World, queue: str, holds: Callable[[Any], object]) -> Any:
    """What the server says of a task queue, once it is so: its figures are some seconds old."""
    command = "task-queue describe --task-queue reengagement --output json"
    until = time.monotonic() + PATIENCE
    while not holds(said := json.loads(await temporal(world, command, reengagement=queue))):
        assert time.monotonic() < until, said
        await asyncio.sleep(0.5)
    return said


async def test_a_staffing_nobody_waits_for_is_ended(world: World) -> None:
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await life.handle.terminate("by mistake")
    ended = fact(await life.today(), because="its case was terminated")
    command = "workflow update execute -w STAFFING --name ended --input "
    await temporal(world, f"{command}'FACT'", STAFFING=staffing.handle.id, FACT=json.dumps(ended))
    assert (await staffing.handle.result()).comes_to is None


async def test_a_staffing_whose_case_was_terminated(world: World) -> None:
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await life.handle.terminate("by mistake")
    await finds(world, "WorkflowType = 'ReengagementCase' AND ExecutionStatus = 'Terminated'", life.id)
    query = "WorkflowType = 'ReengagementStaffing' AND ExecutionStatus = 'Running' AND CaseId = 'CASE'"
    assert query in RUNBOOK
    found = [one.id async for one in world.client.list_workflows(query.replace("CASE'", f"{life.id}'"))]
    assert found == [staffing.handle.id]
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.tell("decided", finding="no_good_cause", decided_by="the team")
    assert not (await staffing.handle.result()).heard_by_case
    await finds(world, "WorkflowType = 'ReengagementStaffing' AND NeedsAction = 'unheard'", staffing.handle.id)


@pytest.fixture
async def quick_to_report(
    tmp_path: Path, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """A server of its own that reports problems after two failed workflow tasks, in seconds, where the stock one does
    so after five, in about a minute."""
    twice = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
    monkeypatch.setattr(devserver, "_FLAGS", (*devserver._FLAGS, "--dynamic-config-value", twice))
    port, ui_port = free_ports(2)
    settings = server_settings.model_copy(update={"home": tmp_path, "port": port, "ui_port": ui_port})
    async with devserver.running(settings) as client:
        records = Records.open(settings.records)
        yield World(client, settings, records, Outbox(settings.letters))
        records.close()


def a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: CaseWorkflow, *_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(CaseWorkflow, "_publish", broken)


def code_that_does_not_agree_with_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(performing.WAYS, "letters", replace(performing.WAYS["letters"], activity="another"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (a_bug, "WorkflowWorkerUnhandledFailure"),
        (code_that_does_not_agree_with_history, "NonDeterministicError"),
    ],
)
async def test_a_workflow_task_that_fails_is_listed_by_the_server_and_goes_on_with_mended_code(
    quick_to_report: World, fault: Callable[[pytest.MonkeyPatch], None], cause: str
) -> None:
    world = quick_to_report
    query = "TemporalReportedProblems IS NOT NULL"
    async with worker(world, TASK_QUEUE):
        life = await world.open()
        await life.until_done()
    with pytest.MonkeyPatch.context() as faulty:
        fault(faulty)
        async with worker(world, TASK_QUEUE):
            await life.signal("contact_made", type="phone")
            await finds(world, query, life.id, patience=60)
            await finds(world, f"TemporalReportedProblems = 'cause=WorkflowTaskFailedCause{cause}'", life.id)
            with pytest.raises(RPCError, match="Workflow Task in failed state"):
                await life.status()
    async with worker(world, TASK_QUEUE):
        await finds_no_more(world, query, life.id, patience=120)
        assert (await life.status()).facts_heard == 2


async def test_a_task_that_takes_too_long_is_done_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALL-2: the worker gives up a workflow task after two seconds, lets go of the case, and takes it up anew."""
    queue, publish, slow = new_id(), CaseWorkflow._publish, [3.0]

    def publish_slowly(case: CaseWorkflow, policy: Policy, at: datetime | None) -> None:
        until = time.monotonic() + (slow.pop() if slow else 0)
        while time.monotonic() < until:
            pass
        publish(case, policy, at)

    monkeypatch.setattr(CaseWorkflow, "_publish", publish_slowly)
    async with worker(world, queue):
        life = await world.open(task_queue=queue)
        await life.until(lambda status: status and status.letters_sent == 1)
        await life.tell("contact_made", type="phone")
    assert not slow


async def test_a_schedule_that_is_paused_goes_on(world: World) -> None:  # ALL-8
    await keep_archiving(world.client, ARCHIVE_WORKFLOW, TASK_QUEUE, timedelta(hours=1))
    schedule = world.client.get_schedule_handle(ARCHIVING)
    try:
        await schedule.pause()
        assert "paused" in (await temporal(world, "schedule describe --schedule-id archiving")).lower()
        await temporal(world, "schedule toggle --schedule-id archiving --unpause --reason ...", **{"...": "mended"})
        described = await schedule.describe()
        assert not described.schedule.state.paused
        for begun in described.info.running_actions:
            await world.client.get_workflow_handle(begun.workflow_id).result()
    finally:
        await schedule.delete()
