"""Effects are exactly once, and none of them keeps a fact from being heard: ALL-3."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.worker import Worker

from activities.outbox import Delivered, Letter, Outbox
from activities.perform import Activities, read_edition
from activities.providers import ProviderDirectory
from domain.calendar import first_week_from
from tests.workflow.living import World, new_id
from workflows import performing


class Post:
    """A carrier with bad days: it can be down, hang, or lose the answer to a letter it took."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.down = False
        self.open = threading.Event()
        self.open.set()
        self.answers_to_lose = 0
        self.tried = 0

    def deliver(self, letter: Letter) -> Delivered:
        self.tried += 1
        self.open.wait()
        if self.down:
            raise OSError("the post is down")
        delivered = self._outbox.deliver(letter)
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise OSError("the line broke after the letter was taken")
        return delivered

    def revoke(self, effect: str) -> Delivered | None:
        if self.down:
            raise OSError("the post is down")
        return self._outbox.revoke(effect)


@asynccontextmanager
async def served_by(world: World, post: Post, queue: str | None = None) -> AsyncIterator[str]:
    """A worker of its own whose letters go by this post; yields its task queue."""
    activities = Activities(post, ProviderDirectory.load(world.settings.providers), world.records)
    queue = queue or new_id()
    with ThreadPoolExecutor(4) as threads:
        async with Worker(
            world.client,
            task_queue=queue,
            activities=[*activities.all, read_edition],
            activity_executor=threads,
        ):
            try:
                yield queue
            finally:
                post.open.set()


