"""Lifting the sanction: MO-6 (by participation), MO-7 (by good cause), MO-8 (the alert and the confirmation)."""

from itertools import permutations

import pytest

from domain.case import Outcome, Phase
from domain.facts import CaseFact
from tests.unit.building import (
    MISSOURI,
    Told,
    agreed,
    assessed,
    document_received,
    document_requested,
    good_cause,
    hours_changed,
    iep_completed,
    lifted,
    on,
    opened,
    opening,
    two_good_weeks,
    week,
    withdrawn,
)

ALERT, LIFTED = Phase.LIFT_RECOMMENDED, "2026-03-12"


def sanctioned(**given: object) -> Told:
    return opened("2026-02-10", **given)


@pytest.mark.parametrize(
    ("weeks", "recommended"),
    [
        ([week("2026-02-15", 30), week("2026-02-22", 30)], True),
        ([week("2026-02-15", 29.9), week("2026-02-22", 30)], False),
        ([week("2026-02-15", 30), week("2026-03-01", 30)], False),  # a week lies between
        ([week("2026-02-15", 30), week("2026-02-22", 0), week("2026-03-01", 30)], False),
        ([week("2026-02-08", 30), week("2026-02-15", 30)], False),  # the first began before the sanction
        ([week("2026-02-15", 60)], False),
        ([week("2026-02-15", 30), week("2026-02-22", 10), week("2026-03-01", 30), week("2026-03-08", 30)], True),
        ([week("2026-02-15", 30), week("2026-02-22", 30), week("2026-03-01", 0)], True),
    ],
)
def test_the_required_hours_in_two_consecutive_weeks_judged_by_their_dates(
    weeks: list[CaseFact], recommended: bool
) -> None:  # MO-6
    for order in permutations(weeks):
        assert (sanctioned().after(*order, received="2026-03-16").phase == ALERT) is recommended


def test_consecutive_weeks_over_the_years_end() -> None:  # MO-6, ALL-7
    case = opened("2025-12-22", months_counted=3).after(week("2025-12-28", 30), week("2026-01-04", 30))
    assert case.phase == ALERT


def test_a_week_corrected_down_counts_as_corrected() -> None:  # MO-6, ALL-1
    case = sanctioned().after(*two_good_weeks()[:1], week("2026-02-22", 12, "2026-03-05"))
    assert case.phase == Phase.REENGAGING


def test_a_week_corrected_up_late_counts() -> None:  # MO-6, ALL-1
    case = sanctioned().after(week("2026-02-15", 30), week("2026-02-22", 12), week("2026-02-22", 31, "2026-04-20"))
    assert case.phase == ALERT


def test_a_week_withdrawn_is_as_if_it_was_never_told() -> None:  # MO-6, ALL-1
    wrong = week("2026-02-22", 30)
    assert sanctioned().after(week("2026-02-15", 30), wrong, withdrawn("2026-03-03", wrong)).phase != ALERT


@pytest.mark.parametrize(("from_week", "phase"), [("2026-02-15", Phase.REENGAGING), ("2026-03-01", ALERT)])
def test_other_required_hours_hold_from_their_week_on(from_week: str, phase: Phase) -> None:  # MO-6
    assert sanctioned().after(*two_good_weeks(), hours_changed(from_week, 35, "2026-03-09")).phase == phase


def test_every_requested_document_is_to_be_provided() -> None:  # MO-6
    case = sanctioned().after(document_requested("2026-02-12"), document_requested("2026-02-12", "lease"))
    case.after(*two_good_weeks(), document_received("2026-03-02", "lease"))
    assert case.phase == Phase.REENGAGING
    assert case.after(document_received("2026-03-09")).phase == ALERT


def test_a_document_requested_again_after_its_receipt_is_to_be_provided_again() -> None:  # MO-6
    case = sanctioned().after(document_requested("2026-02-12"), document_received("2026-02-14"))
    case.after(document_requested("2026-02-20"), *two_good_weeks())
    assert case.phase == Phase.REENGAGING
    assert case.after(document_received("2026-03-09")).phase == ALERT


def test_a_document_received_on_the_day_it_was_requested_is_provided() -> None:  # MO-6
    case = sanctioned().after(document_received("2026-02-12"), document_requested("2026-02-12"), *two_good_weeks())
    assert case.phase == ALERT


def test_a_receipt_heard_before_its_request_counts_by_its_date() -> None:  # MO-6, ALL-1
    case = sanctioned().after(document_received("2026-02-14"), document_requested("2026-02-12"), *two_good_weeks())
    assert case.phase == ALERT


def test_a_document_nobody_asked_for_does_not_move_the_date_of_the_ground() -> None:  # MO-6
    case = sanctioned().after(*two_good_weeks(), document_received("2026-03-20", "photo"))
    assert case.case.phase_reason.inputs["fulfilled_on"] == "2026-02-28"


