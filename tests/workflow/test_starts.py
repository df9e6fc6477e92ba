"""How a case may be started, and by which policy it is decided: ALL-2, ALL-5, MO-1."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.common import RawValue

from domain.policy import EditionRead, Policy
from policy.load import DEFAULT, edition
from tests.workflow.living import MISSOURI, Life, World, opening, raw, today_in_missouri
from workflows.start import Start


def start(**said: Any) -> RawValue:
    return raw(json.dumps({"opened": opening(today_in_missouri()), "edition": DEFAULT} | said, default=str).encode())


BAD_STARTS: dict[str, tuple[list[RawValue], str]] = {
    "nothing": ([], ""),
    "text that is no JSON": ([raw(b"hello")], "JSON"),
    "JSON that is no object": ([raw(b"[1]")], "object"),
    "bytes that are no text": ([raw(b"\xff\xfe")], ""),
    "binary": ([raw(b"\xff\xfe", "binary/plain")], ""),
    "an encoding nobody knows": ([raw(b"\xff\xfe", "x/unheard-of")], ""),
    "a field nobody knows": ([start(colour="green")], "colour"),
    "no opening": ([start(opened=None)], ""),
    "an edition there is none of": ([start(edition="mo-mwa/1999-01-01")], "edition"),
    "an edition whose values don't hold": (
        [start(edition=MISSOURI.model_dump(mode="json") | {"time_zone": {"value": "Mars", "cites": "x"}})],
        "time_zone",
    ),
    "an opening on a date no calendar has": (
        [start(opened=opening(today_in_missouri(), sanction_began="2026-02-30"))],
        "sanction_began",
    ),
    "an opening that lies ahead": (
        [start(opened=opening(today_in_missouri(), sanction_began=today_in_missouri() + timedelta(days=9)))],
        "sanction_began",
    ),
    "an opening without required hours": ([start(opened=opening(today_in_missouri(), required_hours=0))], "required"),
    "a run for no days": ([start(continue_after_days=0)], "continue_after_days"),
}


@pytest.mark.parametrize("case", BAD_STARTS)
async def test_a_start_nobody_can_read_waits_for_an_opening_that_opens_it(world: World, case: str) -> None:  # ALL-2
    arguments, field = BAD_STARTS[case]
    life = await world.start(*arguments)
    status = await life.until(lambda status: status is not None)
    assert status.phase == "awaiting_opening"
    assert set(status.needs_action) == {"opening", "quarantine"}
    assert (await life.attributes())["NeedsAction"] == ["opening", "quarantine"]
    [held] = status.quarantine
    assert field in held.reason
    assert life.letters() == []

    await life.handle.signal("opened", opening(await life.today()))
    status = await life.until(lambda status: status.letters_sent == 1)
    assert (status.phase, status.needs_action) == ("reengaging", ("quarantine",))


async def test_a_start_with_two_arguments_waits_for_an_opening(world: World) -> None:  # ALL-2
    life = await world.start(start(), start())
    try:
        async with asyncio.timeout(3):
            status = await life.until(lambda status: status is not None)
        assert status.phase == "awaiting_opening"
    finally:
        await life.handle.terminate()


async def test_a_case_opened_by_an_editions_id_has_its_values_in_history(world: World) -> None:  # ALL-5
    asked = "mo-mwa/2016-01-01"
    life = await world.start(Start(opened=opening(today_in_missouri()), edition=asked))
    status = await life.until_done()
    assert (status.edition, status.letters_sent) == (asked, 1)
    assert (await read_editions(life))[0].policy == edition(asked)


async def test_a_case_opened_without_an_edition_takes_the_default_and_says_so(world: World) -> None:  # ALL-5
    life = await world.start({"opened": opening(today_in_missouri())})
    status = await life.until_done()
    assert (status.edition, status.letters_sent, status.quarantine) == (DEFAULT, 1, ())
    assert [read.policy for read in await read_editions(life)] == [edition(DEFAULT)]


async def test_a_case_opened_with_an_editions_values_is_decided_by_those(world: World) -> None:  # ALL-5
    fortnightly = MISSOURI.model_copy(
        update={
            "id": "mo-mwa/a-test",
            "letter_interval_days": MISSOURI.letter_interval_days.model_copy(update={"value": 14}),
        }
    )
    life = await world.start(Start(opened=opening(today_in_missouri()), edition=fortnightly))
    await life.days(29)
    assert (await life.status()).edition == "mo-mwa/a-test"
    first = life.letter_dates()[0]
    assert life.letter_dates() == [first + timedelta(days=14 * count) for count in range(3)]
    assert await read_editions(life) == []
    started = (await life.history()).events[0].workflow_execution_started_event_attributes
    assert Policy.model_validate(json.loads(await life.read(started.input.payloads[0]))["edition"]) == fortnightly


async def test_an_opening_sent_again_corrects_the_first(world: World) -> None:  # MO-1, ALL-1
    life = await world.open(provider="MWA-STL-01")
    await life.until_done()
    await life.handle.signal("opened", opening(await life.today(), provider="MWA-KC-01"))
    status = await life.until(lambda status: status.provider == "MWA-KC-01" and not status.open_commands)
    assert status.letters_sent == 1, "a letter that was sent is not sent again"


async def read_editions(life: Life) -> list[EditionRead]:
    completed = await life.events(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    payloads = [event.activity_task_completed_event_attributes.result.payloads[0] for event in completed]
    results = [await life.read(payload) for payload in payloads]
    return [EditionRead.model_validate_json(data) for data in results if b'"policy"' in data]
