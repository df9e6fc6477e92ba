"""What the naive reading found the core to read otherwise, each in its smallest life."""

from datetime import timedelta
from typing import Any

import pytest

from domain.case import Outcome, Phase
from domain.commands import FinaliseTracs, UpdatePdp
from domain.decide import DayCame, decide
from domain.rules.transfer import transfers
from domain.views import status
from tests.unit.building import (
    CASE_ID,
    Told,
    agreed,
    contact,
    document_requested,
    good_cause,
    lifted,
    mail_returned,
    moved,
    noon,
    opened,
    opening,
    task_done,
    transfer_requested,
    two_good_weeks,
    week,
    withdrawn,
)
from tests.unit.staffings import (
    DUE_PROCESS,
    GUIDE,
    all_answered,
    answered,
    commands,
    decided,
    disqualified,
    finds,
    knowing,
    recording,
    release,
    staffing,
    stands,
    taken_back,
    without,
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


def test_the_case_wakes_though_this_month_is_counted() -> None:
    """MO-13, ALL-7: lifted, though without a ground, in a month that is counted; the next is none of the sanction."""
    case = opened("2026-01-05", sanctioned_months=("2025-10", "2025-11"))
    case.after(contact("2026-03-20"), lifted("2026-03-21"))
    assert status(case.case, case.policy).rate_this_month == "counted"
    assert "2026-04-01" in [day for _, day in case.waits_for()]


def test_a_task_for_an_alert_that_is_withdrawn_goes_with_it() -> None:
    """MO-8: good cause is found beside participation, then the weeks are corrected: another alert, not overdue yet."""
    case = opened("2026-01-05").after(*two_good_weeks(), good_cause("2026-03-02"), contact("2026-03-02"))
    case.on("2026-03-12")
    assert case.tasks() == ["lift-unconfirmed/1/1"]
    case.leaving_open().after(week("2026-02-22", 10, recorded="2026-03-12"))
    assert case.tasks() == []
    assert decide(case.case, DayCame(case.case.now), case.policy).commands == ()


@pytest.mark.parametrize("withdraws", [False, True])
def test_a_decision_applies_nothing_to_a_case_of_which_no_opening_is_known(withdraws: bool) -> None:
    """OR-5, as MO-5: there is no case to disqualify anybody in."""
    began = opening("2026-01-05", sanction_began=None)
    case = Told(GUIDE).after(*([began] if withdraws else []), decided("2026-01-20"))
    case.after(*([withdrawn("2026-01-21", began)] if withdraws else []))
    assert case.phase == Phase.AWAITING_OPENING
    assert [key for key in stands(case) if key.startswith(("dq1/", "tracs/"))] == []


def test_a_decision_asks_nothing_of_staff_in_a_case_of_which_no_opening_is_known() -> None:
    """OR-1, OR-7, as MO-5."""
    lacking = decided("2026-01-20", record=all_answered(mental_health="yes", physical_health="yes"), reason="weighed")
    assert Told(GUIDE).after(release("2026-01-19"), lacking).tasks() == []


def test_an_agreement_before_dq1_goes_into_the_plan_whenever_it_is_told() -> None:
    """OR-8, ALL-1: 'is recorded and put into the PDP', told before the decision or after."""
    case = disqualified("2026-01-20").after(agreed("2026-01-15", "GED", recorded="2026-01-22"))
    assert [one.dated for one in commands(case, UpdatePdp) if one.entry == "agreement"] == [
        agreed("2026-01-15").happened_on
    ]


def test_co_management_is_proposed_no_more_when_the_release_has_ended() -> None:
    """OR-7: with an MCS 3010 on file; its last date is the 31st."""
    case = disqualified("2026-01-20").after(release("2026-01-22", until="2026-01-31"))
    assert "co-management/1" in case.tasks()
    assert "2026-02-01" in [day for _, day in case.waits_for()]


COPY = f"{CASE_ID}/task/pdp-copy/1"


def test_a_page_that_is_selected_anew_is_finalised_anew() -> None:
    """OR-3, OR-5: the decision is corrected to good cause; the finalisation told of a disqualification."""
    case = disqualified("2026-01-20").after(contact("2026-01-21"), task_done("2026-01-21", COPY))
    case.after(decided("2026-01-20", "good_cause", knowing(exempt="yes"), recorded="2026-01-25"))
    assert "tracs/1/final" in taken_back(case)
    *_, final = commands(case, FinaliseTracs)
    assert final.page == case.case.issues["tracs/1"].effect
    assert "disqualification will be applied" not in final.narration


def test_a_lift_under_a_dq1_that_was_taken_back_confirms_nothing_of_the_next() -> None:
    """OR-3, MO-8: 'the case ends when ONE confirms'; what ONE said before the second DQ1 was of the first."""
    lacking = without(type(DUE_PROCESS[0]))
    case = disqualified("2026-01-20").after(decided("2026-02-02", record=lacking, number=2), lifted("2026-02-04"))
    case.after(finds("no_good_cause", "2026-02-20", 3))
    assert "lift-without-ground/2026-02-04" not in case.tasks()
    case.after(finds("good_cause", "2026-03-02", 4))
    assert (case.phase, case.outcome) == (Phase.LIFT_RECOMMENDED, None)


def test_good_cause_counts_from_the_staffing_that_found_it_first() -> None:
    """OR-3: a review that comes to the same changes nothing. The decision that was corrected applied DQ1 in error."""
    case = disqualified("2026-01-20").after(decided("2026-02-02", "good_cause", knowing(exempt="yes"), number=2))
    case.after(decided("2026-01-20", "good_cause", knowing(exempt="yes"), recorded="2026-02-04"))
    assert (case.outcome, f"{case.case.phase_since}") == (Outcome.LIFTED_BY_GOOD_CAUSE, "2026-01-20")


def _exempt(answer: str, minute: int, replaces: Any = None) -> Any:
    """An answer recorded so many minutes after noon, by a clock that may be behind another's."""
    fact = answered("exempt", answer, replaces=replaces.message_id if replaces else None)
    return fact.model_copy(update={"recorded_at": noon("2026-01-20") + timedelta(minutes=minute)})


def test_an_answer_that_was_taken_stands_though_its_clock_is_behind_four_others() -> None:
    """OR-2: it names the answer it replaces, and was not refused."""
    first = _exempt("yes", 0)
    second = _exempt("no", 1, first)
    third = _exempt("unknown", 2, second)
    fourth = _exempt("no", 3, third)
    fifth = _exempt("yes", -1, fourth)
    assert recording(staffing(), first, second, third, fourth, fifth).record == (fifth,)


def test_an_answer_stands_though_the_one_it_replaced_was_withdrawn() -> None:
    """OR-2, ALL-1: the third was given by one who had seen the second, which had replaced the first."""
    first = _exempt("yes", 0)
    second = _exempt("no", 1, first)
    third = _exempt("unknown", -10, second)
    assert recording(staffing(), first, second, third, withdrawn("2026-01-20", second)).record == (third,)
