"""The core against the naive reading of the Oregon rules: lives drawn at random, compared on every day of them."""

from datetime import date, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from domain.calendar import instant_of
from domain.case import Phase
from domain.commands import (
    Command,
    FinaliseTracs,
    OfferResources,
    OpenStaffing,
    SelectOnTracs,
    SendAlert,
    UpdateOne,
    UpdatePdp,
)
from domain.decide import next_deadline
from domain.facts import CaseFact
from domain.policy import Policy
from domain.staffing.facts import (
    ConsiderationAnswered,
    ContactAttempted,
    EngagementOptionOffered,
    Recorded,
    ScreeningOffered,
)
from tests.model.machine import AGO, NEAR, OPENED, SUNDAYS_AGO, WAIT, Telling, settings_for
from tests.model.naive_oregon import Effect, Known, agreements, answer, decisions, disqualified_last_on, may_request
from tests.model.naive_staffing import CONSIDERATIONS
from tests.model.told import Fact, of, standing
from tests.unit.building import AWAY, CASE_ID, HOME
from tests.unit.staffings import GUIDE, OREGON

BEFORE = OPENED - timedelta(days=3)


def recorded(kind: Any, number: int, **said: Any) -> Any:
    at = instant_of(BEFORE, "America/Los_Angeles", 11)
    return kind(message_id=f"r-{number}", happened_on=BEFORE, recorded_by="team", recorded_at=at, **said)


def answers(*yes: str) -> tuple[Recorded, ...]:
    return tuple(
        recorded(
            ConsiderationAnswered,
            number,
            consideration=name,
            answer="yes" if name in yes else ("unknown" if name == "substance_use" else "no"),
            evidence="on file",
        )
        for number, name in enumerate(CONSIDERATIONS)
    )


SCREENING = recorded(ScreeningOffered, 20, screening="learning needs screening")
ATTEMPTS = tuple(recorded(ContactAttempted, 21 + n, type=type) for n, type in enumerate(("phone", "text")))
OPTION = recorded(EngagementOptionOffered, 25, option="life skills class")
WHOLE = (SCREENING, *ATTEMPTS, OPTION)

RECORDS: dict[str, tuple[Recorded, ...]] = {
    "all was done, nothing is answered yes": (*WHOLE, *answers()),
    "all was done, two challenges": (*WHOLE, *answers("mental_health", "physical_health")),
    "all was done, an exemption and a challenge": (*WHOLE, *answers("exempt", "mental_health")),
    "nothing was done": answers(),
    "nothing was done, two challenges": answers("mental_health", "physical_health"),
    "no screening": (*ATTEMPTS, OPTION, *answers()),
    "one attempt": (SCREENING, *ATTEMPTS[:1], OPTION, *answers()),
    "no option": (SCREENING, *ATTEMPTS, *answers()),
}
WHOLE_RECORD = next(iter(RECORDS))
RECORD = st.sampled_from([WHOLE_RECORD, WHOLE_RECORD, *RECORDS])
FINDING = st.sampled_from(["no_good_cause", "no_good_cause", "good_cause"])
PARTNERS = st.sampled_from(["Neighbors United", "Legal Aid"])

SAID: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "opened": {
        "counted": st.sampled_from([None, *[(12, "2025-12")] * 6, (57, "2025-12"), (59, "2025-11")]),
        "time_limit_exempt": st.sampled_from([False, False, False, True]),
        "required_hours": st.sampled_from([20.0, 30.0]),
        "provider": st.just("WEST"),
        "name": st.just("Frida Example"),
        "address": st.sampled_from([HOME, HOME, HOME, None]),
    },
    "response": {
        "answer": st.sampled_from(["agrees", "agrees", "agrees", "refuses", "question", "returned_mail"]),
        "activities": st.sampled_from([(), ("GED",)]),
    },
    "participation_week": {"week": SUNDAYS_AGO, "hours": st.sampled_from([0.0, 20.0, 30.0, 30.0, 40.0])},
    "required_hours_changed": {"from_week": SUNDAYS_AGO, "hours": st.sampled_from([20.0, 30.0])},
    "release_filed": {"partner": PARTNERS, "until": st.sampled_from([None, 5, 40])},
    "staffing_requested": {
        "role": st.sampled_from(["family_coach", "participant", "community_partner", "community_partner"]),
        "partner": PARTNERS,
    },
    "new_information": {"about": st.just("what was not known")},
    "staffing_decided": {
        "number": st.sampled_from([*["open"] * 6, "before", "after"]),
        "finding": FINDING,
        "record": RECORD,
        "reason": st.just("the team weighed it"),
        "decided_by": st.just("the team"),
        "family_stability_issues": st.sampled_from([False, False, False, True]),
    },
    "exempted": {},
    "excluded": {},
    "became_inactive": {},
    "opened_in_error": {},
    "contact_made": {"type": st.sampled_from(["letter", "phone", "home_visit"])},
    "address_changed": {"address": st.just(AWAY)},
    "months_corrected": {"counted": st.sampled_from([10, 12, 57, 58]), "through": st.integers(0, 3)},
    "edition_adopted": {"edition": st.sampled_from([GUIDE, OREGON]), "why": st.just("in force")},
    "sanction_lifted": {},
    "ta_case_closed": {},
}
OFTEN = ["staffing_decided", "new_information", "staffing_requested", "contact_made", "response", "participation_week"]
SELDOM = [
    *("release_filed", "address_changed", "months_corrected", "required_hours_changed", "sanction_lifted"),
    "edition_adopted",
]
ENDS = ["exempted", "excluded", "became_inactive", "opened_in_error", "ta_case_closed", "opened"]


