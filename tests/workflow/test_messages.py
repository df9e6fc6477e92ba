"""Nothing sent to a case is lost, and nothing counts twice: ALL-1, ALL-2."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.calendar import first_week_from
from domain.views import Receipt
from tests.workflow.living import Life, World, fact, raw

Said = Callable[[date], dict[str, Any]]


def sunday(today: date) -> date:
    return first_week_from(today) - timedelta(days=7)


def week(**said: Any) -> Said:
    return lambda today: fact(today, **{"week": sunday(today), "hours": 20} | said)


def contact(**said: Any) -> Said:
    return lambda today: fact(today, **{"type": "phone"} | said)


def message(said: Said, today: date) -> list[RawValue]:
    return [raw(json.dumps(said(today)).encode())]


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


def without(name: str) -> Said:
    return lambda today: {field: value for field, value in contact()(today).items() if field != name}


BAD_FACTS: dict[str, tuple[str, Said, str]] = {
    "a number in words": ("participation_week", week(hours="thirty"), "hours"),
    "200 hours in a week": ("participation_week", week(hours=200), "hours"),
    "fewer hours than none": ("participation_week", week(hours=-1), "hours"),
    "hours that are no number": ("participation_week", week(hours=float("nan")), "hours"),
    "endless hours": ("participation_week", week(hours=float("inf")), "hours"),
    "true hours": ("participation_week", week(hours=True), "hours"),
    "a week from a Monday": ("participation_week", lambda day: week(week=sunday(day) + timedelta(1))(day), "week"),
    "a week that lies ahead": ("participation_week", lambda day: week(week=sunday(day) + timedelta(28))(day), "week"),
    "a date that lies ahead": ("contact_made", lambda day: contact(happened_on=day + timedelta(3))(day), "happened_on"),
    "a date no calendar has": ("contact_made", contact(happened_on="2026-02-30"), "happened_on"),
    "a date before the program": ("contact_made", contact(happened_on="1926-01-01"), "happened_on"),
    "an instant without its zone": ("contact_made", contact(recorded_at="2026-01-05T10:00:00"), "recorded_at"),
    "no message id": ("contact_made", without("message_id"), "message_id"),
    "no date": ("contact_made", without("happened_on"), "happened_on"),
    "a field nobody knows": ("contact_made", contact(colour="green"), "colour"),
    "a kind of another channel": ("contact_made", contact(kind="exempted"), "kind"),
    "a kind nobody knows": ("fact", contact(kind="levitated"), "kind"),
    "a type nobody knows": ("contact_made", contact(type="pigeon"), "type"),
    "a megabyte": ("contact_made", contact(note="x" * 1_000_000), "note"),
    "an address without a city": ("address_changed", lambda day: fact(day, address={"lines": ["1 Elm"]}), "city"),
    "half a character": ("contact_made", contact(note="\ud800"), "message"),
}

BAD_BYTES: dict[str, tuple[str, list[RawValue], str]] = {
    "nothing": ("participation_week", [], "message"),
    "two arguments": ("participation_week", [raw(b"{}"), raw(b"{}")], "message"),
    "bytes that are no text": ("contact_made", [raw(b"\xff\xfe")], "message"),
    "binary": ("contact_made", [raw(b"\xff\xfe", "binary/plain")], "message"),
    "an encoding nobody knows": ("contact_made", [raw(b"\xff\xfe", "x/unheard-of")], "message"),
    "no encoding": ("contact_made", [raw(b"\xff\xfe", None)], "message"),
    "null": ("contact_made", [raw(b"", "binary/null")], "message"),
    "text that is no JSON": ("contact_made", [raw(b"hello")], "message"),
    "JSON that is no object": ("contact_made", [raw(b"[1, 2]")], "message"),
    "a cut-off object": ("contact_made", [raw(b'{"message_id": "x"')], "message"),
    "a hundred thousand nested lists": ("contact_made", [raw(b"[" * 100_000)], "message"),
    "deeply nested objects": ("contact_made", [raw(nested(900))], ""),
    "very deeply nested objects": ("contact_made", [raw(nested(100_000))], "message"),
}

ONLY_BY_SIGNAL: dict[str, tuple[str, list[RawValue], str]] = {
    "an unknown signal": ("hoorah", [raw(b'{"message_id": "x"}')], "kind"),
    "an unknown signal with nothing": ("hoorah", [], "message"),
    "an unknown signal with two arguments": ("hoorah", [raw(b"1"), raw(b"2")], "message"),
    "an unknown signal with bytes that are no text": ("hoorah", [raw(b"\xff\xfe", "x/unheard-of")], "message"),
    "a name of another language": ("Übung", [raw(b"{}")], "kind"),
}


async def expect_held_once(life: Life, name: str, payloads: list[RawValue], field: str) -> None:
    """The message lies in quarantine once, counted up when it comes again, and the case goes on."""
    await life.handle.signal(name, args=payloads)
    [held] = (await life.until(lambda status: status.quarantine)).quarantine
    assert (held.name, held.times) == (name, 1)
    assert field in held.reason
    await life.handle.signal(name, args=payloads)
    [held] = (await life.until(lambda status: status.quarantine and status.quarantine[0].times > 1)).quarantine
    assert held.times == 2
    before = await life.status()
    assert before.needs_action == ("quarantine",)
    await life.signal("contact_made", type="phone")
    await life.until(lambda status: status.facts_heard == before.facts_heard + 1)
    assert (await life.attributes())["Quarantined"] == 1


async def expect_refused(life: Life, name: str, payloads: list[RawValue], field: str) -> None:
    """The update is refused with the reason; neither the case nor its history has a trace of it."""
    before = await life.status()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await life.handle.execute_update(name, args=payloads)
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "Refused"
    assert field in cause.message
    assert cause.failure
    assert not cause.failure.stack_trace, "where in the code it was raised says nothing to a case manager"
    after = await life.status()
    assert (after.facts_heard, after.quarantine) == (before.facts_heard, ())
    assert not await life.events(
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    )
    await life.tell("contact_made", type="phone")


@pytest.mark.parametrize("case", BAD_FACTS)
async def test_a_fact_that_cannot_be_is_held_or_refused_by_the_name_of_its_field(world: World, case: str) -> None:
    # ALL-2
    name, said, field = BAD_FACTS[case]
    life = await world.open()
    await life.until_done()
    payloads = message(said, await life.today())
    await expect_refused(life, name, payloads, field)
    await expect_held_once(life, name, payloads, field)


@pytest.mark.parametrize("case", BAD_BYTES)
async def test_a_message_nobody_can_read_is_held_or_refused(world: World, case: str) -> None:  # ALL-2
    name, payloads, field = BAD_BYTES[case]
    life = await world.open()
    await life.until_done()
    await expect_refused(life, name, payloads, field)
    await expect_held_once(life, name, payloads, field)


@pytest.mark.parametrize("case", ONLY_BY_SIGNAL)
async def test_what_only_a_signal_lets_through_is_held(world: World, case: str) -> None:  # ALL-2
    name, payloads, field = ONLY_BY_SIGNAL[case]
    life = await world.open()
    await life.until_done()
    await expect_held_once(life, name, payloads, field)


async def test_a_signal_with_surplus_arguments_nobody_can_read_is_held(world: World) -> None:  # ALL-2
    life = await world.open()
    await life.handle.signal("contact_made", args=[raw(b"{}"), raw(b"\xff\xfe")])
    await life.until(lambda status: status.quarantine, patience=2)


async def test_an_unknown_update_or_query_does_not_hurt_the_case(world: World) -> None:  # ALL-2
    life = await world.open()
    with pytest.raises(WorkflowUpdateFailedError):
        await life.handle.execute_update("hoorah", {})
    with pytest.raises(WorkflowQueryFailedError):
        await life.handle.query("hoorah")
    assert (await life.tell("contact_made", type="phone")).result == "recorded"


async def hold_one(life: Life) -> str:
    await life.signal("participation_week", week=sunday(await life.today()), hours=200)
    [held] = (await life.until(lambda status: status.quarantine)).quarantine
    return held.id


async def expect_quarantine_empty(life: Life) -> None:
    status = await life.until(lambda status: not status.quarantine)
    assert "quarantine" not in status.needs_action
    assert (await life.attributes())["Quarantined"] == 0


@pytest.mark.parametrize("way", ["signal", "update"])
async def test_a_dismissed_message_leaves_quarantine_with_its_reason(world: World, way: str) -> None:  # ALL-2
    life = await world.open()
    entry = await hold_one(life)
    said = {"entry": entry, "why": "a test entry", "by": "operations"}
    if way == "update":
        receipt = await life.handle.execute_update("quarantine_dismiss", said, result_type=Receipt)
        assert receipt.message_id == entry
    else:
        await life.handle.signal("quarantine_dismiss", said)
    await expect_quarantine_empty(life)
    assert any("dismissed" in one.says and "a test entry" in one.says for one in await life.timeline())


@pytest.mark.parametrize("way", ["signal", "update"])
async def test_a_corrected_message_counts_and_leaves_quarantine(world: World, way: str) -> None:  # ALL-2
    life = await world.open()
    entry = await hold_one(life)
    heard = (await life.status()).facts_heard
    today = await life.today()
    said = {"entry": entry, "fact": fact(today, kind="participation_week", week=sunday(today), hours=20)}
    if way == "update":
        receipt = await life.handle.execute_update("quarantine_resubmit", said, result_type=Receipt)
        assert receipt.result == "recorded"
    else:
        await life.handle.signal("quarantine_resubmit", said)
    await expect_quarantine_empty(life)
    assert (await life.status()).facts_heard == heard + 1


async def test_a_correction_that_is_wrong_too_leaves_the_message_in_quarantine(world: World) -> None:  # ALL-2
    life = await world.open()
    entry = await hold_one(life)
    for said in ({"entry": entry, "fact": {"kind": "participation_week"}}, {"entry": "none", "why": "x", "by": "y"}):
        name = "quarantine_resubmit" if "fact" in said else "quarantine_dismiss"
        with pytest.raises(WorkflowUpdateFailedError):
            await life.handle.execute_update(name, said)
    assert [held.id for held in (await life.status()).quarantine] == [entry]


async def test_the_same_message_twice_counts_once(world: World) -> None:  # ALL-1
    life = await world.open()
    today = await life.today()
    said = fact(today, type="phone")
    first = await life.handle.execute_update("contact_made", said, result_type=Receipt)
    assert first.result == "recorded"
    heard = (await life.status()).facts_heard
    again = await life.handle.execute_update("contact_made", said, result_type=Receipt)
    assert again.result == "duplicate"
    await life.handle.signal("contact_made", said)
    await life.handle.signal("fact", said | {"kind": "contact_made"})
    await life.signal("contact_made", type="email")
    status = await life.until(lambda status: status.facts_heard > heard)
    assert (status.facts_heard, status.quarantine) == (heard + 1, ())


async def test_another_fact_under_a_used_message_id_is_held_or_refused(world: World) -> None:  # ALL-1, ALL-2
    life = await world.open()
    await life.until_done()
    said = fact(await life.today(), type="phone")
    await life.handle.signal("contact_made", said)
    await life.until(lambda status: status.facts_heard == 2)
    other = [raw(json.dumps(said | {"type": "email"}).encode())]
    await expect_refused(life, "contact_made", other, "message_id")
    await expect_held_once(life, "contact_made", other, "message_id")


async def test_signals_and_updates_in_one_task_are_taken_in_the_order_they_came(world: World) -> None:  # ALL-1
    life = await world.open()
    for number in range(20):
        await life.signal("contact_made", type="phone", happened_on=await life.today(), note=str(number))
    await life.tell("response", answer="agrees")
    status = await life.until_done()
    assert (status.facts_heard, status.phase) == (22, "trial")
    heard = [entry.says for entry in await life.timeline() if entry.what == "fact"]
    assert heard[-1].startswith("response")
