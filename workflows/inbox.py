"""What every workflow here does with what is sent to it: take it in, in order, or hold it in quarantine (ALL-1, ALL-2).

Handlers are synchronous, and only remember or answer; the loop of the workflow takes in what was remembered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ContinueAsNewVersioningBehavior

from domain.intake import CONTENT_KEPT, Dismissal, Duplicate, Refused, Resubmitted, hold, release, weigh
from domain.ledger import Heard, Ledger
from domain.policy import Policy
from workflows.messages import Messages
from workflows.start import WAKE, Message

Answer = Callable[[], Any]
"""A receipt, written when somebody waits for it: an update does, a signal does not."""

Awaited = TypeVar("Awaited")
Told = TypeVar("Told", bound=Ledger)

FACTS_A_TASK = 100
"""Facts decided on in one workflow task; under a flood the rest waits for the next. While a task lasts the server
keeps some hundred signals waiting, and gives the task up when more come."""
NEXT_TASK = timedelta(milliseconds=1)
"""The timer by which a flooded workflow goes on with its next task."""
CARRIED_CHARACTERS = 1_300_000
"""How much travels along at continue-as-new, of the state and of what was not taken in yet: the server takes 2 MB."""
REFUSED = "binary/refused"
"""The encoding of a payload that the codec could not or would not read; its field `refused` says why. ALL-2, ALL-6."""
_ENVELOPE = 150
"""Characters that a carried message takes beside its content, about; and its quotes are escaped."""


class Inbox(Messages, Generic[Told]):
    """A workflow that hears facts. What becomes of one that is taken is for `take`, `refuses` and `released`."""

    state: Told
    policy: Policy | None
    cancel_says: str

    def __init__(self) -> None:
        self.inbox: list[Message] = []
        self.answered = False

    def take(self, taken: Heard | Duplicate, policy: Policy) -> Answer:
        """Take in a fact, or one that was heard before; answer with the receipt."""
        raise NotImplementedError

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        """Why a fact that can be read is not taken."""
        raise NotImplementedError

    def released(self, entry: str, says: str) -> Any:
        """The receipt for a message that left quarantine."""
        raise NotImplementedError

    @workflow.signal(name=WAKE, description="Look whether there is newer code to go on with; nothing is recorded.")
    def _wake(self, message: RawValue = None) -> None:  # type: ignore[assignment]
        self.answered = True

    def hear(self, name: str, values: Sequence[Any]) -> None:
        """Remember a signal; the loop takes it in."""
        content, fault = text_of(values)
        self.inbox.append(Message(name, content, fault, workflow.now()))

    def refusal(self, name: str, values: Sequence[Any]) -> str | None:
        """Why an update is not taken; nothing is recorded of it."""
        if self.policy is None:
            return "case: is being opened; send again in a moment"
        content, fault = text_of(values)
        weighed = fault or self._weigh(Message(name, content, None, workflow.now()), self.policy)
        return weighed.because if isinstance(weighed, Refused) else fault

    def record(self, name: str, value: Any) -> Any:
        """Take in what came before, then what the update says, and answer with what it did."""
        policy = self.policy
        assert policy is not None  # noqa: S101 - the validator has refused
        self.take_in(policy, everything=True)
        self.answered = True  # the loop has what was decided here still to carry out
        answer = self.decide_on(Message(name, *text_of([value]), workflow.now()), policy)
        if isinstance(answer, Refused):  # what came before, in the same task, made it wrong
            raise ApplicationError(answer.because, type="Refused", non_retryable=True)
        return answer()

    def take_in(self, policy: Policy, *, everything: bool = False) -> None:
        """Take in what was heard, in the order it was heard; what can't be taken goes into quarantine."""
        messages = self.inbox[: None if everything else FACTS_A_TASK]
        self.inbox = self.inbox[len(messages) :]
        for message in messages:
            answer = self.decide_on(message, policy)
            if isinstance(answer, Refused):
                self.hold(message, answer.because, policy)

    def decide_on(self, message: Message, policy: Policy) -> Answer | Refused:
        """What one message comes to."""
        if message.fault:
            return Refused(message.fault)
        weighed = self._weigh(message, policy)
        match weighed:
            case Refused():
                return weighed
            case Dismissal(entry=entry, why=why, by=by):
                return self._release(entry, f"dismissed by {by}: {why}", message.at, policy)
            case Resubmitted(entry, taken):
                self._release(entry, "resubmitted", message.at, policy)
                return self._take(taken, policy)
            case _:
                return self._take(weighed, policy)

    def _take(self, taken: Heard | Duplicate, policy: Policy) -> Answer:
        fact: Any = taken.fact
        again = "yes" if isinstance(taken, Duplicate) else "no"
        self._count("reengagement_facts", {"kind": fact.kind, "again": again}, policy)
        return self.take(taken, policy)

    def _weigh(self, message: Message, policy: Policy) -> Any:
        def refuses(fact: Any) -> str | None:
            return self.refuses(fact, policy, message.at)

        return weigh(self.state, message.name, message.content, message.at, refuses)

    def hold(self, message: Message, because: str, policy: Policy) -> None:
        """Keep a message in quarantine, with the reason. ALL-2."""
        kind = message.name if message.name in self.state.kinds else "unknown"  # a name may be anything: ALL-6
        self._count("reengagement_facts_quarantined", {"kind": kind}, policy)
        self.state = hold(self.state, message.name, because, message.content, message.at, policy=policy)

    def _release(self, entry: str, says: str, at: datetime, policy: Policy) -> Answer:
        self.state = release(self.state, entry, says, at, policy)
        return lambda: self.released(entry, f"Out of quarantine: {says} (ALL-2)")

    def _count(self, what: str, of: dict[str, str], policy: Policy) -> None:
        """Count for Prometheus; what is replayed was counted before."""
        workflow.metric_meter().create_counter(what).add(1, {"program": policy.program, **of})

    @property
    def is_flooded(self) -> bool:
        """Whether more waits than one task takes in, and little enough to travel along at continue-as-new."""
        waiting = sum(_ENVELOPE + len(message.content) * 4 // 3 for message in self.inbox)
        return len(self.inbox) > FACTS_A_TASK and self.state.weight + waiting <= CARRIED_CHARACTERS

    def is_to_continue_as_new(self) -> bool:
        """Whether the server wants a new run, or there is a new version of the code to go on with."""
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.is_target_worker_deployment_version_changed()

    def continue_as_new(self, start: BaseModel) -> NoReturn:
        """Continue as new, with the code of the version that is current then."""
        workflow.continue_as_new(start, initial_versioning_behavior=ContinueAsNewVersioningBehavior.AUTO_UPGRADE)

    async def something_new(self, is_there: Callable[[], object]) -> None:
        """Wait for a message, or for what else is awaited; under a flood, for the next workflow task."""
        try:
            if self.inbox:
                await workflow.sleep(NEXT_TASK)
            else:
                await workflow.wait_condition(lambda: bool(self.inbox or self.answered or is_there()))
        except asyncio.CancelledError:  # also when the worker lets go of the workflow: then the next wait ends it
            self._hold_cancel()

    async def through_cancel(self, waiting: Awaitable[Awaited]) -> Awaited:
        """Wait, whoever asks to cancel meanwhile: a request to cancel is no fact, ends nothing, and is held. ALL-2."""
        task = asyncio.ensure_future(waiting)
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.cancelled():  # the worker lets go of the workflow, and waits for it to stop waiting
                    raise
                self._hold_cancel()

    def _hold_cancel(self) -> None:
        self.inbox.append(Message("cancel", "", self.cancel_says, workflow.now()))


def text_of(values: Sequence[Any]) -> tuple[str, str | None]:
    """The text of a message's one payload, and why it is none. What can't be text is kept as its hexadecimal bytes."""
    texts, fault = [], None if len(values) == 1 else f"message: one JSON argument, not {len(values)}"
    for value in values:
        data = value.payload.data if isinstance(value, RawValue) else b""
        fault = (_refusal(value.payload) if isinstance(value, RawValue) else None) or fault
        try:
            texts.append(data.decode())
        except UnicodeDecodeError:
            texts.append(data[:CONTENT_KEPT].hex())
            fault = fault or "message: is not UTF-8 text"
    return "\n".join(texts), fault


def is_refused(payload: Payload) -> bool:
    """Whether the codec would not, or could not, read a payload."""
    return payload.metadata.get("encoding") == REFUSED.encode()


def _refusal(payload: Payload) -> str | None:
    return payload.metadata["refused"].decode() if is_refused(payload) else None
