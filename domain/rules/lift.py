"""Recommending that the sanction be lifted, and its confirmation: MO-6, MO-7, MO-8."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from domain.case import Case, once_a_day
from domain.commands import SendAlert
from domain.facts import SanctionLifted
from domain.policy import Policy, Reason
from domain.rules import good_cause, sanction
from domain.rules.effects import Due, Effect, effect_id, task
from domain.rules.participation import participation
from domain.rules.response import agreement_stands_since


@dataclass(frozen=True)
class Ground:
    """On what a lift rests, since when, and why."""

    name: Literal["participation", "good_cause"]
    on: date
    reason: Reason


@once_a_day
def grounds(case: Case, policy: Policy) -> list[Ground]:
    """The grounds for a lift that hold, the one that was there first before the other. MO-6, MO-7, OR-8.

    None before a sanction: what would lift it ends the case.
    """
    if not case.opening or not sanction.last_began(case, policy):
        return []
    holding = [*_participation(case, policy)]
    found_on = good_cause.found_on(case, policy)
    if found_on:
        reason = policy.reason("good_cause", "the participant meets good cause", found_on=found_on)
        holding.append(Ground("good_cause", found_on, reason))
    return sorted(holding, key=lambda one: one.on)


def _participation(case: Case, policy: Policy) -> Iterator[Ground]:
    """The weeks the edition asks for (MO-6, OR-8), or, where it asks for none, the agreement to engage (OR-8)."""
    progress = participation(case, policy)
    if not policy.weeks_to_lift:
        agreed_on = agreement_stands_since(case, policy)
        if agreed_on:
            reason = policy.reason("participation", "agreed to engage in an activity of the plan", agreed_on=agreed_on)
            yield Ground("participation", agreed_on, reason)
    elif progress.weeks and progress.fulfilled_on:
        weeks = ", ".join(week.isoformat() for week in progress.weeks)
        says = "the required hours in consecutive weeks, and everything asked for provided"
        reason = policy.reason("participation", says, weeks=weeks, fulfilled_on=progress.fulfilled_on)
        yield Ground("participation", progress.fulfilled_on, reason)


def missing(case: Case, policy: Policy) -> tuple[str, ...] | None:
    """What is missing for a lift by participation; None where no sanction is in force. MO-6, OR-8."""
    if not sanction.began(case, policy):
        return None
    if policy.weeks_to_lift:
        return participation(case, policy).missing
    return () if agreement_stands_since(case, policy) else ("agreement to engage in an activity of the plan",)


def ground(case: Case, policy: Policy) -> Ground | None:
    """The ground for a lift that holds; of two, the one that was there first. MO-6, MO-7."""
    return next(iter(grounds(case, policy)), None)


def confirmed_on(case: Case, policy: Policy) -> date | None:
    """The date the eligibility system lifted this sanction; a lift from before it began is another's. MO-8."""
    lifted, began = case.last(SanctionLifted), sanction.last_began(case, policy)
    if not lifted or not began or lifted.happened_on < began:
        return None
    return lifted.happened_on


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """The alert to lift, once a recommendation; a task for each ten days it is not confirmed. MO-8."""
    lifting = _ground_to_tell(case, policy)
    if lifting:
        key = "alert/lift"
        yield Effect(
            key,
            SendAlert(effect=effect_id(case, key), case_id=case.id, alert="lift_sanction", ground=lifting.name),
            lifting.reason,
        )
        yield from _unconfirmed(case, policy, lifting)
    elif lifted_on := confirmed_on(case, policy):
        yield task(
            case,
            policy,
            "lift",
            f"lift-without-ground/{lifted_on}",
            "The eligibility system reports the sanction lifted, but no ground is on file: record it, or have the "
            "report withdrawn",
            lifted_on=lifted_on,
        )


def _ground_to_tell(case: Case, policy: Policy) -> Ground | None:
    """The ground the alert already names, for as long as it holds: another one beside it is no new recommendation."""
    sent = case.effect_of("alert/lift")
    told = sent.command.ground if sent and isinstance(sent.command, SendAlert) else None
    return next((one for one in grounds(case, policy) if one.name == told), ground(case, policy))


def _unconfirmed(case: Case, policy: Policy, lifting: Ground) -> Iterator[Effect]:
    sent = case.effect_of("alert/lift")
    tells_it = sent and isinstance(sent.command, SendAlert) and sent.command.ground == lifting.name
    if sent and sent.on and tells_it and not confirmed_on(case, policy):
        overdue = (case.day - sent.on).days // policy.lift_confirmation_days.value
        if overdue >= 1:
            yield task(
                case,
                policy,
                "lift",
                f"lift-unconfirmed/{sent.number}/{overdue}",
                "The lift is not confirmed: ask the eligibility system",
                alert_sent_on=sent.on,
                days=policy.lift_confirmation_days.value * overdue,
            )


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The next ten days without a confirmation. MO-8."""
    sent = case.effect_of("alert/lift")
    if sent and sent.on and not confirmed_on(case, policy):
        days = policy.lift_confirmation_days.value
        on = sent.on + timedelta(days=days * (max((case.day - sent.on).days, 0) // days + 1))
        yield Due(
            on, "confirmation of the lift", policy.reason("lift", "a task, if it has not come", alert_sent_on=sent.on)
        )
