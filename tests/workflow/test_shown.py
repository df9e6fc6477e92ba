"""What staff and operators see, and what an operator's request does: ALL-2, ALL-4, ALL-6."""

import asyncio
import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import TerminatedError

from domain.policy import Policy
from tests.workflow.living import (
    ADDRESS,
    CHICAGO,
    MISSOURI,
    NAME,
    PATIENCE,
    Life,
    World,
    new_id,
    opening,
    today_in_missouri,
)
from tests.workflow.test_effects import Post, served_by
from workflows.case import CaseWorkflow
from workflows.start import Start

PERSONAL = (NAME, *NAME.split(), "Elm Street", "63101", "shelter")


async def listed(world: World, query: str) -> set[str]:
    return {found.id async for found in world.client.list_workflows(query)}


async def until_listed(life: Life, query: str) -> None:
    """The list follows a moment later."""
    for _ in range(int(PATIENCE / 0.2)):
        if life.id in await listed(life.world, query):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{life.id} is not listed for {query}; its attributes are {await life.attributes()}")


async def test_operations_find_cases_by_what_they_need_and_where_they_stand(world: World) -> None:  # ALL-2, ALL-4
    waiting = await world.open(address=None)
    agreed = await world.open()
    await agreed.until_done()
    await agreed.tell("response", answer="agrees")
    await until_listed(waiting, 'NeedsAction = "address" AND Phase = "reengaging"')
    await until_listed(agreed, 'NeedsAction = "explain" AND Phase = "trial" AND Program = "mo-mwa"')
    await until_listed(agreed, 'Provider = "MWA-STL-01" AND LettersSent = 1 AND Quarantined = 0')
    assert waiting.id not in await listed(world, 'Phase = "trial"')
    await agreed.tell("exempted")
    await agreed.result()
    await until_listed(agreed, 'Outcome = "exempt" AND Phase = "closed"')
    await until_listed(agreed, "NeedsAction IS NULL AND NextActionAt IS NULL")


async def test_the_next_action_is_the_date_of_the_next_deadline_at_nine(world: World) -> None:  # ALL-4, ALL-7
    life = await world.open()
    await life.until_done()
    at = (await life.attributes())["NextActionAt"]
    status = await life.status()
    local = at.astimezone(CHICAGO)
    assert (local.date(), local.hour) == (status.next_on, 9)


async def test_the_details_say_where_the_case_stands_why_and_what_it_waits_for(world: World) -> None:  # ALL-4
    life = await world.open()
    status = await life.until_done()
    details = await life.details()
    for part in ("Re-engaging since", "starts at once (MO-1)", f"{status.next_on}", "(MO-3)", status.edition):
        assert part in details
    await life.tell("response", answer="agrees")
    status = await life.until_done()
    details = await life.details()
    for part in ("In trial participation", "(MO-4)", f"{status.next_on}", "(MO-10)", f"{life.id}/task/explain"):
        assert part in details
    await life.handle.signal("hoorah", "a | b")
    await life.until(lambda status: status.quarantine)
    assert "hoorah" in await life.details()
    explained = await life.handle.query("explain")
    assert explained["why"]["rule"] == "MO-4"
    assert explained["why"]["cites"].startswith("MO 0290.040.00")


async def test_no_personal_data_lies_outside_payloads(world: World) -> None:  # ALL-6
    life = await world.open()
    await life.tell("response", answer="agrees", activities=["job search"], changes="lives in a shelter now")
    await life.tell("address_changed", address=ADDRESS | {"lines": ["77 Elm Street"]})
    await life.handle.signal("contact_made", {"note": f"{NAME} called from the shelter"})
    await life.until(lambda status: status.quarantine and not status.open_commands)
    described = await life.handle.describe()
    shown = json.dumps([described.id, await described.memo(), await life.attributes()], default=str)
    history = [_outside_payloads(MessageToDict(event)) for event in (await life.history()).events]
    assert "deliver_letter" in str(history)
    assert "MWA-STL-01" in str(history), "search attributes are looked at too"
    for said in PERSONAL:
        assert said not in shown
        assert said not in str(history)


def _outside_payloads(value: Any, *, shown: bool = False) -> Any:
    """A history event as an operator can read it: payloads left out, but not those of search attributes."""
    if isinstance(value, dict):
        if "metadata" in value and set(value) <= {"metadata", "data"}:
            return base64.b64decode(value.get("data", "")).decode(errors="replace") if shown else None
        open_to_all = {"searchAttributes", "userMetadata", "memo"}
        return {name: _outside_payloads(one, shown=shown or name in open_to_all) for name, one in value.items()}
    return [_outside_payloads(one, shown=shown) for one in value] if isinstance(value, list) else value


async def test_a_request_to_cancel_ends_no_case_and_is_shown(world: World) -> None:  # ALL-2
    life = await world.open()
    await life.until_done()
    await life.handle.cancel()
    [held] = (await life.until(lambda status: status.quarantine)).quarantine
    assert held.name == "cancel"
    assert (await life.tell("contact_made", type="phone")).result == "recorded"
    await life.days(31)
    assert len(life.letter_dates()) == 2
    await life.tell("exempted")
    ended = await life.result()
    assert (ended.outcome, len(ended.quarantine)) == ("exempt", 1)


@pytest.mark.parametrize("edition", [MISSOURI, MISSOURI.id], ids=["with values", "by its id"])
async def test_a_request_to_cancel_before_anybody_works_ends_no_case(world: World, edition: Policy | str) -> None:
    # ALL-2
    queue = new_id()
    life = await world.start(Start(opened=opening(today_in_missouri()), edition=edition), task_queue=queue)
    await life.handle.cancel()
    async with served_by(world, Post(world.outbox), queue):
        status = await life.until(lambda status: status and status.letters_sent == 1)
        assert [held.name for held in status.quarantine] == ["cancel"]


async def test_a_request_to_cancel_in_a_flood_ends_no_case(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # ALL-2
    monkeypatch.setattr(CaseWorkflow._take_in, "__defaults__", (1,))
    queue = new_id()
    life = await world.start(Start(opened=opening(today_in_missouri()), edition=MISSOURI), task_queue=queue)
    for _ in range(15):
        await life.signal("contact_made", type="phone")
    async with served_by(world, Post(world.outbox), queue):
        await life.until(lambda status: status and status.facts_heard > 1)
        await life.handle.cancel()
        status = await life.until(lambda status: status.facts_heard == 16 and status.quarantine)
        assert [held.name for held in status.quarantine] == ["cancel"]


async def test_a_case_can_be_terminated(world: World) -> None:
    life = await world.open()
    await life.handle.terminate(reason="a test")
    with pytest.raises(WorkflowFailureError) as failed:
        await life.result()
    assert isinstance(failed.value.cause, TerminatedError)
