"""ALL-7 through the years: every zone of the United States, 2014 to 2040, against a calendar counted out by hand.

The calendar here is counted day by day from Tuesday, January 1, 2013. It knows the leap years, that weeks start on
Sundays, and that clocks go forward on the second Sunday in March and back on the first in November at 2:00 (Energy
Policy Act of 2005); it asks no time zone database and none of the functions it judges.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest

from domain.calendar import (
    add_months,
    business_day,
    first_day,
    first_week_from,
    instant_of,
    last_day,
    local_date,
    month_of,
    months_between,
    months_from,
    next_week,
    starts_week,
    week_end,
)
from domain.case import Case, Phase
from domain.commands import Command, Performed
from domain.decide import DayCame, Decision, News, WasPerformed, decide
from domain.facts import CaseFact
from domain.ledger import Heard
from domain.policy import Policy
from domain.views import next_action_at
from tests.unit.building import CASE_ID, MISSOURI, agreed, good_cause, opening, week

YEARS = range(2014, 2041)
OPENS = 9


class Zone(NamedTuple):
    """A zone: hours from UTC in winter, and whether its clocks are moved."""

    name: str
    winter: int
    moves: bool = True


ZONES = (
    Zone("America/Puerto_Rico", -4, moves=False),
    Zone("America/New_York", -5),
    Zone("America/Indiana/Indianapolis", -5),
    Zone("America/Chicago", -6),
    Zone("America/Denver", -7),
    Zone("America/Boise", -7),
    Zone("America/Phoenix", -7, moves=False),
    Zone("America/Los_Angeles", -8),
    Zone("America/Anchorage", -9),
    Zone("America/Adak", -10),
    Zone("Pacific/Honolulu", -10, moves=False),
    Zone("Pacific/Pago_Pago", -11, moves=False),
    Zone("Pacific/Guam", 10, moves=False),
)
EVERYWHERE = pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name.rpartition("/")[2])


@dataclass(frozen=True)
class Day:
    """A day of the counted calendar; `weekday` is 0 on a Sunday."""

    number: int
    year: int
    month: int
    day: int
    weekday: int

    @property
    def date(self) -> date:
        return date(self.year, self.month, self.day)


def length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def counted(first: int, last: int, weekday: int) -> Iterable[Day]:
    number = 0
    for year in range(first, last + 1):
        for month in range(1, 13):
            for day in range(1, length(year, month) + 1):
                yield Day(number, year, month, day, weekday)
                number, weekday = number + 1, (weekday + 1) % 7


DAYS = list(counted(2013, 2047, weekday=2))
NUMBER = {(day.year, day.month, day.day): day.number for day in DAYS}
SHOWN = [day for day in DAYS if day.year in YEARS]


def sunday(year: int, month: int, which: int) -> Day:
    return [day for day in DAYS[NUMBER[year, month, 1] :][:31] if day.weekday == 0][which - 1]


FORWARD = {year: sunday(year, 3, 2).number for year in range(2013, 2048)}
BACK = {year: sunday(year, 11, 1).number for year in range(2013, 2048)}


def utc(zone: Zone, number: int, hour: int, minute: int = 0) -> datetime:
    """The instant a wall clock shows a time; a time skipped in spring as if the clock had not moved yet, one shown
    twice in autumn the first time."""
    year = DAYS[number].year
    summer = zone.moves and (FORWARD[year], 3) <= (number, hour) and (number, hour) < (BACK[year], 2)
    hour -= zone.winter + summer
    day = DAYS[number + hour // 24]
    return datetime(day.year, day.month, day.day, hour % 24, minute, tzinfo=UTC)


def shown(zone: Zone, number: int, hour: int) -> tuple[Day, int]:
    """The day and the hour the clock on the wall shows at an hour of UTC."""
    winter = (number, hour + zone.winter)
    winter = (winter[0] + winter[1] // 24, winter[1] % 24)
    year = DAYS[winter[0]].year
    summer = zone.moves and (FORWARD[year], 2) <= winter < (BACK[year], 1)
    return DAYS[winter[0] + (winter[1] + summer) // 24], (winter[1] + summer) % 24


def turns(year: int) -> list[Day]:
    """The days of a year on which dates go wrong: clock changes, the end of February, the end of the year."""
    ends = [NUMBER[year, month, length(year, month)] for month in (2, 12)]
    return [DAYS[number] for number in (FORWARD[year], BACK[year], *ends)]


def test_the_counted_calendar_agrees_with_printed_ones() -> None:
    """Clock changes as they were announced, so that the yardstick itself is measured."""
    assert [DAYS[FORWARD[year]].day for year in (2014, 2020, 2026, 2033)] == [9, 8, 8, 13]
    assert [DAYS[BACK[year]].day for year in (2014, 2020, 2026, 2033)] == [2, 1, 1, 6]
    assert (DAYS[-1].year, DAYS[-1].weekday) == (2047, 2)


@EVERYWHERE
def test_a_dates_work_falls_due_at_nine_by_the_wall_on_every_day(zone: Zone) -> None:  # ALL-7
    for day in SHOWN:
        due = utc(zone, day.number, OPENS)
        assert instant_of(day.date, zone.name, OPENS) == due
        assert business_day(due, zone.name, OPENS) == day.date
        assert business_day(due - timedelta(seconds=1), zone.name, OPENS) == DAYS[day.number - 1].date


@EVERYWHERE
def test_a_date_begins_at_midnight_by_the_wall_on_every_day(zone: Zone) -> None:  # ALL-7
    for day in SHOWN:
        midnight = utc(zone, day.number, 0)
        assert local_date(midnight, zone.name) == day.date
        assert local_date(midnight - timedelta(seconds=1), zone.name) == DAYS[day.number - 1].date


@EVERYWHERE
@pytest.mark.parametrize("opens", [0, 1, 2, 3, 9, 23])
def test_every_hour_around_a_turn_belongs_to_the_day_the_wall_shows(zone: Zone, opens: int) -> None:  # ALL-7
    for year in YEARS:
        for turn in (FORWARD[year], BACK[year], NUMBER[year, 2, length(year, 2)], NUMBER[year, 12, 31]):
            for hours in range(-12, 48):
                number, hour = turn + hours // 24, hours % 24
                day, by_the_wall = shown(zone, number, hour)
                at = datetime(DAYS[number].year, DAYS[number].month, DAYS[number].day, hour, 59, tzinfo=UTC)
                assert local_date(at, zone.name) == day.date
                business = day if by_the_wall >= opens else DAYS[day.number - 1]
                assert business_day(at, zone.name, opens) == business.date


@EVERYWHERE
def test_every_hour_of_a_turn_has_its_instant_skipped_and_doubled_ones_too(zone: Zone) -> None:  # ALL-7
    for year in YEARS:
        for turn in turns(year):
            for hour in range(24):
                assert instant_of(turn.date, zone.name, hour) == utc(zone, turn.number, hour)


def test_weeks_run_from_sunday_to_saturday_on_every_day() -> None:  # ALL-7, MO-6
    for day in SHOWN:
        assert starts_week(day.date) is (day.weekday == 0)
        coming = next(other for other in DAYS[day.number : day.number + 7] if other.weekday == 0)
        assert first_week_from(day.date) == coming.date
        assert (
            week_end(coming.date)
            == next(other for other in DAYS[coming.number : coming.number + 7] if other.weekday == 6).date
        )
        assert (
            next_week(coming.date)
            == next(one for one in DAYS[coming.number + 1 : coming.number + 8] if one.weekday == 0).date
        )


def test_months_end_and_follow_each_other_as_they_are_counted() -> None:  # ALL-7, MO-12
    months: list[str] = []
    for day in SHOWN:
        name = f"{day.year}-{day.month:02}"
        assert month_of(day.date) == name
        if name not in months[-1:]:
            assert first_day(name) == day.date
            assert not months or last_day(months[-1]) == DAYS[day.number - 1].date
            months.append(name)
    for place, month in enumerate(months):
        for other, later in enumerate(months[place : place + 75]):
            assert add_months(month, other) == later
            assert add_months(later, -other) == month
            assert months_between(month, later) == other
            assert months_between(later, month) == -other
    assert list(months_from(months[0], months[-1])) == months


# A case of the zone, opened shortly before such a day


class Lived:
    """A case that hears facts at noon by the wall, wakes when it asks to, and has everything carried out at once."""

    def __init__(self, zone: Zone) -> None:
        named = MISSOURI.time_zone.model_copy(update={"value": zone.name})
        self.zone, self.policy = zone, MISSOURI.model_copy(update={"time_zone": named})
        self.case = Case(CASE_ID)
        self.given: list[tuple[datetime, Command]] = []
        self.phases: dict[Phase, datetime] = {}

    def hears(self, fact: CaseFact, number: int) -> None:
        at = utc(self.zone, number, 12)
        self.until(at)
        fact = fact.model_copy(update={"happened_on": DAYS[number].date, "recorded_at": at})
        self._take(Heard(fact, at, fact.message_id), at)

    def until(self, at: datetime) -> None:
        while (due := next_action_at(self.case, self.policy)) and due <= at:
            self._take(DayCame(due), due)

    def _take(self, news: News, at: datetime) -> None:
        self._note(decide(self.case, news, self.policy), at)
        while issues := self.case.open_issues():
            done = [Performed(effect=issue.effect, on=self.case.day) for issue in issues]
            self._note(decide(self.case, WasPerformed(done, at), self.policy), at)

    def _note(self, decision: Decision, at: datetime) -> None:
        self.case = decision.case
        self.given += [(at, command) for command in decision.commands]
        self.phases.setdefault(self.case.phase, at)

    def gave(self, part: str) -> list[datetime]:
        """When effects were given out whose key starts so."""
        return [at for at, command in self.given if command.effect.startswith(f"{CASE_ID}/{part}")]


IN_EACH = pytest.mark.parametrize(
    "zone",
    [
        zone for zone in ZONES if zone.name not in ("America/Boise", "America/Indiana/Indianapolis")
    ],  # as Denver, New York
    ids=lambda zone: zone.name.rpartition("/")[2],
)
AT_TURNS = [turn for year in YEARS for turn in turns(year)]


def opened_before(zone: Zone, turn: Day, by: int, **given: object) -> tuple[Lived, int]:
    """A case of a zone, opened so many days before a turn."""
    life, number = Lived(zone), turn.number - by
    life.hears(opening(DAYS[number].date.isoformat(), **given), number)
    return life, number


def next_month(day: Day, count: int) -> Day:
    """The first of the month that comes `count` months after a day's."""
    for _ in range(count):
        day = DAYS[NUMBER[day.year, day.month, length(day.year, day.month)] + 1]
    return day


