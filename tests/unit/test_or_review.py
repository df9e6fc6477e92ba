"""A decision reviewed: OR-3. What becomes known after it calls for a new staffing; one that changes takes its effects
back, each once."""

from collections import Counter

import pytest

from domain.case import Outcome, Phase
from domain.commands import OpenStaffing, OpenTask, Performed, SelectOnTracs
from domain.decide import WasPerformed
from domain.facts import CaseFact
from domain.staffing.facts import ScreeningOffered
from domain.views import status
from tests.unit.building import (
    CASE_ID,
    Told,
    agreed,
    contact,
    exempted,
    inactive,
    lifted,
    on,
    opened,
    task_done,
    withdrawn,
)
from tests.unit.staffings import (
    DUE_PROCESS,
    GUIDE,
    OREGON,
    REASON,
    attempt,
    commands,
    decided,
    disqualified,
    finds,
    in_oregon,
    informed,
    knowing,
    requested,
    stands,
    taken_back,
    without,
)

DQ1 = ["dq1/1/one", "dq1/1/pdp", "resources/1", "tracs/1"]
GOOD_CAUSE, NO_GOOD_CAUSE = "good_cause", "no_good_cause"


def finalised(*, day: str = "2026-01-22", **told: object) -> Told:
    """A case disqualified on January 20, every step of it done."""
    case = disqualified(**told)
    return case.after(contact(day), task_done(day, f"{CASE_ID}/task/pdp-copy/1"))


def reviewed(finding: str, case: Told | None = None) -> Told:
    """What was known changed on February 10; the team decided again on February 12."""
    return (case or disqualified()).after(informed("2026-02-10"), finds(finding, "2026-02-12", 2))


def staffings(told: Told) -> list[tuple[int, str, int | None]]:
    return [(one.number, one.why, one.reviews) for one in commands(told, OpenStaffing)]


def test_new_information_after_a_decision_calls_for_a_staffing_linked_to_it() -> None:  # OR-3
    case = disqualified().after(informed("2026-02-10"))
    assert staffings(case) == [(1, "opening", None), (2, "new_information", 1)]
    assert commands(case, OpenStaffing)[-1].record == DUE_PROCESS
    assert "review/2" in case.tasks()
    [task] = [one for one in commands(case, OpenTask) if one.topic == "review"]
    assert task.rule == "OR-3"
    assert task.text == "New information came after the decision: review it in staffing 2 and adjust the decision"


def test_until_the_team_decides_again_the_decision_stands() -> None:  # OR-3
    case = disqualified().after(informed("2026-02-10"))
    assert (case.phase, stands(case), taken_back(case)) == (Phase.REENGAGING, DQ1, [])


def test_information_counts_from_when_it_became_known_not_from_when_it_happened() -> None:  # OR-3
    """It tells of January 15, before the decision, but nobody knew it then."""
    case = disqualified().after(informed("2026-01-15", recorded="2026-03-10"))
    assert staffings(case)[-1] == (2, "new_information", 1)
    assert commands(case, OpenStaffing)[-1].called_on == on("2026-03-10")
    assert "review/2" in case.tasks()


def test_information_recorded_before_the_decision_and_heard_after_it_is_to_be_weighed() -> None:  # OR-3, ALL-1
    case = in_oregon().after(decided("2026-01-20"))
    case.after(informed("2026-01-18", recorded="2026-01-18"), received="2026-01-25")
    assert staffings(case) == [(1, "opening", None)]
    assert "information/1" in case.tasks()


def test_information_that_comes_while_a_staffing_is_open_is_a_task() -> None:  # OR-3
    case = in_oregon().after(informed("2026-01-10"), informed("2026-01-11"))
    assert staffings(case) == [(1, "opening", None)]
    assert case.tasks() == ["information/1", "staffing/1"]
    [task] = [one for one in commands(case, OpenTask) if "/information/" in one.effect]
    assert task.text == (
        "New information came while staffing 1 was open: see that it is weighed, else request a new staffing"
    )


def test_that_task_stands_after_the_decision_until_it_is_done() -> None:  # OR-3
    case = in_oregon().after(informed("2026-01-10"), decided("2026-01-20"))
    assert case.tasks() == ["attempt/1", "information/1", "pdp-copy/1"]
    case.after(task_done("2026-01-21", f"{CASE_ID}/task/information/1"))
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]


