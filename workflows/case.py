"""The case workflow: one sanction episode, from its opening to its end. It waits and performs; the domain decides."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue

from domain.calendar import local_date
from domain.case import Case, Issue, Phase
from domain.commands import Command, Lane, lane_of
from domain.decide import DayCame, Decision, IsStuck, News, WasPerformed, WasRevoked, decide, next_deadline, refuses
from domain.details import details
from domain.facts import KINDS
from domain.intake import Duplicate, Refused, faults
from domain.ledger import Entry, Heard
from domain.policy import EditionRead, Policy
from domain.rules.edition import in_force
from domain.views import Receipt, Status, explain, next_action_at, receipt, status, what_if
from workflows.attributes import changes, shown_by, shows
from workflows.inbox import Answer, Inbox, text_of
from workflows.messages import together, ways_in
from workflows.performing import RETRIES, WAYS, Performing
from workflows.start import CASE_WORKFLOW, Ended, Message, Start


@workflow.defn(name=CASE_WORKFLOW)
@ways_in(KINDS, Receipt)
class CaseWorkflow(Inbox[Case]):
    """One sanctioned participant's re-engagement."""

    cancel_says = "a case ends by its facts, such as opened_in_error; a request to cancel is none"

    @workflow.init
    @together
    def __init__(self, start: RawValue = None) -> None:  # type: ignore[assignment]
        super().__init__()
        self._start, self._start_fault = read_start(values_of(start))
        self.policy = self._start.edition if isinstance(self._start.edition, Policy) else None
        self.state = self._start.carried or Case(workflow.info().workflow_id)
        self.inbox += self._start.waiting
        self._news: list[News] = []
        self._performing: dict[Lane, Performing] = {}
        self._rounds: dict[Lane, int] = {}
        self._timer: asyncio.Task[None] | None = None
        self._timer_at: datetime | None = None
        self._shown = shown_by(workflow.info().typed_search_attributes)
        self._leaving = False

    @workflow.run
    async def run(self, start: RawValue = None) -> Ended:  # type: ignore[assignment]
        """Take a fact, decide, hand over commands, set the timer, wait; until the case is closed and all is done."""
        policy = self.policy = self.policy or await self._read_edition()
        if not self._start.carried:
            self._open(start, policy)
        while True:
            self.answered = False
            if self._leaving and self.is_flooded and not self._performing and not self._news:
                self.continue_as_new(self._carry(policy))  # at once: under a flood a task that lasts is given up
            self._take_in(policy)
            self._perform(policy)
            if self._is_over():
                break
            self._leaving = self._leaving or self._should_continue_as_new()
            if self._leaving and not self._performing and not self.inbox:
                self.continue_as_new(self._carry(policy))
            at = next_action_at(self.state, policy)
            self._set_timer(at, policy)
            self._publish(policy, at)
            await self.something_new(lambda: self._news)
        self._publish(policy, None)
        return ended(self.state)

    # What becomes of what is heard.

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        """Why a fact that can be read is not taken."""
        return refuses(self.state, fact, policy, at)

    def take(self, taken: Heard | Duplicate, policy: Policy) -> Answer:
        """Decide on a fact; one heard before counts once."""
        if isinstance(taken, Duplicate):
            return partial(receipt, Decision(self.state), taken.fact, policy, duplicate=True)
        decision = decide(self.state, taken, policy)
        self.state = decision.case
        return partial(receipt, decision, taken.fact, policy)

    def released(self, entry: str, says: str) -> Receipt:
        """The receipt for a message that left quarantine."""
        return Receipt(entry, "recorded", says, self.state.phase, self.state.outcome)

    @workflow.query(description="Where the case stands, what it waits for, what is to be done, what is in quarantine.")
    def status(self) -> Status | None:
        """Where the case stands."""
        return status(self.state, self.policy) if self.policy else None

    @workflow.query(description="Facts with both their dates, decisions with their rules, and effects, in order.")
    def timeline(self) -> tuple[Entry, ...]:
        """What was heard, decided and done."""
        return self.state.timeline

    @workflow.query(description="Why the case stands where it does, rule by rule, with the inputs used.")
    def explain(self) -> dict[str, Any] | None:
        """Why."""
        return explain(self.state, self.policy) if self.policy else None

    @workflow.query(description="What a fact, a JSON object with its `kind`, would come to at an instant; asked only.")
    def what_if(self, fact: dict[str, Any], at: datetime) -> Receipt | Refused | None:
        """What a fact would come to, without being told."""
        return what_if(self.state, json.dumps(fact), at, self.policy) if self.policy else None

    def details(self) -> str:
        """The table a person in the Temporal UI sees."""
        return details(self.state, self.policy) if self.policy else ""

    # The loop's parts.

    async def _read_edition(self) -> Policy:
        reading = workflow.start_activity(
            "read_edition",
            self._start.edition,
            result_type=EditionRead,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RETRIES,
        )
        read: EditionRead = await self.through_cancel(reading)
        self._start_fault = self._start_fault or read.fault
        return read.policy

    def _open(self, start: RawValue, policy: Policy) -> None:
        """Hear the opening fact; a start that can't be read goes into quarantine, and the case waits for another."""
        content, unreadable = text_of(values_of(start))
        fault = unreadable or self._start_fault
        message = Message("opened", json.dumps(self._start.opened), fault, workflow.now())
        answer = self.decide_on(message, policy)
        if isinstance(answer, Refused):
            self.hold(Message("start", content, None, message.at), answer.because, policy)

    def _take_in(self, policy: Policy) -> None:
        """Decide on what was heard, then on what else is new: the clock, and answers from performers."""
        self.take_in(policy)
        news, self._news = self._news, []
        for one in news:
            self.state = decide(self.state, one, policy).case

    def _perform(self, policy: Policy) -> None:
        """Hand each lane its open commands; give up what is on its way and no longer open. ALL-3."""
        for lane in WAYS:
            in_doubt = _commands(self.state.in_doubt(), lane)
            wanted = in_doubt or _commands(self.state.open_issues(), lane)
            on_its_way = self._performing.get(lane)
            if on_its_way and (self._leaving or not on_its_way.is_still(wanted, revoke=bool(in_doubt))):
                on_its_way.cancel()
            elif wanted and not on_its_way and not self._leaving:
                self._hand(lane, wanted, policy, revoke=bool(in_doubt))

    def _hand(self, lane: Lane, commands: list[Command], policy: Policy, *, revoke: bool) -> None:
        today, rounds = local_date(workflow.now(), policy.time_zone.value), self._rounds.get(lane, 0)
        performing = Performing(lane, commands, today, rounds, in_force(self.state, policy), revoke=revoke)
        self._performing[lane] = performing
        self.state = self.state.handing(performing.effects)
        asyncio.create_task(self._await_performed(performing))  # noqa: RUF006 - the loop waits

    async def _await_performed(self, performing: Performing) -> None:
        done = await performing.done()
        del self._performing[performing.lane]
        self._rounds[performing.lane] = self._rounds.get(performing.lane, 0) + 1 if isinstance(done, str) else 0
        if isinstance(done, str):
            self._news.append(IsStuck(performing.effects, done, workflow.now()))
        elif performing.revoke and done is not None:
            self._news.append(WasRevoked(performing.effects, done, workflow.now()))
        else:
            self._news.append(WasPerformed(done or (), workflow.now()))

    def _set_timer(self, at: datetime | None, policy: Policy) -> None:
        """One timer, for the earliest deadline; kept while that stands.

        While commands are on their way for the first time the timer is left as it is: they take minutes, and setting
        it twice would double the history of a quiet letter cycle.
        """
        if at == self._timer_at or (self._performing and not self.state.troubles):
            return
        if self._timer:
            self._timer.cancel()
        self._timer_at = at
        due = next_deadline(self.state, policy)
        self._timer = asyncio.create_task(self._sleep_until(at, due.what if due else "")) if at else None

    async def _sleep_until(self, at: datetime, what: str) -> None:
        await workflow.sleep(max(at - workflow.now(), timedelta(0)), summary=f"next: {what}")
        self._timer = self._timer_at = None
        self._news.append(DayCame(workflow.now()))

    def _publish(self, policy: Policy, at: datetime | None) -> None:
        """Tell the server by which attributes the case is found, where they changed."""
        now = shows(self.state, policy, at, self._shown)
        updates = changes(self._shown, now)
        if updates:
            workflow.upsert_search_attributes(updates)
            self._shown = now

    def _is_over(self) -> bool:
        waiting = self.inbox or self._news or self._performing or self.state.under_way()
        return self.state.phase == Phase.CLOSED and not waiting

    def _should_continue_as_new(self) -> bool:
        age = workflow.now() - workflow.info().start_time
        return age >= timedelta(days=self._start.continue_after_days) or self.is_to_continue_as_new()

    def _carry(self, policy: Policy) -> Start:
        days = self._start.continue_after_days
        return Start(edition=policy, carried=self.state, waiting=tuple(self.inbox), continue_after_days=days)


def ended(case: Case) -> Ended:
    """How a case that is closed has ended."""
    assert case.outcome is not None  # noqa: S101 - closed means an outcome
    return Ended(
        case_id=case.id,
        outcome=case.outcome,
        why=case.phase_reason,
        letters_sent=len(case.letters_sent()),
        quarantine=list(case.quarantine.values()),
    )


def _commands(issues: Sequence[Issue], lane: Lane) -> list[Command]:
    return [issue.command for issue in issues if issue.command and lane_of(issue.command) == lane]


def values_of(start: Any) -> list[Any]:
    """What a case was started with: one value, or a list where it was given more."""
    return start if isinstance(start, list) else [start]


def read_start(values: Sequence[Any]) -> tuple[Start, str | None]:
    """What a case is to begin with, and what can't be read of it."""
    content, fault = text_of(values)
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
