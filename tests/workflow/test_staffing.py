"""Staffings on the real server: OR-1 to OR-6, from the opening of a case to the finalised TRACS page."""

from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.case import Outcome, Phase
from domain.commands import OpenStaffing
from domain.staffing.staffing import opened
from tests.unit.staffings import DUE_PROCESS
from tests.workflow.living import EVIDENCE, GUIDE, OREGON, World
from workflows.start import StaffingStart

UNSANCTIONED = {"sanction_began": None, "provider": "ODHS-PDX-01"}


async def test_a_staffing_decides_and_the_page_is_finalised_when_every_step_is_done(world: World) -> None:
    """OR-1, OR-5, OR-6."""
    life = await world.open(edition=GUIDE, **UNSANCTIONED)
    assert (await life.status()).phase == Phase.STAFFING
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all()
    ended = await staffing.decide()
    assert (ended.comes_to, ended.heard_by_case) == ("disqualified", True)
    status = await life.until(lambda status: status.phase == Phase.REENGAGING and not status.open_commands)
    [page] = world.records.tracs_pages(life.id)
    assert (page.selection, page.finalised_on) == ("DQ1 – JOBS Disqualification", None)
    assert [step.who for step in status.disqualification if not step.done_on] == ["family coach"] * 2
    await life.tell("contact_made", type="phone")
    copy = next(task["task"] for task in status.open_tasks if "pdp-copy" in task["task"])
    await life.tell("task_done", task=copy)
    await life.until_done()
    [page] = world.records.tracs_pages(life.id)
    assert page.finalised_on == await life.today()
    assert "finalized" in page.narration
    [(_, letter)] = life.letters()
    assert "State Family Pre-SSI Program" in letter
    assert world.records.case(life.id) is None  # the MWA System is Missouri's


async def test_a_decision_reversed_14_months_later(world: World) -> None:
    """OR-3: DQ1 removed, effects taken back once each, both states readable in the timeline."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.decide()
    await life.until(lambda status: status.phase == Phase.REENGAGING and not status.open_commands)
    await life.days(425)
    await life.tell("new_information", about="was exempt at the time")
    review = await life.staffing(2)
    shown = await review.status()
    assert (shown.reviews, shown.why) == (1, "new_information")
    [before] = [row for row in shown.considerations if row["consideration"] == "exempt"]
    assert before["answer"] == "no"
    said = {"consideration": "exempt", "answer": "yes", "evidence": EVIDENCE, "replaces": before["message_id"]}
    await review.tell("consideration_answered", **said)
    await review.tell("decided", finding="good_cause", decided_by="the team")
    status = await life.until(lambda status: status.phase == Phase.LIFT_RECOMMENDED and not status.open_commands)
    assert status.disqualification == ()
    first, second = world.records.tracs_pages(life.id)
    assert (first.cleared_on, second.selection, second.cleared_on) == (await life.today(), "Good cause", None)
    assert second.finalised_on == await life.today()
    assert [update.reversed_on for update in world.records.one_updates(life.id)] == [await life.today()]
    assert [update.corrected_on for update in world.records.pdp_updates(life.id)] == [await life.today()]
    told = " ".join(entry.says for entry in await life.timeline())
    assert "no good cause at this time" in told
    assert "Good cause: verified; the participant was exempt before or at the time" in told
    assert "the DQ1 JOBS disqualification is removed" in told
    await life.tell("sanction_lifted")
    assert (await life.result()).outcome == Outcome.LIFTED_BY_GOOD_CAUSE


async def test_a_partner_requests_a_staffing_only_with_a_release_on_file(world: World) -> None:
    """OR-4: refused with the reason, and accepted once it is on file."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    request = {"role": "community_partner", "partner": "Neighbors United"}
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await life.tell("staffing_requested", **request)
    assert "no MCS 3010 of this community partner is on file (OR-4)" in str(refused.value.cause)
    await life.tell("release_filed", partner="Neighbors United")
    assert (await life.tell("staffing_requested", **request)).result == "recorded"


