"""A staffing's own state: OR-2 (nothing is overwritten unseen), OR-3 (after the decision it takes no more)."""

import json

import pytest

from domain.intake import Duplicate, Refused
from domain.ledger import Heard
from domain.staffing.facts import Consideration, ConsiderationAnswered, StaffingFact
from domain.staffing.staffing import for_the_case, heard, opened, refuses
from domain.staffing.views import comes_to, needs_action, receipt, says, status
from tests.unit.building import MISSOURI, noon, withdrawn
from tests.unit.staffings import (
    CONSIDERATIONS,
    DUE_PROCESS,
    GUIDE,
    REASON,
    all_answered,
    answered,
    attempt,
    called,
    came,
    ended,
    knowing,
    option,
    recording,
    refused,
    screening,
    sent,
    staffing,
    the_team,
    without,
)

FIRST = answered("exempt", "no", recorded="2026-01-20", id="first")
UNSEEN = "replaces: exempt is answered already, at 2026-01-20 18:00 +0000: name message first to replace it"


def standing(one: object, consideration: Consideration = "exempt") -> list[ConsiderationAnswered]:
    return [fact for fact in one.record if getattr(fact, "consideration", None) == consideration]


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
@pytest.mark.parametrize("replaces", [None, "another"])
def test_an_answer_is_not_overwritten_unseen(answer: str, replaces: str | None) -> None:  # OR-2
    """Not by the same answer either: its evidence is another."""
    one = staffing(FIRST)
    assert refused(one, answered("exempt", answer, replaces=replaces)) == UNSEEN
    assert standing(one) == [FIRST]


@pytest.mark.parametrize("answer", ["yes", "no", "unknown"])
def test_an_answer_is_replaced_by_one_that_names_it(answer: str) -> None:  # OR-2
    second = answered("exempt", answer, "2026-01-21", replaces="first")
    one = staffing(FIRST, second)
    assert standing(one) == [second]
    assert receipt(one, FIRST, GUIDE).result == "replaced"


def test_what_was_replaced_stays_on_the_timeline() -> None:  # OR-2, ALL-4
    one = staffing(FIRST, answered("exempt", "yes", "2026-01-21", replaces="first"))
    assert [entry.says for entry in one.timeline[1:]] == [
        "consideration answered: exempt no",
        "consideration answered: exempt yes, replaces first",
    ]


def test_of_two_who_saw_the_same_answer_the_second_is_refused_and_told_whose_stands() -> None:  # OR-2
    one = staffing(FIRST, answered("exempt", "yes", "2026-01-21", replaces="first", id="second"))
    said = refused(one, answered("exempt", "unknown", "2026-01-21", replaces="first"))
    assert said is not None
    assert said.endswith("name message second to replace it")


def test_an_answer_that_came_after_the_one_that_replaces_it_is_taken_and_stands_back() -> None:  # OR-2, ALL-1
    second = answered("exempt", "yes", "2026-01-21", replaces="first")
    assert standing(staffing(second, FIRST)) == [second]


def test_answers_to_different_considerations_do_not_meet() -> None:  # OR-2
    one = staffing(*all_answered())
    assert [fact.consideration for fact in one.record] == list(CONSIDERATIONS)


def test_an_answer_withdrawn_is_unanswered_and_may_be_answered_anew() -> None:  # OR-2, ALL-1
    one = staffing(*all_answered()[1:], FIRST, withdrawn("2026-01-21", "first"))
    assert status(one, GUIDE).considerations[0]["answer"] is None
    assert refused(one, the_team(day="2026-01-21")) == "no decision while a consideration is unanswered: exempt (OR-2)"
    assert refused(one, answered("exempt", "yes", "2026-01-21")) is None


def test_a_replacing_answer_withdrawn_leaves_the_one_before() -> None:  # OR-2, ALL-1
    second = answered("exempt", "yes", "2026-01-21", replaces="first")
    assert standing(staffing(FIRST, second, withdrawn("2026-01-22", second))) == [FIRST]


