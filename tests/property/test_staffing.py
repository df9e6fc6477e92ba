"""What holds of every staffing: no answer is lost, whatever the order, and nothing is decided with one unanswered."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.case import Case
from domain.decide import decide
from domain.fact import Fact, Withdrawn
from domain.facts import StaffingDecided
from domain.intake import Refused
from domain.ledger import Heard
from domain.policy import Policy
from domain.staffing.deciding import answers, missing, unanswered
from domain.staffing.facts import (
    AttendanceRecorded,
    ConsiderationAnswered,
    ContactAttempted,
    Decided,
    EngagementOptionOffered,
    Recorded,
    ScreeningOffered,
)
from domain.staffing.staffing import Staffing, for_the_case, heard, opened
from domain.views import status
from tests.property.lives import BOUNDED, LATER, policies, tellings, under
from tests.unit.building import CASE_ID, opening, taken
from tests.unit.staffings import CONSIDERATIONS, DUE_PROCESS, GUIDE, called, knowing, refused, sent

AT = datetime(2026, 1, 20, 18, tzinfo=UTC)
Shuffle = st.randoms(use_true_random=False)
ANSWERS = st.sampled_from(["yes", "no", "unknown"])


def envelope(number: int, minute: int) -> dict[str, Any]:
    at = AT + timedelta(minutes=minute)
    return {"message_id": f"p-{number}", "happened_on": at.date(), "recorded_by": "staff", "recorded_at": at}


@st.composite
def answers_given(draw: st.DrawFn, considerations: tuple[str, ...] = CONSIDERATIONS[:2]) -> list[ConsiderationAnswered]:
    """Answers by people who may have seen another's, recorded by clocks that may differ."""
    given: list[ConsiderationAnswered] = []
    for number in range(draw(st.integers(1, 6))):
        consideration = draw(st.sampled_from(considerations))
        seen = [one.message_id for one in given if one.consideration == consideration]
        given.append(
            ConsiderationAnswered(
                **envelope(number, draw(st.integers(0, 3))),
                consideration=consideration,
                answer=draw(ANSWERS),
                evidence="on file",
                replaces=draw(st.sampled_from([None, *seen, *seen[-1:], *seen[-1:]])),
            )
        )
    return given


@st.composite
def taken_back(draw: st.DrawFn, given: list[ConsiderationAnswered]) -> list[Withdrawn]:
    """One or two of them, withdrawn."""
    gone = draw(st.lists(st.sampled_from(given), max_size=2, unique=True))
    return [
        Withdrawn(**envelope(100 + number, 5), withdraws=one.message_id, why="in error")
        for number, one in enumerate(gone)
    ]


@st.composite
def recordings(draw: st.DrawFn) -> list[Fact]:
    """Answers, withdrawals and pieces of due process."""
    given = draw(answers_given())
    return [
        *given,
        *draw(taken_back(given)),
        *draw(st.lists(st.sampled_from(DUE_PROCESS[:5]), max_size=3, unique=True)),
    ]


def after(told: list[Any], policy: Policy = GUIDE) -> tuple[Staffing, dict[str, Any], dict[str, str]]:
    """The staffing after all were sent to it in an order: it, what it recorded, and what it refused and why."""
    one, recorded, turned_away = opened("case-7-1-staffing-1", called(), AT, policy), {}, {}
    for fact in told:
        because = refused(one, fact, policy)
        if because:
            turned_away[fact.message_id] = because
            continue
        one = heard(one, Heard(fact, LATER, fact.message_id), policy)
        recorded[fact.message_id] = fact
    return one, recorded, turned_away


@BOUNDED
@given(recordings(), Shuffle)
def test_no_order_of_recording_loses_an_answer(told: list[Any], shuffle: Any) -> None:
    """OR-2: each stands, was withdrawn, was replaced by one that names it, or was refused with the reason."""
    shuffle.shuffle(told)
    one, recorded, turned_away = after(told)
    standing = {fact.message_id for fact in one.record}
    gone = {fact.withdraws for fact in recorded.values() if isinstance(fact, Withdrawn)}
    named = {fact.replaces for fact in recorded.values() if isinstance(fact, ConsiderationAnswered)}
    for fact in told:
        if isinstance(fact, ConsiderationAnswered):
            id = fact.message_id
            assert id in standing or id in gone or id in named or id in turned_away
            assert (id in recorded) != (id in turned_away)
    assert all(because.startswith("replaces: ") and "name message" in because for because in turned_away.values())


