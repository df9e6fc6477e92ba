"""A staffing against the naive reading of how one is held: drawn at random, compared after every step."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.calendar import instant_of
from domain.ledger import Heard
from domain.staffing import staffing as held
from domain.staffing.facts import STAFFING_KINDS
from domain.staffing.views import status
from tests.model.machine import OPENED, settings_for
from tests.model.naive_staffing import (
    CONSIDERATIONS,
    Team,
    answers,
    decision,
    enhanced,
    missing,
    record_of,
    refusal,
    result,
)
from tests.unit.staffings import GUIDE, called

DAYS_AGO = st.integers(0, 3)
MINUTES_AGO = st.sampled_from([0, 0, 0, 1, 90, 3000])
CONSIDERATION = st.sampled_from(CONSIDERATIONS)
ANSWER = st.sampled_from(["no", "no", "unknown", "yes"])
KEPT = 4
"""So many answers of one consideration a staffing keeps, those that were replaced included."""
REASON = st.sampled_from([None, " ", "the team weighed it"])
SAID: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "screening_offered": {"screening": st.sampled_from(["learning needs", "physical health"])},
    "contact_attempted": {"type": st.sampled_from(["phone", "letter"]), "reached": st.booleans()},
    "engagement_option_offered": {"option": st.sampled_from(["life skills class", "GED"])},
    "attendance_recorded": {"attendance": st.sampled_from(["attended", "by_phone", "no_show"])},
    "consideration_answered": {
        "consideration": CONSIDERATION,
        "answer": ANSWER,
        "whom": st.sampled_from(["participant", "household"]),
        "evidence": st.just("on file"),
    },
    "decided": {
        "finding": st.sampled_from(["good_cause", "no_good_cause", "no_good_cause"]),
        "reason": REASON,
        "decided_by": st.just("the team"),
        "family_stability_issues": st.sampled_from([False, False, True]),
    },
    "ended": {"because": st.just("the case ended")},
}


class Staffings(RuleBasedStateMachine):
    """One staffing after another, each with the record of the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.messages = 0, 0
        self.day = OPENED
        self.open_another(())

    def open_another(self, record: tuple[Any, ...]) -> None:
        self.number += 1
        call = called(self.number, record=record, called_on=self.day)
        self.staffing = held.opened(f"case-staffing-{self.number}", call, self.now(), GUIDE)
        self.told: list[Any] = [one for one in record if one.kind != "attendance_recorded"]
        self.team = Team([one.model_dump() for one in self.told])

    def now(self) -> datetime:
        return instant_of(self.day, GUIDE.time_zone.value, 12) + timedelta(seconds=self.messages)

    @initialize(data=st.data(), left_out=st.sets(CONSIDERATION, max_size=1), yes=st.sets(CONSIDERATION, max_size=3))
    def some_is_known(self, data: st.DataObject, left_out: set[str], yes: set[str]) -> None:
        for consideration in CONSIDERATIONS:
            if consideration not in left_out:
                answer = "yes" if consideration in yes else data.draw(st.sampled_from(["no", "no", "unknown"]))
                self.records("consideration_answered", data, consideration=consideration, answer=answer, replaces=None)

    @rule(data=st.data(), kind=st.sampled_from(list(SAID)[:4]))
    def records_something(self, data: st.DataObject, kind: str) -> None:
        self.records(kind, data)

    @rule(data=st.data(), attendance=st.booleans())
    def decides(self, data: st.DataObject, attendance: bool) -> None:
        if attendance:
            self.records("attendance_recorded", data)
        self.records("decided", data)

    @rule(data=st.data(), then=st.sampled_from(["attendance_recorded", "decided", "consideration_answered", "ended"]))
    def the_case_ends_it(self, data: st.DataObject, then: str) -> None:
        """After which nothing is recorded any more; another one is opened."""
        self.records("ended", data)
        self.records(then, data, **({"replaces": None} if then == "consideration_answered" else {}))
        self.open_another(tuple(self.staffing.record))

    @rule(data=st.data(), consideration=CONSIDERATION, names=st.sampled_from(["the one that stands"] * 3 + ["one", ""]))
    def answers(self, data: st.DataObject, consideration: str, names: str) -> None:
        """Naming the answer that stands, some message, or none."""
        stands = answers(self.team.began_with + self.team.took).get(consideration)
        replaces = None
        if names == "one":
            replaces = f"m-{data.draw(st.integers(1, self.messages + 2), label='names message')}"
        elif names and stands:
            replaces = stands["message_id"]
        self.records("consideration_answered", data, consideration=consideration, replaces=replaces)

    @rule(data=st.data(), consideration=CONSIDERATION)
    def an_answer_comes_after_the_one_that_names_it(self, data: st.DataObject, consideration: str) -> None:
        stands = answers(self.team.began_with + self.team.took).get(consideration)
        if stands:
            self.withdraws(stands["message_id"])
        self.messages += 1
        late = f"m-{self.messages}"
        self.records("consideration_answered", data, consideration=consideration, replaces=late)
        self.records("consideration_answered", data, consideration=consideration, replaces=None, message_id=late)

    @rule(data=st.data())
    def all_that_is_unanswered_is_answered(self, data: st.DataObject) -> None:
        for consideration in CONSIDERATIONS:
            if consideration not in answers(self.team.began_with + self.team.took):
                self.records("consideration_answered", data, consideration=consideration, replaces=None)

    @rule(data=st.data())
    def due_process_is_completed(self, data: st.DataObject) -> None:
        for kind in ("screening_offered", "contact_attempted", "engagement_option_offered"):
            self.records(kind, data)
        self.records("contact_attempted", data, type="phone")
        self.records("contact_attempted", data, type="letter")

    @precondition(lambda self: self.told)
    @rule(data=st.data(), ahead=st.integers(0, 9))
    def takes_back(self, data: st.DataObject, ahead: int) -> None:
        """Now and then what has not come yet."""
        told = data.draw(st.sampled_from(self.told), label="told").message_id
        self.withdraws(f"m-{self.messages + 2}" if ahead == 9 else told)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def hears_it_twice(self, data: st.DataObject) -> None:
        self.hears(data.draw(st.sampled_from(self.told), label="told"))

    @precondition(lambda self: self.staffing.decision)
    @rule()
    def the_next_begins_with_what_was_recorded(self) -> None:
        self.open_another(self.staffing.record)
        self.agree()

    @rule(days=st.integers(1, 2))
    def days_pass(self, days: int) -> None:
        self.day += timedelta(days=days)

    def withdraws(self, target: str) -> None:
        self.hears(self.fact("withdrawn", 0, 0, withdraws=target, why="an error"))

    def records(self, kind: str, data: st.DataObject, **given: Any) -> None:
        said = {name: data.draw(value, label=name) for name, value in SAID[kind].items() if name not in given} | given
        days_ago, minutes_ago = data.draw(DAYS_AGO, label="days ago"), data.draw(MINUTES_AGO, label="minutes ago")
        if kind == "consideration_answered":
            facts = self.team.began_with + self.team.took
            before = [fact for fact in facts if fact.get("consideration") == said["consideration"]]
            if len(before) == KEPT:
                return
        self.hears(self.fact(kind, days_ago, minutes_ago, **said))

    def fact(self, kind: str, days_ago: int, minutes: int, **said: Any) -> Any:
        self.messages += 1
        return STAFFING_KINDS[kind](
            **{"message_id": f"m-{self.messages}"} | said,
            happened_on=self.day - timedelta(days=days_ago),
            recorded_by="team",
            recorded_at=self.now() - timedelta(minutes=minutes),
        )

    def hears(self, fact: Any) -> None:
        if any(one.message_id == fact.message_id for one in self.told):
            self.staffing = held.heard(self.staffing, Heard(fact, self.now(), fact.message_id), GUIDE)
            self.agree()
            return
        said = fact.model_dump()
        refused, because = refusal(self.team, said), held.refuses(self.staffing, fact, GUIDE, self.now())
        assert (refused is None) == (because is None), f"{fact}: the core says {because}, the naive reading {refused}"
        if because:
            assert all(word in because for word in refused or ()), f"{because} says nothing of {refused}"
            return
        self.told.append(fact)
        self.team.took.append(said)
        self.staffing = held.heard(self.staffing, Heard(fact, self.now(), fact.message_id), GUIDE)
        self.agree()

    def agree(self) -> None:
        """The core says what the naive reading says."""
        record, decided = record_of(self.team), decision(self.team)
        shown = status(self.staffing, GUIDE)
        ids = {one.message_id for one in self.staffing.record}
        assert ids == {fact["message_id"] for fact in record}
        answered = {row["consideration"]: (row["answer"], row["whom"]) for row in shown.considerations if row["answer"]}
        assert answered == {name: (fact["answer"], fact["whom"]) for name, fact in answers(record).items()}
        assert set(shown.missing) == missing(record)
        assert shown.comes_to == (result(decided["finding"], record) if decided else None)
        for_the_case = held.for_the_case(self.staffing)
        assert bool(for_the_case) == bool(decided)
        if for_the_case and decided:
            assert {one.message_id for one in for_the_case.record} == ids
            assert (for_the_case.number, for_the_case.finding) == (self.number, decided["finding"])
            assert bool(shown.recommended) == enhanced(decided, record)


Staffings.TestCase.settings = settings_for(60)
TestStaffings = Staffings.TestCase
