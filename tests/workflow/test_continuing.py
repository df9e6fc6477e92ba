"""Continue-as-new loses nothing: state travels, signals arrive, effects stay once. ALL-1, ALL-2, ALL-3."""

import asyncio
import json
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType

from domain.views import Receipt
from tests.workflow.living import MISSOURI, Life, World, fact, new_id, raw, today_in_missouri
from tests.workflow.test_effects import Post, served_by
from workflows.case import CaseWorkflow
from workflows.start import CASE_WORKFLOW, Start


async def run_id(life: Life) -> str:
    return (await life.handle.describe()).run_id or ""


async def test_letters_quarantine_ledger_and_attributes_travel_to_the_next_run(world: World) -> None:
    life = await world.open(continue_after_days=20)
    await life.until_done()
    first_run = await run_id(life)
    said = fact(await life.today(), type="phone")
    await life.handle.execute_update("contact_made", said)
    bad = [raw(json.dumps(said | {"type": "pigeon"}).encode())]
    await life.handle.signal("contact_made", args=bad)
    [held] = (await life.until(lambda status: status.quarantine)).quarantine
    first = life.letter_dates()[0]

    await life.to(first + timedelta(days=61))
    status = await life.until_done()
    assert await run_id(life) != first_run
    assert life.letter_dates() == [first + timedelta(days=30 * count) for count in range(3)]
    assert [one.id for one in status.quarantine] == [held.id]
    attributes = await life.attributes()
    assert attributes["Phase"] == "reengaging"
    assert attributes["Quarantined"] == 1
    assert attributes["LettersSent"] == 3
    assert "quarantine" in attributes["NeedsAction"]
    assert "Re-engaging since" in await life.details()

    again = await life.handle.execute_update("contact_made", said, result_type=Receipt)
    assert again.result == "duplicate"
    await life.handle.signal("contact_made", args=bad)
    await life.until(lambda status: status.quarantine[0].times == 2)
    timeline = await life.timeline()
    assert timeline[0].says.startswith("opened"), "what the earlier run knew is still told"


async def test_an_open_command_travels_and_is_carried_out_once(world: World) -> None:
    post = Post(world.outbox)
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue, continue_after_days=20)
        await life.until_done()
        first_run = await run_id(life)
        first = life.letter_dates()[0]
        post.down = True
        turning = asyncio.create_task(life.to(first + timedelta(days=30)))
        await life.until(lambda status: status.open_commands == (f"{life.id}/letter/2",))
        await life.signal("contact_made", type="phone", happened_on=first)
        while await run_id(life) == first_run:
            await asyncio.sleep(0.1)
        status = await life.until(lambda status: status.facts_heard == 2)
        assert status.open_commands == (f"{life.id}/letter/2",)
        post.down = False
        status = await life.until(lambda status: status.letters_sent == 2)
        assert life.letter_dates() == [first, first + timedelta(days=30)]
        turning.cancel()


@pytest.mark.slow
async def test_a_flood_of_signals_arrives_whole_through_continue_as_new(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # ALL-2
    def is_long(self: CaseWorkflow) -> bool:
        info = workflow.info()
        return info.continued_run_id is None and info.get_current_history_length() > 200

    monkeypatch.setattr(CaseWorkflow, "_should_continue_as_new", is_long)
    life = await world.open()
    await life.until_done()
    first_run = await run_id(life)
    today = await life.today()
    lines = asyncio.Semaphore(25)

    async def send(number: int) -> None:
        async with lines:
            await life.handle.signal("contact_made", fact(today, type="phone", note=f"call {number}"))

    await asyncio.gather(*(send(number) for number in range(1000)))
    status = await life.until(lambda status: status.facts_heard == 1001)
    assert status.quarantine == ()
    assert await run_id(life) != first_run
    assert len(life.letter_dates()) == 1
    assert await life.events(EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT) == []


async def test_what_was_not_taken_in_yet_travels_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALL-2: a flooded case that must continue as new leaves at once, and loses nothing of what waits.

    Its opening can't be read, so that no letter is on its way: that would be waited for, and all taken in meanwhile.
    """
    monkeypatch.setattr("workflows.inbox.FACTS_A_TASK", 1)
    monkeypatch.setattr(CaseWorkflow, "_should_continue_as_new", lambda case: case._start.carried is None)
    queue = new_id()
    start = Start(opened={"kind": "opened"}, edition=MISSOURI)
    handle = await world.client.start_workflow(CASE_WORKFLOW, start, id=new_id(), task_queue=queue)
    said = [fact(today_in_missouri(), type="phone") for _ in range(30)]
    for one in said:
        await handle.signal("contact_made", one)
    async with served_by(world, Post(world.outbox), queue):
        life = Life(world, world.client.get_workflow_handle(handle.id))
        status = await life.until(lambda status: status and status.facts_heard == len(said))
        history = await life.history()
    [start_input] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    assert len(json.loads(await life.read(start_input))["waiting"]) > 1
    assert [held.name for held in status.quarantine] == ["start"]