@IN_EACH
def test_letters_contacts_and_the_limit_keep_their_dates_and_nine_by_the_wall(zone: Zone) -> None:
    """ALL-7, MO-3, MO-11, MO-12: one who answers nothing, sixty days over each turn."""
    for turn in AT_TURNS:
        before = DAYS[NUMBER[turn.year, turn.month, 1] - 1]
        said = {"months_counted": 59, "months_through": f"{before.year}-{before.month:02}"}
        life, number = opened_before(zone, turn, 5, **said)
        life.until(utc(zone, number + 62, 12))
        nine_on = [utc(zone, number + days, OPENS) for days in (30, 60)]
        assert life.gave("letter/") == [utc(zone, number, 12), *nine_on]
        assert life.case.letters_sent() == [DAYS[number + days].date for days in (0, 30, 60)]
        first_over = next_month(DAYS[number], 2 if DAYS[number].day > 1 else 1)
        expected = [utc(zone, first_over.number, OPENS)] if first_over.number <= number + 62 else []
        assert life.gave("task/contact/") == expected
        # the month of the turn is the 60th
        assert life.phases[Phase.LIMIT_REACHED] == utc(zone, next_month(turn, 1).number, OPENS)


@IN_EACH
@pytest.mark.parametrize("months", [1, 59])
def test_the_60_months_are_over_on_the_first_of_the_next(zone: Zone, months: int) -> None:  # ALL-7, MO-12
    for turn in AT_TURNS:
        before = DAYS[NUMBER[turn.year, turn.month, 1] - 1]
        said = {"months_counted": 60 - months, "months_through": f"{before.year}-{before.month:02}"}
        life, _ = opened_before(zone, turn, 3, sanctioned_months=None, **said)
        over = next_month(turn, months)
        case = decide(life.case, DayCame(utc(zone, over.number, OPENS) - timedelta(seconds=1)), life.policy).case
        assert case.phase == Phase.REENGAGING
        assert decide(case, DayCame(utc(zone, over.number, OPENS)), life.policy).case.phase == Phase.LIMIT_REACHED


