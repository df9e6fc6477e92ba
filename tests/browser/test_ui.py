"""Operations staff at their workplace, the Temporal UI: they find cases, read them, record what happened. ALL-4."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import expect

from cli.auditing import export_case
from domain.calendar import first_week_from
from tests.browser.desk import PATIENCE, Desk
from tests.workflow.living import ADDRESS, NAME, Life, World, fact, today_in_missouri
from workflows.views import View, views

pytestmark = pytest.mark.slow

SHOWS = {
    "needs-action": {"trial", "unread", "moving", "oregon", "staffing"},
    "letters": {"quiet", "near", "over", "unread", "moving"},
    "trial": {"trial"},
    "lift": {"lift"},
    "limit": {"near"},
    "quarantine": {"unread"},
    "transfer": {"moving"},
    "staffing": {"oregon", "staffing"},
}
"""Which cases of the caseload each view shows; a staffing is beside its case."""
GROUNDS = "a statement of Xanthippe's doctor"
PERSONAL = (*NAME.split(), *ADDRESS["lines"], "Xanthippe", "job search")


def view(name: str) -> View:
    """A view as of the date on which this caseload's letters are due again."""
    return next(one for one in views(today_in_missouri() + timedelta(days=30)) if one.name == name)


async def until_listed(office: World, query: str, expected: set[str]) -> None:
    """The server's lists follow a moment later, and a page shows what there was when it was opened."""
    for _ in range(200):
        listed = {found.id async for found in office.client.list_workflows(query)}
        if listed == expected:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"lists {sorted(listed)} and not {sorted(expected)}: {query}")


@pytest.mark.parametrize("name", SHOWS)
async def test_a_view_shows_its_cases_and_no_others(
    name: str, desk: Desk, office: World, cases: dict[str, Life]
) -> None:
    ids = {case: life.id for case, life in cases.items()} | {"staffing": f"{cases['oregon'].id}-staffing-1"}
    expected = {ids[case] for case in SHOWS[name]}
    await until_listed(office, view(name).query, expected)
    assert await desk.look_at(view(name).link(desk.ui, office.client.namespace), expected) == expected
    if name == "needs-action":
        await desk.picture("list")


async def test_a_case_manager_finds_a_case_reads_it_and_records_a_week_and_good_cause(
    desk: Desk, office: World, fresh: Life
) -> None:  # MO-6, MO-7, MO-8
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(unquote(request.url)))
    await until_listed(office, f"{view('trial').query} AND WorkflowId = '{fresh.id}'", {fresh.id})
    await desk.look_at(view("trial").link(desk.ui, office.client.namespace), {fresh.id})
    await desk.open(fresh.id)
    await desk.expect_details("In trial participation", "agreed to comply (MO-4)", "none recorded (MO-6)")
    await desk.expect_details(re.compile("Explain the appropriate actions .* who agreed to comply"), "1 sent")

    today = today_in_missouri()
    week = first_week_from(today - timedelta(days=28))
    said = fact(today, message_id=f"week-{week}", week=week, hours=30)
    dialog = await desk.begin_update("participation_week", said)
    assert "Hours of participation in one week" in desk.described
    assert "One JSON object: message_id, happened_on, recorded_by, recorded_at, week, hours." in desk.described
    await desk.picture("dialog", of=dialog)
    await desk.submit(dialog)
    await desk.expect_details(f"week of {week}: 30 of 30 hours, enough (MO-6)")
    await desk.picture("case")

    finding = fact(today, finding="found", grounds=GROUNDS, decided_by="the case manager")
    await desk.submit(await desk.begin_update("good_cause_finding", finding))
    await desk.expect_details("Lift recommended, waiting for its confirmation", "alert about the lift sent (MO-7)")
    for words in PERSONAL:
        assert not [url for url in asked if words in url], "the addresses of requests are in the clear, and in logs"