class OregonLives(Telling):
    """One case of Oregon, told at random, under either way out: two weeks of participation, or the agreement."""

    said = SAID
    kinds: ClassVar[list[str]] = [*OFTEN, *OFTEN, *SELDOM]

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()

    @initialize(data=st.data(), policy=st.sampled_from([GUIDE, OREGON]), wait=st.sampled_from([None, 0, 15, 33]))
    def opens(self, data: st.DataObject, policy: Policy, wait: int | None) -> None:
        """Most are soon disqualified: what is to be compared comes after."""
        self.policy = policy
        self.known.edition = policy.id
        self.hear("opened", OPENED, 0, data)
        if wait is not None:
            self.the_team_finds_no_good_cause(data, wait)

    @precondition(lambda self: self.case.phase is Phase.STAFFING)
    @rule(data=st.data(), wait=WAIT, late=AGO, finding=FINDING)
    def the_team_decides(self, data: st.DataObject, wait: int, late: int, finding: str) -> None:
        self.days_pass(wait)
        self.hear("staffing_decided", self.day, late, data, number="open", finding=finding)

    @precondition(lambda self: self.case.phase is Phase.STAFFING)
    @rule(data=st.data(), wait=WAIT)
    def the_team_finds_no_good_cause(self, data: st.DataObject, wait: int) -> None:
        self.days_pass(wait)
        self.hear("staffing_decided", self.day, 0, data, number="open", finding="no_good_cause", record=WHOLE_RECORD)

    @precondition(lambda self: self.case.outcome is None)
    @rule(
        data=st.data(),
        wait=st.sampled_from([0, 1, 6, 31]),
        called=st.sampled_from(["new_information", "staffing_requested"]),
        came_to=st.lists(st.fixed_dictionaries({"finding": FINDING, "record": RECORD}), min_size=1, max_size=3),
        sure=st.integers(0, 3),
    )
    def the_team_reviews(self, data: st.DataObject, wait: int, called: str, came_to: list[Any], sure: int) -> None:
        """Once or again; and where that is good cause, ONE confirms it, perhaps in error, or did so before."""
        for decided in came_to:
            if sure == 0 and self.case.phase is not Phase.LIFT_RECOMMENDED:
                self.hear("sanction_lifted", self.day, 0, data)
            self.hear(called, self.day, 0, data, role="family_coach")
            self.days_pass(wait)
            self.hear("staffing_decided", self.day, 0, data, number="open", **decided)
        if self.case.phase is Phase.LIFT_RECOMMENDED:
            self.one_confirms(data, 1, sure == 1)

    @precondition(lambda self: self.case.phase is Phase.STAFFING)
    @rule(data=st.data())
    def the_last_step_is_one_of_the_software(self, data: st.DataObject) -> None:
        self.at_once = False
        self.the_team_finds_no_good_cause(data, 0)
        steps = [issue for issue in self.case.open_issues() if not issue.effect.startswith(f"{CASE_ID}/task/")]
        left = data.draw(st.sampled_from(steps), label="left")
        self.carry_out([issue for issue in self.case.open_issues() if issue.effect != left.effect])
        self.the_steps_are_done(data, 0)
        self.commands_are_carried_out()

    @precondition(lambda self: self._disqualified())
    @rule(data=st.data(), wait=st.integers(0, 1), then=st.sampled_from(["agrees", "refuses", "exempted", "excluded"]))
    def it_is_soon_over(self, data: st.DataObject, wait: int, then: str) -> None:
        """An agreement, perhaps taken back; or what was so when DQ1 was applied, the day after, or the day before."""
        began = disqualified_last_on(standing(self.known.facts)) or self.day
        if then == "agrees" and began > OPENED:
            self.hear("response", began - timedelta(days=1), 0, data, answer="agrees")
        if then in ("agrees", "refuses"):
            self.hear("response", self.day, 0, data, answer="agrees")
            self.days_pass(wait)
            self.hear("response", self.day, 0, data, answer=then)
        else:
            for happened in (began + timedelta(days=1 - wait), began - timedelta(days=wait)):
                if OPENED <= happened <= self.day:
                    self.hear(then, happened, 0, data)
                    self.takes_back(f"m-{self.messages}", data)

    def _disqualified(self) -> bool:
        return self.case.phase in (Phase.REENGAGING, Phase.TRIAL)

    @precondition(lambda self: self.case.phase is Phase.LIFT_RECOMMENDED)
    @rule(data=st.data(), wait=st.sampled_from([0, 9, 12]), sure=st.booleans())
    def one_confirms(self, data: st.DataObject, wait: int, sure: bool) -> None:
        self.days_pass(wait)
        self.hear("sanction_lifted", self.day, 0, data)
        if not sure:
            self.takes_back(f"m-{self.messages}", data)

    @precondition(lambda self: self._disqualified())
    @rule(data=st.data(), done=st.integers(0, 3))
    def the_steps_are_done(self, data: st.DataObject, done: int) -> None:
        """All of them, all but the contact, or all but the copy."""
        if done != 1:
            self.hear("contact_made", self.day, 0, data, type="phone")
        copies = [task for task in self.tasks_there() if "/pdp-copy/" in task]
        for effect in copies if done != 2 else []:
            self.hear("task_done", self.day, 0, data, task=effect)

    @rule(data=st.data(), partner=PARTNERS, until=st.sampled_from([None, 0, 3]), ago=st.integers(0, 2))
    def a_partner_with_a_release_requests_it(self, data: st.DataObject, partner: str, until: Any, ago: int) -> None:
        self.hear("release_filed", self.day, 0, data, partner=partner, until=until)
        self.days_pass(ago)
        self.hear("staffing_requested", self.day, 0, data, role="community_partner", partner=partner)

    @rule(data=st.data(), kind=st.sampled_from(ENDS), ago=AGO, sure=st.integers(0, 5))
    def ends_or_opens_anew(self, data: st.DataObject, kind: str, ago: int, sure: int) -> None:
        if sure == 5 or kind == "opened":
            happened = OPENED if kind == "opened" else max(OPENED, self.day - timedelta(days=ago))
            self.hear(kind, happened, 0, data)

    @rule(data=st.data(), kind=st.sampled_from((*ENDS, "sanction_lifted")), ago=AGO, month=NEAR)
    def an_end_told_in_error(self, data: st.DataObject, kind: str, ago: int, month: int) -> None:
        """What would end the life is taken back at once: the life goes on."""
        day = self.day - timedelta(days=ago)
        happened = OPENED if kind == "opened" else max(OPENED, day.replace(day=1) + timedelta(days=month))
        self.hear(kind, min(happened, self.day), 0, data)
        self.takes_back(f"m-{self.messages}", data)

    @precondition(lambda self: self._decided())
    @rule(data=st.data())
    def a_decision_is_taken_back(self, data: st.DataObject) -> None:
        self.takes_back(data.draw(st.sampled_from(self._decided())), data)

    @precondition(lambda self: self._decided() and self.case.outcome is None)
    @rule(data=st.data())
    def a_decision_is_corrected(self, data: st.DataObject) -> None:
        """Of the date it was told for."""
        decided = [fact for fact in self.told if fact.kind == "staffing_decided"][-1]
        self.hear("staffing_decided", decided.happened_on, 0, data, number=decided.number)

    def _decided(self) -> list[str]:
        return [fact.message_id for fact in self.told if fact.kind == "staffing_decided"]

    def hear(self, kind: str, happened: date, late: int, data: st.DataObject, **given: Any) -> None:
        """A case that has ended hears of no more staffings: information after the end opens a new episode."""
        if self.case.outcome is None or kind not in ("staffing_decided", "staffing_requested", "new_information"):
            super().hear(kind, happened, late, data, **given)

    def is_refused(self, fact: CaseFact, because: str | None) -> None:
        """A partner without an MCS 3010 on file, and told why."""
        if fact.kind == "staffing_requested":
            assert may_request(standing(self.known.facts), fact.model_dump()) == (because is None), f"{fact}: {because}"
            assert because is None or "MCS 3010" in because

    def put_right(self, kind: str, said: dict[str, Any]) -> None:
        super().put_right(kind, said)
        if kind == "staffing_requested" and said["role"] != "community_partner":
            said["partner"] = None
        if kind == "new_information":
            said.pop("role", None)
        if kind == "release_filed" and isinstance(said["until"], int):
            said["until"] = self.day + timedelta(days=said["until"])
        if kind == "staffing_decided":
            said["record"] = RECORDS[said["record"]]
            ahead = {"before": -1, "open": 0, "after": 1}.get(said["number"])
            said["number"] = said["number"] if ahead is None else max(1, self._open_staffing() + ahead)

    def _open_staffing(self) -> int:
        """The staffing that is to be held; else the last that was."""
        held = [fact["number"] for fact in of(standing(self.known.facts), "staffing_decided")]
        model = answer(self.known, self.day)
        return model.staffing or max(held, default=1)

    def gives_out(self, command: Command) -> None:
        super().gives_out(command)
        undoes = getattr(command, "undoes", None)
        if undoes in self.given:
            effect = self._in_short(self.given[undoes])
            if effect in self.known.done:
                self.known.done.remove(effect)

    def carries_out(self, command: Command) -> None:
        effect = self._in_short(command)
        if effect:
            self.known.done.append(effect)

    def in_words(self, fact: CaseFact) -> str:
        """With what the team had recorded, by its name."""
        names = [name for name, record in RECORDS.items() if fact.kind == "staffing_decided" and fact.record == record]
        return ", ".join([super().in_words(fact), *names])

    def _in_short(self, command: Command) -> Effect | None:
        """What a command is about, in the words of the naive reading; tasks and staffings are compared apart."""
        match command:
            case UpdatePdp(entry="re_step"):
                return ("pdp re_step", command.dated, command.attendance_hours)
            case UpdatePdp():
                return ("pdp agreement", command.dated)
            case SelectOnTracs():
                return ("tracs", command.staffing, command.selection)
            case FinaliseTracs():
                page = self.given[command.page]
                assert isinstance(page, SelectOnTracs)
                return ("tracs final", page.staffing, page.selection)
            case UpdateOne():
                return ("one", command.dated)
            case OfferResources():
                return ("resources", command.number)
            case SendAlert():
                return ("alert", {"lift_sanction": "lift", "close_ta_case": "limit"}[command.alert])
        return None

    def agree(self) -> None:
        told = standing(self.known.facts)
        model = answer(self.known, self.day)
        outcome = self.case.outcome.value if self.case.outcome else None
        assert outcome in model.outcomes, self.differs("outcome", outcome, model.outcomes)
        self.holds([("phase", self.case.phase.value, model.phase)])
        due = next_deadline(self.case, self.policy)
        self.holds(
            [
                ("tasks", self.tasks(), model.tasks),
                ("staffings", self._to_be_held(told), {model.staffing} if model.staffing else set()),
                ("next date", due and due.on, model.next_on),
            ]
        )
        if model.phase != "closed" or not (self.case.open_issues() or len(model.outcomes) > 1):
            given = {self._in_short(self.given[issue.effect]) for issue in self._stands()} - {None}
            self.holds([("effects", self._compared(given, told), self._compared(model.effects, told))])

    def _compared(self, effects: set[Any], told: list[Fact]) -> set[Any]:
        """Without what can't be told.

        An agreement that was taken back stays in the plan if it got there. Whether a page is final while staff are
        asked again for a copy that they gave, no rule says.
        """
        copied = [done["task"] for done in of(told, "task_done") if "/pdp-copy/" in done["task"]]
        again = any(task not in self.known.asked.values() for task in copied)
        taken_back = {one for one in effects if one[0] == "pdp agreement"} - agreements(told)
        return {one for one in effects - taken_back if one[0] != "tracs final" or not again}

    def _to_be_held(self, told: list[Fact]) -> set[int]:
        """Staffings that were opened and neither ended nor decided; withdrawn, a decision is still to be taken."""
        opened = [issue.command for issue in self._stands() if isinstance(issue.command, OpenStaffing)]
        return {call.number for call in opened} - {decision["number"] for decision in decisions(told)}

    def _stands(self) -> list[Any]:
        return [issue for issue in self.case.issues.values() if issue.status in ("open", "done")]


OregonLives.TestCase.settings = settings_for(100)
TestOregonLives = OregonLives.TestCase
