"""Letters as they leave: MO-1, MO-2, MO-3, MO-4, MO-10, MO-14, ALL-7."""

from datetime import timedelta

from temporalio.api.enums.v1 import EventType

from domain.calendar import first_week_from, week_end
from tests.workflow.living import ADDRESS, CHICAGO, NAME, World, today_in_missouri

INTERVAL = timedelta(days=30)
EVENTS_A_CYCLE = 12
OF_THE_TURNED_CLOCK = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
}


async def test_a_letter_leaves_at_once_and_every_30_days_at_nine_through_daylight_saving(world: World) -> None:
    # MO-1, MO-3, ALL-7
    first = today_in_missouri()
    life = await world.open()
    await life.days(12 * INTERVAL.days + 1)
    status = await life.until_done()
    assert life.letter_dates() == [first + INTERVAL * count for count in range(13)]
    assert (status.letters_sent, status.last_letter_on) == (13, first + INTERVAL * 12)
    letters = [
        event.event_time.ToDatetime().replace(tzinfo=None)
        for event in await life.events(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        if event.activity_task_scheduled_event_attributes.activity_type.name == "deliver_letter"
    ]
    left_at = [at.replace(tzinfo=(await life.now()).tzinfo).astimezone(CHICAGO) for at in letters[1:]]
    assert {(at.hour, at.minute) for at in left_at} == {(9, 0)}
    assert len({at.utcoffset() for at in left_at}) == 2, "a year of letters sees summer and winter time"


async def test_each_letter_says_to_whom_why_and_from_whom(world: World) -> None:  # MO-2
    life = await world.open()
    await life.until_done()
    [(sent_on, text)] = life.letters()
    assert sent_on == await life.today()
    for part in (NAME, "12 Elm Street", "Gateway Sample Work Services", "314-555-0142", "sanction", "30 hours"):
        assert part in text


async def test_a_quiet_letter_cycle_costs_at_most_twelve_events(world: World) -> None:  # MO-3, the history budget
    life = await world.open()
    await life.days(6 * INTERVAL.days + 1)
    await life.until_done()
    cycles: list[list[str]] = [[]]
    for event in (await life.history()).events:
        if event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            cycles.append([])
        if event.event_type not in OF_THE_TURNED_CLOCK:
            cycles[-1].append(event.activity_task_scheduled_event_attributes.activity_type.name or "")
    of_letters = [len(cycle) for cycle in cycles if [name for name in cycle if name] == ["deliver_letter"]]
    assert len(of_letters) >= 6
    assert max(of_letters) <= EVENTS_A_CYCLE


async def test_an_agreement_stops_the_letters_and_a_lapse_resumes_them(world: World) -> None:  # MO-3, MO-4, MO-9, MO-10
    life = await world.open()
    await life.until_done()
    first = life.letter_dates()[0]
    await life.days(25)
    agreed_on = await life.today()
    receipt = await life.tell("response", answer="agrees", activities=["job search"])
    assert receipt.phase == "trial"
    await life.until_done()
    placed = world.records.placements(life.id)
    assert {placement.activity for placement in placed} == {"MWA Trial Participation", "job search"}
    assert not any(placement.ended_on for placement in placed)
    assert [update.activities for update in world.records.iep_updates(life.id)] == [["job search"]]
    assert "explain" in {task.topic for task in world.records.tasks(life.id)}

    unrecorded = first_week_from(agreed_on)
    lapsed_on = week_end(unrecorded) + timedelta(days=8)
    await life.to(lapsed_on - timedelta(days=1))
    assert (await life.status()).phase == "trial"
    assert life.letter_dates() == [first], "the letter of day 30 does not leave while the trial stands"

    await life.days(1)
    assert (await life.until_done()).phase == "reengaging"
    assert life.letter_dates() == [first, lapsed_on]
    assert all(placement.ended_on == lapsed_on for placement in world.records.placements(life.id))
    await life.days(INTERVAL.days)
    assert life.letter_dates() == [first, lapsed_on, lapsed_on + INTERVAL]


async def test_a_refusal_leaves_the_letters_going(world: World) -> None:  # MO-5
    life = await world.open()
    await life.days(10)
    assert (await life.tell("response", answer="refuses")).phase == "reengaging"
    await life.days(21)
    first = life.letter_dates()[0]
    assert life.letter_dates() == [first, first + INTERVAL]


async def test_letters_come_from_the_displayed_provider_before_and_after_the_transfer(world: World) -> None:
    # MO-2, MO-14
    life = await world.open()
    await life.days(5)
    moved = ADDRESS | {"lines": ["9 Oak Lane"], "city": "Kansas City", "postal_code": "64106"}
    await life.tell("address_changed", address=moved, area_provider="MWA-KC-01")
    await life.until_done()
    assert [request.provider for request in world.records.transfers(life.id)] == ["MWA-KC-01"]

    await life.days(15)
    assert "transfer-overdue" in (await life.until_done()).needs_action
    await life.days(11)
    await life.tell("transfer_accepted", provider="MWA-KC-01")
    assert "transfer-overdue" not in (await life.until_done()).needs_action
    record = world.records.case(life.id)
    assert record is not None
    assert record.displayed_provider == "MWA-KC-01"

    await life.days(30)
    (_, first), (_, before), (_, after) = life.letters()
    assert "Gateway Sample" in first
    assert "12 Elm Street" in first
    assert "Gateway Sample" in before, "until the case file is accepted, the displayed provider sends the letters"
    assert "9 Oak Lane" in before
    assert "Heart of Sample City" in after
    assert "Gateway Sample" not in after


async def test_without_an_address_a_task_asks_for_one_and_the_letter_goes_when_it_comes(world: World) -> None:
    # MO-2, MO-5
    life = await world.open(address=None)
    await life.until(lambda status: "address" in status.needs_action and not status.open_commands)
    assert [task.topic for task in world.records.tasks(life.id)] == ["address"]
    assert life.letters() == []
    await life.days(40)
    assert life.letters() == []
    assert (await life.status()).phase == "reengaging"

    await life.tell("address_changed", address=ADDRESS)
    status = await life.until(lambda status: status.letters_sent == 1 and not status.open_commands)
    assert "address" not in status.needs_action
    assert "address" not in {task.topic for task in world.records.tasks(life.id)}
    [(sent_on, text)] = life.letters()
    assert sent_on == await life.today()
    assert "12 Elm Street" in text


async def test_mail_that_comes_back_opens_a_task_and_leaves_the_letters_going(world: World) -> None:  # MO-5
    life = await world.open()
    await life.days(9)
    await life.tell("response", answer="returned_mail")
    assert "returned-mail" in (await life.until_done()).needs_action
    await life.days(22)
    assert len(life.letter_dates()) == 2