@pytest.fixture
def post(world: World) -> Post:
    return Post(world.outbox)


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case says after a second what it would say after ten minutes."""
    monkeypatch.setattr(performing, "PATIENCE", (timedelta(seconds=1),))


async def tried_twice(post: Post) -> None:

    until = time.monotonic() + 20
    while post.tried < 2:
        assert time.monotonic() < until
        await asyncio.sleep(0.1)


async def test_facts_are_heard_while_a_letter_is_tried_again_and_then_it_goes_once(world: World, post: Post) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await tried_twice(post)
        await life.signal("contact_made", type="phone")
        assert (await life.tell("contact_made", type="email")).result == "recorded"
        status = await life.status()
        assert (status.facts_heard, status.letters_sent) == (3, 0)
        record = world.records.case(life.id)
        assert record is not None, "records don't wait for letters"

        post.down = False
        status = await life.until(lambda status: status.letters_sent == 1)
        assert not status.open_commands
        assert len(life.letter_dates()) == 1


async def test_facts_are_heard_while_a_letter_hangs(world: World, post: Post) -> None:
    post.open.clear()
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        assert (await life.tell("response", answer="question")).result == "recorded"
        await life.signal("contact_made", type="phone")
        await life.until(lambda status: status.facts_heard == 3)
        post.open.set()
        await life.until(lambda status: status.letters_sent == 1 and not status.open_commands)
        assert len(life.letter_dates()) == 1


@pytest.mark.parametrize("kind", ["exempted", "opened_in_error", "ta_case_closed"])
async def test_a_letter_made_void_while_it_is_tried_again_is_never_delivered(
    world: World, post: Post, kind: str
) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await tried_twice(post)
        receipt = await life.tell(kind)
        assert receipt.voided == (f"{life.id}/letter/1",)
        assert (await life.status()).phase == "closed"
        post.down, tried = False, post.tried
        ended = await life.result()
        assert ended.letters_sent == 0
        assert life.letters() == []
        assert post.tried == tried


async def test_an_agreement_makes_the_letter_void_and_a_lapse_sends_it(world: World, post: Post) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await tried_twice(post)
        await life.tell("response", answer="agrees")
        post.down = False
        await life.until_done()
        assert life.letters() == []
        week = first_week_from(await life.today())
        await life.to(week + timedelta(days=6 + 8))
        status = await life.until_done()
        assert (status.phase, status.letters_sent) == ("reengaging", 1)
        assert len(life.letter_dates()) == 1


async def test_a_letter_that_left_while_it_was_made_void_is_owned_up_to(world: World, post: Post) -> None:
    post.open.clear()
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await life.until(lambda status: post.tried)
        await life.tell("exempted")
        post.open.set()
        ended = await life.result()
        assert ended.letters_sent == len(life.letter_dates())


async def test_a_letter_that_left_with_its_answer_lost_is_owned_up_to_though_it_was_made_void(
    world: World, post: Post
) -> None:
    post.answers_to_lose = 1000
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await tried_twice(post)
        await life.tell("response", answer="agrees")
        status = await life.until(lambda status: status.letters_sent == 1 and not status.open_commands)
        assert life.letter_dates() == [status.last_letter_on]


async def test_a_letter_whose_answer_was_lost_is_delivered_once(world: World, post: Post) -> None:
    post.answers_to_lose = 2
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        status = await life.until(lambda status: status.letters_sent == 1)
        assert post.tried == 3
        assert life.letter_dates() == [status.last_letter_on]


async def test_a_letter_to_another_address_is_taken_back_and_sent_anew_before_it_left(world: World, post: Post) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await tried_twice(post)
        moved = {"lines": ["9 Oak Lane"], "city": "Rolla", "state": "MO", "postal_code": "65401"}
        await life.tell("address_changed", address=moved)
        post.down = False
        await life.until(lambda status: status.letters_sent == 1 and not status.open_commands)
        [(_, text)] = life.letters()
        assert "9 Oak Lane" in text
        assert "12 Elm Street" not in text


async def test_a_stuck_command_asks_for_action_until_it_goes_through(
    world: World, post: Post, no_patience: None
) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        status = await life.until(lambda status: status.troubles)
        letter = f"{life.id}/letter/1"
        assert list(status.troubles) == [letter]
        assert status.needs_action == ("stuck", "stuck-letters")
        assert (await life.attributes())["NeedsAction"] == ["stuck", "stuck-letters"]
        details = await life.details()
        assert letter in details
        assert "Elm Street" not in details

        assert (await life.tell("contact_made", type="phone")).result == "recorded"
        post.down = False
        status = await life.until(lambda status: status.letters_sent == 1)
        assert (status.troubles, status.needs_action) == ({}, ())
        assert "NeedsAction" not in await life.attributes()
        assert len(life.letter_dates()) == 1


async def test_a_stuck_letter_made_void_troubles_nobody_once_the_carrier_has_said_that_it_never_went(
    world: World, post: Post, no_patience: None
) -> None:
    post.down = True
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        await life.until(lambda status: status.troubles)
        await life.tell("response", answer="agrees")
        status = await life.until(lambda status: status.troubles)
        assert "stuck-letters" in status.needs_action, "whether it went is not known"
        post.down = False
        status = await life.until_done()
        assert (status.troubles, status.needs_action) == ({}, ("explain",))
        assert life.letters() == []


async def test_a_letter_that_hangs_is_stuck_with_no_answer_until_the_carrier_answers(
    world: World, post: Post, no_patience: None
) -> None:
    post.open.clear()
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue)
        status = await life.until(lambda status: status.troubles)
        assert (set(status.troubles.values()), "stuck-letters" in status.needs_action) == ({"no_answer"}, True)
        post.open.set()
        await life.until(lambda status: status.letters_sent == 1 and not status.troubles)
        assert len(life.letter_dates()) == 1, "what hung so long is the same letter"


async def test_a_letter_from_a_provider_nobody_knows_is_stuck_until_the_opening_is_corrected(
    world: World, post: Post, no_patience: None
) -> None:
    async with served_by(world, post) as queue:
        life = await world.open(task_queue=queue, provider="MWA-NOWHERE")
        status = await life.until(lambda status: status.troubles)
        assert list(status.troubles.values()) == ["UnknownProvider"]
        await life.tell("transfer_requested", provider="MWA-KC-01")
        await life.tell("transfer_accepted", provider="MWA-KC-01")
        status = await life.until(lambda status: status.letters_sent == 1)
        assert status.troubles == {}
        [(_, text)] = life.letters()
        assert "Heart of Sample City" in text


async def test_commands_of_one_lane_are_carried_out_in_their_order(world: World) -> None:
    life = await world.open()
    await life.tell("response", answer="agrees", activities=["job search", "a class"])
    await life.until_done()
    done = [entry.ref for entry in await life.timeline() if entry.what == "effect" and "/letter/" not in entry.ref]
    asked = [entry.ref for entry in await life.timeline() if entry.what == "decision" and "/letter/" not in entry.ref]
    assert done == [effect for effect in asked if effect]
    failed = await life.events(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED, EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED)
    assert failed == []
