"""A case, and its staffings, as the facts in their histories make them. ALL-8."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from temporalio.api.failure.v1 import Failure
from temporalio.api.history.v1 import HistoryEvent

from audit.fold import Fold, Task, as_json, is_next_task, raw, value_of_first
from domain.case import Case, Issue
from domain.commands import Performed, staffing_id
from domain.decide import DayCame, IsStuck, News, WasPerformed, WasRevoked, decide, refuses
from domain.intake import Refused, hold
from domain.ledger import Heard
from domain.policy import EditionRead, Policy
from domain.staffing import staffing as staffings
from domain.staffing.staffing import Staffing
from domain.staffing.views import comes_to, says
from workflows.case import CaseWorkflow, ended, read_start
from workflows.inbox import FACTS_A_TASK, text_of
from workflows.performing import WAYS
from workflows.staffing import StaffingWorkflow
from workflows.start import Ended, Message, StaffingEnded, StaffingStart, Start

_CASE, _STAFFING = TypeAdapter(Case), TypeAdapter(Staffing)
_PERFORMED = TypeAdapter(list[Performed])
_CARRIES_OUT = {way.activity for way in WAYS.values()}
_REVOKES = {way.revoke for way in WAYS.values()}


class CaseFold(Fold[Case]):
    """A case as the facts make it."""

    workflow = CaseWorkflow

    def __init__(self, case: str) -> None:
        super().__init__()
        self.state = Case(case)
        self._start, self._is_open, self._content = Start(), False, ""
        self._start_fault: str | None = None
        self._unreadable: str | None = None
        self._news: list[HistoryEvent] = []
        self.staffings: dict[str, Any] = {}
        self._asked: dict[int, list[str]] = {}
        self._given_up: set[int] = set()
        self._revoking: set[int] = set()
        self._editions: set[int] = set()
        self._pauses: set[int] = set()
        self._pausing = False

    def begin(self, start: Any, attributes: Any) -> None:
        values: list[Any] = [*raw(attributes.input.payloads)] or [None]
        self._start, self._start_fault = read_start(values)
        self._content, self._unreadable = text_of(values)
        self._asked, self._given_up, self._revoking, self._pauses, self._editions = {}, set(), set(), set(), set()
        self._pausing = False
        if self._start.carried:
            self._compare_carried("what the run was started with", start)
        if isinstance(self._start.edition, Policy):
            self.policy = self._start.edition

    def lived(self, task: Task, *, leaves: int | None) -> None:
        self.inbox += task.messages
        self._news += [event for event in task.news if self._is_news(event)]
        policy = self.policy = self.policy or self._read_edition()
        if policy is None:
            return
        if not self._is_open:
            self._open(policy, task.at)
        for update in task.updates:
            self.take_in(policy)
            self.hear(update, policy, quietly=True)
        if self._pausing and leaves is None and not any(self._ends_pause(event) for event in task.news):
            return
        self.take_in(policy, FACTS_A_TASK if leaves is None else len(self.inbox) - leaves)
        news, self._news = self._news, []
        for event in news:
            for one in self._says(event, task.at):
                self._decided(one, policy)
        self._pausing = bool(self.inbox)

    def gave(self, event: HistoryEvent) -> None:
        match event.WhichOneof("attributes"):
            case "activity_task_scheduled_event_attributes":
                self._handed(event)
            case "activity_task_cancel_requested_event_attributes":
                self._given_up.add(event.activity_task_cancel_requested_event_attributes.scheduled_event_id)
            case "timer_started_event_attributes" if is_next_task(event.timer_started_event_attributes):
                self._pauses.add(event.event_id)
            case "workflow_execution_continued_as_new_event_attributes":
                start = event.workflow_execution_continued_as_new_event_attributes.input.payloads
                self._compare_carried("what the run carried on", value_of_first(start))
            case "workflow_execution_completed_event_attributes":
                result = event.workflow_execution_completed_event_attributes.result.payloads
                if self.state.outcome is None:
                    self.fault("the run ended, though the facts do not end the case")
                else:
                    end = as_json(TypeAdapter(Ended), ended(self.state))
                    self.compare("what the run ended with", value_of_first(result), end)

    def decide(self, heard: Heard, policy: Policy) -> None:
        self._decided(heard, policy)

    def _decided(self, news: News, policy: Policy) -> None:
        decision = decide(self.state, news, policy)
        self.becomes(decision.case, decision.reasons)

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        return refuses(self.state, fact, policy, at)

    def _compare_carried(self, where: str, start: Any) -> None:
        self.compare(f"{where}, carried", start["carried"], as_json(_CASE, self.state))
        waiting = as_json(TypeAdapter(list[Message]), self.inbox)
        self.compare(f"{where}, waiting", start.get("waiting", []), waiting)
        if self.policy:
            self.compare(f"{where}, edition", start["edition"], self.policy.model_dump(mode="json"))

    def _open(self, policy: Policy, at: datetime) -> None:
        self._is_open = True
        if self._start.carried:
            self.fault("the run was carried on from one that is not here")
            self.state = self._start.carried
            return
        fault = self._unreadable or self._start_fault
        opening = Message("opened", json.dumps(self._start.opened), fault, at)
        weighed = self.weighed(opening, policy)
        if isinstance(weighed, Refused):
            self.becomes(hold(self.state, "start", weighed.because, self._content, at, policy=policy))
        elif isinstance(weighed, Heard):
            self.decide(weighed, policy)

    def _handed(self, event: HistoryEvent) -> None:
        """What was handed over is what the facts want carried out, to the letter; or is in doubt and asked after."""
        asked = event.activity_task_scheduled_event_attributes
        name = asked.activity_type.name
        if name == "read_edition":
            self._editions.add(event.event_id)
        if name not in _CARRIES_OUT | _REVOKES:
            return
        first = value_of_first(asked.input.payloads)
        commands: list[dict[str, Any]] = first if isinstance(first, list) else [first]
        self.staffings |= {staffing_id(one["effect"]): one for one in commands if one["kind"] == "open_staffing"}
        effects = self._asked[event.event_id] = [command["effect"] for command in commands]
        if name in _REVOKES:
            self._revoking.add(event.event_id)
        wanted = {issue.effect: issue for issue in self._wanted(name)}
        for command in commands:
            issue = wanted.get(command["effect"])
            if issue is None or issue.command is None:
                self.fault(f"event {event.event_id}: {command['effect']} was handed over, the facts want it not")
            else:
                self.compare(f"event {event.event_id}", command, issue.command.model_dump(mode="json"))
        self.state = self.state.handing(effects)

    def _wanted(self, activity: str) -> list[Issue]:
        return self.state.in_doubt() if activity in _REVOKES else self.state.open_issues()

    def _is_news(self, event: HistoryEvent) -> bool:
        return bool(_scheduled(event) in self._asked.keys() | self._editions or self._is_deadline(event))

    def _is_deadline(self, event: HistoryEvent) -> bool:
        fired = event.timer_fired_event_attributes
        return event.HasField("timer_fired_event_attributes") and fired.started_event_id not in self._pauses

    def _ends_pause(self, event: HistoryEvent) -> bool:
        return event.timer_fired_event_attributes.started_event_id in self._pauses

    def _read_edition(self) -> Policy | None:
        for event in self._news:
            if event.HasField("activity_task_completed_event_attributes") and _scheduled(event) in self._editions:
                result = event.activity_task_completed_event_attributes.result.payloads
                read = EditionRead.model_validate(value_of_first(result))
                self._start_fault = self._start_fault or read.fault
                return read.policy
        return None

    def _says(self, event: HistoryEvent, at: datetime) -> Iterator[News]:
        """The news an event brings."""
        scheduled = _scheduled(event)
        effects = self._asked.get(scheduled or 0, [])
        match event.WhichOneof("attributes"):
            case "timer_fired_event_attributes":
                yield DayCame(at)
            case _ if scheduled in self._editions:
                return
            case "activity_task_completed_event_attributes":
                done = event.activity_task_completed_event_attributes.result.payloads
                performed = _PERFORMED.validate_python(value_of_first(done))
                is_revoked = scheduled in self._revoking
                yield WasRevoked(effects, performed, at) if is_revoked else WasPerformed(performed, at)
            case _ if scheduled in self._given_up:
                yield WasPerformed((), at)
            case _:
                yield IsStuck(effects, _code(_failure(event)), at)


class StaffingFold(Fold[Staffing]):
    """A staffing as what was recorded makes it."""

    workflow = StaffingWorkflow

    def __init__(self, workflow_id: str) -> None:
        super().__init__()
        self._id = workflow_id
        self._start: StaffingStart | None = None
        self.call: Any = None

    def begin(self, start: Any, attributes: Any) -> None:
        read, self.call = StaffingStart.model_validate(start), start["call"]
        if read.carried and self._start:
            self.compare("what the run was started with", start["carried"], as_json(_STAFFING, self.state))
        elif read.carried:
            self.fault("the run was carried on from one that is not here")
            self.state = read.carried
        self._start, self.policy = read, read.edition

    def lived(self, task: Task, *, leaves: int | None) -> None:
        assert self._start  # noqa: S101 - it has begun
        policy = self._start.edition
        if not hasattr(self, "state"):
            self.becomes(staffings.opened(self._id, self._start.call, task.at, policy))
        self.inbox += task.messages
        self.take_in(policy)
        for update in task.updates:
            self.hear(update, policy, quietly=True)

    def gave(self, event: HistoryEvent) -> None:
        assert self._start  # noqa: S101 - it has begun
        match event.WhichOneof("attributes"):
            case "workflow_execution_continued_as_new_event_attributes":
                start = event.workflow_execution_continued_as_new_event_attributes.input.payloads
                self.compare(
                    "what the run carried on", value_of_first(start)["carried"], as_json(_STAFFING, self.state)
                )
            case "workflow_execution_completed_event_attributes":
                policy = self._start.edition
                result = value_of_first(event.workflow_execution_completed_event_attributes.result.payloads)
                end = StaffingEnded(
                    staffing=self._id,
                    comes_to=comes_to(self.state, policy),
                    says=says(self.state, policy),
                    heard_by_case=result["heard_by_case"],
                    quarantine=list(self.state.quarantine.values()),
                )
                self.compare("what the run ended with", result, end.model_dump(mode="json"))

    def decide(self, heard: Heard, policy: Policy) -> None:
        self.becomes(staffings.heard(self.state, heard, policy))

    def refuses(self, fact: Any, policy: Policy, at: datetime) -> str | None:
        return staffings.refuses(self.state, fact, policy, at)


def _scheduled(event: HistoryEvent) -> int | None:
    """The event that scheduled the activity an event is the end of."""
    for how in ("completed", "failed", "timed_out", "canceled"):
        if event.HasField(f"activity_task_{how}_event_attributes"):  # type: ignore[arg-type]
            return int(getattr(event, f"activity_task_{how}_event_attributes").scheduled_event_id)
    return None


def _failure(event: HistoryEvent) -> Failure:
    if event.HasField("activity_task_timed_out_event_attributes"):
        return event.activity_task_timed_out_event_attributes.failure
    return event.activity_task_failed_event_attributes.failure


def _code(failure: Failure) -> str:
    while not failure.HasField("application_failure_info") and failure.HasField("cause"):
        failure = failure.cause
    is_ours = failure.HasField("application_failure_info")
    return (failure.application_failure_info.type or "failure") if is_ours else "no_answer"
