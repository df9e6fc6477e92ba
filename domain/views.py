"""What a case says of itself: the receipt for a fact, the status, the explanation.

ALL-4: staff read why in the UI (`details`), upstream systems in the receipt. `policy` is the edition a case was opened
under; what is shown is by the one in force.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from domain.calendar import instant_of, month_of, week_end
from domain.case import Case, Outcome, Phase
from domain.commands import lane_of, staffing_id
from domain.decide import Decision, deadlines, decide, next_deadline, refuses
from domain.fact import Fact, Withdrawn
from domain.intake import Duplicate, Refused, take
from domain.ledger import Held
from domain.policy import Policy, Reason
from domain.rules import letters, lift, limit, rate, sanction, staffing, transfer
from domain.rules.edition import in_force
from domain.rules.participation import hours_by_week, required_hours


@dataclass(frozen=True)
class Receipt:
    """The answer to a fact: what it did, and why."""

    message_id: str
    result: Literal["recorded", "replaced", "withdrawn", "duplicate"]
    says: str
    phase: Phase
    outcome: Outcome | None
    reasons: tuple[Reason, ...] = ()
    commands: tuple[str, ...] = ()
    voided: tuple[str, ...] = ()
    next: str | None = None


def receipt(decision: Decision, fact: Fact, policy: Policy, *, duplicate: bool = False) -> Receipt:
    """The receipt for a fact a case has just decided on, or had heard before."""
    case = decision.case
    policy = in_force(case, policy)
    standing = case.standing_of(fact) if not duplicate else "stands"
    result: Literal["recorded", "replaced", "withdrawn", "duplicate"] = (
        "duplicate" if duplicate else "recorded" if standing == "stands" else standing
    )
    reasons = decision.reasons or (policy.reason(fact.rule, _effect_in_words(case, fact, policy)),)
    due = next_deadline(case, policy)
    return Receipt(
        message_id=fact.message_id,
        result=result,
        says=_SAYS[result] + "; ".join(f"{reason.says} ({reason.rule})" for reason in reasons),
        phase=case.phase,
        outcome=case.outcome,
        reasons=tuple(reasons),
        commands=tuple(command.effect for command in decision.commands),
        voided=decision.voided,
        next=f"{due.what} on {due.on}" if due else None,
    )


def what_if(case: Case, said: str, at: datetime, policy: Policy) -> Receipt | Refused:
    """What a fact would come to if it came then: its receipt, or why it would be refused; nothing is recorded. ALL-5.

    `said` is the fact in JSON, with its kind.
    """
    at = max(at, case.now)
    taken = take(case, None, said, at, lambda fact: refuses(case, fact, policy, at))
    match taken:
        case Refused():
            return taken
        case Duplicate(fact):
            return receipt(Decision(case), fact, policy, duplicate=True)
    return receipt(decide(case, taken, policy), taken.fact, policy)


_SAYS = {
    "recorded": "Recorded: ",
    "replaced": "Recorded, but another report stands in its place: ",
    "withdrawn": "Recorded, but it was withdrawn: ",
    "duplicate": "Heard before, counts once: ",
}


def _effect_in_words(case: Case, fact: Fact, policy: Policy) -> str:
    if isinstance(fact, Withdrawn) and fact.withdraws not in case.heard:
        return "the message it takes back has not come yet, and will not count when it does"
    if isinstance(fact, Withdrawn) and case.is_withdrawal(fact.withdraws):
        return "a withdrawal stands: what it took back is sent again, under an id of its own, to count again"
    held = letters.held(case, policy) if case.opening and not case.outcome else None
    due = letters.next_letter(case, policy) if not case.outcome else None
    if held:
        return f"the case stays {case.phase.value}; no letter is due: {held.says}"
    return f"the case stays {case.phase.value}" + (f"; {due.what} stays due on {due.on}" if due else "")


@dataclass(frozen=True)
class Status:
    """Where a case stands, for people and programs."""

    case_id: str
    program: str
    edition: str
    time_zone: str
    phase: Phase
    since: date
    outcome: Outcome | None
    why: Reason | None
    waits_for: str | None
    next_on: date | None
    provider: str | None
    letters_sent: int
    last_letter_on: date | None
    staffings: tuple[dict[str, Any], ...]
    disqualification: tuple[sanction.Step, ...]
    rate_this_month: str | None
    needs_action: tuple[str, ...]
    open_tasks: tuple[dict[str, str], ...]
    open_commands: tuple[str, ...]
    troubles: dict[str, str]
    quarantine: tuple[Held, ...]
    facts_heard: int
    as_of: datetime


def status(case: Case, policy: Policy) -> Status:
    """The status of a case as of the last thing it heard."""
    policy = in_force(case, policy)
    due = next_deadline(case, policy)
    sent = case.letters_sent()
    return Status(
        case_id=case.id,
        program=policy.program,
        edition=policy.id,
        time_zone=policy.time_zone.value,
        phase=case.phase,
        since=case.phase_since,
        outcome=case.outcome,
        why=case.phase_reason,
        waits_for=due.what if due else None,
        next_on=due.on if due else None,
        provider=transfer.displayed_provider(case),
        letters_sent=len(sent),
        last_letter_on=sent[-1] if sent else None,
        staffings=tuple(staffings_of(case, policy)),
        disqualification=sanction.steps(case, policy),
        rate_this_month=rate.this_month(case, policy),
        needs_action=needs_action(case),
        open_tasks=tuple(open_tasks(case)),
        open_commands=tuple(issue.effect for issue in case.under_way()),
        troubles=case.troubles,
        quarantine=tuple(case.quarantine.values()),
        facts_heard=len(case.heard),
        as_of=case.now,
    )


def staffings_of(case: Case, policy: Policy) -> list[dict[str, Any]]:
    """The staffings, each with what called for it and what it came to; the answers are told by the staffing alone."""
    listed = []
    for one in staffing.staffings(case, policy):
        opened = case.effect_of(staffing.key_of(case, one.number))
        listed.append(
            {
                "number": one.number,
                "staffing": staffing_id(opened.effect) if opened else None,
                "why": one.call.why,
                "called_on": one.call.on,
                "result": staffing.result_of(one.decision, policy) if one.decision else None,
                "held_on": one.decision.happened_on if one.decision else None,
            }
        )
    return listed


def open_tasks(case: Case) -> list[dict[str, str]]:
    """What staff are asked to do: each task's id, its rule, and what is to be done."""
    return [
        {"task": issue.effect, "rule": issue.command.rule, "text": issue.command.text}
        for issue in case.open_tasks()
        if issue.command and issue.command.kind == "open_task"
    ]


