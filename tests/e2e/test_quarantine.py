"""Quarantine from the command line: ALL-2, for cases and staffings, one message or many."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.intake import CONTENT_KEPT, CONTENTS_KEPT
from tests.e2e.test_command_line import Ran, Starter, opened, starter
from tests.workflow.living import NAME, OREGON, Life, World, fact

__all__ = ["starter"]

DISMISSING = ("--why", "a test of the sender", "--by", "operations")


async def held_in(starter: Starter, *arguments: str) -> list[dict[str, Any]]:
    listed = await starter("quarantine", "list", *arguments, "--json")
    assert listed.code == 0, listed.err
    return list(listed.json)


async def one_held(starter: Starter, life: Life) -> str:
    """The id of the one message the case holds, once the list shows it."""
    await life.until(lambda status: status.quarantine)
    for _ in range(30):
        found = await held_in(starter, "--where", f"WorkflowId = '{life.id}'")
        if found:
            [one] = found
            return str(one["entry"])
    pytest.fail("the message is not listed")


async def contact(life: Life, **otherwise: Any) -> dict[str, Any]:
    return fact(await life.today(), **{"type": "phone", "note": f"spoke with {NAME}"} | otherwise)


async def test_the_list_tells_what_is_held_and_why_and_nothing_personal(starter: Starter, world: World) -> None:
    """ALL-2, ALL-6."""
    life = await world.open()
    await life.handle.signal("contact_made", await contact(life, type="fax"))
    entry = await one_held(starter, life)
    [row] = await held_in(starter, "--where", f"WorkflowId = '{life.id}'")
    assert (row["case"], row["name"], row["times"]) == (life.id, "contact_made", 1)
    assert row["reason"].startswith("type: Input should be")
    table = await starter("quarantine", "list", "--where", f"WorkflowId = '{life.id}'")
    assert (table.code, entry in table.out, life.id in table.out) == (0, True, True)
    assert NAME not in table.out + table.err + json.dumps(row)
    shown = await starter("quarantine", "show", life.id, entry)
    assert (shown.code, NAME in shown.out, '"type": "fax"' in shown.out) == (0, True, True)


async def test_a_message_is_sent_again_with_what_was_wrong_put_right(starter: Starter, world: World) -> None:
    life = await world.open()
    await life.handle.signal("contact_made", await contact(life, type="fax", shoe=43))
    entry = await one_held(starter, life)
    still_wrong = await starter("quarantine", "resubmit", life.id, entry, "--edit", "type=phone")
    assert (still_wrong.code, "shoe" in still_wrong.err) == (1, True)
    assert (await life.status()).quarantine, "what is still wrong stays in quarantine"
    right = await starter("quarantine", "resubmit", life.id, entry, "--edit", "type=phone", "--remove", "shoe")
    assert (right.code, right.out.startswith("recorded: ")) == (0, True), right.err
    status = await life.status()
    assert (status.quarantine, status.facts_heard) == ((), 2)


async def test_a_field_within_a_field_is_edited_by_its_path(starter: Starter, world: World) -> None:
    life = await world.open()
    address = {"lines": ["9 Oak Lane"], "city": "", "state": "MO", "postal_code": "65401"}
    await life.handle.signal("address_changed", fact(await life.today(), address=address))
    entry = await one_held(starter, life)
    ran = await starter("quarantine", "resubmit", life.id, entry, "--edit", "address.city=Rolla", "--json")
    assert (ran.code, ran.json["result"]) == (0, "recorded"), ran.err


async def test_another_fact_takes_the_place_of_a_message_that_says_nothing(
    starter: Starter, world: World, tmp_path: Path
) -> None:
    life = await world.open()
    await life.handle.signal("contact_made", "called her")
    entry = await one_held(starter, life)
    edit = await starter("quarantine", "resubmit", life.id, entry, "--edit", "type=phone")
    assert (edit.code, "no JSON object" in edit.err) == (1, True)
    file = tmp_path / "fact.json"
    file.write_text(json.dumps({"kind": "contact_made"} | await contact(life)))
    ran = await starter("quarantine", "resubmit", life.id, entry, str(file))
    assert (ran.code, (await life.status()).quarantine) == (0, ()), ran.err


async def test_an_opening_nobody_could_read_is_corrected_field_by_field(starter: Starter, world: World) -> None:
    opening = json.loads(Path("samples/start.json").read_text())
    opening["opened"]["required_hours"] = "thirty"
    life = await world.start(opening)
    entry = await one_held(starter, life)
    ran = await starter("quarantine", "resubmit", life.id, entry, "--edit", "required_hours=30")
    assert ran.code == 0, ran.err
    status = await life.status()
    assert (status.phase, status.quarantine) == ("reengaging", ())


async def test_a_long_message_is_shown_and_corrected_whole(starter: Starter, world: World) -> None:
    life = await world.open()
    note = "x" * (CONTENT_KEPT + 1000)
    await life.handle.signal("contact_made", await contact(life, note=note))
    entry = await one_held(starter, life)
    shown = (await starter("quarantine", "show", life.id, entry, "--json")).json
    assert json.loads(shown["content"])["note"] == note
    ran = await starter("quarantine", "resubmit", life.id, entry, "--edit", "note=long story short")
    assert ran.code == 0, ran.err


async def test_a_message_of_no_use_is_dismissed_with_the_reason(starter: Starter, world: World) -> None:
    life = await world.open()
    await life.handle.signal("hoorah", {"for": "nothing"})
    entry = await one_held(starter, life)
    ran = await starter("quarantine", "dismiss", life.id, entry, *DISMISSING)
    assert (ran.code, "dismissed by operations: a test of the sender (ALL-2)" in ran.out) == (0, True), ran.err
    assert (await life.status()).quarantine == ()
    again = await starter("quarantine", "dismiss", life.id, entry, *DISMISSING)
    assert (again.code, "no message of that id is in quarantine" in again.err) == (1, True)


async def test_many_messages_of_one_name_are_dismissed_at_once(starter: Starter, world: World) -> None:
    lives = [await world.open(provider="MWA-KC-01") for _ in range(3)]
    for life in lives:
        await life.handle.signal("hurray", {"of": life.id})
        await life.handle.signal("contact_made", "not this one")
    among = " OR ".join(f"WorkflowId = '{life.id}'" for life in lives)
    for life in lives:
        await life.until(lambda status: len(status.quarantine) == 2)
    many = ("quarantine", "dismiss", "--where", among, "--name", "hurray", *DISMISSING)
    for _ in range(30):
        dry = await starter(*many, "--dry-run", "--json")
        if len(dry.json) == len(lives):
            break
    assert {row["result"] for row in dry.json} == {"would be dismissed"}
    for life in lives:
        assert len((await life.status()).quarantine) == 2, "a dry run dismisses nothing"
    done = await starter(*many)
    assert (done.code, "dismissed" in done.out) == (0, True), done.err
    for life in lives:
        assert [held.name for held in (await life.status()).quarantine] == ["contact_made"]
    assert (await starter(*many, "--json")).json == [], "run again, nothing is left to do"


async def test_more_messages_than_a_case_keeps_the_content_of_are_all_readable(starter: Starter, world: World) -> None:
    life = await world.open()
    for number in range(CONTENTS_KEPT + 2):
        await life.handle.signal("hip", {"hip": number})
    status = await life.until(lambda status: len(status.quarantine) == CONTENTS_KEPT + 2)
    last = status.quarantine[-1]
    assert last.content == ""
    shown = await starter("quarantine", "show", life.id, last.id, "--json")
    assert json.loads(shown.json["content"]) == {"hip": CONTENTS_KEPT + 1}


async def test_a_staffings_quarantine_is_handled_alike(starter: Starter, world: World) -> None:
    life = await world.open(edition=OREGON, sanction_began=None, provider="ODHS-PDX-01")
    staffing = await life.staffing()
    id = staffing.handle.id
    await staffing.handle.signal("contact_attempted", fact(await life.today(), type="fax"))
    for _ in range(30):
        found = await held_in(starter, "--where", f"CaseId = '{life.id}'")
        if found:
            break
    [row] = found
    assert (row["case"], row["name"]) == (id, "contact_attempted")
    ran = await starter("quarantine", "resubmit", id, row["entry"], "--edit", "type=phone")
    assert (ran.code, "recorded" in ran.out) == (0, True), ran.err
    assert (await staffing.status()).quarantine == ()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("show", "no-such-case", "e"), 1, "no-such-case: none of this id is open"),
        (("dismiss", "no-such-case", "e", *DISMISSING), 1, "none of this id is open"),
        (("dismiss", *DISMISSING), 2, "either CASE and ENTRY, or --where and --name"),
        (("dismiss", "CASE", *DISMISSING), 2, "either CASE and ENTRY, or --where and --name"),
        (("dismiss", "CASE", "e", "--why", "no use"), 2, "--by"),
        (("resubmit", "CASE", "e"), 2, "what is to be corrected?"),
        (("resubmit", "CASE", "e", "no-such-file.json"), 2, "no-such-file.json"),
        (("resubmit", "CASE", "e", '{"kind":'), 2, "must be one JSON object"),
        (("resubmit", "CASE", "e", "--edit", "type"), 2, "FIELD=VALUE"),
        (("list", "--where", "Nonsense = 1"), 1, "Nonsense"),
    ],
)
async def test_what_cannot_be_done_is_said_with_what_would_be_right(
    starter: Starter, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ran: Ran = await starter("quarantine", *arguments)
    assert (ran.code, "Traceback" in ran.err) == (code, False)
    assert says in ran.err


async def test_an_entry_that_is_not_there_is_said_so(starter: Starter) -> None:
    case = await opened(starter, "nothing-held")
    ran = await starter("quarantine", "show", case, "0123456789abcdef")
    assert (ran.code, "no message 0123456789abcdef is in quarantine" in ran.err) == (1, True)