@pytest.mark.parametrize("answered", [False, None])
@pytest.mark.parametrize("missing", ["both", "assessment", "iep", "none"])
def test_one_who_never_answered_the_call_in_letter_also_completes_assessment_and_iep(
    answered: bool | None, missing: str
) -> None:  # MO-6
    case = sanctioned(call_in_answered=answered).after(*two_good_weeks())
    if missing in ("iep", "none"):
        case.after(assessed("2026-03-09"))
    if missing in ("assessment", "none"):
        case.after(iep_completed("2026-03-09"))
    assert case.phase == (ALERT if missing == "none" else Phase.REENGAGING)


def test_one_who_answered_the_call_in_letter_needs_no_assessment() -> None:  # MO-6
    assert sanctioned(call_in_answered=True).after(*two_good_weeks()).phase == ALERT


def test_earlier_sanctions_change_nothing() -> None:  # MO-6
    never = sanctioned(sanctioned_months=()).after(*two_good_weeks())
    often = sanctioned(sanctioned_months=("2025-02", "2025-03", "2025-08", "2025-09")).after(*two_good_weeks())
    assert never.phase == often.phase == ALERT


def test_no_agreement_is_needed_of_one_who_has_complied() -> None:  # MO-6
    assert sanctioned().after(*two_good_weeks()).gave("send_alert") == ["alert/lift"]


def test_good_cause_is_a_ground_of_itself() -> None:  # MO-7
    case = sanctioned(call_in_answered=False).after(document_requested("2026-02-12"), good_cause("2026-02-20"))
    assert (case.phase, case.case.phase_reason.rule) == (ALERT, "MO-7")


@pytest.mark.parametrize(
    ("findings", "phase"),
    [
        ([good_cause("2026-02-20", "not_found")], Phase.REENGAGING),
        ([good_cause("2026-02-20"), good_cause("2026-02-25", "not_found")], Phase.REENGAGING),
        ([good_cause("2026-02-20", "not_found"), good_cause("2026-02-25")], ALERT),
        ([good_cause("2026-02-25"), good_cause("2026-02-20", "not_found", recorded="2026-03-01")], ALERT),
    ],
)
def test_the_latest_finding_of_good_cause_stands(findings: list[CaseFact], phase: Phase) -> None:  # MO-7
    assert sanctioned().after(*findings).phase == phase


def test_the_alert_is_sent_only_after_a_ground_holds_and_once_a_recommendation() -> None:  # MO-8
    case = sanctioned().after(agreed("2026-02-11"), two_good_weeks()[0])
    assert case.gave("send_alert") == []
    case.after(*two_good_weeks()[1:], good_cause("2026-03-09")).on("2026-03-20")
    assert case.gave("send_alert") == ["alert/lift"]


def test_a_good_cause_dated_before_the_ground_alerted_is_no_new_recommendation() -> None:  # MO-8
    case = sanctioned().after(*two_good_weeks(), good_cause("2026-02-12", recorded="2026-03-10"))
    assert (case.gave("send_alert"), case.gave("withdraw_alert")) == (["alert/lift"], [])


def test_an_alert_whose_ground_fell_away_is_withdrawn_for_one_that_names_the_ground_that_holds() -> None:  # MO-8
    case = sanctioned().after(*two_good_weeks(), good_cause("2026-03-10"), week("2026-02-22", 3, "2026-03-11"))
    assert case.gave("withdraw_alert") == ["undo/alert/lift/1"]
    assert [one.ground for one in case.given if one.kind == "send_alert"] == ["participation", "good_cause"]
    assert case.phase == ALERT


@pytest.mark.parametrize("by", ["hours corrected down", "a document requested", "the week withdrawn"])
def test_when_the_ground_falls_away_the_alert_is_withdrawn_and_the_case_goes_back(by: str) -> None:  # MO-8
    weeks = two_good_weeks()
    case = sanctioned().after(*weeks)
    case.after(
        {
            "hours corrected down": week("2026-02-22", 3, "2026-03-10"),
            "a document requested": document_requested("2026-03-10"),
            "the week withdrawn": withdrawn("2026-03-10", weeks[0]),
        }[by]
    )
    assert case.phase == Phase.REENGAGING
    assert case.gave("withdraw_alert") == ["undo/alert/lift/1"]


def test_a_ground_that_returns_is_a_new_recommendation_number_two() -> None:  # MO-8, ALL-3
    finding = good_cause("2026-02-20")
    case = sanctioned().after(finding, withdrawn("2026-02-21", finding), good_cause("2026-02-23"))
    assert case.gave("send_alert") == ["alert/lift", "alert/lift/2"]
    assert case.phase == ALERT


def test_an_alert_not_carried_out_yet_is_made_void_and_not_withdrawn() -> None:  # MO-8, ALL-3
    finding = good_cause("2026-02-20")
    case = sanctioned().leaving_open().after(finding, withdrawn("2026-02-21", finding))
    assert (case.open(), case.gave("withdraw_alert")) == ([], [])
    assert f"{case.case.id}/alert/lift" in case.decisions[-1].voided


