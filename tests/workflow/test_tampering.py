"""Whatever is changed in an export is found, and named. ALL-8."""

import copy
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from activities.archive.links import hash_of, hash_of_history, marks_of
from activities.archive.store import Archive
from audit.export import export, read, written
from audit.life import archived, with_what_is_open
from audit.verify import all_of, chain, manifest, signature
from connect import keys
from converter.codec import CaseCodec
from signing import read_unverified, signed, signing_key
from tests.workflow.living import OREGON, Life, World
from tests.workflow.test_audit import archive_all, opener

CHANGES = 2_000


@pytest.fixture(scope="module")
async def exported(world: World) -> str:
    """An Oregon case of two runs and a staffing, exported."""
    life = await world.open(edition=OREGON, sanction_began=None, provider="ODHS-PDX-01", continue_after_days=30)
    staffing = await life.staffing()
    await staffing.due_process()
    await staffing.answer_all()
    await staffing.decide()
    await life.until_done()
    await life.days(40)
    await life.tell("exempted")
    await life.result()
    return await exported_of(world, life)


@pytest.fixture(scope="module")
async def small(world: World) -> str:
    """A case of two runs that ended soon, exported."""
    life = await world.open(continue_after_days=20)
    await life.days(35)
    await life.tell("exempted")
    await life.result()
    exported = await exported_of(world, life)
    assert len(read(exported).runs) == 2
    return exported


async def exported_of(world: World, life: Life) -> str:
    await archive_all(world)
    kept = await with_what_is_open(archived(Archive.open(world.settings.archive), life.id), world.client)
    return written(await export(kept, opener(world), datetime.now(UTC)), signing_key(world.settings.signing))


def found_without_keys(world: World, text: str) -> list[str]:
    """What the first steps find, for which nobody needs to read a case."""
    key = signing_key(world.settings.signing).public_key()
    steps = [signature(text, key)]
    try:
        said = read(text)
    except ValueError as error:
        return [*steps[0].faults, str(error)]
    return [fault for step in (*steps, manifest(said, key), chain(said)) for fault in step.faults]


def test_nothing_is_found_in_what_nobody_changed(world: World, small: str) -> None:
    assert found_without_keys(world, small) == []


