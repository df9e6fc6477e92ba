"""Dates, weeks, months and the program's time zone (ALL-7).

A date is not an instant: rules speak of calendar dates in the program's zone, and only this module turns one
into the other. Months are `YYYY-MM` strings, which sort as they read.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

Month = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$")]

DAYS_IN_WEEK = 7
MONTHS_IN_YEAR = 12


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local_date(instant: datetime, zone: str) -> date:
    """The calendar date it is in the program's zone at an instant. ALL-7."""
    return instant.astimezone(_zone(zone)).date()


def business_day(instant: datetime, zone: str, opens_at: int) -> date:
    """The day whose work is due: a date begins at the edition's hour, not at midnight. ALL-7, MO-3.

    `opens_at` is an hour of the day, 0 to 23. Before it, the day before still runs.
    """
    local = instant.astimezone(_zone(zone))
    return local.date() if local.hour >= opens_at else local.date() - timedelta(days=1)


def instant_of(day: date, zone: str, hour: int) -> datetime:
    """The UTC instant at which a date's work falls due: its local hour, through daylight saving. ALL-7."""
    return datetime.combine(day, time(hour), _zone(zone)).astimezone(UTC)


def starts_week(day: date) -> bool:
    """Whether a date is a Sunday, on which participation weeks start. MO-6."""
    return day.isoweekday() == DAYS_IN_WEEK


def first_week_from(day: date) -> date:
    """The first week that lies wholly on or after a date, named by its Sunday. MO-6, MO-9."""
    return day + timedelta(days=-day.isoweekday() % DAYS_IN_WEEK)


def week_end(week: date) -> date:
    """The Saturday that ends the week which starts on a Sunday."""
    return week + timedelta(days=DAYS_IN_WEEK - 1)


def next_week(week: date) -> date:
    """The Sunday after."""
    return week + timedelta(days=DAYS_IN_WEEK)


def month_of(day: date) -> Month:
    """The calendar month a date lies in."""
    return f"{day.year:04d}-{day.month:02d}"


@lru_cache(maxsize=4096)
def add_months(month: Month, count: int) -> Month:
    """The month `count` months later (earlier when negative)."""
    year, index = divmod(int(month[:4]) * MONTHS_IN_YEAR + int(month[5:]) - 1 + count, MONTHS_IN_YEAR)
    return f"{year:04d}-{index + 1:02d}"


def months_between(earlier: Month, later: Month) -> int:
    """How many months `later` lies after `earlier`; negative when before it."""
    return (int(later[:4]) - int(earlier[:4])) * MONTHS_IN_YEAR + int(later[5:]) - int(earlier[5:])


def months_from(first: Month, last: Month) -> Iterator[Month]:
    """Every month from the first to the last, both included; none when the last comes first."""
    for count in range(months_between(first, last) + 1):
        yield add_months(first, count)


def first_day(month: Month) -> date:
    """The first date of a month."""
    return date(int(month[:4]), int(month[5:]), 1)


def last_day(month: Month) -> date:
    """The last date of a month, leap days included."""
    return first_day(add_months(month, 1)) - timedelta(days=1)
