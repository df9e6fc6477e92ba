"""An auditor takes a case's whole life, verifies it without a server, and reads it. ALL-4, ALL-8."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import ActivityEnvironment

from activities.archive.links import genuine, hash_of
from activities.archive.register import registered
from activities.archive.runs import Archivist
from activities.archive.store import Archive
from audit.export import export
from audit.life import archived, with_what_is_open
from audit.opening import Opener
from audit.verify import all_of
from connect import keys
from converter.codec import CaseCodec
from domain.archiving import Archived
from signing import signing_key
from tests.workflow.living import Life, World
from tests.workflow.test_shown import until_listed
from workflows.start import ARCHIVE_WORKFLOW, AUDITED, TASK_QUEUE


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


class Forgetful:
    """The server, which has forgotten one run: it is asked for a run it never had."""

    def __init__(self, client: Client, forgotten: str) -> None:
        self._client, self._forgotten = client, forgotten

    def get_workflow_handle(self, workflow_id: str, *, run_id: str) -> WorkflowHandle[Any, Any]:
        asked = str(uuid4()) if run_id == self._forgotten else run_id
        return self._client.get_workflow_handle(workflow_id, run_id=asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


async def test_a_run_that_was_gone_first_is_named_and_those_after_it_are_archived(world: World) -> None:
    life = await world.open(continue_after_days=20)
    first = (await life.handle.describe()).run_id
    await life.days(35)
    await life.tell("exempted")
    await life.result()
    await until_listed(life, f"WorkflowId = '{life.id}' AND ExecutionStatus = 'Completed'")
    key = signing_key(world.settings.signing)
    client = cast(Client, Forgetful(world.client, first))
    archivist = Archivist(client, Archive.open(world.settings.archive), key, AUDITED)
    answer = await ActivityEnvironment().run(archivist.archive_closed_runs, None, datetime.now(UTC))
    assert set(answer.gone) == {f"{life.id} {first}"}
    assert len(Archive.open(world.settings.archive).manifest(life.id)) == 1
    assert any(f"run {first}, which it follows, is not here" in fault for fault in await faults(world, life))
