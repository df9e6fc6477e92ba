"""Due process: OR-1. Without it nobody is disqualified; tasks name what is missing, and the team decides again."""

from itertools import combinations

import pytest

from domain.case import Outcome, Phase
from domain.commands import OpenStaffing, OpenTask
from domain.staffing.deciding import missing
from domain.staffing.facts import ContactAttempted, EngagementOptionOffered, ScreeningOffered
from tests.unit.building import Told, withdrawn
from tests.unit.staffings import (
    ANSWERED,
    DUE_PROCESS,
    GUIDE,
    OREGON,
    all_answered,
    attempt,
    commands,
    decided,
    in_oregon,
    informed,
    option,
    requested,
    screening,
    stands,
    without,
)

PIECES = {
    "screenings": (ScreeningOffered, "offer screenings, to find challenges and give accommodations"),
    "contact_attempts": (ContactAttempted, "go on attempting to connect with the participant"),
    "engagement_options": (EngagementOptionOffered, "offer engagement options"),
}
LACKING = [lacking for number in (1, 2, 3) for lacking in combinations(PIECES, number)]


def decided_without(*lacking: str) -> Told:
    record = without(*(PIECES[one][0] for one in lacking))
    return in_oregon().after(decided("2026-01-20", record=record))


def due_process_texts(told: Told) -> list[str]:
    return [one.text for one in commands(told, OpenTask) if one.topic == "due-process"]


def test_a_staffing_decides_before_there_is_a_sanction() -> None:  # OR-1
    case = in_oregon()
    assert (case.phase, case.case.phase_reason.rule) == (Phase.STAFFING, "OR-1")
    assert case.gave("open_staffing") == ["staffing/1"]
    assert case.tasks() == ["staffing/1"]
    assert case.gave("send_letter") == []


def test_one_who_is_disqualified_already_is_reengaged_without_a_staffing() -> None:  # OR-1
    case = in_oregon(sanction_began="2026-01-05")
    assert (case.phase, case.gave("open_staffing")) == (Phase.REENGAGING, [])


@pytest.mark.parametrize("lacking", LACKING, ids="+".join)
def test_due_process_is_not_complete_while_a_piece_is_missing(lacking: tuple[str, ...]) -> None:  # OR-1
    case = decided_without(*lacking)
    assert (case.phase, case.outcome) == (Phase.STAFFING, None)
    assert stands(case) == []
    assert due_process_texts(case) == [
        f"Due process is not complete: {PIECES[one][1]}, and record it in the next staffing" for one in lacking
    ]
    assert case.tasks() == [*(f"due-process/1/{one}" for one in sorted(lacking)), "staffing/2"]
    assert {one.rule for one in commands(case, OpenTask)} == {"OR-1"}


@pytest.mark.parametrize("lacking", LACKING, ids="+".join)
def test_the_team_decides_again_with_what_was_known(lacking: tuple[str, ...]) -> None:  # OR-1, OR-3
    second = commands(decided_without(*lacking), OpenStaffing)[-1]
    assert (second.number, second.why, second.reviews) == (2, "due_process", 1)
    assert second.record == without(*(PIECES[one][0] for one in lacking))


def test_once_the_pieces_are_made_good_the_disqualification_is_applied() -> None:  # OR-1, OR-5
    case = decided_without("screenings", "engagement_options").after(decided("2026-02-10", number=2))
    assert case.phase == Phase.REENGAGING
    assert stands(case) == ["dq1/2/one", "dq1/2/pdp", "resources/2", "tracs/2"]
    assert case.tasks() == ["attempt/2", "pdp-copy/2"]


def test_what_is_still_missing_is_named_again() -> None:  # OR-1
    case = decided_without("screenings", "engagement_options")
    case.after(decided("2026-02-10", record=without(ScreeningOffered), number=2))
    assert case.tasks() == ["due-process/2/screenings", "staffing/3"]