RECORDS: list[StaffingFact] = [
    answered("exempt", "yes", "2026-02-01", replaces="first"),
    screening("2026-02-01"),
    attempt("2026-02-01"),
    option("2026-02-01"),
    came("attended", "2026-02-01"),
    the_team("good_cause", "2026-02-01", REASON),
    withdrawn("2026-02-01", "first"),
    ended("2026-02-01"),
]


@pytest.mark.parametrize("fact", RECORDS, ids=lambda fact: fact.kind)
def test_after_the_decision_nothing_is_taken_but_told_to_the_case(fact: StaffingFact) -> None:  # OR-3
    one = staffing(*DUE_PROCESS, the_team())
    expected = "staffing: is decided; tell the case by new_information, and the team will review it (OR-3)"
    assert refused(one, fact) == expected


@pytest.mark.parametrize("fact", RECORDS, ids=lambda fact: fact.kind)
def test_after_its_end_a_staffing_takes_nothing(fact: StaffingFact) -> None:  # OR-3
    one = staffing(*DUE_PROCESS, ended())
    assert refused(one, fact) == "staffing: has ended; the case says why"
    assert (comes_to(one, GUIDE), for_the_case(one), needs_action(one, GUIDE)) == (None, None, ())
    assert says(one, GUIDE) == "ended without a decision: the case ended"


def test_an_end_is_taken_by_the_cases_own_clock() -> None:  # OR-3
    late = ended("2026-03-01")
    assert refuses(staffing(), late, GUIDE, noon("2026-02-01")) is None


@pytest.mark.parametrize("fact", RECORDS[:-1], ids=lambda fact: fact.kind)
def test_what_lies_ahead_is_refused(fact: StaffingFact) -> None:  # ALL-2
    said = refuses(staffing(), fact, GUIDE, noon("2026-01-31"))
    assert said == "happened_on: lies after the day it was received, 2026-01-31"


def test_the_decision_goes_to_the_case_with_all_it_rests_on() -> None:  # OR-1, OR-2
    one = staffing(*DUE_PROCESS, the_team(reason=REASON, family_stability_issues=True))
    told = for_the_case(one)
    assert told is not None
    assert {fact.message_id for fact in told.record} == {fact.message_id for fact in DUE_PROCESS}
    assert (told.number, told.finding, told.reason, told.decided_by) == (1, "no_good_cause", REASON, "the team")
    assert told.family_stability_issues
    assert (told.happened_on, told.recorded_at) == (one.decision.happened_on, one.decision.recorded_at)
    assert for_the_case(staffing(*DUE_PROCESS)) is None


def test_the_record_is_told_in_the_order_it_happened() -> None:  # OR-2
    one = staffing(came(), option(), screening(), attempt("2026-01-12"), attempt("2026-01-09"))
    assert [fact.happened_on.day for fact in one.record] == [8, 9, 12, 14, 20]


def test_two_attempts_of_one_kind_on_one_day_are_one() -> None:  # OR-1
    one = staffing(attempt("2026-01-09"), attempt("2026-01-09"))
    assert status(one, GUIDE).missing == ("screenings", "contact_attempts", "engagement_options")
    assert status(recording(one, attempt("2026-01-09", "text")), GUIDE).missing == ("screenings", "engagement_options")


@pytest.mark.parametrize(
    ("record", "finding", "comes"),
    [
        (DUE_PROCESS, "no_good_cause", "disqualified"),
        (without(type(screening())), "no_good_cause", "due_process_incomplete"),
        (knowing(exempt="yes"), "good_cause", "good_cause"),
        (all_answered(exempt="yes"), "good_cause", "good_cause"),
    ],
)
def test_what_a_decision_comes_to(record: tuple, finding: str, comes: str) -> None:  # OR-1, OR-2
    one = staffing(*record, the_team(finding))
    assert comes_to(one, GUIDE) == comes
    assert one.timeline[-1].says == f"{finding.replace('_', ' ')}: {comes.replace('_', ' ')}"
    assert one.timeline[-1].rules == ("OR-1",)


