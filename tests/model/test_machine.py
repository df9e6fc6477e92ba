"""The core against the naive reading of the same rules: lives drawn at random, compared on every day of them.

`MODEL_EXAMPLES` lets it run longer than `make test` does, and shows the smallest life in which the two disagree:
`MODEL_EXAMPLES=3000 pytest tests/model`.
"""

import os
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.calendar import instant_of
from domain.case import Case, Issue
from domain.commands import Performed, SendAlert, SendLetter, WithdrawAlert
from domain.decide import DayCame, IsStuck, News, WasPerformed, deadlines, decide, refuses
from domain.facts import KINDS, CaseFact
from domain.ledger import Heard
from domain.views import next_action_at, status
from tests.model.naive import Known, answer
from tests.unit.building import AWAY, CASE_ID, HOME, MISSOURI

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "200"))
ZONE = "America/Chicago"
OPENED = date(2026, 1, 5)
LONGEST = date(2026, 8, 31)

PROVIDERS = st.sampled_from(["WEST", "EAST", "NORTH"])
SUNDAYS_AGO = st.integers(0, 5)

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
KIND = st.sampled_from([*OFTEN, *OFTEN, *OFTEN, *MOVES, *MOVES, *SELDOM, *SELDOM, "assessment_completed"])
NEAR = st.integers(-2, 1)
WAIT = st.sampled_from([0, 1, 3, 6, 10, 30])
AGO = st.sampled_from([0, 0, 0, 1, 2, 5, 9, 20, 40])


def sunday(day: date, ago: int) -> date:
    return day - timedelta(days=day.isoweekday() % 7 + 7 * ago)


def month(day: date, ago: int) -> str:
    for _ in range(ago):
        day = day.replace(day=1) - timedelta(days=1)
    return f"{day:%Y-%m}"


