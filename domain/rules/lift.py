"""Recommending that the sanction be lifted, and its confirmation: MO-6, MO-7, MO-8."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from domain.case import Case, once_a_day
from domain.commands import SendAlert
from domain.facts import SanctionLifted
from domain.policy import Policy, Reason
from domain.rules import good_cause
from domain.rules.effects import Due, Effect, effect_id, task
from domain.rules.participation import participation


@dataclass(frozen=True)
class Ground:
    """On what a lift rests, since when, and why."""

    name: Literal["participation", "good_cause"]
    on: date
    reason: Reason


@once_a_day
def grounds(case: Case, policy: Policy) -> list[Ground]:
    """The grounds for a lift that hold, the one that was there first before the other. MO-6, MO-7."""
    if not case.opening:
        return []
    holding: list[Ground] = []
    progress = participation(case, policy)
    if progress.weeks and progress.fulfilled_on:
        weeks = ", ".join(week.isoformat() for week in progress.weeks)
        says = "the required hours in consecutive weeks, and everything asked for provided"
        reason = policy.reason("participation", says, weeks=weeks, fulfilled_on=progress.fulfilled_on)
        holding.append(Ground("participation", progress.fulfilled_on, reason))
    found_on = good_cause.found_on(case)
    if found_on:
        reason = policy.reason("good_cause", "the participant meets good cause", found_on=found_on)
        holding.append(Ground("good_cause", found_on, reason))
    return sorted(holding, key=lambda one: one.on)


def ground(case: Case, policy: Policy) -> Ground | None:
    """The ground for a lift that holds; of two, the one that was there first. MO-6, MO-7."""
    return next(iter(grounds(case, policy)), None)


def confirmed_on(case: Case) -> date | None:
    """The date the eligibility system lifted this sanction; a lift from before it began is another's. MO-8."""
    lifted = case.last(SanctionLifted)
    if not lifted or not case.opening or lifted.happened_on < case.opening.sanction_began:
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
        yield from _unconfirmed(case, policy)
    elif confirmed_on(case):
        yield task(
            case,
            policy,
            "lift",
            f"lift-without-ground/{confirmed_on(case)}",
            "The eligibility system reports the sanction lifted, but no ground is on file: record it, or have the "
            "report withdrawn",
            lifted_on=confirmed_on(case),
        )


def _ground_to_tell(case: Case, policy: Policy) -> Ground | None:
    """The ground the alert already names, for as long as it holds: another one beside it is no new recommendation."""
    sent = case.effect_of("alert/lift")
    told = sent.command.ground if sent and isinstance(sent.command, SendAlert) else None
    return next((one for one in grounds(case, policy) if one.name == told), ground(case, policy))


def _unconfirmed(case: Case, policy: Policy) -> Iterator[Effect]:
    sent = case.effect_of("alert/lift")
    if sent and sent.on and not confirmed_on(case):
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
    if sent and sent.on and not confirmed_on(case):
        days = policy.lift_confirmation_days.value
        on = sent.on + timedelta(days=days * (max((case.day - sent.on).days, 0) // days + 1))
        yield Due(on, "confirmation of the lift", policy.reason("lift", "awaiting confirmation", alert_sent_on=sent.on))
