"""An auditor takes a case's whole life, verifies it without a server, and reads it. ALL-4, ALL-8."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from activities.archive.links import genuine, hash_of
from activities.archive.register import registered
from activities.archive.store import Archive
from audit.export import export
from audit.life import archived, with_what_is_open
from audit.opening import Opener
from audit.verify import all_of
from connect import keys
from converter.codec import CaseCodec
from domain.archiving import Archived
from signing import signing_key
from tests.workflow.living import PATIENCE, Life, World
from workflows.start import ARCHIVE_WORKFLOW, TASK_QUEUE


async def archive_all(world: World) -> Archived:
    answer: Archived = await world.client.execute_workflow(
        ARCHIVE_WORKFLOW,
        True,
        id=f"archiving-{datetime.now(UTC):%H%M%S%f}",
        task_queue=TASK_QUEUE,
        result_type=Archived,
    )
    return answer


def opener(world: World) -> Opener:
    return Opener(CaseCodec(keys(world.settings)))


async def faults(world: World, life: Life) -> list[str]:
    archive = Archive.open(world.settings.archive)
    kept = await with_what_is_open(archived(archive, life.id), world.client)
    opens = opener(world)
    exported = await export(kept, opens, datetime.now(UTC))
    key = signing_key(world.settings.signing).public_key()
    return [fault for step in [step async for step in all_of(exported, key, opens)] for fault in step.faults]


async def test_a_closed_case_is_archived_once_and_verifies(world: World) -> None:
    life = await world.open(continue_after_days=100)
    await life.days(150)
    await life.tell("exempted")
    await life.result()
    await archive_all(world)
    manifest = Archive.open(world.settings.archive).manifest(life.id)
    links = genuine(manifest, signing_key(world.settings.signing).public_key())
    assert [link.status for link in links] == ["continued_as_new", "completed"]
    assert sum(len(link.letters) for link in links) == len(life.letter_dates())
    again = await archive_all(world)
    assert again.archived == 0
    assert await faults(world, life) == []
    archive, key = Archive.open(world.settings.archive), signing_key(world.settings.signing).public_key()
    assert registered(archive.register(), key)[life.id] == {(2, hash_of(manifest[-1].encode()))}


async def test_archivings_at_the_same_time_archive_every_run_once(world: World) -> None:
    before = await archive_all(world)
    lives = await asyncio.gather(*(world.open() for _ in range(8)))
    for life in lives:
        await life.tell("exempted")
        await life.result()
    came_to = await asyncio.gather(*(archive_all(world) for _ in range(4)))
    assert sum(one.archived for one in came_to) == len(lives)
    archive = Archive.open(world.settings.archive)
    assert [len(archive.manifest(life.id)) for life in lives] == [1] * len(lives)
    assert (await archive_all(world)).known >= before.known + before.archived + len(lives)


async def test_a_manifest_that_was_tampered_with_holds_up_its_own_case_alone(world: World) -> None:
    case, other = await world.open(continue_after_days=20), await world.open()
    await case.days(35)
    await archive_all(world)
    link = world.settings.home / "archive" / case.id / "manifest" / "000001.json"
    genuine_link = link.read_text()
    link.write_text(genuine_link.replace('"number": 1', '"number": 2'))
    for life in (case, other):
        await life.tell("exempted")
        await life.result()
    archive = Archive.open(world.settings.archive)
    refused = (await archive_all(world)).refused
    assert [says for says in refused if says.startswith(f"{case.id}: link 1: ")]
    assert len(archive.manifest(other.id)) == 1
    link.write_text(genuine_link)
    assert (await archive_all(world)).refused == ()
    assert len(archive.manifest(case.id)) == 2


async def test_a_run_that_was_gone_first_is_named_and_those_after_it_are_archived(world: World) -> None:
    life = await world.open(continue_after_days=20)
    await life.days(25)
    await life.tell("exempted")
    await life.result()
    first = (await life.handle.describe()).raw_description.workflow_execution_info.first_run_id
    await world.client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=world.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=life.id, run_id=first),
        )
    )
    await until_gone(world.client.get_workflow_handle(life.id, run_id=first))
    assert f"{life.id} {first}" in (await archive_all(world)).gone
    assert len(Archive.open(world.settings.archive).manifest(life.id)) == 1
    assert any(f"run {first}, which it follows, is not here" in fault for fault in await faults(world, life))
    assert (await archive_all(world)).gone == ()


async def until_gone(handle: WorkflowHandle[Any, Any]) -> None:
    """The server deletes a moment later."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(RPCError):
            while await handle.describe():
                await asyncio.sleep(0.2)