def needs_action(case: Case) -> tuple[str, ...]:
    """Why a person must act, by name: topics of open tasks, quarantine, a command that is stuck, no opening.

    What is stuck is named by its lane too: a carrier that can't be reached is another's work than a dead database.
    """
    codes = {issue.command.topic for issue in case.open_tasks() if issue.command and issue.command.kind == "open_task"}
    if case.quarantine:
        codes.add("quarantine")
    stuck = {lane_of(issue.command) for issue in case.under_way() if issue.command and issue.effect in case.troubles}
    codes |= {f"stuck-{lane}" for lane in stuck} | ({"stuck"} if stuck else set())
    if case.phase == Phase.AWAITING_OPENING:
        codes.add("opening")
    return tuple(sorted(codes))


def next_action_at(case: Case, policy: Policy) -> datetime | None:
    """The instant at which the case acts next of itself: the next deadline's date at the edition's hour. ALL-7."""
    policy = in_force(case, policy)
    due = next_deadline(case, policy)
    return instant_of(due.on, policy.time_zone.value, policy.opens_at_hour.value) if due else None


def next_letter_at(case: Case, policy: Policy) -> datetime | None:
    """The instant at which the next letter is due; None while letters are held. The first is due at once. MO-3."""
    policy = in_force(case, policy)
    due = letters.next_letter(case, policy) if case.letters_sent() and not case.outcome else None
    return instant_of(due.on, policy.time_zone.value, policy.opens_at_hour.value) if due else None


def explain(case: Case, policy: Policy) -> dict[str, Any]:
    """Why the case stands where it does: each rule's view, with its inputs. ALL-4."""
    policy = in_force(case, policy)
    if not case.opening:
        return {"phase": case.phase, "why": "no opening was heard that could be read", "edition": policy.id}
    ground = lift.ground(case, policy)
    held, at_limit = letters.held(case, policy), limit.is_reached(case, policy)
    stated = limit.count(case)
    return {
        "edition": policy.id,
        "phase": case.phase,
        "outcome": case.outcome,
        "why": case.phase_reason,
        "letters": None if case.outcome else held or letters.next_letter(case, policy),
        "staffings": staffings_of(case, policy),
        "disqualification": sanction.steps(case, policy),
        "lift": ground.reason if ground else {"missing": lift.missing(case, policy)},
        "weeks": [
            {"week": week, "hours": hours, "required": required_hours(case, week), "ends": week_end(week)}
            for week, hours in sorted(hours_by_week(case).items())
        ],
        "limit": at_limit
        or {
            "counted_this_month": stated.through_month(month_of(case.day)) if stated else None,
            "last_month": limit.limit_month(case, policy),
            "exempt": case.opening.time_limit_exempt,
        },
        "rate": [
            {"month": one.month, "standing": one.standing, "why": one.reason}
            for one in rate.months_in_rate(case, policy)
        ],
        "transfers": transfer.transfers(case),
        "waits_for": deadlines(case, policy),
    }
