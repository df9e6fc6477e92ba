"""The trial: MO-9 (placement), MO-10 (it lapses when a week fails or the participant withdraws)."""

import pytest

from domain.case import Phase
from domain.facts import CaseFact
from tests.unit.building import (
    agreed,
    document_requested,
    lifted,
    on,
    opened,
    refused,
    two_good_weeks,
    week,
    withdrawn,
)

AGREED = "2026-02-10"  # a Tuesday: the trial's weeks start on February 15 and 22


def test_who_agrees_is_placed_in_the_trial_and_the_agreed_work_activities() -> None:  # MO-9
    case = opened("2026-01-05").after(agreed(AGREED, "job search", "GED"))
    placed = [(command.activity, command.since) for command in case.given if command.kind == "place"]
    assert placed == [
        ("MWA Trial Participation", on(AGREED)),
        ("job search", on(AGREED)),
        ("GED", on(AGREED)),
    ]
    assert case.phase == Phase.TRIAL


def test_the_placements_end_when_the_sanction_is_lifted() -> None:  # MO-9
    case = opened("2026-01-05").after(agreed(AGREED, "GED"), *two_good_weeks(), lifted("2026-03-10"))
    assert len(case.gave("end_placement")) == 2


@pytest.mark.parametrize(
    ("weeks", "day", "phase"),
    [
        ([], "2026-02-28", Phase.TRIAL),  # the seventh day after the first week's end
        ([], "2026-03-01", Phase.REENGAGING),
        ([week("2026-02-15", 29.5)], "2026-02-22", Phase.REENGAGING),
        ([week("2026-02-15", 30)], "2026-02-22", Phase.TRIAL),
        ([week("2026-02-15", 30)], "2026-03-07", Phase.TRIAL),
        ([week("2026-02-15", 30)], "2026-03-08", Phase.REENGAGING),
        ([week("2026-02-15", 30), week("2026-02-22", 10)], "2026-03-01", Phase.REENGAGING),
        ([week("2026-02-15", 30), week("2026-02-22", 30)], "2026-03-01", Phase.LIFT_RECOMMENDED),
        ([week("2026-02-15", 10, "2026-02-18")], "2026-02-21", Phase.TRIAL),  # short so far: the week is not over
        ([week("2026-02-15", 10, "2026-02-18")], "2026-02-22", Phase.REENGAGING),
        ([week("2026-02-08", 0)], "2026-02-15", Phase.TRIAL),  # the week of the agreement is none of the trial's
    ],
)
def test_a_trial_lapses_when_a_week_passes_short_or_unrecorded(
    weeks: list[CaseFact], day: str, phase: Phase
) -> None:  # MO-10
    assert opened("2026-01-05").after(agreed(AGREED), *weeks).on(day).phase == phase


def test_a_lapse_ends_the_placements_and_letters_resume_now_when_30_days_are_over() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed("2026-02-01")).on("2026-02-14")
    assert (case.phase, case.letters) == (Phase.TRIAL, ["2026-01-05"])
    case.on("2026-02-17")
    assert case.phase == Phase.REENGAGING
    assert case.gave("end_placement") == ["undo/placement/2026-02-01/0/1"]
    assert case.letters == ["2026-01-05", "2026-02-15"]  # seven days after Saturday, February 7


def test_letters_resume_30_days_after_the_last_one_when_that_is_later_than_now() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed("2026-01-06"), refused("2026-01-20")).on("2026-02-03")
    assert case.letters == ["2026-01-05"]
    assert case.on("2026-02-04").letters == ["2026-01-05", "2026-02-04"]


def test_a_participant_withdraws_by_refusing() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed(AGREED), refused("2026-02-16"))
    assert (case.phase, case.case.phase_since) == (Phase.REENGAGING, on("2026-02-16"))
    assert case.letters == ["2026-01-05", "2026-02-04"]
    assert case.case.phase_reason.rule == "MO-10"


def test_a_week_recorded_late_heals_the_lapse() -> None:  # MO-10, ALL-1
    case = opened("2026-01-05").after(agreed(AGREED)).on("2026-03-02")
    assert case.phase == Phase.REENGAGING
    case.after(week("2026-02-15", 30, "2026-03-03"))
    assert case.phase == Phase.TRIAL
    assert case.gave("place") == ["placement/2026-02-10/0", "placement/2026-02-10/0/2"]


def test_a_short_week_corrected_up_heals_the_lapse_and_one_withdrawn_waits_again() -> None:  # MO-10, ALL-1
    short = week("2026-02-15", 10, "2026-02-23")
    case = opened("2026-01-05").after(agreed(AGREED), short)
    assert case.phase == Phase.REENGAGING
    case.after(withdrawn("2026-02-24", short))
    assert case.phase == Phase.TRIAL
    assert case.on("2026-03-01").phase == Phase.REENGAGING


def test_who_agrees_again_after_a_lapse_is_in_trial_again() -> None:  # MO-10, MO-4
    case = opened("2026-01-05").after(agreed(AGREED)).on("2026-03-02").after(agreed("2026-03-03"))
    assert (case.phase, case.letters) == (Phase.TRIAL, ["2026-01-05", "2026-02-04"])
    assert case.on("2026-03-06").letters == ["2026-01-05", "2026-02-04"]
    assert case.on("2026-03-10").case.phase_reason.inputs == {"agreed_on": "2026-03-03"}
    assert ("week of 2026-03-08", "2026-03-22") in case.waits_for()


def test_another_agreement_while_the_trial_stands_leaves_its_weeks_as_they_are() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed(AGREED), agreed("2026-02-18"), week("2026-02-15", 10))
    assert case.phase == Phase.REENGAGING


def test_who_refuses_and_agrees_anew_is_judged_by_the_weeks_after_the_new_agreement() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed(AGREED), refused("2026-02-12"), agreed("2026-02-18"))
    case.after(week("2026-02-22", 30)).on("2026-03-02")
    assert case.phase == Phase.TRIAL  # the week of February 15 was no week of the second trial
    assert ("week of 2026-03-01", "2026-03-15") in case.waits_for()


def test_a_refusal_after_the_lapse_changes_nothing_more() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed(AGREED), week("2026-02-15", 10), refused("2026-02-25"))
    assert case.case.phase_reason.inputs == {"week": "2026-02-15"}


def test_after_the_two_weeks_no_further_week_is_judged_while_a_document_is_awaited() -> None:  # MO-10, MO-6
    case = opened("2026-01-05").after(agreed(AGREED), document_requested("2026-02-11"), *two_good_weeks())
    assert case.on("2026-04-15").phase == Phase.TRIAL


def test_a_case_waits_for_the_awaited_weeks_report_until_seven_days_after_its_end() -> None:  # MO-10
    case = opened("2026-01-05").after(agreed(AGREED))
    assert ("week of 2026-02-15", "2026-03-01") in case.waits_for()
    case.after(week("2026-02-15", 5, "2026-02-17"))
    assert ("week of 2026-02-15", "2026-02-22") in case.waits_for()
