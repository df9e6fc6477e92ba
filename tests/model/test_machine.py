"""The core against the naive reading of the Missouri rules: lives drawn at random, compared on every day of them."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from domain.commands import Command, SendLetter
from domain.decide import deadlines
from domain.views import status
from tests.model.machine import AGO, LONGEST, NEAR, OPENED, SUNDAYS_AGO, Telling, settings_for, sunday
from tests.model.naive import Known, answer
from tests.unit.building import AWAY, HOME, MISSOURI

PROVIDERS = st.sampled_from(["WEST", "EAST", "NORTH"])

SAID: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "opened": {
        "sanction_began": st.sampled_from([date(2025, 12, 20), OPENED, date(2026, 1, 12)]),
        "counted": st.sampled_from([None, (12, "2025-12"), (57, "2025-12"), (59, "2025-11"), (61, "2025-12")]),
        "time_limit_exempt": st.sampled_from([False, False, False, True]),
        "sanctioned_months": st.sampled_from([None, (), ("2025-10", "2025-11"), ("2025-03",)]),
        "call_in_answered": st.sampled_from([True, True, True, True, False, None]),
        "required_hours": st.sampled_from([20.0, 30.0]),
        "provider": PROVIDERS,
        "name": st.just("Frida Example"),
        "address": st.sampled_from([HOME, HOME, HOME, None]),
    },
    "response": {
        "answer": st.sampled_from(["agrees", "agrees", "agrees", "refuses", "question", "returned_mail"]),
        "activities": st.sampled_from([(), ("GED",), ("GED", "job search")]),
    },
    "assessment_completed": {},
    "iep_completed": {},
    "participation_week": {"week": SUNDAYS_AGO, "hours": st.sampled_from([0.0, 20.0, 30.0, 30.0, 40.0])},
    "required_hours_changed": {"from_week": SUNDAYS_AGO, "hours": st.sampled_from([20.0, 30.0])},
    "document_requested": {"document": st.sampled_from(["pay stub", "lease"])},
    "document_received": {"document": st.sampled_from(["pay stub", "lease"])},
    "good_cause_finding": {
        "finding": st.sampled_from(["found", "not_found", "not_found"]),
        "grounds": st.just("on file"),
        "decided_by": st.just("staff"),
    },
    "exempted": {},
    "excluded": {},
    "became_inactive": {},
    "opened_in_error": {},
    "contact_made": {"type": st.sampled_from(["letter", "letter", "phone", "home_visit"])},
    "address_changed": {"address": st.sampled_from([HOME, AWAY]), "area_provider": st.none() | PROVIDERS},
    "transfer_requested": {"provider": PROVIDERS},
    "transfer_accepted": {"provider": PROVIDERS},
    "transfer_declined": {"provider": PROVIDERS},
    "transfer_withdrawn": {"provider": PROVIDERS},
    "months_corrected": {"counted": st.sampled_from([10, 57, 58, 60, 62]), "through": st.integers(0, 3)},
    "sanction_lifted": {},
    "ta_case_closed": {},
}
OFTEN = ("response", "participation_week", "contact_made", "document_requested", "document_received")
MOVES = ("transfer_requested", "transfer_accepted", "transfer_declined", "transfer_withdrawn", "address_changed")
SELDOM = ("months_corrected", "good_cause_finding", "required_hours_changed", "sanction_lifted", "iep_completed")
ENDS = ("exempted", "excluded", "became_inactive", "opened_in_error", "ta_case_closed", "opened")
KINDS = [*OFTEN, *OFTEN, *OFTEN, *MOVES, *MOVES, *SELDOM, *SELDOM, "assessment_completed"]


class Lives(Telling):
    """One case of Missouri, told at random."""

    policy = MISSOURI
    said = SAID
    kinds = KINDS

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()

    @rule(data=st.data(), wait=st.sampled_from([0, 0, 2]), weeks=st.integers(1, 3))
    def provides_what_was_asked_for(self, data: st.DataObject, wait: int, weeks: int) -> None:
        self.hear("document_requested", self.day, 0, data, document="lease")
        self.hears_of_good_weeks(data, weeks)
        self.days_pass(wait)
        self.hear("document_received", self.day, 0, data, document="lease")

    @precondition(lambda self: self.day < LONGEST - timedelta(days=15))
    @rule(data=st.data(), after=st.integers(0, 1))
    def agrees_again_about_the_end_of_a_short_week(self, data: st.DataObject, after: int) -> None:
        self.hear("response", self.day, 0, data, answer="agrees")
        week = sunday(self.day + timedelta(days=6), 0)
        self.days_pass((week + timedelta(days=7) - self.day).days)
        self.hear("participation_week", self.day, 0, data, week=week, hours=10.0)
        self.hear("response", self.day - timedelta(days=after), 0, data, answer="agrees")

    @rule(data=st.data(), wait=st.integers(0, 1))
    def mail_comes_back_before_the_new_address(self, data: st.DataObject, wait: int) -> None:
        self.hear("response", self.day, 0, data, answer="returned_mail")
        self.days_pass(wait)
        self.hear("address_changed", self.day, 0, data, area_provider=None)

    @rule(data=st.data(), provider=PROVIDERS, accepted=st.booleans(), again=st.booleans())
    def transfers(self, data: st.DataObject, provider: str, accepted: bool, again: bool) -> None:
        self.hear("transfer_requested", self.day, 0, data, provider=provider)
        self.days_pass(data.draw(st.sampled_from([0, 1, 13, 15])))
        if again:
            self.hear("transfer_requested", self.day, 0, data, provider=provider)
            self.days_pass(2)
        self.hear("transfer_accepted" if accepted else "transfer_declined", self.day, 0, data, provider=provider)

    @rule(data=st.data(), kind=st.sampled_from(ENDS), ago=AGO, sure=st.integers(0, 5))
    def ends_or_opens_anew(self, data: st.DataObject, kind: str, ago: int, sure: int) -> None:
        if sure == 5 or kind == "opened":
            happened = OPENED if kind == "opened" else max(OPENED, self.day - timedelta(days=ago))
            self.hear(kind, happened, 0, data)

    @rule(data=st.data(), kind=st.sampled_from((*ENDS, "sanction_lifted", "good_cause_finding")), ago=AGO, month=NEAR)
    def an_end_or_a_ground_told_in_error(self, data: st.DataObject, kind: str, ago: int, month: int) -> None:
        """What would end the life, or change its course, is taken back at once: the life goes on."""
        day = self.day - timedelta(days=ago)
        happened = OPENED if kind == "opened" else max(OPENED, day.replace(day=1) + timedelta(days=month))
        self.hear(kind, min(happened, self.day), 0, data)
        self.takes_back(f"m-{self.messages}", data)

    @rule(data=st.data(), ago=AGO)
    def a_lift_on_two_grounds_is_told_in_error(self, data: st.DataObject, ago: int) -> None:
        found = max(OPENED, self.day - timedelta(days=ago))
        self.hear("good_cause_finding", found, 0, data, finding="found")
        grounds = [f"m-{self.messages}"]
        self.hears_of_good_weeks(data, 2)
        self.hear("sanction_lifted", self.day, 0, data)
        for target in [f"m-{self.messages}", *grounds]:
            self.takes_back(target, data)

    @rule(data=st.data(), wait=st.sampled_from([3, 12, 20]))
    def a_letter_is_the_only_contact(self, data: st.DataObject, wait: int) -> None:
        self.days_pass(wait)
        self.hear("contact_made", self.day, 0, data, type="letter")
        self.days_pass(wait + 18)

    @rule(data=st.data())
    def months_are_stated_twice(self, data: st.DataObject) -> None:
        self.hear("months_corrected", self.day, 0, data)
        self.hear("opened", OPENED, 0, data)

    def put_right(self, kind: str, said: dict[str, Any]) -> None:
        super().put_right(kind, said)
        if kind == "opened":
            said["sanction_began"] = min(said["sanction_began"], self.day)

    def carries_out(self, command: Command) -> None:
        if isinstance(command, SendLetter):
            self.known.letters_sent.append(self.day)

    def agree(self) -> None:
        model = answer(self.known, self.day)
        outcome = self.case.outcome.value if self.case.outcome else None
        assert outcome in model.outcomes, self.differs("outcome", outcome, model.outcomes)
        self.holds(
            [
                ("phase", self.case.phase.value, model.phase),
                ("tasks", self.tasks(), model.tasks),
            ]
        )
        if model.phase in ("closed", "awaiting_opening"):
            return
        shown = status(self.case, MISSOURI)
        self.holds(
            [
                ("provider", shown.provider, model.provider),
                ("alert to lift", self._stands("alert/lift"), model.lift_alert),
                ("alert at the limit", self._stands("alert/limit"), model.limit_alert),
                ("letter due", any("/letter/" in one.effect for one in self.case.open_issues()), model.letter_due),
                ("next letter", self._next_letter(), model.next_letter_on),
                ("placed", self._placed(), sorted(model.placed)),
                ("rate", shown.rate_this_month, model.rate),
            ]
        )

    def _next_letter(self) -> date | None:
        return next((due.on for due in deadlines(self.case, MISSOURI) if due.what.startswith("letter ")), None)

    def _stands(self, key: str) -> bool:
        return self.case.effect_of(key) is not None

    def _placed(self) -> list[str]:
        return sorted(
            issue.command.activity
            for issue in self.case.issues.values()
            if issue.status in ("open", "done") and issue.command and issue.command.kind == "place"
        )


Lives.TestCase.settings = settings_for(80)
TestLives = Lives.TestCase