def test_several_pieces_of_information_are_reviewed_in_one_staffing() -> None:  # OR-3
    case = disqualified().after(informed("2026-02-10"), informed("2026-02-11"), informed("2026-02-11"))
    assert staffings(case) == [(1, "opening", None), (2, "new_information", 1)]
    assert "information/2" in case.tasks()  # see that the later ones are weighed too


def test_information_heard_out_of_order_makes_the_same_staffings() -> None:  # OR-3, ALL-1
    told: list[CaseFact] = [
        decided("2026-01-20"),
        informed("2026-02-10"),
        finds(NO_GOOD_CAUSE, "2026-02-12", 2),
        informed("2026-03-01"),
        finds(GOOD_CAUSE, "2026-03-05", 3),
        informed("2026-04-01"),
    ]
    expected = [(1, "opening"), (2, "new_information"), (3, "new_information"), (4, "new_information")]
    for order in (told, told[::-1], told[3:] + told[:3], told[::2] + told[1::2]):
        case = in_oregon().after(*order, received="2026-04-10")
        assert [(one["number"], one["why"]) for one in status(case.case, GUIDE).staffings] == expected


def test_a_second_review_follows_the_first() -> None:  # OR-3
    case = reviewed(NO_GOOD_CAUSE).after(informed("2026-03-01"))
    assert staffings(case)[-1] == (3, "new_information", 2)


@pytest.mark.parametrize("every_step_done", [False, True])
def test_a_decision_that_changes_takes_each_effect_back_once(every_step_done: bool) -> None:  # OR-3
    case = reviewed(GOOD_CAUSE, finalised() if every_step_done else None)
    case.on("2026-02-14")
    final = ["tracs/1/final"] if every_step_done else []
    assert Counter(taken_back(case)) == Counter(["dq1/1/pdp", "dq1/1/one", "tracs/1", *final])
    for key in ("dq1/1/pdp", "dq1/1/one", "tracs/1", *final):
        assert case.case.issues[key].status == "undone"
    assert case.tasks() == []


def test_each_effect_is_taken_back_by_its_own_command() -> None:  # OR-3, OR-5
    case = reviewed(GOOD_CAUSE, finalised())
    undone = {one.undoes.removeprefix(f"{CASE_ID}/"): one.kind for one in case.given if hasattr(one, "undoes")}
    assert {effect: kind for effect, kind in undone.items() if not effect.startswith("task/")} == {
        "dq1/1/pdp": "correct_pdp",
        "dq1/1/one": "reverse_one",
        "tracs/1": "clear_tracs",
        "tracs/1/final": "reopen_tracs",
    }


def test_the_offer_of_resources_was_made_and_stays_made() -> None:  # OR-3, OR-5
    case = reviewed(GOOD_CAUSE)
    assert case.case.issues["resources/1"].status == "done"
    assert case.gave("offer_resources") == ["resources/1"]


def test_good_cause_found_after_all_is_selected_and_the_sanction_is_to_be_lifted() -> None:  # OR-3, OR-8
    case = reviewed(GOOD_CAUSE)
    assert (case.phase, case.case.phase_reason.rule) == (Phase.LIFT_RECOMMENDED, "OR-2")
    assert stands(case) == ["alert/lift", "resources/1", "tracs/2", "tracs/2/final"]
    assert commands(case, SelectOnTracs)[-1].selection == "Good cause"
    case.after(lifted("2026-02-16"))
    assert (case.outcome, len(taken_back(case))) == (Outcome.LIFTED_BY_GOOD_CAUSE, 3)
    assert stands(case) == ["alert/lift", "resources/1", "tracs/2", "tracs/2/final"]


def test_a_decision_that_does_not_change_takes_nothing_back_and_its_page_is_selected() -> None:  # OR-3, OR-6
    case = reviewed(NO_GOOD_CAUSE)
    assert taken_back(case) == []
    assert stands(case) == [*DQ1, "tracs/2"]
    assert commands(case, SelectOnTracs)[-1].selection == "DQ1 – JOBS Disqualification"
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]  # of the staffing that applied it
    assert case.case.phase_since == on("2026-01-20")


def test_with_every_step_done_the_page_of_the_review_is_finalised_at_once() -> None:  # OR-3, OR-5
    case = reviewed(NO_GOOD_CAUSE, finalised())
    assert stands(case) == [*DQ1, "tracs/1/final", "tracs/2", "tracs/2/final"]
    assert taken_back(case) == []


