"""ALL-7: dates are calendar dates in the program's zone; daylight saving, leap days and month ends are right."""

from datetime import UTC, date, datetime

import pytest

from domain.calendar import (
    add_months,
    business_day,
    first_day,
    first_week_from,
    instant_of,
    last_day,
    local_date,
    months_between,
    months_from,
    next_week,
    starts_week,
    week_end,
)
from tests.unit.building import on

CHICAGO = "America/Chicago"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-01-01T05:59:59", CHICAGO, "2025-12-31"),
        ("2026-01-01T06:00:00", CHICAGO, "2026-01-01"),
        ("2026-07-01T04:59:59", CHICAGO, "2026-06-30"),
        ("2026-07-01T05:00:00", CHICAGO, "2026-07-01"),
        ("2026-01-01T04:59:59", "America/New_York", "2025-12-31"),
        ("2026-01-01T07:59:59", "America/Los_Angeles", "2025-12-31"),
        ("2026-01-01T08:00:00", "America/Los_Angeles", "2026-01-01"),
        ("2026-01-01T09:59:59", "Pacific/Honolulu", "2025-12-31"),
        ("2028-02-29T05:59:59", CHICAGO, "2028-02-28"),
        ("2028-03-01T05:59:59", CHICAGO, "2028-02-29"),
    ],
)
def test_a_date_is_the_calendar_date_in_the_programs_zone(instant: str, zone: str, day: str) -> None:  # ALL-7
    assert local_date(utc(instant), zone) == on(day)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        ("2026-03-07", CHICAGO, "2026-03-07T15:00:00"),
        ("2026-03-08", CHICAGO, "2026-03-08T14:00:00"),  # the clocks went forward at 2:00
        ("2026-10-31", CHICAGO, "2026-10-31T14:00:00"),
        ("2026-11-01", CHICAGO, "2026-11-01T15:00:00"),  # the clocks went back at 2:00
        ("2026-03-08", "America/Los_Angeles", "2026-03-08T16:00:00"),
        ("2026-03-08", "America/Phoenix", "2026-03-08T16:00:00"),
        ("2028-02-29", CHICAGO, "2028-02-29T15:00:00"),
    ],
)
def test_nine_in_the_morning_is_nine_through_daylight_saving(day: str, zone: str, instant: str) -> None:  # ALL-7
    assert instant_of(on(day), zone, 9) == utc(instant)


@pytest.mark.parametrize("zone", [CHICAGO, "America/New_York", "America/Los_Angeles", "America/Anchorage"])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 9, 23])
@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01", "2025-12-31", "2028-02-29"])
def test_a_dates_work_falls_due_on_that_business_day(zone: str, hour: int, day: str) -> None:  # ALL-7
    assert business_day(instant_of(on(day), zone, hour), zone, hour) == on(day)


def test_before_the_editions_hour_the_day_before_still_runs() -> None:  # ALL-7, MO-3
    assert business_day(utc("2026-03-01T14:59:59"), CHICAGO, 9) == on("2026-02-28")
    assert business_day(utc("2026-03-01T15:00:00"), CHICAGO, 9) == on("2026-03-01")


@pytest.mark.parametrize(
    ("month", "count", "other"),
    [("2025-12", 1, "2026-01"), ("2026-01", -1, "2025-12"), ("2026-01", 60, "2031-01"), ("2026-11", 13, "2027-12")],
)
def test_months_go_on_over_the_years_end(month: str, count: int, other: str) -> None:  # ALL-7
    assert add_months(month, count) == other
    assert months_between(month, other) == count


@pytest.mark.parametrize(
    ("month", "last"),
    [("2026-02", "2026-02-28"), ("2028-02", "2028-02-29"), ("2100-02", "2100-02-28"), ("2026-12", "2026-12-31")],
)
def test_a_month_ends_on_its_last_date_leap_days_included(month: str, last: str) -> None:  # ALL-7
    assert last_day(month) == on(last)
    assert first_day(month).day == 1


def test_months_from_one_to_another_include_both() -> None:
    assert list(months_from("2025-11", "2026-02")) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert list(months_from("2026-02", "2026-01")) == []


@pytest.mark.parametrize(
    ("day", "sunday"),
    [
        ("2026-02-15", "2026-02-15"),
        ("2026-02-16", "2026-02-22"),
        ("2026-02-21", "2026-02-22"),
        ("2025-12-29", "2026-01-04"),
    ],
)
def test_a_trials_first_week_lies_wholly_after_its_date(day: str, sunday: str) -> None:  # MO-9
    assert first_week_from(on(day)) == on(sunday)
    assert starts_week(on(sunday))


def test_a_week_runs_from_sunday_to_saturday_over_month_and_year_ends() -> None:  # MO-6
    assert week_end(on("2025-12-28")) == on("2026-01-03")
    assert next_week(on("2028-02-27")) == on("2028-03-05")
    assert not starts_week(date(2026, 2, 16))
