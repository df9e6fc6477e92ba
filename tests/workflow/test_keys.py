"""Keys are rotated while cases live, and those of one are destroyed: others go on. ALL-6."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer

from cli.console import FAILED, OK
from cli.keys import list_masters, retire, rotate, shred, verify
from connect import keys, master_keys
from converter.codec import CaseCodec, KnownKeys, key_id
from converter.keys import CaseKeys
from converter.plugin import plugin
from tests.workflow.living import World, fact, today_in_missouri

ROTATIONS = 5


@pytest.fixture
def stored(world: World) -> CaseKeys:
    """The key database, as another process than the worker has it open."""
    return CaseKeys.open(world.settings.keys, master_keys(world.settings))


async def test_five_rotations_under_load_fail_no_fact(
    world: World, stored: CaseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    """Facts go by update all the while; every one is heard, and every case replays with nothing but the last key."""
    keys(world.settings)._to_write.clear()
    lives = await asyncio.gather(*(world.open() for _ in range(6)))
    stop, told = asyncio.Event(), Counter[str]()

    async def tell(handle: WorkflowHandle) -> None:  # type: ignore[type-arg]
        while not stop.is_set():
            await handle.execute_update("contact_made", fact(today_in_missouri(), type="phone"))
            told[handle.id] += 1

    telling = [asyncio.create_task(tell(life.handle)) for life in lives]
    for _ in range(ROTATIONS):
        masters = master_keys(world.settings)
        old, before = masters.newest(), Counter(told)
        assert await asyncio.to_thread(rotate, stored, masters) == OK
        assert await asyncio.to_thread(retire, stored, masters, old) == OK
        keys(world.settings)._to_write.clear()  # a minute later
        while any(told[life.id] < before[life.id] + 2 for life in lives):
            for ended in (one for one in telling if one.done()):
                ended.result()  # nobody stops telling but by an error
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*telling)
    assert list_masters(stored, as_json=False) == OK
    assert len(stored.masters()) == 1
    for life in lives:
        status = await life.until_done()
        assert (status.quarantine, status.facts_heard) == ((), told[life.id] + 1)
    for history in [await life.history() for life in lives]:
        used = {key_id(payload) for payload in _told(history)}
        assert len(used) > ROTATIONS / 2  # one asked for before a rotation may be remembered after it
        await _as_just_started(stored).replay_workflow(history)


async def test_a_shredded_case_is_unreadable_others_go_on_and_its_skeleton_verifies(
    world: World, stored: CaseKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, stays = await world.open(continue_after_days=45), await world.open()
    await gone.days(100)
    assert await shred(world.client, stored, world.settings, gone.id) == FAILED  # it is still open
    assert "only what has ended is shredded" in capsys.readouterr().err
    await gone.handle.signal("ta_case_closed", fact(await gone.today()))
    assert (await gone.result()).outcome == "inactive"
    sent = gone.letter_dates()

    assert await shred(world.client, stored, world.settings, gone.id) == OK
    replayer = _as_just_started(stored)
    with pytest.raises(RuntimeError):
        await replayer.replay_workflow(await gone.history())
    await replayer.replay_workflow(await stays.history())
    await stays.handle.execute_update("contact_made", fact(await stays.today(), type="phone"))

    skeleton, public = world.settings.skeletons / f"{gone.id}.json", world.settings.signing.with_suffix(".pub")
    capsys.readouterr()
    assert verify(skeleton, public, as_json=False) == OK
    said = capsys.readouterr().out
    assert "closed (inactive)" in said
    for number, day in enumerate(sent, 1):
        assert f"letter/{number}" in said
        assert str(day) in said
    assert "MO-3" in said


def _as_just_started(stored: CaseKeys) -> Replayer:
    return Replayer(workflows=[], plugins=[plugin(CaseCodec(KnownKeys(stored)))])


def _told(history: WorkflowHistory) -> Iterator[Payload]:
    for event in history.events:
        yield from event.workflow_execution_update_accepted_event_attributes.accepted_request.input.args.payloads
