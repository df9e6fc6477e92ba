"""What is read in a run's history: its payloads opened, the letters it sent, the editions it worked under. ALL-8."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory
from temporalio.converter import PayloadCodec

SENDS_LETTERS = ("deliver_letter", "revoke_letter")
"""The activities that answer which letter has gone."""
_A_POLICY = {"id", "program", "title", "effective", "rules"}


async def opened(history: History, codec: PayloadCodec | None) -> History:
    """A history with its payloads opened by a case's codec; one that can't be opened is marked as refused."""
    copy = History()
    copy.CopyFrom(history)
    sealed = list(payloads(copy))
    if codec:
        for payload, read in zip(sealed, await codec.decode(sealed), strict=True):
            payload.CopyFrom(read)
    return copy


def started(history: History) -> Any:
    """The attributes of the event a history begins with."""
    return history.events[0].workflow_execution_started_event_attributes


def reset_from(history: History, run_id: str) -> str | None:
    """The run whose place this one took, when somebody reset it."""
    for event in history.events:
        failed = event.workflow_task_failed_event_attributes
        if failed.base_run_id and failed.new_run_id == run_id:
            return str(failed.base_run_id)
    return None


def build_ids(history: History) -> tuple[str, ...]:
    """The builds of the code that worked on a run, in the order they came."""
    done = (event.workflow_task_completed_event_attributes for event in history.events)
    ids = (one.deployment_version.build_id or one.worker_version.build_id for one in done)
    return tuple(dict.fromkeys(id for id in ids if id))


def as_json(history: History) -> Any:
    """A history as JSON values, in the form that the Temporal UI imports."""
    return WorkflowHistory("", history.events).to_json_dict()


def letters(history: History) -> dict[str, str]:
    """The letters an opened history says were sent: the hash of each PDF, by effect id."""
    sends = {
        event.event_id: event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    }
    sent: dict[str, str] = {}
    for event in history.events:
        done = event.activity_task_completed_event_attributes
        if sends.get(done.scheduled_event_id) in SENDS_LETTERS:
            performed = (one for payload in done.result.payloads for one in _value(payload) or [])
            sent |= {one["effect"]: one["sha256"] for one in performed if one.get("sha256")}
    return sent


def editions(history: History) -> dict[str, Any]:
    """The policy editions whose values stand in an opened history, by id, in the order they came."""
    found: dict[str, Any] = {}
    for payload in payloads(history):
        for edition in _editions(_value(payload)):
            found.setdefault(edition["id"], edition)
    return found


def _editions(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        if value.keys() >= _A_POLICY:
            yield value
        else:
            for inner in value.values():
                yield from _editions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _editions(inner)


def _value(payload: Payload) -> Any:
    try:
        return json.loads(payload.data)
    except ValueError:
        return None


def payloads(message: Message) -> Iterator[Payload]:
    """Every payload in a message, but search attributes: those are for the server to read."""
    if isinstance(message, Payload):
        yield message
        return
    if isinstance(message, SearchAttributes):
        return
    for _, value in message.ListFields():
        for inner in _inside(value):
            yield from payloads(inner)


def _inside(value: Any) -> Iterable[Message]:
    if isinstance(value, Message):
        return (value,)
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return ()
    values = value.values() if isinstance(value, Mapping) else value
    return (one for one in values if isinstance(one, Message))
