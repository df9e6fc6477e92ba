"""The work participation rate: MO-13, 45 CFR 261.22(b)."""

import pytest

from domain.policy import Cited
from domain.rules.rate import deadlines, in_rate, months_in_rate, this_month
from tests.unit.building import MISSOURI, lifted, on, opened


@pytest.mark.parametrize(
    ("before", "standings"),
    [
        ((), "ddd" + "c" * 9),
        (("2025-12",), "dd" + "c" * 10),
        (("2025-11", "2025-12"), "d" + "c" * 11),
        (("2025-10", "2025-11", "2025-12"), "c" * 12),
        (("2025-02",), "ddd" + "c" * 9),
        (("2025-02", "2025-03", "2025-04"), "c" * 12),
        (("2025-01",), "ddd" + "c" * 9),  # before the window
        (("2025-02", "2025-03"), "ddd" + "c" * 9),  # each leaves the window as a month of this sanction enters it
        (None, "uuu" + "c" * 9),
    ],
)
def test_the_first_three_months_leave_the_family_out_unless_sanctioned_in_the_preceding_12(
    before: tuple[str, ...] | None, standings: str
) -> None:  # MO-13
    case = opened("2026-01-05", sanctioned_months=before).on("2026-12-15").case
    assert "".join(one.standing[0] for one in months_in_rate(case, MISSOURI)) == standings


def test_a_month_is_sanctioned_when_the_sanction_was_in_force_on_any_day_of_it() -> None:  # MO-13
    case = opened("2026-01-31").on("2026-02-10").case
    assert [one.month for one in months_in_rate(case, MISSOURI)] == ["2026-01", "2026-02"]


def test_where_a_months_first_day_counts_a_month_begun_without_the_sanction_is_left_out() -> None:  # MO-13
    first_day = MISSOURI.model_copy(update={"rate_month_counts": Cited(value="first_day", cites="an agency's own")})
    case = opened("2026-01-02", policy=first_day).on("2026-03-10").case
    assert [one.month for one in months_in_rate(case, first_day)] == ["2026-02", "2026-03"]


@pytest.mark.parametrize(("day", "months"), [("2026-03-01", 2), ("2026-03-02", 3), ("2026-02-28", 2)])
def test_the_day_of_the_lift_is_no_day_of_the_sanction(day: str, months: int) -> None:  # MO-13
    case = opened("2026-01-05").after(lifted(day)).on("2026-05-01").case
    assert len(list(months_in_rate(case, MISSOURI))) == months
    assert this_month(case, MISSOURI) is None


def test_a_month_is_unknown_only_while_it_hangs_on_months_not_given() -> None:  # MO-13
    case = opened("2026-01-05", sanctioned_months=None).on("2026-05-01").case
    standing = {month: in_rate(case, MISSOURI, month).standing for month in ("2026-03", "2026-04")}
    assert standing == {"2026-03": "unknown", "2026-04": "counted"}


def test_months_of_an_earlier_sanction_leave_the_window_of_12() -> None:  # MO-13
    case = opened("2026-01-05", sanctioned_months=("2025-02", "2025-03", "2025-04")).on("2026-04-10").case
    used = {one.month: one.reason.inputs["months"] for one in months_in_rate(case, MISSOURI)}
    assert used["2026-01"] == "2025-02, 2025-03, 2025-04, 2026-01"
    assert used["2026-02"] == "2025-03, 2025-04, 2026-01, 2026-02"
    assert used["2026-04"] == "2026-01, 2026-02, 2026-03, 2026-04"


def test_the_months_used_are_shown_with_the_window() -> None:  # MO-13, ALL-4
    case = opened("2026-01-05", sanctioned_months=("2025-12",)).case
    reason = in_rate(case, MISSOURI, "2026-01").reason
    assert reason.rule == "MO-13"
    assert reason.inputs == {
        "window": "2025-02 to 2026-01",
        "months": "2025-12, 2026-01",
        "preceding_months": "known",
    }


def test_a_month_told_both_as_preceding_and_as_this_sanctions_counts_once() -> None:  # MO-13
    case = opened("2026-01-05", sanctioned_months=("2025-12", "2025-12", "2026-01")).case
    assert in_rate(case, MISSOURI, "2026-01").reason.inputs["months"] == "2025-12, 2026-01"


def test_the_case_waits_for_the_month_that_stands_differently() -> None:  # MO-13
    assert ("participation rate: counted", "2026-04-01") in opened("2026-01-05").waits_for()


def test_a_case_heard_of_before_its_first_business_hour_waits_for_it() -> None:  # MO-13, ALL-7
    case = opened("2026-03-10", sanction_began=on("2026-03-01")).case
    early = opened("2026-03-10", sanction_began=on("2026-03-01")).case.but(day=on("2026-02-28"))
    assert this_month(early, MISSOURI) is None
    assert [due.on for due in deadlines(early, MISSOURI)] == [on("2026-03-01")]
    assert this_month(case, MISSOURI) == "disregarded"