@IN_EACH
def test_a_trial_nobody_reports_on_lapses_at_nine_on_its_date(zone: Zone) -> None:  # ALL-7, MO-10
    for turn in AT_TURNS:
        life, number = opened_before(zone, turn, 12)
        life.hears(agreed(DAYS[number + 1].date.isoformat()), number + 1)
        first = next(day for day in DAYS[number + 1 : number + 8] if day.weekday == 0)
        lapses = utc(zone, first.number + 7 + 7, OPENS)  # the Sunday after it, and seven days to record it
        life.until(lapses - timedelta(seconds=1))
        assert life.case.phase == Phase.TRIAL
        life.until(lapses)
        assert (life.case.phase, life.phases[Phase.TRIAL]) == (Phase.REENGAGING, utc(zone, number + 1, 12))


@IN_EACH
def test_weeks_over_a_turn_count_from_their_sundays_and_ten_days_wait_for_the_lift(zone: Zone) -> None:
    """ALL-7, MO-6, MO-8: the two weeks lie about the turn; ten days after the alert somebody must ask."""
    for turn in AT_TURNS:
        first = DAYS[turn.number - turn.weekday - 7]
        life, _ = opened_before(zone, turn, turn.number - first.number)
        for start in (first.number, first.number + 7):
            report = week(DAYS[start].date.isoformat(), 30)
            life.hears(report, start + 7)
        recommended = first.number + 14
        assert life.phases[Phase.LIFT_RECOMMENDED] == utc(zone, recommended, 12)
        life.until(utc(zone, recommended + 21, 12))
        nine_on = [utc(zone, recommended + days, OPENS) for days in (10, 20)]
        assert life.gave("task/lift-unconfirmed/") == nine_on


@IN_EACH
def test_good_cause_found_in_the_last_hour_of_a_turn_is_of_that_date(zone: Zone) -> None:  # ALL-7, MO-8
    for turn in AT_TURNS:
        life, _ = opened_before(zone, turn, 2)
        life.until(utc(zone, turn.number, 23))
        at = utc(zone, turn.number, 23, 59)
        found = good_cause(turn.date.isoformat()).model_copy(update={"recorded_at": at})
        life._take(Heard(found, at, found.message_id), at)
        assert life.gave("alert/lift") == [at]
        assert life.case.issues["alert/lift"].on == turn.date
        assert life.case.phase_since == turn.date


def test_the_zones_here_are_taken_by_an_edition() -> None:  # ALL-5, ALL-7
    for zone in ZONES:
        said = MISSOURI.model_dump()
        said["time_zone"]["value"] = zone.name
        assert Policy.model_validate(said).time_zone.value == zone.name