@BOUNDED
@given(recordings(), Shuffle)
def test_what_stands_is_the_same_in_every_order_in_which_nothing_is_refused(told: list[Any], shuffle: Any) -> None:
    """OR-2, ALL-1."""
    orders = [list(told) for _ in range(4)]
    for order in orders[1:]:
        shuffle.shuffle(order)
    outcomes = [one.record for one, _, turned_away in map(after, orders) if not turned_away]
    assume(len(outcomes) > 1)
    assert all(record == outcomes[0] for record in outcomes)


@BOUNDED
@given(recordings(), Shuffle)
def test_an_answer_that_stands_is_overwritten_by_none_that_does_not_name_it(told: list[Any], shuffle: Any) -> None:
    """OR-2: step by step."""
    shuffle.shuffle(told)
    one = opened("case-7-1-staffing-1", called(), AT, GUIDE)
    for fact in told:
        before = answers(one.record)
        if refused(one, fact):
            continue
        one = heard(one, Heard(fact, LATER, fact.message_id), GUIDE)
        for name, known in before.items():
            now = answers(one.record).get(name)
            if now is None or now.message_id != known.message_id:
                back = isinstance(fact, Withdrawn) and fact.withdraws == known.message_id
                assert back or getattr(fact, "replaces", None) == known.message_id


@BOUNDED
@given(recordings())
def test_a_refused_record_changes_nothing_and_sent_again_naming_the_answer_is_taken(told: list[Any]) -> None:
    """OR-2: it is not lost, for its author is told which message to name."""
    one, _, turned_away = after(told)
    for fact in told:
        if fact.message_id in turned_away and isinstance(fact, ConsiderationAnswered):
            stands = answers(one.record).get(fact.consideration)
            again = fact.model_copy(
                update={
                    "message_id": "again",
                    "replaces": stands.message_id if stands else None,
                    "recorded_at": AT + timedelta(hours=1),
                }
            )
            assert refused(one, again) is None
            assert answers(heard(one, Heard(again, LATER, "again"), GUIDE).record)[fact.consideration] == again


