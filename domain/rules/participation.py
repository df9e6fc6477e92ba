"""Weeks of participation, judged by their dates, and what MO-6 asks for besides."""

from dataclasses import dataclass
from datetime import date

from domain.calendar import first_week_from, next_week, week_end
from domain.case import Case, once_a_day
from domain.fact import HOURS_IN_WEEK
from domain.facts import (
    AssessmentCompleted,
    DocumentReceived,
    DocumentRequested,
    IepCompleted,
    ParticipationWeek,
    RequiredHoursChanged,
)
from domain.policy import Policy
from domain.rules.sanction import began

DOCUMENT = "document: "
"""How a missing document is named among what is missing."""


@once_a_day
def hours_by_week(case: Case) -> dict[date, float]:
    """Hours as last reported, by the week's Sunday; a week nobody reported is absent, not zero. MO-6."""
    return {report.week: report.hours for report in case.told(ParticipationWeek)}


def required_hours(case: Case, week: date) -> float:
    """Hours required in a week: the opening's, until a change took effect. MO-6."""
    changes = [change for change in case.told(RequiredHoursChanged) if change.from_week <= week]
    if changes:
        return max(changes, key=lambda change: change.from_week).hours
    return case.opening.required_hours if case.opening else HOURS_IN_WEEK


def met(case: Case, week: date) -> bool | None:
    """Whether the required hours were met in a week; None while nobody has reported it. MO-6, MO-10."""
    hours = hours_by_week(case).get(week)
    return None if hours is None else hours >= required_hours(case, week)


@once_a_day
def completed_weeks(case: Case, policy: Policy) -> tuple[date, ...] | None:
    """The first weeks in a row, by their dates and since the sanction began, in which the required hours were met.

    MO-6 · MO 0290.040.00, "the required hours for two consecutive weeks". Returns their Sundays, or None.
    """
    since = began(case, policy)
    if not since or not policy.weeks_to_lift:
        return None
    run: list[date] = []
    for week in sorted(hours_by_week(case)):
        if week < first_week_from(since) or not met(case, week):
            run = []
            continue
        run = [*run, week] if run and week == next_week(run[-1]) else [week]
        if len(run) == policy.weeks_to_lift.value:
            return tuple(run)
    return None


def documents_received(case: Case) -> dict[str, date | None]:
    """The documents requested, each with the date it was received since, None while it was not. MO-6."""
    received = {receipt.document: receipt.happened_on for receipt in case.told(DocumentReceived)}
    requested = {request.document: request.happened_on for request in case.told(DocumentRequested)}
    return {
        name: received[name] if received.get(name, date.min) >= asked else None for name, asked in requested.items()
    }


def documents_outstanding(case: Case) -> tuple[str, ...]:
    """Documents requested and not received since. MO-6."""
    return tuple(sorted(name for name, received_on in documents_received(case).items() if not received_on))


def assessment_needed(case: Case, policy: Policy) -> bool:
    """Whether the assessment and the IEP are asked for: the Call-In Letter is not known to have been answered. MO-6."""
    return bool(policy.asks_assessment and case.opening and not case.opening.call_in_answered)


@dataclass(frozen=True)
class Participation:
    """How far a case is toward a lift by participation: what is missing, and since when nothing is."""

    weeks: tuple[date, ...] | None
    missing: tuple[str, ...]
    fulfilled_on: date | None


@once_a_day
def participation(case: Case, policy: Policy) -> Participation:
    """MO-6, condition by condition.

    MO 0290.040.00: two consecutive weeks, every requested document, and for one who never responded to the Call-In
    Letter the assessment and the IEP. Earlier sanctions change nothing.
    """
    weeks = completed_weeks(case, policy)
    asked = policy.weeks_to_lift.value if policy.weeks_to_lift else 0
    missing = [] if weeks else [f"{asked} consecutive weeks of the required hours"]
    missing += [f"{DOCUMENT}{name}" for name in documents_outstanding(case)]
    dates = [week_end(weeks[-1])] if weeks else []
    dates += [received_on for received_on in documents_received(case).values() if received_on]
    if assessment_needed(case, policy):
        for kind, name in ((AssessmentCompleted, "assessment"), (IepCompleted, "IEP")):
            done = case.last(kind)
            if done:
                dates.append(done.happened_on)
            else:
                missing.append(name)
    return Participation(weeks, tuple(missing), None if missing else max(dates))