def test_it_says_what_is_open_until_the_team_can_decide() -> None:  # OR-1, OR-2
    assert says(staffing(*all_answered()[2:]), GUIDE) == (
        "unanswered: exempt, outside control (OR-2); "
        "missing for due process: screenings, contact attempts, engagement options (OR-1)"
    )
    assert needs_action(staffing(), GUIDE) == ("due-process", "unanswered")
    assert needs_action(staffing(*all_answered()), GUIDE) == ("due-process", "undecided")
    assert (says(staffing(*DUE_PROCESS), GUIDE), needs_action(staffing(*DUE_PROCESS), GUIDE)) == (
        "everything is answered: the team can decide",
        ("undecided",),
    )
    assert needs_action(staffing(*DUE_PROCESS, the_team()), GUIDE) == ()


def test_a_new_staffing_has_the_record_of_the_one_before() -> None:  # OR-3
    """What was known stays known; an answer is answered anew by naming it."""
    one = staffing(call=called(2, "new_information", DUE_PROCESS, reviews=1))
    known = without(type(came()))  # who came to that one did not come to this one
    assert {fact.message_id for fact in one.record} == {fact.message_id for fact in known}
    assert one.timeline[0].says == (
        f"staffing 2 opened: new information; reviews staffing 1, whose record it has ({len(DUE_PROCESS)} entries)"
    )
    known = standing(one)[0]
    assert refused(one, answered("exempt", "yes", "2026-02-10")) is not None
    assert refused(one, answered("exempt", "yes", "2026-02-10", replaces=known.message_id)) is None
    assert refused(one, the_team(day="2026-02-10")) is None


def test_a_message_sent_twice_counts_once() -> None:  # ALL-1
    said = json.loads(FIRST.model_dump_json())
    taken = sent(staffing(), said)
    assert isinstance(taken, Heard)
    one = heard(staffing(), taken, GUIDE)
    assert isinstance(sent(one, said), Duplicate)
    assert sent(one, {**said, "answer": "yes"}) == Refused(
        "message_id: names another fact already; a correction needs an id of its own"
    )


def test_the_domestic_violence_question_asks_for_the_editions_months() -> None:  # OR-2
    """'Active Domestic Violence (last 6 months)'."""
    asks = {row["consideration"]: row["asks"] for row in status(staffing(), GUIDE).considerations}
    assert asks["domestic_violence"] == "Participant or household: active domestic violence (last 6 months)?"


def test_staffings_are_held_in_missouri_by_the_same_rules() -> None:  # MO-7, OR-2
    one = opened("case-7-1-staffing-1", called(why="request"), noon("2026-01-05"), MISSOURI)
    assert "unanswered" in str(refused(one, the_team("good_cause"), MISSOURI))
    one = recording(one, *all_answered(outside_control="yes"), the_team("good_cause"), policy=MISSOURI)
    assert comes_to(one, MISSOURI) == "good_cause"


def test_an_answer_stands_that_names_what_it_replaces_whatever_its_senders_clock_said() -> None:  # OR-2
    """Two clocks: the second answer names the first, yet says it was recorded a day before it."""
    second = answered("exempt", "yes", "2026-01-19", replaces="first")
    one = staffing(FIRST)
    assert refused(one, second) is not None or standing(recording(one, second)) == [second]


def test_a_message_carried_over_and_sent_again_counts_once() -> None:  # OR-3, ALL-1
    one = staffing(call=called(2, "new_information", DUE_PROCESS, reviews=1))
    assert isinstance(sent(one, json.loads(DUE_PROCESS[0].model_dump_json())), Duplicate)


def test_a_decision_withdrawn_before_it_is_heard_is_none() -> None:  # ALL-1
    decision = the_team()
    one = recording(staffing(*DUE_PROCESS), withdrawn("2026-01-21", decision), decision)
    assert (one.decision, [entry for entry in one.timeline[1:] if entry.what == "decision"]) == (None, [])
