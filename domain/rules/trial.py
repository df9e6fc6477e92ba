"""The trial that follows an agreement: MO-9 (placement), MO-10 (lapse)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from domain.calendar import first_week_from, next_week, week_end
from domain.case import Case, once_a_day
from domain.commands import Place
from domain.facts import Response
from domain.policy import Policy
from domain.rules.effects import Due, Effect, effect_id
from domain.rules.participation import completed_weeks, hours_by_week, met
from domain.rules.response import stances
from domain.rules.sanction import began


@dataclass(frozen=True)
class Trial:
    """The trial after the agreement that counts; it stands until a week failed or the participant withdrew."""

    agreement: Response
    first_week: date
    awaited_week: date | None
    failed_week: date | None = None
    withdrew_on: date | None = None

    @property
    def stands(self) -> bool:
        """Whether the participant is in trial participation today."""
        return self.failed_week is None and self.withdrew_on is None


@once_a_day
def trial(case: Case, policy: Policy) -> Trial | None:
    """The latest trial: it starts with an agreement, and another only after the one before it ended. MO-9, MO-10.

    Of a refusal and a failed week, the one that came first ended it. None where no sanction is in force, and where
    the edition asks for no weeks.
    """
    latest: Trial | None = None
    if not policy.week_report_days or not began(case, policy):
        return None
    for answer in stances(case, policy):
        if answer.answer == "refuses":
            if latest and not _over_by(latest, answer.happened_on):
                latest = Trial(latest.agreement, latest.first_week, None, withdrew_on=answer.happened_on)
        elif latest is None or _over_by(latest, answer.happened_on):
            latest = _judge(case, policy, answer)
    return latest


def _over_by(earlier: Trial, day: date) -> bool:
    if earlier.failed_week:
        return day > week_end(earlier.failed_week)
    return earlier.withdrew_on is not None


def _judge(case: Case, policy: Policy, agreement: Response) -> Trial:
    """Go through the trial's weeks by date, up to the first that failed or is still awaited.

    MO-10. Once the weeks a lift asks for are complete, no week after them is judged.
    """
    first = week = first_week_from(agreement.happened_on)
    completed = completed_weeks(case, policy)
    last = completed[-1] if completed else None
    while week_end(week) < case.day and (last is None or week <= last):
        if met(case, week) is False or (met(case, week) is None and report_overdue_on(week, policy) <= case.day):
            return Trial(agreement, first, awaited_week=None, failed_week=week)
        if met(case, week) is None:
            break
        week = next_week(week)
    return Trial(agreement, first, awaited_week=None if last and week > last else week)


def report_overdue_on(week: date, policy: Policy) -> date:
    """The first date on which a week is too long unrecorded: the day after the last one allowed. MO-10."""
    assert policy.week_report_days  # noqa: S101 - asked in a trial only
    return week_end(week) + timedelta(days=policy.week_report_days.value + 1)


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """While a trial stands: placed in the trial and in the agreed work activities. MO-9."""
    current = trial(case, policy)
    if not policy.trial_placement or not current or not current.stands:
        return
    agreed_on = current.agreement.happened_on
    reason = policy.reason("placement", "all must participate for two consecutive weeks", agreed_on=agreed_on)
    for index, activity in enumerate((policy.trial_placement.value, *current.agreement.activities)):
        key = f"placement/{agreed_on}/{index}"
        command = Place(effect=effect_id(case, key), case_id=case.id, activity=activity, since=agreed_on)
        yield Effect(key, command, reason)


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The awaited week's end when it is recorded, else the day it is overdue. MO-10."""
    current = trial(case, policy)
    if not current or not current.stands or not current.awaited_week:
        return
    week = current.awaited_week
    recorded = hours_by_week(case).get(week)
    on = report_overdue_on(week, policy) if recorded is None else week_end(week) + timedelta(days=1)
    says = "the week must be recorded" if recorded is None else "the recorded week ends"
    yield Due(on, f"week of {week}", policy.reason("trial", says, week=week))