def test_an_alert_that_went_out_although_void_is_withdrawn() -> None:  # MO-8, ALL-3
    finding = good_cause("2026-02-20")
    case = sanctioned().leaving_open().after(finding, withdrawn("2026-02-21", finding))
    case.perform([f"{case.case.id}/alert/lift"])
    assert case.open() == ["undo/alert/lift/1"]


def test_a_case_ends_only_when_the_eligibility_system_confirms() -> None:  # MO-8
    case = sanctioned().after(*two_good_weeks()).on("2026-09-01")
    assert case.phase == ALERT
    case.after(lifted("2026-09-02"))
    assert (case.phase, case.outcome) == (Phase.CLOSED, Outcome.LIFTED_BY_PARTICIPATION)


def test_on_the_lift_the_work_status_goes_from_ss_to_dd_and_not_before() -> None:  # MO-8
    case = sanctioned().after(good_cause("2026-02-20"))
    assert case.gave("set_work_status") == []
    case.after(lifted("2026-02-25"))
    (status,) = [one for one in case.given if one.kind == "set_work_status"]
    assert (status.instead_of, status.work_status) == ("SS", "DD")
    assert case.outcome == Outcome.LIFTED_BY_GOOD_CAUSE


def test_of_two_grounds_the_one_that_was_there_first_names_the_outcome() -> None:  # MO-6, MO-7
    case = sanctioned().after(*two_good_weeks(), good_cause("2026-02-20"), lifted(LIFTED))
    assert case.outcome == Outcome.LIFTED_BY_GOOD_CAUSE


def test_a_confirmation_before_the_grounds_arrive_ends_the_case_when_they_do() -> None:  # MO-8, ALL-1
    case = sanctioned().after(lifted("2026-03-03"))
    assert (case.phase, case.tasks()) == (Phase.REENGAGING, ["lift-without-ground/2026-03-03"])
    case.after(*two_good_weeks())
    assert (case.outcome, case.tasks()) == (Outcome.LIFTED_BY_PARTICIPATION, [])
    assert case.phase == Phase.CLOSED


def test_a_confirmation_without_any_ground_opens_a_task_and_never_lifts() -> None:  # MO-8
    case = sanctioned().after(lifted("2026-03-03")).on("2026-12-01")
    assert (case.outcome, case.gave("set_work_status"), case.gave("send_alert")) == (None, [], [])
    assert "lift-without-ground/2026-03-03" in case.tasks()
    assert case.letters == ["2026-02-10"]


def test_a_lift_of_an_earlier_sanction_is_another_ones() -> None:  # MO-8
    case = sanctioned().after(good_cause("2026-02-20"), lifted("2026-02-09", recorded="2026-02-21"))
    assert case.phase == ALERT


def test_a_confirmation_withdrawn_leaves_the_recommendation() -> None:  # MO-8, ALL-1
    confirmed = lifted("2026-02-25")
    case = sanctioned().after(good_cause("2026-02-20"), confirmed, withdrawn("2026-02-26", confirmed))
    assert (case.phase, case.outcome) == (ALERT, None)
    assert case.given[-1].kind == "set_work_status"
    assert case.given[-1].work_status == "SS"


@pytest.mark.parametrize(
    ("day", "task"),
    [
        ("2026-03-01", None),
        ("2026-03-02", "lift-unconfirmed/1/1"),
        ("2026-03-11", "lift-unconfirmed/1/1"),
        ("2026-03-12", "lift-unconfirmed/1/2"),
        ("2026-03-22", "lift-unconfirmed/1/3"),
    ],
)
def test_no_confirmation_within_10_days_opens_a_task_repeated(day: str, task: str | None) -> None:  # MO-8
    case = sanctioned().after(good_cause("2026-02-20")).on(day)
    assert [one for one in case.tasks() if one.startswith("lift")] == ([task] if task else [])


def test_the_ten_days_run_anew_for_a_second_recommendation() -> None:  # MO-8
    finding = good_cause("2026-02-20")
    case = sanctioned().after(finding, withdrawn("2026-02-21", finding), good_cause("2026-03-20")).on("2026-03-31")
    assert "lift-unconfirmed/2/1" in case.tasks()


def test_the_opening_corrected_to_a_later_sanction_takes_the_ground_away() -> None:  # MO-6, ALL-1
    case = sanctioned().after(*two_good_weeks())
    case.after(opening("2026-02-10", recorded="2026-03-09", sanction_began=on("2026-02-16")))
    assert case.phase == Phase.REENGAGING


def test_every_lift_decision_cites_its_rules() -> None:  # MO-8, ALL-4
    case = sanctioned().after(*two_good_weeks(), lifted(LIFTED))
    cited = {reason.rule for decision in case.decisions for reason in decision.reasons}
    assert {"MO-6", "MO-8"} <= cited
    assert case.case.phase_reason.edition == MISSOURI.id
