"""The case workflow: one sanction episode, from its opening to its end. It waits and performs; the domain decides."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, TypeVar

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.calendar import local_date
from domain.case import Case, Entry, Phase
from domain.commands import Lane, lane_of
from domain.decide import DayCame, Decision, Heard, IsStuck, News, WasPerformed, decide
from domain.intake import (
    CONTENT_KEPT,
    Dismissal,
    Duplicate,
    Refused,
    Resubmitted,
    faults,
    hold,
    release,
    weigh,
)
from domain.policy import EditionRead, Policy
from domain.views import Receipt, Status, details, explain, next_action_at, receipt, status
from workflows.attributes import changes, shown_by, shows
from workflows.messages import Messages, together
from workflows.performing import RETRIES, WAYS, Performing
from workflows.start import CASE_WORKFLOW, Ended, Start

Answer = Callable[[], Receipt]
"""A receipt, written when somebody waits for it: an update does, a signal does not."""

Awaited = TypeVar("Awaited")

FACTS_A_TASK = 500
"""Facts decided on in one workflow task; under a flood the rest waits for the next, which keeps tasks short."""


@dataclass(frozen=True)
class _Message:
    name: str
    content: str
    fault: str | None
    at: datetime


@workflow.defn(name=CASE_WORKFLOW)
class CaseWorkflow(Messages):
    """One sanctioned participant's re-engagement."""

    @workflow.init
    @together
    def __init__(self, start: RawValue = None) -> None:  # type: ignore[assignment]
        self._start, self._start_fault = _read_start(start)
        self._policy = self._start.edition if isinstance(self._start.edition, Policy) else None
        self._case = self._start.carried or Case(workflow.info().workflow_id)
        self._inbox: list[_Message] = []
        self._news: list[News] = []
        self._performing: dict[Lane, Performing] = {}
        self._rounds: dict[Lane, int] = {}
        self._timer: asyncio.Task[None] | None = None
        self._timer_at: datetime | None = None
        self._shown = shown_by(workflow.info().typed_search_attributes)
        self._leaving = False
        self._answered = False

    @workflow.run
    async def run(self, start: RawValue = None) -> Ended:  # type: ignore[assignment]
        """Take a fact, decide, hand over commands, set the timer, wait; until the case is closed and all is done."""
        policy = self._policy = self._policy or await self._read_edition()
        if not self._start.carried:
            self._open(start, policy)
        while True:
            self._answered = False
            self._take_in(policy)
            self._perform(policy)
            if self._is_over():
                break
            self._leaving = self._leaving or self._should_continue_as_new()
            if self._leaving and not self._performing and not self._inbox:
                workflow.continue_as_new(self._carry(policy))
            at = next_action_at(self._case, policy)
            self._set_timer(at)
            self._publish(policy, at)
            await self._something_new()
        self._publish(policy, None)
        return self._ended()

    # Ways in: handlers are synchronous, and only remember or answer.

    def hear(self, name: str, values: Sequence[Any]) -> None:
        """Remember a signal; the loop takes it in."""
        content, fault = _content(values)
        self._inbox.append(_Message(name, content, fault, workflow.now()))

    def refusal(self, name: str, values: Sequence[Any]) -> str | None:
        """Why an update is not taken; nothing is recorded of it."""
        if self._policy is None:
            return "case: is being opened; send again in a moment"
        content, fault = _content(values)
        weighed = weigh(self._case, name, content, workflow.now(), self._policy)
        return fault or (weighed.because if isinstance(weighed, Refused) else None)

    def record(self, name: str, value: Any) -> Receipt:
        """Take in what came before, then what the update says, and answer with what it did."""
        policy = self._policy
        assert policy is not None  # noqa: S101 - the validator has refused
        self._take_in(policy, most=None)
        self._answered = True  # the loop has what was decided here still to carry out
        answer = self._decide_on(_Message(name, *_content([value]), workflow.now()), policy)
        if isinstance(answer, Refused):  # what came before, in the same task, made it wrong
            raise ApplicationError(answer.because, type="Refused", non_retryable=True)
        return answer()

    @workflow.query(description="Where the case stands, what it waits for, what is to be done, what is in quarantine.")
    def status(self) -> Status | None:
        """Where the case stands."""
        return status(self._case, self._policy) if self._policy else None

    @workflow.query(description="Facts with both their dates, decisions with their rules, and effects, in order.")
    def timeline(self) -> tuple[Entry, ...]:
        """What was heard, decided and done."""
        return self._case.timeline

    @workflow.query(description="Why the case stands where it does, rule by rule, with the inputs used.")
    def explain(self) -> dict[str, Any] | None:
        """Why."""
        return explain(self._case, self._policy) if self._policy else None

    def details(self) -> str:
        """The table a person in the Temporal UI sees."""
        return details(self._case, self._policy) if self._policy else ""

    # The loop's parts.

    async def _read_edition(self) -> Policy:
        reading = workflow.start_activity(
            "read_edition",
            self._start.edition,
            result_type=EditionRead,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RETRIES,
        )
        read: EditionRead = await self._through_cancel(reading)
        self._start_fault = self._start_fault or read.fault
        return read.policy

    def _open(self, start: RawValue, policy: Policy) -> None:
        """Hear the opening fact; a start that can't be read goes into quarantine, and the case waits for another."""
        content, unreadable = _content(_values(start))
        fault = unreadable or self._start_fault
        message = _Message("opened", json.dumps(self._start.opened), fault, workflow.now())
        answer = self._decide_on(message, policy)
        if isinstance(answer, Refused):
            self._hold(_Message("start", content, None, message.at), answer.because, policy)

    def _take_in(self, policy: Policy, most: int | None = FACTS_A_TASK) -> None:
        """Decide on what was heard, in the order it was heard; what can't be taken goes into quarantine."""
        messages = self._inbox[:most]
        self._inbox = self._inbox[len(messages) :]
        for message in messages:
            answer = self._decide_on(message, policy)
            if isinstance(answer, Refused):
                self._hold(message, answer.because, policy)
        news, self._news = self._news, []
        for one in news:
            self._case = decide(self._case, one, policy).case

    def _decide_on(self, message: _Message, policy: Policy) -> Answer | Refused:
        if message.fault:
            return Refused(message.fault)
        weighed = weigh(self._case, message.name, message.content, message.at, policy)
        match weighed:
            case Refused():
                return weighed
            case Dismissal(entry=entry, why=why, by=by):
                return self._release(entry, f"dismissed by {by}: {why}", message.at, policy)
            case Resubmitted(entry, taken):
                self._release(entry, "resubmitted", message.at, policy)
                return self._fact(taken, policy)
            case _:
                return self._fact(weighed, policy)

    def _fact(self, taken: Heard | Duplicate, policy: Policy) -> Answer:
        if isinstance(taken, Duplicate):
            return partial(receipt, Decision(self._case), taken.fact, policy, duplicate=True)
        decision = decide(self._case, taken, policy)
        self._case = decision.case
        return partial(receipt, decision, taken.fact, policy)

    def _hold(self, message: _Message, because: str, policy: Policy) -> None:
        self._case = hold(self._case, message.name, because, message.content, message.at, policy=policy)

    def _release(self, entry: str, says: str, at: datetime, policy: Policy) -> Answer:
        self._case = release(self._case, entry, says, at, policy)
        case, so = self._case, f"Out of quarantine: {says} (ALL-2)"
        return partial(Receipt, entry, "recorded", so, case.phase, case.outcome)

    def _perform(self, policy: Policy) -> None:
        """Hand each lane its open commands; give up what is on its way and no longer open. ALL-3."""
        for lane in WAYS:
            waiting = [issue.command for issue in self._case.open_issues() if issue.command]
            waiting = [command for command in waiting if lane_of(command) == lane]
            on_its_way = self._performing.get(lane)
            if on_its_way and (self._leaving or not all(command in waiting for command in on_its_way.commands)):
                on_its_way.cancel()
            elif waiting and not on_its_way and not self._leaving:
                today = local_date(workflow.now(), policy.time_zone.value)
                self._performing[lane] = Performing(lane, waiting, today, self._rounds.get(lane, 0))
                asyncio.create_task(self._await_performed(self._performing[lane]))  # noqa: RUF006 - the loop waits

    async def _await_performed(self, performing: Performing) -> None:
        done = await performing.done()
        del self._performing[performing.lane]
        self._rounds[performing.lane] = self._rounds.get(performing.lane, 0) + 1 if isinstance(done, str) else 0
        if isinstance(done, str):
            self._news.append(IsStuck(performing.effects, done, workflow.now()))
        else:
            self._news.append(WasPerformed(done or (), workflow.now()))

    def _set_timer(self, at: datetime | None) -> None:
        """One timer, for the earliest deadline; kept while that stands.

        While commands are on their way for the first time the timer is left as it is: they take minutes, and setting
        it twice would double the history of a quiet letter cycle.
        """
        if at == self._timer_at or (self._performing and not self._case.troubles):
            return
        if self._timer:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.create_task(self._sleep_until(at)) if at else None

    async def _sleep_until(self, at: datetime) -> None:
        await workflow.sleep(max(at - workflow.now(), timedelta(0)), summary="next deadline")
        self._timer = self._timer_at = None
        self._news.append(DayCame(workflow.now()))

    async def _something_new(self) -> None:
        """Wait for a message, an answer, or the timer; under a flood, for the next workflow task."""
        try:
            if self._inbox:
                await workflow.sleep(timedelta(milliseconds=1))
            else:
                await workflow.wait_condition(lambda: bool(self._inbox or self._news or self._answered))
        except asyncio.CancelledError:  # also when the worker lets go of the case: then the next wait ends it
            self._hold_cancel()

    async def _through_cancel(self, waiting: Awaitable[Awaited]) -> Awaited:
        """Wait, whoever asks to cancel meanwhile: a request to cancel is no fact, ends no case, and is held. ALL-2."""
        task = asyncio.ensure_future(waiting)
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.cancelled():  # the worker lets go of the case, and waits for it to stop waiting
                    raise
                self._hold_cancel()

    def _hold_cancel(self) -> None:
        because = "a case ends by its facts, such as opened_in_error; a request to cancel is none"
        self._inbox.append(_Message("cancel", "", because, workflow.now()))

    def _publish(self, policy: Policy, at: datetime | None) -> None:
        """Tell the server by which attributes the case is found, where they changed."""
        now = shows(self._case, policy, at, self._shown)
        updates = changes(self._shown, now)
        if updates:
            workflow.upsert_search_attributes(updates)
            self._shown = now

    def _is_over(self) -> bool:
        waiting = self._inbox or self._news or self._performing or self._case.open_issues()
        return self._case.phase == Phase.CLOSED and not waiting

    def _should_continue_as_new(self) -> bool:
        info = workflow.info()
        age = workflow.now() - info.start_time
        return (
            age >= timedelta(days=self._start.continue_after_days)
            or info.is_continue_as_new_suggested()
            or info.is_target_worker_deployment_version_changed()
        )

    def _carry(self, policy: Policy) -> Start:
        return Start(edition=policy, carried=self._case, continue_after_days=self._start.continue_after_days)

    def _ended(self) -> Ended:
        case = self._case
        assert case.outcome is not None  # noqa: S101 - closed means an outcome
        return Ended(
            case_id=case.id,
            outcome=case.outcome,
            why=case.phase_reason,
            letters_sent=len(case.letters_sent()),
            quarantine=list(case.quarantine.values()),
        )


