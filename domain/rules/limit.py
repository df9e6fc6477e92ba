"""The lifetime limit: MO-12."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.calendar import Month, add_months, first_day, last_day, months_between
from domain.case import Case, once_a_day
from domain.commands import SendAlert
from domain.facts import MonthsCorrected
from domain.policy import Policy, Reason
from domain.rules.effects import Due, Effect, effect_id, task


@dataclass(frozen=True)
class Count:
    """Months counted through a month, as last stated by upstream."""

    counted: int
    through: Month

    def through_month(self, month: Month) -> int:
        """The count through a later month: each calendar month of receipt since counts. MO-12."""
        return self.counted + months_between(self.through, month)


@once_a_day
def count(case: Case) -> Count | None:
    """The statement that stands: of the opening and the corrections, the one recorded last. MO-12.

    None when the months are unknown, or the family is exempt from the limit.
    """
    opening = case.opening
    if not opening or opening.time_limit_exempt:
        return None
    stated = [
        (correction.recorded_at, Count(correction.counted, correction.through))
        for correction in case.told(MonthsCorrected)
    ]
    if opening.months_counted is not None and opening.months_through is not None:
        stated.append((opening.recorded_at, Count(opening.months_counted, opening.months_through)))
    return max(stated, key=lambda one: one[0])[1] if stated else None


def limit_month(case: Case, policy: Policy) -> Month | None:
    """The month that is, was or will be the last one the limit allows. MO-12."""
    stated = count(case)
    return add_months(stated.through, policy.limit_months.value - stated.counted) if stated else None


def reached(case: Case, policy: Policy, by: date) -> Reason | None:
    """Why the limit is reached by a date: the last countable month is over. MO-12 · MO 0290.040.00."""
    month, stated = limit_month(case, policy), count(case)
    if month is None or stated is None or last_day(month) > by:
        return None
    return policy.reason(
        "limit",
        f"the lifetime limit of {policy.limit_months.value} months is reached",
        limit_months=policy.limit_months.value,
        last_month=month,
        stated_months=stated.counted,
        stated_through=stated.through,
    )


def is_reached(case: Case, policy: Policy) -> Reason | None:
    """Why the limit is reached today: a month is over when the next one's first date begins. MO-12."""
    month = limit_month(case, policy)
    return reached(case, policy, case.day) if month and first_day(add_months(month, 1)) <= case.day else None


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """At the limit, an alert that asks for closure; where the months are unknown, a task to find them. MO-12."""
    at_limit = is_reached(case, policy)
    if at_limit:
        key = "alert/limit"
        yield Effect(
            key,
            SendAlert(effect=effect_id(case, key), case_id=case.id, alert="close_ta_case", ground="lifetime_limit"),
            at_limit,
        )
    if case.opening and not case.opening.time_limit_exempt and count(case) is None:
        yield task(case, policy, "limit", "months-unknown", "Find out how many months count toward the lifetime limit")


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The first date after the last countable month. MO-12."""
    month = limit_month(case, policy)
    if month:
        on = first_day(add_months(month, 1))
        reason = policy.reason("limit", "the last countable month is over", last_month=month)
        yield Due(on, "lifetime limit", reason)
