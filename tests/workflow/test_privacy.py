"""Temporal holds nothing of a case that can be read, and a case hears nothing that was not sealed for it. ALL-6."""

import json

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.converter import WorkflowSerializationContext

from converter.plugin import plugin
from tests.workflow.living import ADDRESS, NAME, Life, World, fact, opening, today_in_missouri

IN_PLAIN_TEXT = "message: came in plain text; it is taken only when encrypted by the codec"
OF_ANOTHER = "message: is encrypted, and can't be opened with a key of this case"


@pytest.fixture
async def plain(world: World) -> Client:
    """A client without the codec, as a stock one is."""
    target = world.client.service_client.config.target_host
    return await Client.connect(target, namespace=world.client.namespace, plugins=[plugin(None)])


async def test_a_signal_in_plain_text_is_held_and_can_be_resubmitted(world: World, plain: Client) -> None:  # ALL-2
    life = await world.open()
    said = fact(await life.today(), type="phone")
    await plain.get_workflow_handle(life.id).signal("contact_made", said)
    status = await life.until(lambda status: status.quarantine)
    [held] = status.quarantine
    assert (held.name, held.reason, json.loads(held.content)) == ("contact_made", IN_PLAIN_TEXT, said)
    corrected = {"entry": held.id, "fact": {"kind": "contact_made", **said}}
    await life.handle.execute_update("quarantine_resubmit", corrected)
    assert (await life.status()).quarantine == ()


async def test_an_update_in_plain_text_is_refused_and_nothing_is_recorded(world: World, plain: Client) -> None:
    life = await world.open()
    heard = (await life.until_done()).facts_heard
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await plain.get_workflow_handle(life.id).execute_update("contact_made", fact(await life.today(), type="phone"))
    assert refused.value.cause.message == IN_PLAIN_TEXT  # type: ignore[attr-defined]
    assert (await life.status()).facts_heard == heard


async def test_a_case_started_in_plain_text_waits_for_an_opening(world: World, plain: Client) -> None:  # ALL-2
    started = await World(plain, world.settings, world.records, world.outbox).start(
        {"opened": opening(today_in_missouri())}
    )
    life = Life(world, world.client.get_workflow_handle(started.id))
    status = await life.until(lambda status: status and status.quarantine)
    assert (status.phase, status.quarantine[0].reason) == ("awaiting_opening", IN_PLAIN_TEXT)
    await life.handle.terminate()


async def test_what_was_sealed_for_one_case_is_not_heard_by_another(world: World, plain: Client) -> None:
    """A message captured on its way to one case can't be told to another."""
    life, other = await world.open(), await world.open()
    context = WorkflowSerializationContext(namespace=world.client.namespace, workflow_id=other.id)
    sealed = await world.client.data_converter.with_context(context).encode([fact(await life.today(), type="phone")])
    await plain.get_workflow_handle(life.id).signal("contact_made", RawValue(sealed[0]))
    status = await life.until(lambda status: status.quarantine)
    assert status.quarantine[0].reason == OF_ANOTHER


async def test_a_history_holds_no_word_of_the_participant(world: World) -> None:
    life = await world.open()
    await life.until_done()
    for event in (await life.history()).events:
        said = event.SerializeToString()
        assert not [word for word in (NAME, ADDRESS["city"]) if str(word).encode() in said]
