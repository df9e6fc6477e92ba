"""Work participation rate: whether a month of the sanction leaves the family out of it. MO-13, 45 CFR 261.22(b)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from domain.calendar import Month, add_months, first_day, month_of, months_from
from domain.case import Case, once_a_day
from domain.policy import Policy, Reason
from domain.rules import sanction
from domain.rules.effects import Due, Effect
from domain.rules.lift import confirmed_on

Standing = Literal["disregarded", "counted", "unknown"]


@dataclass(frozen=True)
class MonthInRate:
    """One month of the sanction: how it stands, with the months used."""

    month: Month
    standing: Standing
    reason: Reason


def sanctioned_months(case: Case, policy: Policy, first: Month, last: Month) -> list[Month]:
    """The months of this sanction within a span: in force on any day of the month, or on its first. MO-13."""
    began, lifted = sanction.began(case, policy), confirmed_on(case, policy)
    if not began or not policy.rate_month_counts or (lifted and lifted <= began):
        return []
    if policy.rate_month_counts.value == "first_day" and began.day > 1:
        first = max(first, add_months(month_of(began), 1))
    if lifted:
        last = min(last, month_of(lifted - timedelta(days=1)))
    return list(months_from(max(first, month_of(began)), last))


def in_rate(case: Case, policy: Policy, month: Month) -> MonthInRate | None:
    """How one month stands; None when the sanction was not in force in it.

    MO-13: with at most three sanctioned months in the window of that month and the eleven before it, the family is
    disregarded, else it counts. Unknown where that hangs on preceding months that were not given.
    """
    opening, began = case.opening, sanction.began(case, policy)
    if not opening or not began or not policy.rate_window_months or not policy.rate_free_months:
        return None
    window_start = add_months(month, 1 - policy.rate_window_months.value)
    mine = sanctioned_months(case, policy, window_start, month)
    if month not in mine:
        return None
    before = [one for one in set(opening.sanctioned_months or ()) - set(mine) if window_start <= one <= month]
    used = sorted((*mine, *before))
    free = policy.rate_free_months.value
    hidden = opening.sanctioned_months is None and window_start < month_of(began)
    standing: Standing = "counted" if len(used) > free else "unknown" if hidden else "disregarded"
    reason = policy.reason(
        "rate",
        f"{len(used)} sanctioned months in the window, {free} are free",
        window=f"{window_start} to {month}",
        months=", ".join(used),
        preceding_months="unknown" if opening.sanctioned_months is None else "known",
    )
    return MonthInRate(month, standing, reason)


def months_in_rate(case: Case, policy: Policy) -> Iterator[MonthInRate]:
    """Every month of the sanction so far, and how it stands. MO-13."""
    began = sanction.began(case, policy)
    if not began:
        return
    for month in sanctioned_months(case, policy, month_of(began), month_of(case.day)):
        standing = in_rate(case, policy, month)
        if standing:
            yield standing


@once_a_day
def this_month(case: Case, policy: Policy) -> Standing | None:
    """How the current month stands. MO-13."""
    current = in_rate(case, policy, month_of(case.day))
    return current.standing if current else None


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """None: how a month stands is shown, nobody is told."""
    yield from ()


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The first date of the next month that stands differently, the sanction going on. MO-13."""
    current, lifted_on = this_month(case, policy), confirmed_on(case, policy)
    if not policy.rate_window_months:
        return
    if current == "counted" and not lifted_on:
        return  # it stays so while the sanction goes on: the window gains a month and loses at most one
    for ahead in range(1, policy.rate_window_months.value + 1):
        month = add_months(month_of(case.day), ahead)
        then = in_rate(case, policy, month)
        if then and then.standing != current:
            yield Due(first_day(month), f"participation rate: {then.standing}", then.reason)
            return
        if current and not then:
            reason = policy.reason("rate", "the sanction is in force no more", lifted_on=lifted_on)
            yield Due(first_day(month), "participation rate: no longer sanctioned", reason)
            return
