"""What the participant answers: MO-4 (agrees, at any time), MO-5 (anything else)."""

import pytest

from domain.case import Phase
from domain.facts import CaseFact
from tests.unit.building import (
    Told,
    agreed,
    asked,
    good_cause,
    mail_returned,
    moved,
    opened,
    refused,
    task_done,
    two_good_weeks,
    week,
    withdrawn,
)


def in_phase(phase: Phase) -> Told:
    """A case opened on 2026-01-05 that is in a phase on 2026-03-01; its third letter is due on March 6."""
    match phase:
        case Phase.TRIAL:
            return opened("2026-01-05").after(agreed("2026-02-24")).on("2026-03-01")
        case Phase.LIFT_RECOMMENDED:
            return opened("2026-01-05").after(*two_good_weeks()).on("2026-03-01")
        case Phase.LIMIT_REACHED:
            return opened("2026-01-05", months_counted=59).on("2026-03-01")
        case _:
            return opened("2026-01-05").on("2026-03-01")


@pytest.mark.parametrize("phase", [Phase.REENGAGING, Phase.TRIAL, Phase.LIFT_RECOMMENDED, Phase.LIMIT_REACHED])
def test_the_participant_may_agree_to_comply_at_any_time(phase: Phase) -> None:  # MO-4
    case = in_phase(phase)
    assert case.phase == phase
    case.after(agreed("2026-03-02", "job search", changes="works evenings")).on("2026-03-14")
    assert case.letters == ["2026-01-05", "2026-02-04"]
    assert "explain/2026-03-02" in case.tasks()
    update = next(one for one in case.given if one.kind == "update_iep" and one.effect.endswith("2026-03-02"))
    assert (update.activities, update.changes) == (("job search",), "works evenings")


def test_an_agreement_stops_the_letters() -> None:  # MO-4
    case = opened("2026-01-05").after(agreed("2026-02-02")).on("2026-02-20")
    assert (case.letters, case.phase) == (["2026-01-05"], Phase.TRIAL)


def test_the_task_to_explain_is_closed_when_staff_have_done_it() -> None:  # MO-4
    case = opened("2026-01-05").after(agreed("2026-02-01"))
    case.after(task_done("2026-02-03", f"{case.case.id}/task/explain/2026-02-01"))
    assert (case.tasks(), case.gave("close_task")) == ([], ["undo/task/explain/2026-02-01/1"])
    case.on("2026-02-10")
    assert case.tasks() == []


def test_a_corrected_agreement_updates_the_plan_and_the_placements_again() -> None:  # MO-4, MO-9, ALL-1
    case = opened("2026-01-05").after(agreed("2026-02-01", "job search"))
    case.after(agreed("2026-02-01", "job readiness", recorded="2026-02-03"))
    assert case.gave("update_iep") == ["iep/2026-02-01", "iep/2026-02-01/2"]
    assert case.gave("place")[-1] == "placement/2026-02-01/1/2"
    assert case.gave("end_placement") == ["undo/placement/2026-02-01/1/1"]
    assert case.given[-1].kind in ("place", "update_iep")
    assert case.case.issues["placement/2026-02-01/1"].command.activity == "job readiness"


def test_an_agreement_withdrawn_as_recorded_in_error_lets_the_letters_go_on() -> None:  # MO-4, ALL-1
    agreement = agreed("2026-02-01")
    case = opened("2026-01-05").after(agreement, withdrawn("2026-02-10", agreement))
    assert (case.phase, case.letters) == (Phase.REENGAGING, ["2026-01-05", "2026-02-10"])
    assert case.tasks() == []


@pytest.mark.parametrize(
    "answer", [refused("2026-02-01"), asked("2026-02-01"), mail_returned("2026-02-01")], ids=lambda one: one.answer
)
def test_an_answer_that_is_no_agreement_does_not_move_the_next_letter(answer: CaseFact) -> None:  # MO-5
    case = opened("2026-01-05").after(answer).on("2026-03-06")
    assert case.letters == ["2026-01-05", "2026-02-04", "2026-03-06"]
    assert case.case.standing_of(answer) == "stands"


def test_returned_mail_opens_a_task_to_find_an_address_until_there_is_one() -> None:  # MO-5
    case = opened("2026-01-05").after(mail_returned("2026-01-15"))
    assert case.tasks() == ["returned-mail/2026-01-15"]
    assert case.decisions[0].reasons
    case.after(moved("2026-01-20"))
    assert case.tasks() == []


def test_an_address_from_before_the_mail_came_back_does_not_close_the_task() -> None:  # MO-5
    case = opened("2026-01-05").after(moved("2026-01-10"), mail_returned("2026-01-15"))
    assert case.tasks() == ["returned-mail/2026-01-15"]


def test_a_refusal_recorded_later_for_the_same_date_replaces_the_agreement() -> None:  # MO-5, ALL-1
    case = opened("2026-01-05").after(agreed("2026-02-01"), refused("2026-02-01", recorded="2026-02-05"))
    assert case.phase == Phase.REENGAGING
    assert case.after(good_cause("2026-02-06")).phase == Phase.LIFT_RECOMMENDED


def test_an_agreement_from_before_the_sanction_is_none_to_end_it() -> None:  # MO-4
    assert opened("2026-01-05").after(agreed("2025-12-20", recorded="2026-01-06")).phase == Phase.REENGAGING


def test_a_question_beside_an_agreement_of_the_same_date_leaves_it_standing() -> None:  # MO-5
    case = opened("2026-01-05").after(agreed("2026-02-01"), asked("2026-02-01"), week("2026-02-01", 30))
    assert case.phase == Phase.TRIAL
