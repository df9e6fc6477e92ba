"""How a case ends: MO-3 (inactive for any reason), MO-8 (the lift is confirmed), MO-12 (the TA case is closed)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.case import Case, Outcome
from domain.commands import (
    Command,
    FinaliseTracs,
    OpenStaffing,
    SelectOnTracs,
    SetWorkStatus,
    UpdateOne,
    UpdatePdp,
)
from domain.fact import Fact
from domain.facts import BecameInactive, Excluded, Exempted, OpenedInError, TaCaseClosed
from domain.policy import Policy, Reason
from domain.rules import good_cause, lift, limit, sanction
from domain.rules.effects import Effect, effect_id
from domain.rules.staffing import decisions


@dataclass(frozen=True)
class Closing:
    """An end: the outcome, its date, and why."""

    outcome: Outcome
    on: date
    reason: Reason


_AT_ONCE: tuple[tuple[type[Fact], Outcome], ...] = (
    (Exempted, Outcome.EXEMPT),
    (Excluded, Outcome.EXCLUDED),
    (BecameInactive, Outcome.INACTIVE),
)


def closing(case: Case, policy: Policy) -> Closing | None:
    """The end of the case: one opened in error is nothing else, otherwise the end that happened first.

    MO 0290.040.00, "until the case goes inactive for any reason", and the confirmed lift or the closed TA case.
    """
    error = case.last(OpenedInError)
    if error:
        reason = policy.reason("closing", "the case was opened in error", on=error.happened_on)
        return Closing(Outcome.OPENED_IN_ERROR, error.happened_on, reason)
    if not case.opening:
        return None
    ends = list(_ends(case, policy))
    return min(ends, key=lambda end: end.on) if ends else None


def _ends(case: Case, policy: Policy) -> Iterator[Closing]:
    ground, lifted_on = lift.ground(case, policy), lift.confirmed_on(case, policy)
    if ground and lifted_on:
        outcome = Outcome(f"lifted_by_{ground.name}")
        yield Closing(
            outcome,
            lifted_on,
            policy.reason(
                "lift", "the lift is confirmed", lifted_on=lifted_on, ground=ground.name, by=ground.reason.rule
            ),
        )
    for kind, outcome in _AT_ONCE:
        fact = case.last(kind)
        if fact:
            reason = policy.reason("closing", f"the case is {outcome.value}", on=fact.happened_on)
            yield Closing(outcome, fact.happened_on, reason)
    yield from _ta_case_closed(case, policy)
    found_on = good_cause.found_on(case, policy)
    if found_on and not sanction.last_began(case, policy):
        reason = policy.reason("good_cause", "the staffing found good cause: there is no sanction", found_on=found_on)
        yield Closing(Outcome.LIFTED_BY_GOOD_CAUSE, found_on, reason)


def _ta_case_closed(case: Case, policy: Policy) -> Iterator[Closing]:
    """With the limit reached, the lifetime limit; else the case goes inactive. MO-12, MO-3."""
    closed = case.last(TaCaseClosed)
    opening = case.opening
    if not closed or not opening or closed.happened_on < (opening.sanction_began or opening.happened_on):
        return
    on = closed.happened_on
    at_limit = limit.reached(case, policy, on)
    if at_limit:
        inputs = {**at_limit.inputs, "ta_case_closed_on": on}
        reason = policy.reason("limit", "the limit is reached and the TA case is closed", **inputs)
        yield Closing(Outcome.LIFETIME_LIMIT, on, reason)
    else:
        reason = policy.reason("closing", "the TA case is closed before the limit", ta_case_closed_on=on)
        yield Closing(Outcome.INACTIVE, on, reason)


_BY_STATUS = (Outcome.EXEMPT, Outcome.EXCLUDED, Outcome.INACTIVE)


def outlasts(case: Case, policy: Policy, command: Command, end: Closing) -> bool:
    """Whether what was carried out stands after the end, unless the case was an error.

    Alerts, displays and decided staffings do; what a disqualification did, too, unless the case ended by what was so
    when it was applied, as an exemption not known then (OR-3). Tasks and placements end with the case.
    """
    if end.outcome == Outcome.OPENED_IN_ERROR:
        return False
    if isinstance(command, OpenStaffing):
        return any(decision.number == command.number for decision in decisions(case))
    if isinstance(command, UpdatePdp | UpdateOne | SelectOnTracs | FinaliseTracs):
        applied = sanction.applied(case, policy)
        return not (applied and end.outcome in _BY_STATUS and end.on <= applied.happened_on)
    return command.kind in ("send_alert", "display_provider", "offer_resources")


def effects(case: Case, policy: Policy, end: Closing) -> Iterator[Effect]:
    """What a closed case still does: the work status after a lift (MO-8), the TRACS page of good cause (OR-6)."""
    lifted = end.outcome in (Outcome.LIFTED_BY_PARTICIPATION, Outcome.LIFTED_BY_GOOD_CAUSE)
    if lifted and policy.lifted_status and policy.sanctioned_status:
        key = "work-status/lifted"
        status, before = policy.lifted_status.value, policy.sanctioned_status.value
        command = SetWorkStatus(effect=effect_id(case, key), case_id=case.id, work_status=status, instead_of=before)
        yield Effect(key, command, policy.reason("lift", f"the work status becomes {status}", lifted_on=end.on))
    if end.outcome == Outcome.LIFTED_BY_GOOD_CAUSE:
        yield from sanction.pages(case, policy)
