"""How a case ends, and what is done on the way: MO-3, MO-6, MO-7, MO-8, MO-12."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType

from domain.calendar import add_months, first_day, first_week_from, month_of, next_week, week_end
from tests.workflow.living import Life, World


async def participate_two_weeks(life: Life) -> None:
    """Agree, and participate the required hours in the next two weeks."""
    await life.days(2)
    await life.tell("response", answer="agrees", activities=["job search"])
    first = first_week_from(await life.today())
    second = next_week(first)
    await life.to(week_end(first) + timedelta(days=1))
    await life.tell("participation_week", week=first, hours=30)
    await life.to(week_end(second) + timedelta(days=1))
    await life.tell("participation_week", week=second, hours=31.5)
    await life.until_done()


async def test_two_good_weeks_send_the_alert_and_only_the_confirmation_ends_the_case(world: World) -> None:
    # MO-4, MO-6, MO-8, MO-9
    life = await world.open()
    await participate_two_weeks(life)
    status = await life.status()
    assert status.phase == "lift_recommended"
    assert status.why is not None
    assert status.why.rule == "MO-6"
    [alert] = world.records.alerts(life.id)
    assert (alert.alert, alert.ground, alert.withdrawn_on) == ("lift_sanction", "participation", None)
    before = world.records.case(life.id)
    assert before is not None
    assert before.work_status == "SS"

    await life.days(21)
    status = await life.until_done()
    assert status.phase == "lift_recommended", "without a confirmation re-engagement does not end"
    assert "lift-unconfirmed" in status.needs_action
    assert len(world.records.alerts(life.id)) == 1, "the alert goes once a recommendation"

    receipt = await life.tell("sanction_lifted")
    assert (receipt.phase, receipt.outcome) == ("closed", "lifted_by_participation")
    ended = await life.result()
    assert ended.outcome == "lifted_by_participation"
    assert ended.why is not None
    assert ended.why.rule == "MO-8"
    after = world.records.case(life.id)
    assert after is not None
    assert after.work_status == "DD"
    assert world.records.tasks(life.id) == []
    assert len(life.letter_dates()) == 1


async def test_a_confirmation_before_the_last_report_still_lifts_by_participation(world: World) -> None:  # MO-8, ALL-1
    life = await world.open()
    await life.days(2)
    await life.tell("response", answer="agrees")
    first = first_week_from(await life.today())
    await life.to(week_end(first) + timedelta(days=1))
    await life.tell("participation_week", week=first, hours=30)
    await life.to(week_end(next_week(first)) + timedelta(days=1))
    assert (await life.tell("sanction_lifted")).phase == "trial", "no ground is on file yet"
    assert "lift-without-ground" in (await life.until_done()).needs_action
    receipt = await life.tell("participation_week", week=next_week(first), hours=30)
    assert receipt.outcome == "lifted_by_participation"
    assert (await life.result()).outcome == "lifted_by_participation"


async def test_hours_corrected_down_withdraw_the_alert_and_the_case_goes_back(world: World) -> None:  # MO-8
    life = await world.open()
    await participate_two_weeks(life)
    week = first_week_from(await life.today()) - timedelta(days=7)
    receipt = await life.tell("participation_week", week=week, hours=3)
    assert receipt.phase == "reengaging"
    await life.until_done()
    [alert] = world.records.alerts(life.id)
    assert alert.withdrawn_on == await life.today()


async def test_good_cause_lifts_after_its_confirmation(world: World) -> None:  # MO-7, MO-8
    life = await world.open()
    await life.days(1)
    found = {"finding": "found", "grounds": "was in hospital", "decided_by": "a supervisor"}
    assert (await life.tell("good_cause_finding", **found)).phase == "lift_recommended"
    await life.tell("sanction_lifted")
    assert (await life.result()).outcome == "lifted_by_good_cause"
    record = world.records.case(life.id)
    assert record is not None
    assert record.work_status == "DD"


async def test_month_60_asks_for_closure_and_the_case_ends_only_when_the_ta_case_is_closed(
    world: World,
) -> None:  # MO-12
    life = await world.open(months_counted=57)
    over_on = first_day(add_months(month_of(await life.today()), 4))
    await life.to(over_on - timedelta(days=1), hour=23)
    assert (await life.status()).phase == "reengaging", "the 60th month is not over"
    assert world.records.alerts(life.id) == []

    await life.to(over_on)
    assert (await life.until_done()).phase == "limit_reached"
    assert [(alert.alert, alert.sent_on) for alert in world.records.alerts(life.id)] == [("close_ta_case", over_on)]
    letters = len(life.letter_dates())
    await life.days(30)
    assert len(life.letter_dates()) == letters + 1, "letters go on until the TA case is closed"

    assert (await life.tell("ta_case_closed")).outcome == "lifetime_limit"
    ended = await life.result()
    assert (ended.outcome, ended.letters_sent) == ("lifetime_limit", letters + 1)


@pytest.mark.slow
async def test_a_five_year_life_fits_in_one_run(world: World) -> None:  # MO-3, MO-12, the history budget
    life = await world.open(months_counted=0, continue_after_days=3650)
    first = await life.today()
    over_on = first_day(add_months(month_of(first), 61))
    await life.to(over_on)
    status = await life.until_done()
    assert status.phase == "limit_reached"
    dates = life.letter_dates()
    assert dates == [first + timedelta(days=30 * count) for count in range(len(dates))]
    assert (over_on - dates[-1]).days < 30
    of_the_clock = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED
    events = [event for event in (await life.history()).events if event.event_type != of_the_clock]
    assert len(events) <= 850
    await life.tell("ta_case_closed")
    assert (await life.result()).outcome == "lifetime_limit"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("exempted", "exempt"), ("excluded", "excluded"), ("became_inactive", "inactive"), ("ta_case_closed", "inactive")],
)
async def test_inactive_for_any_reason_ends_the_letters_and_the_case(world: World, kind: str, outcome: str) -> None:
    # MO-3
    life = await world.open()
    await life.until_done()
    assert (await life.tell(kind)).outcome == outcome
    assert (await life.result()).outcome == outcome
    assert len(life.letter_dates()) == 1


async def test_a_case_opened_in_error_leaves_no_task_and_no_placement_behind(world: World) -> None:  # ALL-3
    life = await world.open(months_counted=None, months_through=None)
    await life.tell("response", answer="agrees")
    assert set((await life.until_done()).needs_action) == {"explain", "months-unknown"}
    await life.tell("opened_in_error")
    assert (await life.result()).outcome == "opened_in_error"
    assert world.records.tasks(life.id) == []
    assert all(placement.ended_on for placement in world.records.placements(life.id))
