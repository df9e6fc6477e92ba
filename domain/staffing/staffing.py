"""A staffing as a frozen value: what its team recorded, whether it is decided, what it does not take. OR-1, OR-2.

Several people record at once. A consideration that has an answer is answered anew only by naming that answer, so that
nothing is overwritten unseen; what was replaced stays on the timeline.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from domain.calendar import local_date
from domain.commands import OpenStaffing
from domain.facts import StaffingDecided
from domain.intake import digest_of, misdated
from domain.ledger import Entry, Heard, Ledger
from domain.policy import Policy, StaffingPolicy
from domain.staffing.deciding import OPEN_TO_SAY, not_yet, result
from domain.staffing.facts import (
    RECORDED,
    STAFFING_KINDS,
    AttendanceRecorded,
    ConsiderationAnswered,
    Decided,
    Ended,
    Recorded,
    StaffingFact,
)


@dataclass(frozen=True, kw_only=True)
class Staffing(Ledger):
    """One staffing. Never changed in place; `id` is its workflow's."""

    kinds: ClassVar = STAFFING_KINDS

    call: OpenStaffing
    facts: dict[str, dict[str, tuple[StaffingFact, ...]]] = field(default_factory=dict)

    @property
    def record(self) -> tuple[Recorded, ...]:
        """What stands of what was recorded, in the order it happened."""
        told: list[Any] = [fact for kind in RECORDED for fact in self.told(kind)]
        return tuple(sorted(told, key=lambda one: (one.happened_on, one.recorded_at, one.message_id)))

    @property
    def decision(self) -> Decided | None:
        """What the team decided."""
        return self.last(Decided)

    @property
    def ended(self) -> Ended | None:
        """Why the case needs it no more, if so."""
        return self.last(Ended)


def opened(id: str, call: OpenStaffing, at: datetime, policy: Policy) -> Staffing:
    """A staffing at its beginning, with what the one before recorded: what was known stays known, but not who came."""
    staffing = Staffing(id=id, call=call, now=at, day=call.called_on)
    for fact in call.record:
        if isinstance(fact, AttendanceRecorded):
            continue
        staffing = staffing.with_fact(fact, digest_of(fact))
    says = f"staffing {call.number} opened: {call.why.replace('_', ' ')}"
    if call.reviews:
        says += f"; reviews staffing {call.reviews}, whose record it has ({len(call.record)} entries)"
    return staffing.noting([Entry(at, call.called_on, "decision", says, (policy.rule("staffing").id,))])


def terms(policy: Policy) -> StaffingPolicy:
    """How staffings are held in an edition. Raises ValueError for an edition that has none."""
    if policy.staffing is None:
        raise ValueError(f"edition {policy.id} has no staffings")
    return policy.staffing


def refuses(staffing: Staffing, fact: StaffingFact, policy: Policy, received_at: datetime) -> str | None:
    """Why a staffing does not take what somebody records; None when it does. OR-2, OR-3, ALL-2."""
    because = misdated(fact, received_at, policy.time_zone.value)
    if because and not isinstance(fact, Ended):  # which the case says, by its own clock
        return because
    if staffing.ended:
        return "staffing: has ended; the case says why"
    if staffing.decision:
        return "staffing: is decided; tell the case by new_information, and the team will review it (OR-3)"
    if isinstance(fact, ConsiderationAnswered):
        return _unseen(staffing, fact)
    return not_yet(fact.finding, fact.reason, staffing.record) if isinstance(fact, Decided) else None


def _unseen(staffing: Staffing, answer: ConsiderationAnswered) -> str | None:
    """Why an answer would overwrite another that its author has not seen."""
    known = staffing.stands_for(answer)
    if not isinstance(known, ConsiderationAnswered):
        return None
    if (answer.replaces == known.message_id) != (known.replaces == answer.message_id):
        return None
    at = f"{known.recorded_at:%Y-%m-%d %H:%M %z}"
    return (
        f"replaces: {answer.consideration} is answered already, at {at}: name message {known.message_id} to replace it"
    )


def heard(staffing: Staffing, news: Heard, policy: Policy) -> Staffing:
    """The staffing, having heard what somebody recorded. Pure."""
    fact, at = news.fact, max(staffing.now, news.received_at)
    entry = Entry(at, fact.happened_on, "fact", _in_words(fact), (policy.rule(fact.rule).id,), fact.message_id)
    day = local_date(at, policy.time_zone.value)
    after = staffing.but(now=at, day=day).with_fact(fact, news.digest).noting([entry])
    if not isinstance(fact, Decided) or after.decision is None:
        return after
    came_to = result(fact.finding, after.record, terms(policy))
    says = f"{fact.finding.replace('_', ' ')}: {came_to.replace('_', ' ')}"
    return after.noting([Entry(at, fact.happened_on, "decision", says, (policy.rule("staffing").id,))])


def _in_words(fact: StaffingFact) -> str:
    """What was recorded, as one line; of a sensitive consideration not the answer, which the status tells. ALL-6."""
    match fact:
        case ConsiderationAnswered(consideration=which, answer=answer, replaces=replaced):
            told = f"{which.replace('_', ' ')} {answer if which in OPEN_TO_SAY else 'answered'}"
            told += f", replaces {replaced}" if replaced else ""
        case Decided(finding=finding, decided_by=team):
            told = f"{finding.replace('_', ' ')} by {team}"
        case _:
            told = ", ".join(str(getattr(fact, name)) for name in _TOLD if hasattr(fact, name))
    return f"{fact.kind.replace('_', ' ')}: {told}"


_TOLD = ("screening", "type", "option", "attendance", "because", "withdraws")


def for_the_case(staffing: Staffing) -> StaffingDecided | None:
    """The decision as the case hears it, with all it rests on; None before there is one. OR-1, OR-2."""
    decision = staffing.decision
    if decision is None:
        return None
    return StaffingDecided(
        message_id=f"decided-{sha256(staffing.id.encode()).hexdigest()[:24]}",
        happened_on=decision.happened_on,
        recorded_by=decision.recorded_by,
        recorded_at=decision.recorded_at,
        number=staffing.call.number,
        record=staffing.record,
        reason=decision.reason,
        finding=decision.finding,
        decided_by=decision.decided_by,
        family_stability_issues=decision.family_stability_issues,
    )