async def test_a_refused_update_says_why_and_corrected_it_is_taken(desk: Desk, cases: dict[str, Life]) -> None:
    # ALL-2
    case = cases["quiet"]
    heard = (await case.status()).facts_heard
    await desk.go_to(case.id)
    said = fact(today_in_missouri(), type="carrier pigeon")
    dialog = await desk.begin_update("contact_made", said)
    await dialog.get_by_role("button", name="Submit").click()
    refusal = dialog.get_by_role("alert").filter(has_text="type:")
    await expect(refusal).to_contain_text("type: Input should be 'letter', 'phone', 'text'", timeout=PATIENCE)
    await expect(refusal).not_to_contain_text("File")
    await desk.picture("refusal", of=dialog)
    assert (await case.status()).facts_heard == heard
    await desk.write(dialog, said | {"type": "phone"})
    await desk.submit(dialog)
    assert (await case.status()).facts_heard == heard + 1


async def test_what_a_person_wrote_cannot_break_the_table(desk: Desk, cases: dict[str, Life]) -> None:  # ALL-2
    case = cases["unread"]
    name = "a | b <img src=x onerror=alert(1)> [c](http://d.example) **e**"
    await case.handle.signal(name, "a message of a name that is none")
    await case.until(lambda status: any(held.name == name for held in status.quarantine))
    await desk.go_to(case.id)
    await desk.expect_details(
        "a ¦ b <img src=x onerror=alert(1)> [c](http://d.example) **e**: message: must be one JSON object"
    )
    assert set(await desk.table().locator("tr").evaluate_all("rows => rows.map(row => row.cells.length)")) == {2}
    await expect(desk.table().locator("img, a")).to_have_count(0)


async def test_a_case_leads_to_its_staffing_and_back(desk: Desk, cases: dict[str, Life]) -> None:  # OR-1
    case = cases["oregon"].id
    await desk.go_to(case)
    await desk.expect_details("Waiting for a staffing since")
    staffing = await desk.follow(f"{case}-staffing-1")
    await staffing.expect_details("Undecided: 8 unanswered", "called for by the opening of the case")
    await expect(staffing.table().get_by_role("link", name=case)).to_be_visible()


async def test_without_the_codec_server_nothing_can_be_read(
    desk: Desk, sealed_desk: Desk, cases: dict[str, Life]
) -> None:  # ALL-6
    case = cases["trial"].id
    await desk.go_to(case)
    await expect(desk.page.get_by_text(NAME).first).to_be_visible(timeout=PATIENCE)
    await expect(desk.page.get_by_text("deliver_letter • letter 1")).to_be_visible(timeout=PATIENCE)
    await expect(desk.page.get_by_text("next: week of").first).to_be_visible(timeout=PATIENCE)
    page = sealed_desk.page
    await sealed_desk.go_to(case)
    await expect(page.get_by_role("main").get_by_text("Codec Server could not connect")).to_be_visible(timeout=PATIENCE)
    seen = await sealed_desk.everything_seen()
    for tab, shows in (("Event History", "Workflow Execution Started"), ("User Metadata", "Current Details")):
        await sealed_desk.tab(tab)
        await expect(page.get_by_role("main").get_by_text(shows).first).to_be_visible(timeout=PATIENCE)
        seen += await sealed_desk.everything_seen()
    for words in (*PERSONAL, "agreed to comply", "next: week of"):
        assert words not in seen


async def test_an_exported_history_opens_in_the_import_view(
    desk: Desk, office: World, cases: dict[str, Life], tmp_path: Path
) -> None:  # ALL-8
    """The view asks for no case of a namespace, so that the codec server opens nothing there: the file is opened."""
    case = cases["quiet"].id
    assert await export_case(case, tmp_path / "life.json", office.settings, tmp_path / "histories") == 0
    [history] = (tmp_path / "histories").iterdir()
    await desk.page.goto(f"{desk.ui}/import/events")
    await desk.page.locator("input[type=file]").set_input_files(history)
    await desk.page.get_by_role("button", name="Import", exact=True).click()
    main = desk.page.locator("main")
    await expect(main).to_contain_text("Workflow Execution Started", timeout=PATIENCE)
    await expect(main).to_contain_text("letter 1", timeout=PATIENCE)
