"""The lifetime limit: MO-12."""

import pytest

from domain.case import Outcome, Phase
from policy.load import edition
from tests.unit.building import agreed, good_cause, lifted, months, opened, opening, ta_closed, withdrawn

FROM_2016 = edition("mo-mwa/2016-01-01")


@pytest.mark.parametrize(
    ("counted", "last_day", "first_day_after"),
    [(59, "2026-01-31", "2026-02-01"), (58, "2026-02-28", "2026-03-01"), (57, "2026-03-31", "2026-04-01")],
)
def test_the_alert_goes_when_the_60th_counted_month_is_over(
    counted: int, last_day: str, first_day_after: str
) -> None:  # MO-12
    case = opened("2026-01-05", months_counted=counted, months_through="2025-12").on(last_day)
    assert (case.phase, case.gave("send_alert")) == (Phase.REENGAGING, [])
    case.on(first_day_after)
    assert (case.phase, case.gave("send_alert")) == (Phase.LIMIT_REACHED, ["alert/limit"])
    assert case.case.phase_reason.rule == "MO-12"


def test_the_60th_month_may_be_a_leap_february() -> None:  # MO-12, ALL-7
    case = opened("2028-01-05", months_counted=58, months_through="2027-12").on("2028-02-29")
    assert case.phase == Phase.REENGAGING
    assert case.on("2028-03-01").phase == Phase.LIMIT_REACHED


@pytest.mark.parametrize(("counted", "phase"), [(44, Phase.LIMIT_REACHED), (43, Phase.REENGAGING)])
def test_from_2016_the_limit_is_45_months(counted: int, phase: Phase) -> None:  # MO-12, ALL-5
    case = opened("2026-01-05", policy=FROM_2016, months_counted=counted, months_through="2025-12").on("2026-02-01")
    assert case.phase == phase


def test_one_opened_beyond_the_limit_is_at_it_at_once() -> None:  # MO-12
    assert opened("2026-01-05", months_counted=60, months_through="2025-12").phase == Phase.LIMIT_REACHED


def test_letters_go_on_at_the_limit_until_the_ta_case_is_closed() -> None:  # MO-12, MO-3
    case = opened("2026-01-05", months_counted=59).on("2026-03-06")
    assert case.letters == ["2026-01-05", "2026-02-04", "2026-03-06"]
    case.after(ta_closed("2026-03-10")).on("2026-06-01")
    assert case.outcome == Outcome.LIFETIME_LIMIT
    assert len(case.letters) == 3


@pytest.mark.parametrize(
    ("closed", "outcome"),
    [
        ("2026-01-30", Outcome.INACTIVE),
        ("2026-01-31", Outcome.LIFETIME_LIMIT),  # the last day of the 60th month
        ("2026-02-10", Outcome.LIFETIME_LIMIT),
    ],
)
def test_the_ta_case_closed_before_the_limit_makes_the_case_inactive(
    closed: str, outcome: Outcome
) -> None:  # MO-12, MO-3
    case = opened("2026-01-05", months_counted=59).after(ta_closed(closed))
    assert (case.phase, case.outcome) == (Phase.CLOSED, outcome)


def test_a_ta_case_closed_before_the_sanction_is_none_of_this_case() -> None:  # MO-12
    assert opened("2026-01-05").after(ta_closed("2026-01-04", recorded="2026-01-06")).outcome is None


def test_a_correction_raises_the_count_for_a_past_month() -> None:  # MO-12
    case = opened("2026-01-05", months_counted=12).after(months("2026-01-20", 60, "2025-12"))
    assert case.phase == Phase.LIMIT_REACHED


def test_a_correction_that_lowers_the_count_withdraws_the_alert_and_the_alert_returns_as_number_two() -> None:  # MO-12
    case = opened("2026-01-05", months_counted=59).on("2026-02-01").after(months("2026-02-10", 57, "2025-12"))
    assert (case.phase, case.gave("withdraw_alert")) == (Phase.REENGAGING, ["undo/alert/limit/1"])
    assert ("lifetime limit", "2026-04-01") in case.waits_for()
    case.on("2026-04-01")
    assert (case.phase, case.gave("send_alert")) == (Phase.LIMIT_REACHED, ["alert/limit", "alert/limit/2"])


def test_of_two_corrections_the_one_recorded_last_stands_whatever_came_last() -> None:  # MO-12, ALL-1
    later, earlier = months("2026-01-20", 20, "2025-12", recorded="2026-01-25"), months("2026-01-22", 60, "2025-12")
    assert opened("2026-01-05").after(later, earlier).phase == Phase.REENGAGING


def test_a_correction_withdrawn_leaves_what_the_opening_states() -> None:  # MO-12, ALL-1
    wrong = months("2026-01-20", 60, "2025-12")
    assert opened("2026-01-05").after(wrong, withdrawn("2026-01-21", wrong)).phase == Phase.REENGAGING


def test_an_opening_corrected_after_a_correction_of_the_months_states_them_last() -> None:  # MO-12
    case = opened("2026-01-05").after(months("2026-01-20", 60, "2025-12"))
    assert case.after(opening("2026-01-05", recorded="2026-01-25", months_counted=5)).phase == Phase.REENGAGING


def test_a_family_exempt_from_the_limit_never_reaches_it() -> None:  # MO-12
    case = opened("2026-01-05", time_limit_exempt=True, months_counted=200).on("2027-01-05")
    assert (case.phase, case.tasks()) == (Phase.REENGAGING, ["contact/2026-02"])
    assert "lifetime limit" not in dict(case.waits_for())


def test_unknown_months_are_not_zero_they_open_a_task() -> None:  # MO-12
    case = opened("2026-01-05", months_counted=None, months_through=None).on("2026-01-20")
    assert "months-unknown" in case.tasks()
    assert "lifetime limit" not in dict(case.waits_for())
    case.after(months("2026-01-25", 59, "2025-12"))
    assert "months-unknown" not in case.tasks()
    assert ("lifetime limit", "2026-02-01") in case.waits_for()


def test_at_the_limit_a_lift_still_lifts() -> None:  # MO-12, MO-8
    case = opened("2026-01-05", months_counted=59).on("2026-02-05").after(good_cause("2026-02-06"))
    assert case.phase == Phase.LIMIT_REACHED
    assert case.after(lifted("2026-02-10")).outcome == Outcome.LIFTED_BY_GOOD_CAUSE


def test_one_who_agrees_at_the_limit_gets_no_letter() -> None:  # MO-12, MO-4
    case = opened("2026-01-05", months_counted=59).on("2026-02-05").after(agreed("2026-03-02")).on("2026-03-14")
    assert (case.phase, len(case.letters)) == (Phase.LIMIT_REACHED, 2)


def test_the_decision_shows_the_months_it_rests_on() -> None:  # MO-12, ALL-4
    reason = opened("2026-01-05", months_counted=60, months_through="2025-12").case.phase_reason
    assert reason.inputs == {
        "limit_months": 60,
        "last_month": "2025-12",
        "stated_months": 60,
        "stated_through": "2025-12",
    }
