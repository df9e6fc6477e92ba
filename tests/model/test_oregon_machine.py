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
from tests.model.naive_oregon import Effect, Known, answer, came_to, decisions, disqualified_last_on, may_request
from tests.model.naive_staffing import CONSIDERATIONS
from tests.model.told import last, of, standing
from tests.unit.building import AWAY, HOME
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
        "finding": st.sampled_from(["no_good_cause", "no_good_cause", "good_cause"]),
        "record": st.sampled_from([WHOLE_RECORD, WHOLE_RECORD, WHOLE_RECORD, WHOLE_RECORD, *RECORDS]),
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

    @rule(data=st.data(), wait=WAIT, late=AGO, finding=st.sampled_from(["no_good_cause", "good_cause"]))
    def the_team_decides(self, data: st.DataObject, wait: int, late: int, finding: str) -> None:
        self.days_pass(wait)
        self.hear("staffing_decided", self.day, late, data, number="open", finding=finding)

    @rule(data=st.data(), wait=WAIT)
    def the_team_finds_no_good_cause(self, data: st.DataObject, wait: int) -> None:
        self.days_pass(wait)
        self.hear("staffing_decided", self.day, 0, data, number="open", finding="no_good_cause", record=WHOLE_RECORD)

    @rule(data=st.data(), wait=WAIT, what=st.sampled_from(["new_information", "staffing_requested"]))
    def a_review_changes_the_decision(self, data: st.DataObject, wait: int, what: str) -> None:
        self.hear(what, self.day, 0, data)
        self.days_pass(wait)
        self.hear("staffing_decided", self.day, 0, data, number="open")

    @precondition(lambda self: self.case.phase is Phase.LIFT_RECOMMENDED)
    @rule(data=st.data(), wait=st.sampled_from([0, 9, 12]), sure=st.integers(0, 3))
    def one_confirms(self, data: st.DataObject, wait: int, sure: int) -> None:
        self.days_pass(wait)
        self.hear("sanction_lifted", self.day, 0, data)
        if sure:
            self.takes_back(f"m-{self.messages}", data)

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

    @rule(data=st.data())
    def a_decision_is_taken_back(self, data: st.DataObject) -> None:
        decided = [fact.message_id for fact in self.told if fact.kind == "staffing_decided"]
        if decided:
            self.takes_back(data.draw(st.sampled_from(decided)), data)

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
        if self._lifted_under_an_earlier_dq1():
            return
        model = answer(self.known, self.day)
        outcome = self.case.outcome.value if self.case.outcome else None
        assert outcome in model.outcomes, self.differs("outcome", outcome, model.outcomes)
        self.holds([("phase", self.case.phase.value, model.phase)])
        if model.phase == "awaiting_opening":
            return
        due = next_deadline(self.case, self.policy)
        self.holds(
            [
                ("tasks", self._compared(self.tasks()), self._compared(model.tasks)),
                ("staffings", self._staffings(), {model.staffing} if model.staffing else set()),
                ("next date", due and due.on, model.next_on),
            ]
        )
        if model.phase != "closed" or not (self.case.open_issues() or len(model.outcomes) > 1):
            given = {self._in_short(self.given[issue.effect]) for issue in self._stands()} - {None}
            self.holds([("effects", self._but_found(given), self._but_found(model.effects))])

    def _lifted_under_an_earlier_dq1(self) -> bool:
        """As test_found tells, the core takes it for the confirmation of the next."""
        told = standing(self.known.facts)
        lifted, latest = last(told, "sanction_lifted"), disqualified_last_on(told)
        if not lifted or not latest:
            return False
        days = [one["happened_on"] for one in decisions(told) if came_to(one) == "disqualified"]
        return bool(min(days) <= lifted["happened_on"] < latest)

    def _but_found(self, effects: set[Any]) -> set[Any]:
        """Without what test_found tells of: a page that was selected anew keeps the finalisation it had."""
        anew = {
            ("tracs final", issue.command.staffing)
            for issue in self._stands()
            if isinstance(issue.command, SelectOnTracs) and issue.number > 1
        }
        return {effect for effect in effects if effect[:2] not in anew}

    def _compared(self, tasks: set[str]) -> set[str]:
        """Without those that test_found tells of: a proposal stays when the release it rests on has ended."""
        releases = of(standing(self.known.facts), "release_filed")
        ended = any(release["until"] and release["until"] < self.day for release in releases)
        found = {task for task in tasks if ended and task.startswith("co-management/")}
        return tasks - found

    def _staffings(self) -> set[int]:
        """Those that were opened and neither ended nor decided; one whose decision was withdrawn is opened again."""
        opened = [issue.command for issue in self._stands() if isinstance(issue.command, OpenStaffing)]
        decided = [fact["number"] for fact in of(standing(self.known.facts), "staffing_decided")]
        return {call.number for call in opened} - set(decided)

    def _stands(self) -> list[Any]:
        return [issue for issue in self.case.issues.values() if issue.status in ("open", "done")]


OregonLives.TestCase.settings = settings_for(60)
TestOregonLives = OregonLives.TestCase