def test_back_and_forth_each_decision_has_effects_of_its_own() -> None:  # OR-3
    case = reviewed(GOOD_CAUSE).after(informed("2026-03-01"), finds(NO_GOOD_CAUSE, "2026-03-05", 3))
    assert case.phase == Phase.REENGAGING
    assert stands(case) == ["dq1/3/one", "dq1/3/pdp", "resources/1", "resources/3", "tracs/3"]
    assert Counter(taken_back(case)) == Counter(
        ["dq1/1/pdp", "dq1/1/one", "tracs/1", "tracs/2", "tracs/2/final", "alert/lift"]
    )
    assert case.tasks() == ["attempt/3", "pdp-copy/3"]
    case.after(informed("2026-04-01"), finds(GOOD_CAUSE, "2026-04-03", 4))
    assert stands(case) == ["alert/lift", "resources/1", "resources/3", "tracs/4", "tracs/4/final"]
    assert max(Counter(taken_back(case)).values()) == 1
    assert case.tasks() == []


def test_back_and_forth_the_disqualification_counts_from_the_decision_that_applied_it() -> None:  # OR-3, OR-8
    case = reviewed(GOOD_CAUSE).after(informed("2026-03-01"), finds(NO_GOOD_CAUSE, "2026-03-05", 3))
    assert case.case.phase_since == on("2026-03-05")
    assert commands(case, SelectOnTracs)[-1].dated == on("2026-03-05")


def test_a_good_cause_decision_withdrawn_applies_the_disqualification_anew_under_new_ids() -> None:  # OR-3, ALL-3
    wrong = finds(GOOD_CAUSE, "2026-02-12", 2)
    case = disqualified().after(informed("2026-02-10"), wrong, withdrawn("2026-02-20", wrong))
    assert case.phase == Phase.REENGAGING
    assert stands(case) == DQ1
    assert case.gave("update_pdp") == ["dq1/1/pdp", "dq1/1/pdp/2"]
    assert case.gave("update_one") == ["dq1/1/one", "dq1/1/one/2"]
    assert case.gave("offer_resources") == ["resources/1"]
    assert Counter(taken_back(case)) == Counter(
        ["dq1/1/pdp", "dq1/1/one", "tracs/1", "tracs/2", "tracs/2/final", "alert/lift"]
    )


def test_a_withdrawn_disqualification_is_taken_back() -> None:  # OR-3
    wrong = decided("2026-01-20")
    case = finalised_by(wrong).after(withdrawn("2026-02-01", wrong))
    assert (case.phase, stands(case)) == (Phase.STAFFING, ["resources/1"])
    assert Counter(taken_back(case)) == Counter(["dq1/1/pdp", "dq1/1/one", "tracs/1", "tracs/1/final"])


def finalised_by(decision: CaseFact) -> Told:
    case = in_oregon().after(decision)
    return case.after(contact("2026-01-22"), task_done("2026-01-22", f"{CASE_ID}/task/pdp-copy/1"))


def test_a_change_before_anything_was_carried_out_makes_it_void() -> None:  # OR-3, ALL-3
    case = in_oregon().leaving_open().after(decided("2026-01-20"))
    assert {"dq1/1/pdp", "dq1/1/one", "tracs/1", "resources/1"} <= set(case.open())
    case.after(informed("2026-02-10"), finds(GOOD_CAUSE, "2026-02-12", 2))
    assert {case.case.issues[key].status for key in DQ1} == {"void"}
    assert (taken_back(case), set(case.decisions[-1].voided) >= {f"{CASE_ID}/{key}" for key in DQ1}) == ([], True)


def test_what_was_carried_out_although_void_is_taken_back_all_the_same() -> None:  # OR-3, ALL-3
    case = in_oregon().leaving_open().after(decided("2026-01-20"))
    case.after(informed("2026-02-10"), finds(GOOD_CAUSE, "2026-02-12", 2))
    done = [Performed(effect=f"{CASE_ID}/{key}", on=case.case.day) for key in ("dq1/1/pdp", "dq1/1/one")]
    case._decide(WasPerformed(done, case.case.now))
    assert Counter(taken_back(case)) == Counter(["dq1/1/pdp", "dq1/1/one"])
    case.perform()
    case.on("2026-02-20")
    assert Counter(taken_back(case)) == Counter(["dq1/1/pdp", "dq1/1/one"])