@st.composite
def whole_lives(draw: st.DrawFn) -> list[Any]:
    """Every consideration answered or not, replaced, withdrawn, and decisions in between."""
    given = [
        ConsiderationAnswered(**envelope(number, 0), consideration=name, answer=draw(ANSWERS), evidence="on file")
        for number, name in enumerate(CONSIDERATIONS)
    ]
    kept = draw(st.lists(st.sampled_from(given), min_size=5, unique=True) | st.just(given))
    decisions = [
        Decided(
            **envelope(200 + number, 10),
            finding=draw(st.sampled_from(["good_cause", "no_good_cause"])),
            reason=draw(st.sampled_from([None, " ", "in writing"])),
            decided_by="the team",
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    told = [*kept, *draw(taken_back(given)), *draw(st.sampled_from([(), DUE_PROCESS[:5]]))]
    if draw(st.booleans()):
        return [*told, *decisions]
    return draw(st.permutations([*told, *decisions]))


@BOUNDED
@given(whole_lives())
def test_nothing_is_decided_in_a_staffing_while_a_consideration_is_unanswered(told: list[Any]) -> None:
    """OR-2: at no time, and what it tells its case is what it decided on."""
    one = opened("case-7-1-staffing-1", called(), AT, GUIDE)
    for fact in told:
        because = refused(one, fact)
        if one.decision or (isinstance(fact, Decided) and unanswered(one.record)):
            assert because
        if not because:
            one = heard(one, Heard(fact, LATER, fact.message_id), GUIDE)
        if one.decision:
            assert unanswered(one.record) == ()
            told_the_case = for_the_case(one)
            assert told_the_case is not None
            assert told_the_case.record == one.record


def test_such_lives_come_to_decisions_and_to_refusals() -> None:
    """So that the properties above say something."""
    whole = [fact for fact in DUE_PROCESS if fact.kind == "consideration_answered"]
    decision = Decided(**envelope(200, 10), finding="no_good_cause", decided_by="the team")
    assert after([*whole, decision])[0].decision
    assert after([*whole[1:], decision])[2]


@BOUNDED
@given(
    st.lists(st.sampled_from(CONSIDERATIONS), unique=True),
    st.sampled_from(["good_cause", "no_good_cause"]),
    st.sampled_from([None, "", "in writing"]),
    st.fixed_dictionaries(dict.fromkeys(CONSIDERATIONS, ANSWERS)),
    st.booleans(),
    Shuffle,
)
def test_a_case_takes_no_decision_with_an_unanswered_consideration_from_whoever_sends_it(
    dropped: list[str], finding: str, reason: str | None, given_answers: dict[str, str], twice: bool, shuffle: Any
) -> None:
    """OR-2: 'staffing_decided' messages with answers dropped, doubled and in any order, as JSON from anywhere."""
    record = [one for one in knowing(**given_answers) if getattr(one, "consideration", None) not in dropped]
    record += record[:3] if twice else []
    shuffle.shuffle(record)
    said = {
        **json.loads(StaffingDecided.model_construct(**envelope(1, 10), number=1, record=()).model_dump_json()),
        "record": [json.loads(one.model_dump_json()) for one in record],
        "finding": finding,
        "reason": reason,
        "decided_by": "the team",
    }
    case = decide(Case(CASE_ID), _heard(opening("2026-01-05", sanction_began=None)), GUIDE).case
    weighed = taken(case, "staffing_decided", json.dumps(said), LATER, GUIDE)
    yes = "yes" in {answer for name, answer in given_answers.items() if name not in dropped}
    against = yes == (finding == "no_good_cause") and not reason
    assert isinstance(weighed, Refused) == bool(dropped or against)
    if isinstance(weighed, Refused):
        assert "OR-2" in weighed.because
        assert all(name in weighed.because for name in dropped)
        return
    after_it = decide(case, weighed, GUIDE).case
    assert all(not unanswered(one.record) for one in after_it.told(StaffingDecided))
    assert bool(status(after_it, GUIDE).disqualification) == (finding == "no_good_cause")


def _heard(fact: Any) -> Heard:
    return Heard(fact, fact.recorded_at, fact.message_id)


@BOUNDED
@given(tellings(), policies)
def test_no_case_has_a_decision_with_an_unanswered_consideration(told: list[Any], policy: Policy) -> None:
    """OR-2: nor a disqualification without due process (OR-1)."""
    case = Case(CASE_ID)
    for fact in under(policy, told):
        case = decide(case, Heard(fact, LATER, fact.message_id), policy).case
    for decision in case.told(StaffingDecided):
        assert not unanswered(decision.record)
    applied = [key for key, issue in case.issues.items() if key.startswith("dq1/") and issue.status == "open"]
    for key in applied:
        [decision] = [one for one in case.told(StaffingDecided) if str(one.number) == key.split("/")[1]]
        assert policy.staffing
        assert (decision.finding, missing(decision.record, policy.staffing)) == ("no_good_cause", ())


@BOUNDED
@given(st.dictionaries(st.sampled_from(sorted(ConsiderationAnswered.model_fields)), st.none() | st.text(max_size=5)))
def test_a_staffing_takes_no_answer_that_is_not_whole(spoilt: dict[str, Any]) -> None:
    """OR-2, ALL-2: whatever a message says, a recorded answer is one of three, of one of eight, with evidence."""
    said = json.loads(DUE_PROCESS[-1].model_dump_json()) | spoilt
    said["kind"] = "consideration_answered"
    one = opened("case-7-1-staffing-1", called(), AT, GUIDE)
    weighed = sent(one, said)
    if isinstance(weighed, Heard):
        assert weighed.fact.answer in ("yes", "no", "unknown")
        assert weighed.fact.evidence
        assert weighed.fact.consideration in CONSIDERATIONS


@pytest.mark.parametrize("kind", [ScreeningOffered, ContactAttempted, EngagementOptionOffered, AttendanceRecorded])
def test_the_record_drawn_from_has_every_kind(kind: type[Recorded]) -> None:
    assert any(isinstance(one, kind) for one in DUE_PROCESS[:5])
