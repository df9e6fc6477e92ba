"""A case: one sanction episode of one participant, as a frozen value.

What facts say is kept by slot, so that the same facts make the same case in whatever order they come (ALL-1); what
was commanded is kept by key, so that every effect is given out once (ALL-3).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property, wraps
from typing import Any, Literal, TypeVar, TypeVarTuple, cast

from domain.commands import Command
from domain.facts import CaseFact, Fact, Opened, TaskDone, Withdrawn
from domain.policy import Reason

FactOf = TypeVar("FactOf", bound=Fact)
Answer = TypeVar("Answer")
Given = TypeVarTuple("Given")

SLOT_DEPTH = 4
"""How many reports of one slot are kept: the standing one, and what stands again when that is withdrawn."""
HEARD_KEPT = 5000
"""How many message ids are remembered. One forgotten and sent again lands in its slot and rank: nothing changes."""
TIMELINE_KEPT = 400
"""How many timeline entries travel with the case; earlier ones are in the histories of its earlier runs."""

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Phase(StrEnum):
    """Where a case stands."""

    AWAITING_OPENING = "awaiting_opening"
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
    number 2 and so on.
    """

    effect: str
    number: int
    status: Literal["open", "done", "void", "settled", "undone"]
    command: Command | None
    rule: str = ""
    on: date | None = None


@dataclass(frozen=True)
class Held:
    """A message in quarantine. ALL-2."""

    id: str
    name: str
    reason: str
    content: str
    received_at: datetime
    times: int = 1


@dataclass(frozen=True)
class Entry:
    """One line of the timeline: what was heard, decided or done; `at` when the case knew, `on` when it happened."""

    at: datetime
    on: date
    what: Literal["fact", "decision", "effect", "quarantine"]
    says: str
    rules: tuple[str, ...] = ()
    ref: str = ""


@dataclass(frozen=True)
class Case:
    """The whole state of a case. Never changed in place."""

    id: str
    now: datetime = _NEVER
    day: date = date.min
    facts: dict[str, dict[str, tuple[CaseFact, ...]]] = field(default_factory=dict)
    heard: dict[str, str] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    quarantine: dict[str, Held] = field(default_factory=dict)
    held_count: int = 0
    timeline: tuple[Entry, ...] = ()
    phase: Phase = Phase.AWAITING_OPENING
    phase_reason: Reason | None = None
    phase_since: date = date.min
    outcome: Outcome | None = None

    def but(self, **changes: Any) -> "Case":
        """The case with other values; what was read of the same facts, and worked out for the same day, is kept."""
        after = replace(self, **changes)
        if after.facts is self.facts:
            after.__dict__["_told"] = self._told
            if after.day == self.day:
                after.__dict__["worked_out"] = self.worked_out
        if after.issues is self.issues:
            after.__dict__["_letters_sent"] = self._letters_sent
        return after

    @cached_property
    def _told(self) -> dict[type[Fact], list[Any]]:
        return {}

    @cached_property
    def worked_out(self) -> dict[tuple[object, ...], tuple[Any, Any]]:
        """What rules have said of these facts on this day; see `once_a_day`."""
        return {}

    @cached_property
    def _withdrawn(self) -> frozenset[str]:
        return frozenset(self.facts.get("withdrawn", {}))

    def told(self, kind: type[FactOf]) -> list[FactOf]:
        """The facts of a kind that stand, one a slot, in the order they happened."""
        told: list[FactOf] | None = self._told.get(kind)
        if told is None:
            slots = self.facts.get(kind.model_fields["kind"].default, {}).values()
            standing = (self._standing(slot) for slot in slots)
            told = self._told[kind] = sorted(
                (fact for fact in standing if fact), key=lambda fact: (fact.happened_on, fact.recorded_at, fact.rank)
            )
        return told

    def last(self, kind: type[FactOf]) -> FactOf | None:
        """The standing fact of a kind that happened last."""
        told = self.told(kind)
        return told[-1] if told else None

    def _standing(self, slot: tuple[CaseFact, ...]) -> Fact | None:
        return next((fact for fact in slot if fact.message_id not in self._withdrawn), None)

    def is_withdrawal(self, message_id: str) -> bool:
        """Whether a message took another one back."""
        return any(one.message_id == message_id for slot in self.facts.get("withdrawn", {}).values() for one in slot)

    @cached_property
    def opening(self) -> Opened | None:
        """What is known of the case's opening, as last corrected."""
        return self.last(Opened)

    def with_fact(self, fact: CaseFact, digest: str) -> "Case":
        """The case, having heard a fact: the highest ranks of its slot are kept, highest first."""
        kind = self.facts.get(fact.kind, {})
        others = (one for one in kind.get(fact.slot, ()) if one.message_id != fact.message_id)
        slot = tuple(sorted((*others, fact), key=lambda one: one.rank, reverse=True))
        heard = {**self.heard, fact.message_id: digest}
        if len(heard) > HEARD_KEPT:
            del heard[next(iter(heard))]
        after = replace(self, facts={**self.facts, fact.kind: {**kind, fact.slot: slot[:SLOT_DEPTH]}}, heard=heard)
        if not isinstance(fact, Withdrawn):
            after.__dict__["_told"] = {other: told for other, told in self._told.items() if other is not type(fact)}
        return after

    def standing_of(self, fact: CaseFact) -> Literal["stands", "replaced", "withdrawn"]:
        """Whether a fact that was heard counts, and if not, why not."""
        if fact.message_id in self._withdrawn and not isinstance(fact, Withdrawn):
            return "withdrawn"
        top = self._standing(self.facts[fact.kind][fact.slot])
        return "stands" if top is not None and top.message_id == fact.message_id else "replaced"

    def noting(self, entries: Iterable[Entry]) -> "Case":
        """The case with more lines on its timeline."""
        added = tuple(entries)
        return self.but(timeline=(*self.timeline, *added)[-TIMELINE_KEPT:]) if added else self

    def open_issues(self) -> list[Issue]:
        """What was commanded and is not performed yet, in the order it was commanded."""
        return [issue for issue in self.issues.values() if issue.status == "open"]

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
