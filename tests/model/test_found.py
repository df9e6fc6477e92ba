"""What the naive reading found the core to read otherwise, each in its smallest life."""

from domain.case import Phase
from domain.rules.transfer import transfers
from domain.views import status
from tests.unit.building import (
    Told,
    agreed,
    document_requested,
    lifted,
    mail_returned,
    moved,
    opened,
    opening,
    transfer_requested,
    week,
    withdrawn,
)

AGREED, SHORT = "2026-02-10", [week("2026-02-15", 10), week("2026-02-22", 30)]


def test_a_trial_that_lapsed_is_not_revived_by_good_weeks_after_the_short_one() -> None:
    """MO-10: the week that passed short passed before the two weeks were complete; letters go on until they agree."""
    case = opened("2026-01-05").after(document_requested("2026-01-10"), agreed(AGREED), *SHORT)
    assert case.phase == Phase.REENGAGING
    assert case.after(week("2026-03-01", 30)).phase == Phase.REENGAGING


def test_the_placements_of_the_trial_that_stands_are_not_those_of_one_that_lapsed() -> None:
    """MO-9, MO-10: the second agreement is the one under which the two weeks were done."""
    case = opened("2026-01-05").after(document_requested("2026-01-10"), agreed(AGREED, "job search"), *SHORT[:1])
    case.after(agreed("2026-02-22", "GED"), week("2026-02-22", 30), week("2026-03-01", 30))
    placed = [
        issue.command.activity
        for issue in case.case.issues.values()
        if issue.status == "done" and issue.command and issue.command.kind == "place"
    ]
    assert sorted(placed) == ["GED", "MWA Trial Participation"]


def test_a_sanction_lifted_on_the_day_it_began_was_in_force_in_no_month() -> None:
    """MO-13: the day of the lift is no day of the sanction."""
    case = opened("2026-01-05").after(lifted("2026-01-05", recorded="2026-01-06"))
    assert status(case.case, case.policy).rate_this_month is None


def test_the_case_wakes_for_the_month_in_which_the_sanction_is_in_force_no_more() -> None:
    """MO-13, ALL-7: what is shown of the month changes with the month, though only by time."""
    case = opened("2026-01-05").after(lifted("2026-01-20"))
    assert status(case.case, case.policy).rate_this_month == "disregarded"
    assert "2026-02-01" in [day for _, day in case.waits_for()]


def test_corrections_that_were_withdrawn_leave_what_they_corrected() -> None:
    """ALL-1: an opening corrected and the correction withdrawn, again and again."""
    case = opened("2026-01-05")
    for day in range(6, 12):
        wrong = opening("2026-01-05", recorded=f"2026-01-{day:02}", required_hours=20)
        case.after(wrong, withdrawn(f"2026-01-{day:02}", wrong))
    assert case.phase == Phase.REENGAGING
    assert case.case.opening is not None and case.case.opening.required_hours == 30


def test_of_a_move_and_a_request_on_one_date_the_one_recorded_later_counts() -> None:
    """MO-14: moved within the displayed provider's area, and then a transfer to another was requested."""
    case = opened("2026-01-05").after(moved("2026-02-02", "WEST"), transfer_requested("2026-02-02", "EAST"))
    assert transfers(case.case).pending == "EAST"


def test_mail_that_came_back_before_the_opening_is_known_asks_nothing_of_anybody() -> None:
    """MO-5: there is no case to ask about yet."""
    assert Told().after(mail_returned("2026-02-02")).tasks() == []