async def test_no_decision_while_a_consideration_is_unanswered(world: World) -> None:
    """OR-2."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await staffing.tell("decided", finding="good_cause", decided_by="the team")
    assert "unanswered: exempt, outside_control" in str(refused.value.cause)
    assert "OR-2" in str(refused.value.cause)


async def test_a_staffing_ends_with_its_case(world: World) -> None:
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await life.tell("exempted")
    assert (await life.result()).outcome == Outcome.EXEMPT
    ended = await staffing.handle.result()
    assert (ended.comes_to, ended.heard_by_case) == (None, False)


async def test_in_missouri_a_staffing_finds_good_cause_too(world: World) -> None:
    """MO-7."""
    life = await world.open()
    await life.tell("staffing_requested", role="participant")
    staffing = await life.staffing()
    await staffing.answer_all(outside_control="yes")
    await staffing.decide("good_cause")
    status = await life.until(lambda status: status.phase == Phase.LIFT_RECOMMENDED)
    assert status.why and status.why.rule == "MO-7"


async def test_an_agreement_ends_the_penalty_under_the_2024_text(world: World) -> None:
    """OR-8."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.decide()
    await life.until(lambda status: status.phase == Phase.REENGAGING and not status.open_commands)
    await life.to(await life.today() + timedelta(days=40))
    await life.tell("response", answer="agrees", activities=["life skills class"])
    await life.until(lambda status: status.phase == Phase.LIFT_RECOMMENDED)
    await life.tell("sanction_lifted")
    assert (await life.result()).outcome == Outcome.LIFTED_BY_PARTICIPATION


SENSITIVE = ("domestic_violence", "mental_health", "substance_use", "learning_or_disability", "physical_health")


@pytest.mark.parametrize("finding", ["good_cause", "no_good_cause"])
async def test_sensitive_answers_are_in_payloads_and_nowhere_else(
    world: World, caplog: pytest.LogCaptureFixture, finding: str
) -> None:
    """ALL-6: not in ids, search attributes, memos, errors, logs, records or letters; of the case, not in its views."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all(**dict.fromkeys(SENSITIVE, "yes"))
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        twice = {"consideration": "mental_health", "answer": "yes", "evidence": EVIDENCE}
        await staffing.tell("consideration_answered", **twice)
    reason = {"reason": EVIDENCE} if finding == "no_good_cause" else {}
    await staffing.decide(finding, **reason)
    status = await life.until(lambda status: status.outcome or status.phase == Phase.REENGAGING)
    told = [caplog.text, str(status), await life.details(), str(await life.timeline())]
    for one in [await handle.describe() for handle in (life.handle, staffing.handle)]:
        told += [one.id, str(one.typed_search_attributes), str(await one.memo()), str(await one.static_summary())]
    told += [letter for _, letter in life.letters()]
    assert EVIDENCE not in str(refused.value.cause)
    records = [*world.records.tracs_pages(life.id), *world.records.one_updates(life.id), *world.records.tasks(life.id)]
    told += [str(vars(record)) for record in (*records, *world.records.pdp_updates(life.id))]
    for text in told:
        assert EVIDENCE not in text
        assert not any(name.replace("_", " ") in text.lower().replace("_", " ") for name in SENSITIVE)
    answers = {one["consideration"]: one["answer"] for one in (await staffing.status()).considerations}
    assert answers["mental_health"] == "yes", "who may read it asks the staffing"


async def test_what_a_staffing_cannot_read_is_held(world: World) -> None:
    """ALL-2."""
    life = await world.open(edition=OREGON, **UNSANCTIONED)
    staffing = await life.staffing()
    await staffing.handle.signal("hoorah", 1)
    await staffing.handle.signal("decided", {"finding": "good_cause"})
    await staffing.handle.signal("screening_offered", args=[{}, {}])
    await staffing.handle.signal("contact_attempted")
    await staffing.handle.cancel()
    held = (await staffing.status()).quarantine
    assert [one.name for one in held] == ["hoorah", "decided", "screening_offered", "contact_attempted", "cancel"]
    dismissal = {"entry": held[0].id, "why": "a test", "by": "operations"}
    await staffing.handle.execute_update("quarantine_dismiss", dismissal)
    await staffing.due_process()
    await staffing.answer_all()
    ended = await staffing.decide()
    assert len(ended.quarantine) == 4


def test_a_staffing_travels_as_json() -> None:
    """A staffing that continues as new is the same."""
    call = OpenStaffing(
        effect="c/staffing/2", case_id="c", number=2, why="request", called_on=date(2026, 1, 5), record=DUE_PROCESS
    )
    staffing = opened("c-staffing-2", call, datetime(2026, 1, 5, 18, tzinfo=UTC), OREGON)
    start = StaffingStart(call=call, edition=OREGON, carried=staffing)
    assert StaffingStart.model_validate_json(start.model_dump_json()).carried == staffing
