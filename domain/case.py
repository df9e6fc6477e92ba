"""A case: one sanction episode of one participant, as a frozen value.

To what was told of it (a `Ledger`) it adds what was commanded, kept by key, so that every effect is given out once
(ALL-3), and where it stands.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cached_property, wraps
from typing import Any, ClassVar, Literal, Self, TypeVar, TypeVarTuple, cast

from domain.commands import Command
from domain.facts import KINDS, CaseFact, Opened, TaskDone
from domain.ledger import Ledger
from domain.policy import Reason

Answer = TypeVar("Answer")
Given = TypeVarTuple("Given")


class Phase(StrEnum):
    """Where a case stands."""

    AWAITING_OPENING = "awaiting_opening"
    STAFFING = "staffing"
    REENGAGING = "reengaging"
    TRIAL = "trial"
    LIFT_RECOMMENDED = "lift_recommended"
    LIMIT_REACHED = "limit_reached"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a case ended."""

    LIFTED_BY_PARTICIPATION = "lifted_by_participation"
    LIFTED_BY_GOOD_CAUSE = "lifted_by_good_cause"
    EXEMPT = "exempt"
    EXCLUDED = "excluded"
    INACTIVE = "inactive"
    LIFETIME_LIMIT = "lifetime_limit"
    OPENED_IN_ERROR = "opened_in_error"


@dataclass(frozen=True)
class Issue:
    """One effect given out under a key: `open` until performed; `settled` when a task was done by staff.

    `rule` is the id of the rule it was given out under. A key can be issued again after its effect was undone, as
    number 2 and so on. `handed` says that somebody was asked to carry it out: made void then, it is in doubt until the
    one who was asked says whether it went.
    """

    effect: str
    number: int
    status: Literal["open", "done", "void", "settled", "undone"]
    command: Command | None
    rule: str = ""
    on: date | None = None
    handed: bool = False

    @property
    def in_doubt(self) -> bool:
        """Whether it was made void when it may already have been carried out."""
        return self.status == "void" and self.handed


@dataclass(frozen=True)
class Case(Ledger):
    """The whole state of a case. Never changed in place."""

    kinds: ClassVar = KINDS

    facts: dict[str, dict[str, tuple[CaseFact, ...]]] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    phase: Phase = Phase.AWAITING_OPENING
    phase_reason: Reason | None = None
    phase_since: date = date.min
    outcome: Outcome | None = None

    def but(self, **changes: Any) -> Self:
        """The case with other values; what was worked out of the same facts for the same day is kept."""
        after = super().but(**changes)
        if after.facts is self.facts and after.day == self.day:
            after.__dict__["worked_out"] = self.worked_out
        if after.issues is self.issues:
            after.__dict__["_letters_sent"] = self._letters_sent
        return after

    @cached_property
    def worked_out(self) -> dict[tuple[object, ...], tuple[Any, Any]]:
        """What rules have said of these facts on this day; see `once_a_day`."""
        return {}

    @cached_property
    def opening(self) -> Opened | None:
        """What is known of the case's opening, as last corrected."""
        return self.last(Opened)

    def open_issues(self) -> list[Issue]:
        """What was commanded and is not performed yet, in the order it was commanded."""
        return [issue for issue in self.issues.values() if issue.status == "open"]

    def in_doubt(self) -> list[Issue]:
        """What was made void, and nobody has said yet whether it had gone."""
        return [issue for issue in self.issues.values() if issue.in_doubt]

    def under_way(self) -> list[Issue]:
        """What has still to be carried out, or to be taken back before it is."""
        return [issue for issue in self.issues.values() if issue.status == "open" or issue.in_doubt]

    def handing(self, effects: Collection[str]) -> Self:
        """The case once somebody is asked to carry some of its effects out."""
        handed = {key: replace(issue, handed=True) for key, issue in self.issues.items() if issue.effect in effects}
        return self.but(issues={**self.issues, **handed})

    def open_tasks(self) -> list[Issue]:
        """The staff tasks that stand."""
        return [
            issue
            for issue in self.issues.values()
            if issue.status in ("open", "done") and issue.command and issue.command.kind == "open_task"
        ]

    def effect_of(self, key: str) -> Issue | None:
        """What was last given out under a key, if it stands or is being carried out."""
        issue = self.issues.get(key)
        return issue if issue and issue.status in ("open", "done") else None

    def task_done_on(self, effect: str) -> date | None:
        """The date staff did a task, by the task's effect id."""
        return next((done.happened_on for done in self.told(TaskDone) if done.task == effect), None)

    def letters_sent(self) -> list[date]:
        """The dates on which letters were sent, in order. MO-3."""
        return self._letters_sent

    @cached_property
    def _letters_sent(self) -> list[date]:
        return sorted(
            issue.on
            for key, issue in self.issues.items()
            if key.startswith("letter/") and issue.status == "done" and issue.on
        )


def once_a_day(rule: Callable[[Case, *Given], Answer]) -> Callable[[Case, *Given], Answer]:
    """A rule that hangs on nothing but the facts, the day and what it is given: worked out once for them."""

    @wraps(rule)
    def asked(case: Case, *given: *Given) -> Answer:
        key = (rule, *map(id, given))
        known = case.worked_out.get(key)
        if known is None:  # what was given is kept with the answer, so that its id stays its own
            known = case.worked_out[key] = (given, rule(case, *given))
        return cast(Answer, known[1])

    return asked
