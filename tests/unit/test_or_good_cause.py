"""Good cause: OR-2 (each consideration answered, written reasons), and MO-7 where a staffing finds it."""

import json

import pytest
from pydantic import ValidationError

from domain.case import Outcome, Phase
from domain.facts import CaseFact, StaffingDecided
from domain.intake import Refused
from domain.ledger import Heard
from domain.staffing.deciding import ASKS, not_yet, said_yes, unanswered
from domain.staffing.facts import Consideration
from tests.unit.building import good_cause, noon, opened, taken
from tests.unit.staffings import (
    ANSWERED,
    CONSIDERATIONS,
    DUE_PROCESS,
    GUIDE,
    REASON,
    all_answered,
    answered,
    decided,
    disqualified,
    in_oregon,
    knowing,
    recording,
    refused,
    requested,
    said_no,
    sent,
    staffing,
    the_team,
    without,
)

YES = {"outside_control": "yes"}


def but_for(*left_out: str) -> tuple[object, ...]:
    return tuple(one for one in DUE_PROCESS if getattr(one, "consideration", None) not in left_out)


def test_the_considerations_are_those_of_the_guide() -> None:  # OR-2
    assert CONSIDERATIONS == (
        "exempt",  # 'Was the participant exempt during any time prior to or at the time of the process?'
        "outside_control",  # 'a situation outside of the participants control'
        "domestic_violence",  # 'Active Domestic Violence (last 6 months)'
        "mental_health",  # 'Ongoing Mental Health'
        "substance_use",  # 'Substance Use'
        "learning_or_disability",  # 'Learning needs / disability'
        "physical_health",  # 'Physical health'
        "department_failed",  # 'Did the department fail to provide assistance or reasonable accommodations'
    )
    assert tuple(ASKS) == CONSIDERATIONS


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_yes_no_and_unknown_are_answers(consideration: Consideration, answer: str) -> None:  # OR-2
    one = staffing(answered(consideration, answer))
    assert unanswered(one.record) == tuple(other for other in CONSIDERATIONS if other != consideration)
    assert said_yes(one.record) == ((consideration,) if answer == "yes" else ())


@pytest.mark.parametrize("finding", ["good_cause", "no_good_cause"])
@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_no_decision_while_a_consideration_is_unanswered(consideration: str, finding: str) -> None:  # OR-2
    """A written reason makes no difference."""
    one = staffing(*but_for(consideration))
    expected = f"no decision while a consideration is unanswered: {consideration} (OR-2)"
    assert refused(one, the_team(finding, reason=REASON)) == expected


def test_every_unanswered_consideration_is_named() -> None:  # OR-2
    expected = f"no decision while a consideration is unanswered: {', '.join(CONSIDERATIONS)} (OR-2)"
    assert refused(staffing(), the_team("good_cause", reason=REASON)) == expected


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_no_good_cause_against_a_yes_needs_a_written_reason(consideration: str, answer: str) -> None:  # OR-2
    one = staffing(*knowing(**{consideration: answer}))
    without_reason = refused(one, the_team("no_good_cause"))
    assert (without_reason is None) is (answer != "yes")
    assert refused(one, the_team("no_good_cause", reason=REASON)) is None


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_good_cause_where_nothing_was_answered_yes_needs_one_too(consideration: str, answer: str) -> None:  # OR-2
    one = staffing(*knowing(**{consideration: answer}))
    without_reason = refused(one, the_team("good_cause"))
    assert (without_reason is None) is (answer == "yes")
    assert refused(one, the_team("good_cause", reason=REASON)) is None


@pytest.mark.parametrize("reason", [None, "", "   ", "\n\t"])
def test_a_blank_reason_is_none(reason: str | None) -> None:  # OR-2
    expected = "reason: the finding goes against the answers and needs a written reason (OR-2)"
    assert refused(staffing(*knowing(exempt="yes")), the_team(reason=reason)) == expected
    assert refused(staffing(*DUE_PROCESS), the_team("good_cause", reason=reason)) == expected


def test_it_is_the_answer_that_stands_which_counts() -> None:  # OR-2, ALL-1
    first = answered("exempt", "yes")
    one = staffing(*but_for("exempt"), first)
    assert refused(one, the_team()) is not None
    one = recording(one, answered("exempt", "no", replaces=first.message_id))
    assert refused(one, the_team()) is None


@pytest.mark.parametrize("whom", ["participant", "household"])
def test_a_consideration_may_concern_someone_in_the_household(whom: str) -> None:  # OR-2
    one = staffing(*but_for("mental_health"), answered("mental_health", "yes", whom=whom))
    assert not_yet("good_cause", None, one.record) is None


@pytest.mark.parametrize("missing", ["evidence", "answer", "consideration"])
def test_an_answer_comes_with_its_evidence(missing: str) -> None:  # OR-2
    said = json.loads(answered("exempt").model_dump_json())
    del said[missing]
    assert sent(staffing(), said) == Refused(f"{missing}: Field required")
    said[missing] = ""
    assert isinstance(sent(staffing(), said), Refused)