@pytest.mark.parametrize(
    ("attempts", "lacks"),
    [
        ([], True),
        ([attempt("2026-01-09")], True),
        ([attempt("2026-01-09"), attempt("2026-01-12")], False),
        ([attempt("2026-01-09"), attempt("2026-01-09", "text"), attempt("2026-01-12", "home_visit")], False),
    ],
)
def test_one_attempt_to_connect_is_not_continued(attempts: list[ContactAttempted], lacks: bool) -> None:  # OR-1
    record = (screening(), option(), *attempts, *ANSWERED)
    assert missing(record, GUIDE.staffing) == (("contact_attempts",) if lacks else ())


@pytest.mark.parametrize("lacking", LACKING, ids="+".join)
def test_good_cause_needs_no_due_process(lacking: tuple[str, ...]) -> None:  # OR-1, OR-2
    kept = tuple(one for one in without(*(PIECES[one][0] for one in lacking)) if one not in ANSWERED)
    case = in_oregon().after(decided("2026-01-20", "good_cause", (*kept, *all_answered(outside_control="yes"))))
    assert case.outcome == Outcome.LIFTED_BY_GOOD_CAUSE
    assert case.tasks() == []


def test_a_decision_without_due_process_takes_an_applied_disqualification_back() -> None:  # OR-1, OR-3
    case = in_oregon().after(decided("2026-01-20"), informed("2026-02-01"))
    case.after(decided("2026-02-05", record=without(ScreeningOffered), number=2))
    assert case.phase == Phase.STAFFING
    assert stands(case) == ["resources/1"]
    assert case.tasks() == ["due-process/2/screenings", "staffing/3"]


def test_a_corrected_record_completes_due_process_without_another_staffing() -> None:  # OR-1, ALL-1
    """The decision sent again with what was missing: the staffing that was called for it is needed no more."""
    case = decided_without("screenings").after(decided("2026-01-20", recorded="2026-01-22"))
    assert case.phase == Phase.REENGAGING
    assert case.gave("end_staffing") == ["undo/staffing/2/1"]
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]


@pytest.mark.parametrize(
    ("day", "tasks"),
    [
        ("2026-02-03", ["staffing/1"]),
        ("2026-02-04", ["staffing-overdue/1/1", "staffing/1"]),
        ("2026-03-05", ["staffing-overdue/1/1", "staffing/1"]),
        ("2026-03-06", ["staffing-overdue/1/2", "staffing/1"]),
    ],
)
def test_a_staffing_undecided_for_30_days_is_a_task_repeated(day: str, tasks: list[str]) -> None:  # OR-1
    assert in_oregon("2026-01-05").on(day).tasks() == tasks


def test_a_decision_ends_the_wait() -> None:  # OR-1
    case = in_oregon("2026-01-05").on("2026-02-10").after(decided("2026-02-12"))
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]
    assert not [what for what, _ in case.waits_for() if "staffing" in what]


def test_a_staffing_ends_when_what_called_for_it_is_withdrawn() -> None:  # OR-1, OR-4
    request = requested("2026-01-10")
    case = in_oregon().after(decided("2026-01-08"), request)
    assert case.tasks() == ["attempt/1", "pdp-copy/1", "staffing/2"]
    case.after(withdrawn("2026-01-12", request))
    assert case.gave("end_staffing") == ["undo/staffing/2/1"]
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]


def test_both_editions_ask_for_the_same() -> None:  # OR-1
    assert GUIDE.staffing == OREGON.staffing
    assert missing(DUE_PROCESS, OREGON.staffing) == ()


def test_a_decision_withdrawn_is_taken_again_in_a_staffing_that_records() -> None:  # OR-1, OR-3
    """The staffing that decided has ended, so another one is to be opened for the team to decide in."""
    wrong = decided("2026-01-20")
    case = in_oregon().after(wrong, withdrawn("2026-02-01", wrong))
    assert case.phase == Phase.STAFFING
    assert len(case.gave("open_staffing")) == 2
