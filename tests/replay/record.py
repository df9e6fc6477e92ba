"""Records the lives that the replay tests replay: `python -m tests.replay.record` writes histories/VERSION/*.json.

Do so once for each released version. Those of earlier versions stand for cases that were begun under them and are under
way: they are never recorded anew, and must go on under whatever code comes.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.api.history.v1 import History

import devserver
import worker
from activities.archive.reading import opened
from activities.outbox import Outbox
from activities.records.store import Records
from build import version
from chaos.stage import free_ports
from domain.calendar import add_months, first_day, first_week_from, month_of, next_week, week_end
from settings import Settings
from tests.workflow.living import ADDRESS, GUIDE, OREGON, Life, World, opening, today_in_missouri
from tests.workflow.test_effects import Post, served_by

HISTORIES = Path(__file__).parent / "histories"


async def quiet_then_exempt(world: World) -> Life:
    """A year without an answer, and an exemption."""
    life = await world.open()
    await life.days(365)
    await life.tell("exempted")
    await life.result()
    return life


async def lifted_by_participation(world: World) -> Life:
    """Agreed, lapsed, agreed again, two good weeks, a report corrected down and up, lifted."""
    life = await world.open(call_in_answered=False)
    await life.days(2)
    await life.tell("response", answer="agrees", activities=["job search"])
    first = first_week_from(await life.today())
    await life.to(week_end(first) + timedelta(days=1))
    await life.signal("participation_week", week=first, hours=4)
    await life.days(1)
    await life.tell("response", answer="agrees")
    week = first_week_from(await life.today())
    for _ in range(2):
        await life.to(week_end(week) + timedelta(days=1))
        await life.signal("participation_week", week=week, hours=30)
        week = next_week(week)
    await life.tell("assessment_completed")
    await life.tell("iep_completed")
    await life.tell("participation_week", week=week - timedelta(days=7), hours=3)
    await life.tell("participation_week", week=week - timedelta(days=7), hours=33)
    await life.days(11)
    await life.tell("sanction_lifted")
    await life.result()
    return life


async def at_the_limit(world: World) -> Life:
    """The 60th month over, the TA case closed."""
    life = await world.open(months_counted=58)
    await life.to(first_day(add_months(month_of(await life.today()), 3)))
    await life.until_done()
    await life.tell("ta_case_closed")
    await life.result()
    return life


async def moved_without_address(world: World) -> Life:
    """No address, then one in another provider's area; the transfer overdue, then accepted. Still open."""
    life = await world.open(address=None)
    await life.days(3)
    await life.tell("address_changed", address=ADDRESS, area_provider="MWA-KC-01")
    await life.days(20)
    await life.tell("transfer_accepted", provider="MWA-KC-01")
    await life.days(30)
    return life


async def badly_spoken_to(world: World) -> Life:
    """A start nobody can read, messages of every wrong shape, a request to cancel; then opened. Still open."""
    life = await world.start({"opened": {"kind": "opened"}, "edition": "mo-mwa/1999-01-01"})
    await life.until(lambda status: status)
    await life.handle.signal("hoorah", args=[1, 2])
    await life.handle.signal("contact_made", args=[{}, {}])
    await life.handle.signal("contact_made")
    await life.handle.cancel()
    status = await life.until(lambda status: len(status.quarantine) == 5)
    await life.handle.signal("opened", opening(today_in_missouri()))
    dismissal = {"entry": status.quarantine[0].id, "why": "a test", "by": "operations"}
    await life.handle.execute_update("quarantine_dismiss", dismissal)
    await life.days(31)
    return life


async def continued_as_new(world: World) -> Life:
    """In its second run, with a quarantined message and a ledger from the first. Still open."""
    life = await world.open(continue_after_days=20)
    await life.handle.signal("hoorah", 1)
    await life.tell("contact_made", type="phone")
    await life.days(45)
    return life