@pytest.mark.parametrize("case_ends", [exempted, inactive])
@pytest.mark.parametrize(
    ("day", "left"),
    [
        ("2026-01-12", ["resources/1"]),  # before the staffing: 'may have not been known to the department before'
        ("2026-01-20", ["resources/1"]),  # at the time of it
        ("2026-01-21", DQ1),
        ("2026-02-05", DQ1),
    ],
)
def test_what_was_so_before_the_disqualification_takes_it_back_and_what_came_after_does_not(
    case_ends: object, day: str, left: list[str]
) -> None:  # OR-3, OR-8
    case = disqualified().after(case_ends(day, recorded="2026-02-15"))
    assert case.phase == Phase.CLOSED
    assert stands(case) == left
    assert Counter(taken_back(case)) == Counter(set(DQ1) - set(left))
    assert case.tasks() == []


def test_a_review_without_due_process_removes_the_disqualification_and_a_third_staffing_applies_it() -> None:
    """OR-1, OR-3."""
    incomplete = decided("2026-02-12", record=without(ScreeningOffered), number=2)
    case = disqualified().after(informed("2026-02-10"), incomplete)
    assert staffings(case)[-1] == (3, "due_process", 2)
    case.after(decided("2026-02-20", number=3))
    assert stands(case) == ["dq1/3/one", "dq1/3/pdp", "resources/1", "resources/3", "tracs/3"]


def test_another_record_with_the_same_result_changes_nothing() -> None:  # OR-3
    """A yes that the team found not to be good cause, in writing."""
    again = decided("2026-02-12", NO_GOOD_CAUSE, (*knowing(exempt="yes"), attempt("2026-02-11")), 2, reason=REASON)
    case = disqualified().after(informed("2026-02-10"), again)
    assert (case.phase, taken_back(case)) == (Phase.REENGAGING, [])


def test_a_decision_heard_twice_counts_once() -> None:  # OR-3, ALL-3
    decision = decided("2026-01-20")
    case = in_oregon().after(decision, decision)
    assert case.gave("update_pdp") == ["dq1/1/pdp"]


def test_decisions_heard_in_the_other_order_come_to_the_same() -> None:  # OR-3, ALL-1
    first, news, second = decided("2026-01-20"), informed("2026-02-10"), finds(GOOD_CAUSE, "2026-02-12", 2)
    for order in ((first, news, second), (news, first, second), (news, second, first)):
        case = in_oregon(policy=OREGON).after(*order, received="2026-02-20")
        assert case.phase == Phase.LIFT_RECOMMENDED
        assert set(stands(case)) - {"resources/1"} == {"alert/lift", "tracs/2", "tracs/2/final"}


def test_a_page_finalised_before_an_exemption_became_known_stays_finalised() -> None:  # OR-3, OR-5
    """Exempt since February 5, after the disqualification was applied; known on February 15."""
    case = finalised(day="2026-02-10").after(exempted("2026-02-05", recorded="2026-02-15"))
    assert stands(case) == [*DQ1, "tracs/1/final"]
    assert taken_back(case) == []


def test_a_lift_on_the_day_of_the_disqualification_leaves_what_was_applied() -> None:  # OR-3, OR-8
    """It ended the penalty; the decision has not changed."""
    case = disqualified(policy=OREGON).after(agreed("2026-01-20"), lifted("2026-01-20"))
    assert case.outcome == Outcome.LIFTED_BY_PARTICIPATION
    assert taken_back(case) == []


def test_while_good_cause_stands_its_page_stands() -> None:  # OR-3, OR-6
    """A later staffing without due process found nothing either way: good cause stands, and so does its page."""
    case = reviewed(GOOD_CAUSE).after(requested("2026-03-01"))
    case.after(decided("2026-03-05", record=without(ScreeningOffered), number=3))
    assert case.phase == Phase.LIFT_RECOMMENDED
    assert {"tracs/2", "tracs/2/final"} <= set(stands(case))


def test_a_review_stands_after_what_it_reviews_whatever_date_it_was_given() -> None:  # OR-3
    case = in_oregon(policy=OREGON).after(decided("2026-01-20"), informed("2026-01-25"))
    case.after(decided("2026-01-19", GOOD_CAUSE, knowing(exempt="yes"), 2, recorded="2026-01-28"))
    assert case.phase == Phase.LIFT_RECOMMENDED


def test_in_missouri_too_the_team_decides_again_when_due_process_is_complete() -> None:  # OR-1, MO-7
    case = opened().after(requested("2026-01-10"), decided("2026-01-20", record=without(ScreeningOffered)))
    assert staffings(case)[-1][:2] == (2, "due_process")