def _content(values: Sequence[Any]) -> tuple[str, str | None]:
    """The text of a message's one payload, and why it is none. What can't be text is kept as its hexadecimal bytes."""
    texts, fault = [], None if len(values) == 1 else f"message: one JSON argument, not {len(values)}"
    for value in values:
        data = value.payload.data if isinstance(value, RawValue) else b""
        try:
            texts.append(data.decode())
        except UnicodeDecodeError:
            texts.append(data[:CONTENT_KEPT].hex())
            fault = fault or "message: is not UTF-8 text"
    return "\n".join(texts), fault


def _values(start: Any) -> list[Any]:
    """What a case was started with: one value, or a list where it was given more."""
    return start if isinstance(start, list) else [start]


def _read_start(start: RawValue | None) -> tuple[Start, str | None]:
    content, fault = _content(_values(start))
    try:
        read = Start.model_validate_json(content)
    except ValidationError as error:
        return Start(), fault or faults(error)
    if read.edition is None or isinstance(read.edition, str):
        return read, fault
    try:
        edition = _policy(json.dumps(read.edition, sort_keys=True))
    except ValidationError as error:
        return read.model_copy(update={"edition": None}), fault or f"edition: {faults(error)}"
    return read.model_copy(update={"edition": edition}), fault


@lru_cache(maxsize=32)
def _policy(values: str) -> Policy:
    """An edition's values, read once for all cases that run under them: they are most of what a case holds."""
    return Policy.model_validate_json(values)