async def by_a_bad_post(world: World) -> Life:
    """A letter tried again, voided by an agreement, and sent after the lapse. Still open."""
    post = Post(world.outbox)
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        while post.tried < 2:
            await asyncio.sleep(0.1)
        await life.tell("response", answer="agrees")
        post.down = False
        await life.until_done()
        await life.days(21)
        await life.until_done()
    return life


async def disqualified_then_reversed(world: World) -> Life:
    """Oregon: DQ1 with every step done, and a year later taken back by a review."""
    life = await world.open(edition=OREGON, sanction_began=None, provider="ODHS-PDX-01")
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.decide()
    await life.until(lambda status: status.disqualification and not status.open_commands)
    await life.tell("contact_made", type="phone")
    await life.tell("task_done", task=f"{life.id}/task/pdp-copy/1")
    await life.days(365)
    await life.tell("new_information", about="was exempt at the time")
    review = await life.staffing(2)
    [known] = [row for row in (await review.status()).considerations if row["consideration"] == "exempt"]
    said = {"consideration": "exempt", "answer": "yes", "evidence": "a letter", "replaces": known["message_id"]}
    await review.tell("consideration_answered", **said)
    await review.decide("good_cause")
    await life.until(lambda status: status.phase == "lift_recommended" and not status.open_commands)
    await life.tell("sanction_lifted")
    await life.result()
    return life


async def a_staffing(world: World) -> Life:
    """A staffing that was badly spoken to, and decided."""
    life = await world.open(edition=GUIDE, sanction_began=None, provider="ODHS-PDX-01")
    staffing = await life.staffing()
    await staffing.handle.signal("hoorah", 1)
    await staffing.handle.signal("screening_offered")
    await staffing.handle.cancel()
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.decide()
    return Life(world, staffing.handle)  # type: ignore[arg-type]


LIVES: tuple[Callable[[World], Awaitable[Life]], ...] = (
    quiet_then_exempt,
    lifted_by_participation,
    at_the_limit,
    moved_without_address,
    badly_spoken_to,
    continued_as_new,
    by_a_bad_post,
    disqualified_then_reversed,
    a_staffing,
)


async def record(names: list[str]) -> None:
    """Live the lives on a server of their own and write down the histories of all their runs."""
    with tempfile.TemporaryDirectory() as home:
        port, ui_port = free_ports(2)
        settings = Settings(home=Path(home), port=port, ui_port=ui_port, shutdown_seconds=0)
        async with devserver.running(settings) as client, worker.working(client, settings):
            world = World(client, settings, Records.open(settings.records), Outbox(settings.letters))
            for live in LIVES:
                if not names or live.__name__ in names:
                    life = await live(world)
                    await write(life, live.__name__)
            world.records.close()


async def write(life: Life, name: str) -> None:
    """One file for each run of a life, in plain text. The workflow's id is beside its events, where replay needs it."""
    run_id, runs = (await life.handle.describe()).run_id, []
    while run_id:
        history = await life.world.client.get_workflow_handle(life.id, run_id=run_id).fetch_history()
        runs.insert(0, history)
        run_id = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    for number, history in enumerate(runs, 1):
        file = HISTORIES / version() / f"{name}{f'_run_{number}' if len(runs) > 1 else ''}.json"
        read = await opened(History(events=history.events), life.codec)
        events = [without_machine(MessageToDict(event)) for event in read.events]
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"workflow_id": life.id, "events": events}, indent=1) + "\n")
        print(file.name, len(events))


def without_machine(value: Any) -> Any:
    """A history event without the names and paths of the machine that made it; replay asks for none of them."""
    if isinstance(value, list):
        return [without_machine(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("kind") == "TASK_QUEUE_KIND_STICKY":
        value = value | {"name": "sticky"}
    said = {name: without_machine(one) for name, one in value.items() if name != "stackTrace"}
    return said | {"identity": "a worker"} if "identity" in said else said


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:]))
