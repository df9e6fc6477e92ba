"""A workflow's command and the event it leaves in history, both read as one thing: to be compared. ALL-8."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.bridge.proto.workflow_commands import WorkflowCommand

from audit.values import differing, sealed_as, value_of

Content = Mapping[str, Any]
REPLAY_BUILD = "strict"
"""The build the replayer calls itself; it names its task queue by it."""


@dataclass(frozen=True)
class Done:
    """A command: its kind, what it is about, and everything it says."""

    kind: str
    about: str
    content: Content

    @property
    def begins(self) -> bool:
        """Whether it begins what may be given up in the same task."""
        return self.kind in ("timer", "activity")

    @property
    def gives_up(self) -> bool:
        """Whether it gives up what was begun."""
        return self.kind in ("timer given up", "activity given up")

    def differences(self, computed: "Done", *, by_this_build: bool) -> Iterator[tuple[str, bool]]:
        """Where the command that is computed now says otherwise than the one recorded, and whether that is a note."""
        if self.about != computed.about:
            yield f"is about {self.about}, the code's about {computed.about}", False
        for path, may_have_changed in differing("", self.content, computed.content):
            yield path, may_have_changed and not by_this_build


def of_command(command: WorkflowCommand, start: Any) -> Done | None:
    """A command that the code gives; None for one that leaves no event.

    `start` are the attributes of the event the run began with: a command that names no type or task queue means its.
    """
    name = command.WhichOneof("variant") or ""
    given = getattr(command, name)
    if name == "respond_to_query":
        return None
    read = _COMMANDS.get(name)
    return read(given, _summary(command), start) if read else Done(name.replace("_", " "), "", MessageToDict(given))


def of_event(event: HistoryEvent, begun: Mapping[int, str]) -> Done | None:
    """The command an event stands for; None where it stands for none. `begun` says by event what was begun."""
    name, said = _said(event)
    if name == "activity_task_cancel_requested":
        return Done("activity given up", begun.get(said.scheduled_event_id, "an activity nobody began"), {})
    read = _EVENTS.get(name)
    if read:
        return read(said, _summary(event))
    by_a_task = getattr(said, "workflow_task_completed_event_id", 0)
    return Done(name.replace("_", " "), "", MessageToDict(said)) if by_a_task else None


def ends(event: HistoryEvent, begun: Mapping[int, str]) -> str | None:
    """What is over with an event, a timer or an activity; None where nothing is."""
    name, said = _said(event)
    if name == "timer_fired":
        return f"timer {said.timer_id}"
    return begun.get(said.scheduled_event_id) if name in _ENDS_OF_ACTIVITIES else None


_ENDS_OF_ACTIVITIES = {f"activity_task_{how}" for how in ("completed", "failed", "timed_out", "canceled")}


def _said(event: HistoryEvent) -> tuple[str, Any]:
    attributes = event.WhichOneof("attributes") or ""
    return attributes.removesuffix("_event_attributes"), getattr(event, attributes)


_COMMANDS: dict[str, Callable[[Any, dict[str, Any], Any], Done]] = {
    "start_timer": lambda given, summary, _: Done(
        "timer", f"timer {given.seq}", {"after": _span(given.start_to_fire_timeout), **summary}
    ),
    "cancel_timer": lambda given, *_: Done("timer given up", f"timer {given.seq}", {}),
    "schedule_activity": lambda given, summary, start: Done(
        "activity",
        f"activity {given.activity_id}",
        _activity(given, given.activity_type, _queue(given, start), given.arguments) | summary,
    ),
    "request_cancel_activity": lambda given, *_: Done("activity given up", f"activity {given.seq}", {}),
    "upsert_workflow_search_attributes": lambda given, *_: Done(
        "search attributes", "", _attributes(given.search_attributes)
    ),
    "update_response": lambda given, *_: _answer(given),
    "signal_external_workflow_execution": lambda given, *_: Done(
        "signal", given.workflow_execution.workflow_id, _signal(given, given.args)
    ),
    "complete_workflow_execution": lambda given, *_: Done("end", "", {"result": sealed_as(given.result)}),
    "continue_as_new_workflow_execution": lambda given, _, start: Done(
        "continue as new",
        "",
        _continued(given, given.workflow_type or start.workflow_type.name, given.arguments, _queue(given, start)),
    ),
    "set_patch_marker": lambda given, *_: Done("patch", given.patch_id, {}),
}

_EVENTS: dict[str, Callable[[Any, dict[str, Any]], Done]] = {
    "timer_started": lambda said, summary: Done(
        "timer", f"timer {said.timer_id}", {"after": _span(said.start_to_fire_timeout), **summary}
    ),
    "timer_canceled": lambda said, _: Done("timer given up", f"timer {said.timer_id}", {}),
    "activity_task_scheduled": lambda said, summary: Done(
        "activity",
        f"activity {said.activity_id}",
        _activity(said, said.activity_type.name, said.task_queue.name, said.input.payloads) | summary,
    ),
    "upsert_workflow_search_attributes": lambda said, _: Done(
        "search attributes", "", _attributes(said.search_attributes)
    ),
    "workflow_execution_update_accepted": lambda said, _: Done("update accepted", said.protocol_instance_id, {}),
    "workflow_execution_update_completed": lambda said, _: Done(
        "update answered", said.meta.update_id, _outcome(said.outcome)
    ),
    "signal_external_workflow_execution_initiated": lambda said, _: Done(
        "signal", said.workflow_execution.workflow_id, _signal(said, said.input.payloads)
    ),
    "workflow_execution_completed": lambda said, _: Done("end", "", {"result": sealed_as(*said.result.payloads)}),
    "workflow_execution_continued_as_new": lambda said, _: Done(
        "continue as new", "", _continued(said, said.workflow_type.name, said.input.payloads, said.task_queue.name)
    ),
}


def _summary(said: WorkflowCommand | HistoryEvent) -> dict[str, Any]:
    return {"summary": sealed_as(said.user_metadata.summary)} if said.user_metadata.HasField("summary") else {}


def _queue(given: Any, start: Any) -> str:
    is_its_own = given.task_queue in ("", f"replay-{REPLAY_BUILD}")
    return str(start.task_queue.name if is_its_own else given.task_queue)


def _activity(said: Any, kind: str, queue: str, arguments: Iterable[Payload]) -> dict[str, Any]:
    spans = ("schedule_to_close_timeout", "start_to_close_timeout", "heartbeat_timeout")
    retries = said.retry_policy
    return {
        "type": kind,
        "task queue": queue,
        "input": [sealed_as(one) for one in arguments],
        **{span.replace("_", " "): _span(getattr(said, span)) for span in spans},
        "retries": {
            "first after": _span(retries.initial_interval),
            "times": retries.backoff_coefficient,
            "at most after": _span(retries.maximum_interval),
            "at most": retries.maximum_attempts,
        },
    }


def _attributes(said: Any) -> Content:
    return {name: value_of(payload) for name, payload in said.indexed_fields.items()}


def _answer(given: Any) -> Done:
    match given.WhichOneof("response"):
        case "accepted":
            return Done("update accepted", given.protocol_instance_id, {})
        case "completed":
            return Done("update answered", given.protocol_instance_id, {"answer": sealed_as(given.completed)})
        case _:
            return Done("update refused", given.protocol_instance_id, {"failure": given.rejected.message})


def _outcome(outcome: Any) -> Content:
    if outcome.HasField("failure"):
        return {"failure": outcome.failure.message}
    return {"answer": sealed_as(*outcome.success.payloads)}


def _signal(said: Any, arguments: Iterable[Payload]) -> Content:
    return {"name": said.signal_name, "input": [sealed_as(one) for one in arguments]}


def _continued(said: Any, kind: str, arguments: Iterable[Payload], queue: str) -> Content:
    return {
        "type": kind,
        "task queue": queue,
        "input": [sealed_as(one) for one in arguments],
    }


def _span(duration: Duration) -> str:
    return f"{duration.seconds + duration.nanos / 1e9:g} s" if isinstance(duration, Message) else ""