@pytest.mark.parametrize("finding", ["good_cause", "no_good_cause"])
@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_the_case_knows_no_decision_with_an_unanswered_consideration(consideration: str, finding: str) -> None:  # OR-2
    with pytest.raises(ValidationError, match=f"unanswered: {consideration} "):
        decided("2026-01-20", finding, but_for(consideration), reason=REASON)


@pytest.mark.parametrize("record", [(), without(), but_for("exempt"), but_for("exempt", "physical_health")])
def test_the_case_refuses_such_a_decision_from_whoever_sends_it(record: tuple[object, ...]) -> None:  # OR-2, ALL-2
    said = json.loads(decided("2026-01-20").model_dump_json())
    said["record"] = [json.loads(one.model_dump_json()) for one in record]
    case = in_oregon().case
    answer = taken(case, "staffing_decided", json.dumps(said), noon("2026-01-21"), GUIDE)
    assert isinstance(answer, Heard if len(record) == len(DUE_PROCESS) else Refused)
    if isinstance(answer, Refused):
        assert answer.because.startswith("finding: ")
        assert "no decision while a consideration is unanswered" in answer.because


@pytest.mark.parametrize(("finding", "record"), [("no_good_cause", knowing(exempt="yes")), ("good_cause", DUE_PROCESS)])
def test_the_case_knows_no_decision_against_the_answers_without_a_reason(finding: str, record: tuple) -> None:  # OR-2
    for blank in (None, "  "):
        with pytest.raises(ValidationError, match="needs a written reason"):
            decided("2026-01-20", finding, record, reason=blank)
    assert decided("2026-01-20", finding, record, reason=REASON).finding == finding


@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_good_cause_before_a_sanction_ends_the_case(consideration: str) -> None:  # OR-2
    case = in_oregon().after(decided("2026-01-20", "good_cause", knowing(**{consideration: "yes"})))
    assert (case.phase, case.outcome) == (Phase.CLOSED, Outcome.LIFTED_BY_GOOD_CAUSE)
    assert case.case.phase_reason.rule == "OR-2"
    assert case.gave("send_alert") == []  # there is no sanction to lift


@pytest.mark.parametrize("consideration", CONSIDERATIONS)
def test_no_good_cause_against_a_yes_with_a_reason_disqualifies(consideration: str) -> None:  # OR-2, OR-5
    case = in_oregon().after(decided("2026-01-20", record=knowing(**{consideration: "yes"}), reason=REASON))
    assert case.phase == Phase.REENGAGING
    assert "dq1/1/pdp" in case.gave("update_pdp")


def test_only_a_staffing_finds_good_cause_where_one_comes_before_the_sanction() -> None:  # OR-2
    expected = "kind: in this program a staffing finds good cause (OR-1)"
    assert said_no(in_oregon(), good_cause("2026-01-10")) == expected
    assert said_no(disqualified(), good_cause("2026-01-25")) == expected
    assert said_no(opened(), good_cause("2026-01-10")) is None


def by_staffing(day: str, finding: str, number: int = 1) -> StaffingDecided:
    record = knowing(outside_control="yes") if finding == "good_cause" else DUE_PROCESS
    return decided(day, finding, record, number)


ALERT, GOES_ON = Phase.LIFT_RECOMMENDED, Phase.REENGAGING


@pytest.mark.parametrize(
    ("findings", "phase"),
    [
        ([by_staffing("2026-02-10", "good_cause")], ALERT),
        ([by_staffing("2026-02-10", "no_good_cause")], GOES_ON),
        ([good_cause("2026-02-05"), by_staffing("2026-02-10", "no_good_cause")], GOES_ON),
        ([good_cause("2026-02-05", "not_found"), by_staffing("2026-02-10", "good_cause")], ALERT),
        ([by_staffing("2026-02-10", "good_cause"), good_cause("2026-02-15", "not_found")], GOES_ON),
        ([by_staffing("2026-02-10", "no_good_cause"), good_cause("2026-02-15")], ALERT),
        (
            [by_staffing("2026-02-10", "good_cause"), good_cause("2026-02-05", "not_found", recorded="2026-02-20")],
            ALERT,
        ),
    ],
)
def test_in_missouri_a_staffing_or_staff_find_good_cause_and_the_later_finding_stands(
    findings: list[CaseFact], phase: Phase
) -> None:  # MO-7
    case = opened("2026-01-05").after(requested("2026-02-01", "participant"), *findings)
    assert case.phase == phase
    assert bool(case.case.effect_of("alert/lift")) is (phase == ALERT)


def test_in_missouri_nothing_of_a_disqualification_is_done() -> None:  # MO-7, OR-5
    case = opened("2026-01-05").after(requested("2026-02-01"), by_staffing("2026-02-10", "no_good_cause"))
    assert not {"update_pdp", "update_one", "select_on_tracs", "offer_resources"} & {one.kind for one in case.given}
    assert (case.phase, case.gave("open_staffing")) == (GOES_ON, ["staffing/1"])


def test_every_answer_no_is_no_yes() -> None:  # OR-2
    assert said_yes(ANSWERED) == ()
    assert set(said_yes(all_answered(**dict.fromkeys(CONSIDERATIONS, "yes")))) == set(CONSIDERATIONS)
