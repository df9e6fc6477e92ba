"""The policy decisions of a case, folded anew from the facts in its histories by the pure core alone. ALL-4, ALL-8.

No workflow runs here, and no state is taken over from one run to the next. What a run handed over to be carried out,
carried into the next run, and ended with, is held against what the facts make.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, ClassVar, Generic, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.common import RawValue

from activities.archive.reading import build_ids, started
from audit.values import differing, value_of
from build import build_id
from domain.intake import Dismissal, Refused, Resubmitted, hold, release, weigh
from domain.ledger import Entry, Heard, Ledger
from domain.policy import Policy, Reason
from workflows.inbox import NEXT_TASK, Inbox, text_of
from workflows.start import WAKE, Message

Told = TypeVar("Told", bound=Ledger)
_SHOWN = 5


@dataclass
class Task:
    """What came in with one workflow task, at its instant: messages, updates, and events that bring news."""

    at: datetime
    messages: list[Message]
    news: list[HistoryEvent]
    updates: list[Message] = field(default_factory=list)


class Fold(Generic[Told]):
    """What the facts of one workflow make, run after run; `folded` takes one more run in."""

    workflow: ClassVar[type[Inbox[Any]]]
    state: Told

    def __init__(self) -> None:
        self.policy: Policy | None = None
        self.inbox: list[Message] = []
        self.lines: list[tuple[Entry, tuple[Reason, ...], Policy | None]] = []
        self._faults: list[str] = []
        self._came: list[HistoryEvent] = []
        self._task: Task | None = None
        self._same_build = True

    def folded(self, history: History) -> list[str]:
        """Fold one more run, opened; answers where history says otherwise than the facts make it."""
        self._faults, self._came = [], []
        self._same_build = set(build_ids(history)) == {build_id()}
        self.begin(value_of_first(started(history).input.payloads), started(history))
        starts: dict[int, datetime] = {}
        for event in history.events:
            self._fold(event, starts)
        self._settle()
        return self._faults

    # What a kind of workflow makes of it.

    def begin(self, start: Any, attributes: Any) -> None:
        """What the run is started with."""
        raise NotImplementedError

    def lived(self, task: Task, *, leaves: int | None) -> None:
        """Take in what came with a task; of its messages so many are left to the next run, where this one ends."""
        raise NotImplementedError

    def gave(self, event: HistoryEvent) -> None:
        """What the workflow gave in answer, once what came is taken in."""
        raise NotImplementedError

    def decide(self, heard: Heard, policy: Policy) -> None:
        """Take in a fact."""
        raise NotImplementedError

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        """Why a fact is not taken."""
        raise NotImplementedError

    # What all have in common.

    def becomes(self, state: Told, reasons: Sequence[Reason] = ()) -> None:
        """Go on from another state; the lines that came onto its timeline are told with the reasons for them."""
        before = self.state.timeline[-1:] if hasattr(self, "state") else ()
        fresh = list(takewhile(lambda entry: entry is not (before or (None,))[0], reversed(state.timeline)))
        self.lines += [(entry, tuple(reasons), self.policy) for entry in reversed(fresh)]
        self.state = state

    def hear(self, message: Message, policy: Policy, *, quietly: bool = False) -> None:
        """Take a message in, or hold it; an update that is refused leaves nothing (`quietly`)."""
        weighed = self.weighed(message, policy)
        match weighed:
            case Refused(because) if not quietly:
                self.becomes(hold(self.state, message.name, because, message.content, message.at, policy=policy))
            case Dismissal(entry=entry, why=why, by=by):
                self.becomes(release(self.state, entry, f"dismissed by {by}: {why}", message.at, policy))
            case Resubmitted(entry, taken):
                self.becomes(release(self.state, entry, "resubmitted", message.at, policy))
                weighed = taken
        if isinstance(weighed, Heard):
            self.decide(weighed, policy)

    def weighed(self, message: Message, policy: Policy) -> Any:
        """What a message comes to."""
        if message.fault:
            return Refused(message.fault)

        def refuses(fact: Any) -> str | None:
            return self.refuses(fact, policy, message.at)

        return weigh(self.state, message.name, message.content, message.at, refuses)

    def take_in(self, policy: Policy, count: int | None = None) -> None:
        """Take in what waits, or so many of it."""
        messages, self.inbox = self.inbox[:count], self.inbox[len(self.inbox[:count]) :]
        for message in messages:
            self.hear(message, policy)

    def compare(self, where: str, recorded: Any, computed: Any) -> None:
        """Note where what history has is not what the facts make; another build may have had other words."""
        paths = [path for path, changed in differing("", recorded, computed) if self._same_build or not changed]
        self._faults += [f"{where}: {path} is not what the facts make it" for path in paths[:_SHOWN]]
        if len(paths) > _SHOWN:
            self._faults.append(f"{where}: and {len(paths) - _SHOWN} more")

    def fault(self, says: str) -> None:
        """Note what is wrong."""
        self._faults.append(says)

    def _fold(self, event: HistoryEvent, starts: dict[int, datetime]) -> None:
        match event.WhichOneof("attributes"):
            case "workflow_task_started_event_attributes":
                starts[event.event_id] = _as_workflows_see(event.event_time)
            case "workflow_task_completed_event_attributes":
                self._settle()
                self._task = self._begun(starts[event.workflow_task_completed_event_attributes.started_event_id])
            case "workflow_execution_update_accepted_event_attributes" if self._task:
                asked = event.workflow_execution_update_accepted_event_attributes.accepted_request.input
                self._task.updates.append(self._message(asked.name, asked.args.payloads, self._task.at))
            case "workflow_execution_update_completed_event_attributes":
                pass
            case _:
                leaves = _carried_on(event)
                self._settle(leaves)
                self.gave(event)
                self._came.append(event)

    def _settle(self, leaves: int | None = None) -> None:
        task, self._task = self._task, None
        if task:
            self.lived(task, leaves=leaves)

    def _begun(self, at: datetime) -> Task:
        came, self._came = self._came, []
        messages = [self._read(event, at) for event in came]
        return Task(at, [message for message in messages if message], came)

    def _read(self, event: HistoryEvent, at: datetime) -> Message | None:
        if event.HasField("workflow_execution_cancel_requested_event_attributes"):
            return Message("cancel", "", self.workflow.cancel_says, at)
        if not event.HasField("workflow_execution_signaled_event_attributes"):
            return None
        signal = event.workflow_execution_signaled_event_attributes
        if signal.signal_name == WAKE:
            return None
        return self._message(signal.signal_name, signal.input.payloads, at)

    def _message(self, name: str, payloads: Iterable[Payload], at: datetime) -> Message:
        values: Sequence[Any] = raw(payloads)
        if not values and name in self.workflow.ways:
            values = [None]  # such a handler may be called without
        return Message(name, *text_of(values), at)


def raw(payloads: Iterable[Payload]) -> list[RawValue]:
    """Payloads as a workflow gets them."""
    return [RawValue(payload) for payload in payloads]


def value_of_first(payloads: Sequence[Payload]) -> Any:
    """The value of the first payload, None where there is none."""
    return value_of(payloads[0]) if payloads else None


def as_json(adapter: TypeAdapter[Any], value: Any) -> Any:
    """A value as it stands in a history."""
    return adapter.dump_python(value, mode="json")


def is_next_task(timer: Any) -> bool:
    """Whether a timer only lets a flooded workflow go on with its next task."""
    return bool(timer.start_to_fire_timeout.ToTimedelta() == NEXT_TASK)


def _as_workflows_see(instant: Timestamp) -> datetime:
    """An instant as `workflow.now()` has it, which rounds it so."""
    return datetime.fromtimestamp(instant.ToNanoseconds() / 1e9, UTC)


def _carried_on(event: HistoryEvent) -> int | None:
    """How many messages a run leaves to the next one; None where it does not end so."""
    if not event.HasField("workflow_execution_continued_as_new_event_attributes"):
        return None
    start = value_of_first(event.workflow_execution_continued_as_new_event_attributes.input.payloads)
    return len(start.get("waiting") or ()) if isinstance(start, dict) else 0
