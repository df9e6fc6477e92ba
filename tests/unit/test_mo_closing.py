"""How a case ends: MO-3 (inactive for any reason), MO-8 (lifted), MO-12 (the limit), opened in error."""

import pytest

from domain.case import Outcome, Phase
from domain.facts import CaseFact
from tests.unit.building import (
    Told,
    agreed,
    contact,
    excluded,
    exempted,
    good_cause,
    inactive,
    lifted,
    opened,
    opened_in_error,
    ta_closed,
    transfer_accepted,
    transfer_requested,
    withdrawn,
)

ENDS = [
    (exempted("2026-02-04"), Outcome.EXEMPT),
    (excluded("2026-02-04"), Outcome.EXCLUDED),
    (inactive("2026-02-04"), Outcome.INACTIVE),
    (ta_closed("2026-02-04"), Outcome.INACTIVE),
    (opened_in_error("2026-02-04"), Outcome.OPENED_IN_ERROR),
]


@pytest.mark.parametrize(("end", "outcome"), ENDS, ids=[outcome for _, outcome in ENDS[:3]] + ["ta", "error"])
def test_a_case_that_ends_makes_letters_void_closes_tasks_and_ends_placements(
    end: CaseFact, outcome: Outcome
) -> None:  # MO-3, ALL-3
    case = opened("2026-01-05", months_counted=None, months_through=None).after(agreed("2026-01-10", "GED"))
    case.on("2026-02-03").leaving_open().on("2026-02-04")
    assert "letter/2" in case.open()  # the trial lapsed on the first, unrecorded week
    case.after(end)
    assert (case.phase, case.outcome) == (Phase.CLOSED, outcome)
    assert f"{case.case.id}/letter/2" in case.decisions[-1].voided
    case.perform()
    assert (case.open(), case.tasks(), case.waits_for()) == ([], [], [])
    assert len(case.gave("end_placement")) == 2
    assert {"MO-3"} == {reason.rule for reason in case.decisions[-2].reasons}


def test_nothing_more_is_given_out_after_the_end() -> None:  # MO-3, ALL-3
    case = opened("2026-01-05").after(exempted("2026-02-01"))
    given = len(case.given)
    case.after(agreed("2026-02-05"), good_cause("2026-02-06"), contact("2026-02-07")).on("2026-12-01")
    assert (len(case.given), case.outcome) == (given, Outcome.EXEMPT)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ([exempted("2026-02-01"), inactive("2026-01-25", recorded="2026-02-02")], Outcome.INACTIVE),
        ([inactive("2026-02-01"), exempted("2026-02-10")], Outcome.INACTIVE),
        ([good_cause("2026-01-20"), exempted("2026-02-01"), lifted("2026-01-28", recorded="2026-02-02")], "lifted"),
        ([exempted("2026-01-20"), opened_in_error("2026-02-01")], Outcome.OPENED_IN_ERROR),
    ],
)
def test_the_end_that_happened_first_is_the_outcome_but_an_error_is_nothing_else(
    facts: list[CaseFact], outcome: str
) -> None:  # MO-3, ALL-1
    case = opened("2026-01-05").after(*facts)
    assert case.outcome == (Outcome.LIFTED_BY_GOOD_CAUSE if outcome == "lifted" else outcome)


def test_alerts_and_displays_stand_after_the_end() -> None:  # MO-8, MO-14
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-10", to="EAST"),
        transfer_accepted("2026-01-12", by="EAST"),
        good_cause("2026-01-20"),
    )
    case.after(lifted("2026-01-25"))
    assert (case.gave("withdraw_alert"), case.gave("display_provider")) == ([], ["provider"])


def test_a_case_opened_in_error_takes_back_its_alert_and_its_display() -> None:  # ALL-3
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-10", to="EAST"),
        transfer_accepted("2026-01-12", by="EAST"),
        good_cause("2026-01-20"),
    )
    case.after(opened_in_error("2026-01-25"))
    assert case.gave("withdraw_alert") == ["undo/alert/lift/1"]
    assert case.gave("display_provider") == ["provider", "undo/provider/1"]
    assert case.gave("set_work_status") == []


def test_an_end_withdrawn_lets_the_case_go_on() -> None:  # MO-3, ALL-1
    end = exempted("2026-02-01")
    case = opened("2026-01-05").after(end, withdrawn("2026-02-10", end))
    assert (case.phase, case.outcome, case.letters) == (Phase.REENGAGING, None, ["2026-01-05", "2026-02-10"])


def test_a_case_never_opened_can_only_end_as_an_error() -> None:  # MO-1
    assert Told().after(exempted("2026-02-01"), ta_closed("2026-02-01")).phase == Phase.AWAITING_OPENING
    assert Told().after(opened_in_error("2026-02-01")).outcome == Outcome.OPENED_IN_ERROR


def test_an_end_needs_no_work_status_unless_it_is_a_lift() -> None:  # MO-8
    assert opened("2026-01-05").after(good_cause("2026-01-20"), exempted("2026-01-25")).gave("set_work_status") == []