class Lives(RuleBasedStateMachine):
    """One case, told at random; after every step and on every day the core says what the naive reading says."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case(CASE_ID)
        self.day = OPENED
        self.known = Known()
        self.told: list[CaseFact] = []
        self.messages = 0
        self.at_once = True

    @initialize(data=st.data())
    def opens(self, data: st.DataObject) -> None:
        self._hear("opened", OPENED, 0, data)

    @rule(data=st.data(), kind=KIND, wait=WAIT, ago=AGO, late=AGO)
    def hears(self, data: st.DataObject, kind: str, wait: int, ago: int, late: int) -> None:
        self.days_pass(wait)
        self._hear(kind, max(OPENED, self.day - timedelta(days=ago)), late, data)

    @rule(data=st.data(), wait=WAIT, hours=st.lists(st.sampled_from([30.0, 30.0, 30.0, 19.0]), min_size=1, max_size=3))
    def agrees_and_participates(self, data: st.DataObject, wait: int, hours: list[float]) -> None:
        self.days_pass(wait)
        self._hear("response", self.day, 0, data, answer="agrees")
        for worked in hours:
            self.days_pass(7)
            self._hear("participation_week", self.day, 0, data, week=sunday(self.day, 1), hours=worked)

    @rule(data=st.data(), weeks=st.integers(1, 3))
    def hears_of_good_weeks(self, data: st.DataObject, weeks: int) -> None:
        for ago in range(weeks, 0, -1):
            self._hear("participation_week", self.day, 0, data, week=sunday(self.day, ago), hours=30.0)

    @rule(data=st.data(), wait=st.sampled_from([0, 0, 2]), weeks=st.integers(1, 3))
    def provides_what_was_asked_for(self, data: st.DataObject, wait: int, weeks: int) -> None:
        self._hear("document_requested", self.day, 0, data, document="lease")
        self.hears_of_good_weeks(data, weeks)
        self.days_pass(wait)
        self._hear("document_received", self.day, 0, data, document="lease")

    @precondition(lambda self: self.day < LONGEST - timedelta(days=15))
    @rule(data=st.data(), after=st.integers(0, 1))
    def agrees_again_about_the_end_of_a_short_week(self, data: st.DataObject, after: int) -> None:
        self._hear("response", self.day, 0, data, answer="agrees")
        week = sunday(self.day + timedelta(days=6), 0)
        self.days_pass((week + timedelta(days=7) - self.day).days)
        self._hear("participation_week", self.day, 0, data, week=week, hours=10.0)
        self._hear("response", self.day - timedelta(days=after), 0, data, answer="agrees")

    @rule(data=st.data(), wait=st.integers(0, 1))
    def mail_comes_back_before_the_new_address(self, data: st.DataObject, wait: int) -> None:
        self._hear("response", self.day, 0, data, answer="returned_mail")
        self.days_pass(wait)
        self._hear("address_changed", self.day, 0, data, area_provider=None)

    @rule(data=st.data(), provider=PROVIDERS, accepted=st.booleans(), again=st.booleans())
    def transfers(self, data: st.DataObject, provider: str, accepted: bool, again: bool) -> None:
        self._hear("transfer_requested", self.day, 0, data, provider=provider)
        self.days_pass(data.draw(st.sampled_from([0, 1, 13, 15])))
        if again:
            self._hear("transfer_requested", self.day, 0, data, provider=provider)
            self.days_pass(2)
        self._hear("transfer_accepted" if accepted else "transfer_declined", self.day, 0, data, provider=provider)

    @rule(data=st.data(), kind=st.sampled_from(ENDS), ago=AGO, sure=st.integers(0, 5))
    def ends_or_opens_anew(self, data: st.DataObject, kind: str, ago: int, sure: int) -> None:
        if sure == 5 or kind == "opened":
            happened = OPENED if kind == "opened" else max(OPENED, self.day - timedelta(days=ago))
            self._hear(kind, happened, 0, data)

    @rule(data=st.data(), kind=st.sampled_from((*ENDS, "sanction_lifted", "good_cause_finding")), ago=AGO, month=NEAR)
    def an_end_or_a_ground_told_in_error(self, data: st.DataObject, kind: str, ago: int, month: int) -> None:
        """What would end the life, or change its course, is taken back at once: the life goes on."""
        day = self.day - timedelta(days=ago)
        happened = OPENED if kind == "opened" else max(OPENED, day.replace(day=1) + timedelta(days=month))
        self._hear(kind, min(happened, self.day), 0, data)
        self._hear("withdrawn", self.day, 0, data, withdraws=f"m-{self.messages}", why="an error")

    @rule(data=st.data(), ago=AGO)
    def a_lift_on_two_grounds_is_told_in_error(self, data: st.DataObject, ago: int) -> None:
        found = max(OPENED, self.day - timedelta(days=ago))
        self._hear("good_cause_finding", found, 0, data, finding="found")
        grounds = [f"m-{self.messages}"]
        self.hears_of_good_weeks(data, 2)
        self._hear("sanction_lifted", self.day, 0, data)
        for target in [f"m-{self.messages}", *grounds]:
            self._hear("withdrawn", self.day, 0, data, withdraws=target, why="an error")

    @rule(data=st.data(), wait=st.sampled_from([3, 12, 20]))
    def a_letter_is_the_only_contact(self, data: st.DataObject, wait: int) -> None:
        self.days_pass(wait)
        self._hear("contact_made", self.day, 0, data, type="letter")
        self.days_pass(wait + 18)

    @rule(data=st.data())
    def months_are_stated_twice(self, data: st.DataObject) -> None:
        self._hear("months_corrected", self.day, 0, data)
        self._hear("opened", OPENED, 0, data)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def hears_it_twice(self, data: st.DataObject) -> None:
        self._decide_on(data.draw(st.sampled_from(self.told)))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def hears_it_corrected(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.told))
        kept = {name: getattr(old, name) for name in SAID.get(old.kind, {}) if hasattr(old, name)}
        for name in ("hours", "answer", "finding", "required_hours", "sanction_began", "counted"):
            kept.pop(name, None)
        if old.kind in SAID:
            self._hear(old.kind, old.happened_on, 0, data, **kept)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), ahead=st.integers(0, 9))
    def hears_it_withdrawn(self, data: st.DataObject, ahead: int) -> None:
        """Now and then before the message itself has come."""
        target = f"m-{self.messages + 2}" if ahead == 9 else data.draw(self._told_before(ahead)).message_id
        self._hear("withdrawn", self.day, 0, data, withdraws=target, why="an error")

    def _told_before(self, opening_too: int) -> st.SearchStrategy[CaseFact]:
        """The opening is seldom among what is taken back: without it there is no case."""
        return st.sampled_from(self.told if opening_too == 8 else self.told[1:][-8:] or self.told)

    @rule(data=st.data())
    def staff_do_a_task(self, data: st.DataObject) -> None:
        done = [issue.effect for issue in self.case.open_tasks() if issue.status == "done"]
        if done:
            self._hear("task_done", self.day, 0, data, task=data.draw(st.sampled_from(done)))

    @rule(days=st.sampled_from([1, 1, 2, 3, 7, 8, 14, 15, 31]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            if self.day >= LONGEST:
                return
            self.day += timedelta(days=1)
            while (due := next_action_at(self.case, MISSOURI)) and due <= self._noon():
                self._decide(DayCame(due))
            self._agree()

    @rule()
    def commands_are_left(self) -> None:
        self.at_once = False

    @rule()
    def commands_are_stuck(self) -> None:
        self.at_once = False
        self._decide(IsStuck([issue.effect for issue in self.case.open_issues()], "no_answer", self._noon()))
        self._agree()

    @rule()
    def commands_are_carried_out(self) -> None:
        self.at_once = True
        self._carry_out(self.case.open_issues())
        self._agree()

    @rule(data=st.data())
    def one_command_is_carried_out_though_it_may_be_void(self, data: st.DataObject) -> None:
        ready = [issue for issue in self.case.issues.values() if issue.status in ("open", "void")]
        if ready:
            self._carry_out([data.draw(st.sampled_from(ready), label="issue")])
            self._agree()

    def _noon(self) -> datetime:
        return instant_of(self.day, ZONE, 12)

    def _hear(self, kind: str, happened: date, late: int, data: st.DataObject, **given: Any) -> None:
        """A fact that can be so is heard today; recorded today, or some days ago and late in coming."""
        said = {
            name: data.draw(strategy, label=name) for name, strategy in SAID.get(kind, {}).items() if name not in given
        }
        said |= given
        for name in ("week", "from_week"):
            if isinstance(said.get(name), int):
                said[name] = sunday(self.day, said[name])
        if isinstance(said.get("through"), int):
            said["through"] = month(self.day, said["through"])
        if kind == "opened":
            said["sanction_began"] = min(said["sanction_began"], self.day)
            said["months_counted"], said["months_through"] = said.pop("counted") or (None, None)
        self.messages += 1
        recorded = max(happened, self.day - timedelta(days=late))
        fact: Any = KINDS[kind](
            message_id=f"m-{self.messages}",
            happened_on=happened,
            recorded_by="staff",
            recorded_at=instant_of(recorded, ZONE, 11) + timedelta(seconds=self.messages),
            **said,
        )
        if refuses(self.case, fact, MISSOURI, self._noon()):
            return
        self.told.append(fact)
        self.known.facts.append(fact.model_dump() | {"recorded_at": fact.recorded_at})
        self._decide_on(fact)

    def _decide_on(self, fact: CaseFact) -> None:
        self._decide(Heard(fact, self._noon(), fact.message_id))
        self._agree()

    def _decide(self, news: News) -> None:
        decision = decide(self.case, news, MISSOURI)
        self.case = decision.case
        for command in decision.commands:
            if isinstance(command, WithdrawAlert) and "/alert/lift" in command.undoes:
                self.known.alert_sent = None
        while self.at_once and self.case.open_issues():
            self._carry_out(self.case.open_issues())

    def _carry_out(self, issues: list[Issue]) -> None:
        for issue in issues:
            match issue.command:
                case SendLetter():
                    self.known.letters_sent.append(self.day)
                case SendAlert(alert="lift_sanction"):
                    self.known.alert_sent = (issue.number, self.day)
        if not issues:
            return
        performed = [Performed(effect=issue.effect, on=self.day) for issue in issues]
        self._decide(WasPerformed(performed, max(self.case.now, self._noon())))

    def _agree(self) -> None:
        """The core says what the naive reading says."""
        model = answer(self.known, self.day)
        assert self.case.phase.value == model.phase, self._differs("phase", self.case.phase.value, model.phase)
        outcome = self.case.outcome.value if self.case.outcome else None
        assert outcome in model.outcomes, self._differs("outcome", outcome, model.outcomes)
        again = {key.removeprefix("task/") for key, issue in self.case.issues.items() if issue.number > 1}
        assert self._tasks() - again == model.tasks - again, self._differs("tasks", self._tasks(), model.tasks)
        if model.phase in ("closed", "awaiting_opening"):
            return
        shown = status(self.case, MISSOURI)
        for what, core, naive in (
            ("provider", shown.provider, model.provider),
            ("alert to lift", self._stands("alert/lift"), model.lift_alert),
            ("alert at the limit", self._stands("alert/limit"), model.limit_alert),
            ("letter due", any("/letter/" in one.effect for one in self.case.open_issues()), model.letter_due),
            ("next letter", self._next_letter(), model.next_letter_on),
            ("placed", self._placed(), sorted(model.placed)),
            ("rate", shown.rate_this_month, model.rate),
        ):
            assert core == naive, self._differs(what, core, naive)

    def _differs(self, what: str, core: object, naive: object) -> str:
        told = "\n".join(f"  {fact!r}" for fact in self.told)
        return f"{what} on {self.day}: the core says {core}, the naive reading {naive}; told:\n{told}"

    def _next_letter(self) -> date | None:
        return next((due.on for due in deadlines(self.case, MISSOURI) if due.what.startswith("letter ")), None)

    def _tasks(self) -> set[str]:
        issues = self.case.issues.items()
        standing = {key for key, issue in issues if key.startswith("task/") and issue.status in ("open", "done")}
        return {key.removeprefix("task/") for key in standing}

    def _stands(self, key: str) -> bool:
        return self.case.effect_of(key) is not None

    def _placed(self) -> list[str]:
        return sorted(
            issue.command.activity
            for issue in self.case.issues.values()
            if issue.status in ("open", "done") and issue.command and issue.command.kind == "place"
        )


LONGER = "MODEL_EXAMPLES" in os.environ
Lives.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink] if LONGER else [Phase.generate],  # shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)
TestLives = Lives.TestCase