def test_a_change_of_any_byte_is_found(world: World, small: str) -> None:
    chance, data = random.Random(1), small.encode()
    key = signing_key(world.settings.signing).public_key()
    for _ in range(CHANGES // 2):
        at = chance.randrange(len(data))
        how = chance.choice(["change", "remove", "insert", "double"])
        byte = bytes([chance.choice([one for one in range(256) if one != data[at]])])
        middle = {"change": byte, "remove": b"", "insert": byte + data[at : at + 1], "double": data[at : at + 1] * 2}[
            how
        ]
        changed = data[:at] + middle + data[at + 1 :]
        assert signature(changed.decode(errors="replace"), key).faults, (at, how, byte)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [inner for name, one in items for inner in [(*path, name), *leaves(one, (*path, name))]]


def changed_at(document: Any, path: tuple[Any, ...], chance: random.Random) -> Any:
    """The document with something else at a path."""
    changed = copy.deepcopy(document)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    was = holder[path[-1]]
    how = chance.choice(["remove", "null", "other"])
    if how == "remove":
        del holder[path[-1]]
    elif how == "null" and was is not None:
        holder[path[-1]] = None
    else:
        holder[path[-1]] = f"{was}0" if isinstance(was, str) else [was]
    return changed


def fault_names(fault: str, wanted: tuple[str, ...]) -> bool:
    return any(one in fault for one in wanted)


def test_a_change_of_any_field_is_found_and_named(world: World, small: str) -> None:
    """The forger has no key, and leaves the signature: what was changed is named all the same, by run and event."""
    chance, wrapped = random.Random(2), json.loads(small)
    document = wrapped["document"]
    paths = leaves(document)
    for path in chance.choices(paths, k=CHANGES // 2):
        changed = wrapped | {"document": changed_at(document, path, chance)}
        faults = found_without_keys(world, json.dumps(changed))
        assert "the file: signature: is not of this document" in faults, path  # not merely written otherwise
        if path[:1] == ("runs",) and len(path) > 4:
            run = document["runs"][path[1]]
            event = run["history"]["events"][path[4]]
            wanted = (f"event {event['eventId']} (", "events, ")  # changed, or taken out
            assert any(run["run_id"] in fault and fault_names(fault, wanted) for fault in faults), (path, faults)


# What one could do who has the signing key, and signs everything anew.


def forged(world: World, document: dict[str, Any]) -> str:
    """The document with its manifest and signature made anew, as whoever has the signing key could."""
    key, previous, texts = signing_key(world.settings.signing), None, []
    histories = {run["run_id"]: run["history"] for run in document["runs"]}
    for text in document["manifest"]:
        link = read_unverified(text)
        if link["run_id"] not in histories:
            continue
        history = histories[link["run_id"]]
        link |= {"history_sha256": hash_of_history(history), "event_marks": marks_of(history), "previous": previous}
        link |= {"number": len(texts) + 1, "events": len(history["events"])}
        texts.append(signed(link, key))
        previous = hash_of(texts[-1].encode())
    return signed(document | {"manifest": texts}, key)


def events(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The attributes of the events of a kind, of the case's own runs."""
    of_case = (run for run in document["runs"] if run["workflow_id"] == document["case"])
    return [
        next(value for name, value in event.items() if name.endswith("Attributes"))
        for run in of_case
        for event in run["history"]["events"]
        if event["eventType"] == f"EVENT_TYPE_{kind}"
    ]


def another_input(document: dict[str, Any]) -> None:
    first, *_, last = events(document, "ACTIVITY_TASK_SCHEDULED")
    first["input"], last["input"] = last["input"], first["input"]


def a_longer_timer(document: dict[str, Any]) -> None:
    events(document, "TIMER_STARTED")[0]["startToFireTimeout"] = "31557600s"


def another_patience(document: dict[str, Any]) -> None:
    events(document, "ACTIVITY_TASK_SCHEDULED")[0]["startToCloseTimeout"] = "61s"


def another_search_attribute(document: dict[str, Any]) -> None:
    fields = events(document, "UPSERT_WORKFLOW_SEARCH_ATTRIBUTES")[0]["searchAttributes"]["indexedFields"]
    fields["Phase"]["data"] = "ImNsb3NlZCI="


def an_earlier_start(document: dict[str, Any], *, of_case: bool = True) -> None:
    run = next(run for run in document["runs"] if (run["workflow_id"] == document["case"]) == of_case)
    for event in run["history"]["events"][:4]:
        event["eventTime"] = event["eventTime"].replace(event["eventTime"][:4], "2019")


def a_staffing_before_its_case(document: dict[str, Any]) -> None:
    an_earlier_start(document, of_case=False)


def a_time_of_no_zone(document: dict[str, Any]) -> None:
    first = document["runs"][0]["history"]["events"][0]
    first["eventTime"] = first["eventTime"].rstrip("Z")


def a_dropped_tail(document: dict[str, Any]) -> None:
    last = [run for run in document["runs"] if run["workflow_id"] == document["case"]][-1]
    del last["history"]["events"][-8:]


def a_run_left_out(document: dict[str, Any]) -> None:
    of_case = [run for run in document["runs"] if run["workflow_id"] == document["case"]]
    document["runs"].remove(of_case[0])


def a_staffing_left_out(document: dict[str, Any]) -> None:
    document["runs"] = [run for run in document["runs"] if run["workflow_id"] == document["case"]]


def a_letter_left_out(document: dict[str, Any]) -> None:
    document["letters"].pop(next(iter(document["letters"])))


def another_letter(document: dict[str, Any]) -> None:
    document["letters"][next(iter(document["letters"]))] = "0" * 64


def another_edition(document: dict[str, Any]) -> None:
    next(iter(document["editions"].values()))["limit_months"]["value"] = 45


def a_fact_left_out(document: dict[str, Any]) -> None:
    signal = next(
        event
        for run in document["runs"]
        for event in run["history"]["events"]
        if event["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"
    )
    signal["workflowExecutionSignaledEventAttributes"]["signalName"] = "contact_made"


def an_answer_of_another(document: dict[str, Any]) -> None:
    first, *_, last = events(document, "WORKFLOW_EXECUTION_UPDATE_COMPLETED") + events(
        document, "WORKFLOW_EXECUTION_COMPLETED"
    )
    first["outcome"] = {"success": last["result"]}


FORGERIES = [
    *(another_input, a_longer_timer, another_patience, another_search_attribute, an_earlier_start, a_dropped_tail),
    *(a_run_left_out, a_staffing_left_out, a_letter_left_out, another_letter, another_edition, a_fact_left_out),
    *(an_answer_of_another, a_staffing_before_its_case, a_time_of_no_zone),
]


async def test_what_is_forged_nowhere_is_found_nowhere(world: World, exported: str) -> None:
    assert await found(world, forged(world, json.loads(exported)["document"])) == []


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
async def test_a_forgery_signed_anew_is_found_by_what_the_code_and_the_rules_say(
    world: World, exported: str, forgery: Callable[[dict[str, Any]], None]
) -> None:
    document = json.loads(exported)["document"]
    forgery(document)
    assert await found(world, forged(world, document))


async def resealed(world: World, workflow_id: str, payloads: list[Any], was: bytes, now: bytes) -> None:
    """The forger has the signing key and the case's keys: what is changed is sealed and signed as if it was genuine."""
    context = WorkflowSerializationContext(namespace=world.client.namespace, workflow_id=workflow_id)
    codec = CaseCodec(keys(world.settings)).with_context(context)
    [opened] = await codec.decode([ParseDict(payloads[0], Payload())])
    assert was in opened.data
    opened.data = opened.data.replace(was, now)
    payloads[0] = MessageToDict((await codec.encode([opened]))[0])


async def test_a_staffing_begun_otherwise_than_its_case_asked_is_found(world: World, exported: str) -> None:
    document = json.loads(exported)["document"]
    run = next(run for run in document["runs"] if run["workflow_id"] != document["case"])
    begun = run["history"]["events"][0]["workflowExecutionStartedEventAttributes"]["input"]["payloads"]
    await resealed(world, run["workflow_id"], begun, b'"why":"opening"', b'"why":"request"')
    faults = await found(world, forged(world, document))
    assert f"staffing {run['workflow_id']}: call.why is not as its case asked for it" in faults


async def test_another_decision_than_the_staffing_told_its_case_is_found(world: World, exported: str) -> None:
    document = json.loads(exported)["document"]
    staffing = next(run["workflow_id"] for run in document["runs"] if run["workflow_id"] != document["case"])
    [heard] = [
        one["input"]["payloads"]
        for one in events(document, "WORKFLOW_EXECUTION_SIGNALED")
        if one["signalName"] == "staffing_decided"
    ]
    await resealed(world, document["case"], heard, b'"recorded_by":"', b'"recorded_by":"not ')
    faults = await found(world, forged(world, document))
    assert f"staffing {staffing}: its case has heard another decision than it told" in faults


async def found(world: World, text: str) -> list[str]:
    """What all steps find."""
    key = signing_key(world.settings.signing).public_key()
    assert signature(text, key).faults == ()
    return [fault async for step in all_of(read(text), key, opener(world)) for fault in step.faults]
