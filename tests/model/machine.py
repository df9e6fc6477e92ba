"""A case told at random, for the naive readings of both programs to be held against: what lives have in common.

`MODEL_EXAMPLES` lets a machine run longer than `make test` does: `MODEL_EXAMPLES=3000 pytest -o timeout=9000`.
With `MODEL_SHRINK=1` the life in which the core and the naive reading disagree is made small, which takes minutes.
"""

import os
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.calendar import instant_of
from domain.case import Case, Issue
from domain.commands import Command, OpenTask, Performed, SendAlert, WithdrawAlert
from domain.decide import DayCame, IsStuck, News, WasPerformed, decide, refuses
from domain.facts import KINDS, CaseFact, EditionAdopted
from domain.ledger import Heard
from domain.policy import Policy
from domain.views import next_action_at
from tests.unit.building import CASE_ID

OPENED = date(2026, 1, 5)
LONGEST = date(2026, 8, 31)

SUNDAYS_AGO = st.integers(0, 5)
WAIT = st.sampled_from([0, 1, 3, 6, 10, 30])
AGO = st.sampled_from([0, 0, 0, 1, 2, 5, 9, 20, 40])
NEAR = st.integers(-2, 1)


def sunday(day: date, ago: int) -> date:
    return day - timedelta(days=day.isoweekday() % 7 + 7 * ago)


def month(day: date, ago: int) -> str:
    for _ in range(ago):
        day = day.replace(day=1) - timedelta(days=1)
    return f"{day:%Y-%m}"


class Telling(RuleBasedStateMachine):
    """One case, told at random. After every step and on every day `agree` holds the core against a naive reading."""

    policy: Policy
    said: ClassVar[dict[str, dict[str, st.SearchStrategy[Any]]]]
    """What a fact of each kind may say."""
    kinds: ClassVar[list[str]]
    """The kinds told at any time, the frequent ones more often."""
    known: Any
    """What the naive reading goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.case = Case(CASE_ID)
        self.day = OPENED
        self.told: list[CaseFact] = []
        self.messages = 0
        self.at_once = True
        self.given: dict[str, Command] = {}
        """Every command given out so far, by effect."""
        self.ever_carried_out: set[str] = set()
        self.carried_out: dict[str, Command] = {}
        """What was carried out and not taken back, by effect: what the world outside shows."""

    def agree(self) -> None:
        """The core says what the naive reading says."""
        raise NotImplementedError

    @initialize(data=st.data())
    def opens(self, data: st.DataObject) -> None:
        self.hear("opened", OPENED, 0, data)

    @rule(data=st.data(), wait=WAIT, ago=AGO, late=AGO)
    def hears(self, data: st.DataObject, wait: int, ago: int, late: int) -> None:
        self.days_pass(wait)
        kind = data.draw(st.sampled_from(self.kinds), label="kind")
        self.hear(kind, max(OPENED, self.day - timedelta(days=ago)), late, data)

    @rule(data=st.data(), wait=WAIT, hours=st.lists(st.sampled_from([30.0, 30.0, 30.0, 19.0]), min_size=1, max_size=3))
    def agrees_and_participates(self, data: st.DataObject, wait: int, hours: list[float]) -> None:
        self.days_pass(wait)
        self.hear("response", self.day, 0, data, answer="agrees")
        for worked in hours:
            self.days_pass(7)
            self.hear("participation_week", self.day, 0, data, week=sunday(self.day, 1), hours=worked)

    @rule(data=st.data(), weeks=st.integers(1, 3))
    def hears_of_good_weeks(self, data: st.DataObject, weeks: int) -> None:
        for ago in range(weeks, 0, -1):
            self.hear("participation_week", self.day, 0, data, week=sunday(self.day, ago), hours=30.0)

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def hears_it_twice(self, data: st.DataObject) -> None:
        self._decide_on(data.draw(st.sampled_from(self.told)))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def hears_it_corrected(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.told))
        kept = {name: getattr(old, name) for name in self.said.get(old.kind, {}) if hasattr(old, name)}
        for name in ("hours", "answer", "finding", "required_hours", "sanction_began", "counted", "record"):
            kept.pop(name, None)
        if old.kind in self.said:
            self.hear(old.kind, old.happened_on, 0, data, **kept)

    @precondition(lambda self: self.told)
    @rule(data=st.data(), ahead=st.integers(0, 9))
    def hears_it_withdrawn(self, data: st.DataObject, ahead: int) -> None:
        """Now and then before the message itself has come."""
        target = f"m-{self.messages + 2}" if ahead == 9 else data.draw(self._told_before(ahead)).message_id
        self.takes_back(target, data)

    def _told_before(self, opening_too: int) -> st.SearchStrategy[CaseFact]:
        """The opening is seldom among what is taken back: without it there is no case."""
        return st.sampled_from(self.told if opening_too == 8 else self.told[1:][-8:] or self.told)

    def takes_back(self, target: str, data: st.DataObject) -> None:
        self.hear("withdrawn", self.day, 0, data, withdraws=target, why="an error")

    @precondition(lambda self: self.tasks_there())
    @rule(data=st.data(), in_error=st.sampled_from([False, False, True]))
    def staff_do_a_task(self, data: st.DataObject, in_error: bool) -> None:
        self.hear("task_done", self.day, 0, data, task=data.draw(st.sampled_from(self.tasks_there())))
        if in_error:
            self.takes_back(f"m-{self.messages}", data)

    def tasks_there(self) -> list[str]:
        """The tasks that staff have been asked to do, by effect."""
        return [issue.effect for issue in self.case.open_tasks() if issue.status == "done"]

    @rule(days=st.sampled_from([1, 1, 2, 3, 7, 8, 14, 15, 31]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            if self.day >= LONGEST:
                return
            self.day += timedelta(days=1)
            if self.case.outcome:  # nothing comes of time any more
                continue
            while (due := next_action_at(self.case, self.policy)) and due <= self.noon():
                self._decide(DayCame(due))
            self.agree()

    @precondition(lambda self: self.at_once)
    @rule()
    def commands_are_left(self) -> None:
        self.at_once = False

    @precondition(lambda self: self.case.open_issues())
    @rule()
    def commands_are_stuck(self) -> None:
        self._decide(IsStuck([issue.effect for issue in self.case.open_issues()], "no_answer", self.noon()))
        self.agree()

    @precondition(lambda self: not self.at_once)
    @rule()
    def commands_are_carried_out(self) -> None:
        self.at_once = True
        self.carry_out(self.case.open_issues())
        self.agree()

    @precondition(lambda self: self.case.open_issues())
    @rule(data=st.data())
    def all_commands_but_one_are_carried_out(self, data: st.DataObject) -> None:
        left = data.draw(st.sampled_from(self.case.open_issues()), label="issue")
        self.carry_out([issue for issue in self.case.open_issues() if issue is not left])
        self.agree()

    @precondition(lambda self: self.case.open_issues() or self._void())
    @rule(data=st.data())
    def one_command_is_carried_out_though_it_may_be_void(self, data: st.DataObject) -> None:
        self.carry_out([data.draw(st.sampled_from(self.case.open_issues() + self._void()), label="issue")])
        self.agree()

    def _void(self) -> list[Issue]:
        return [issue for issue in self.case.issues.values() if issue.status == "void"]

    def noon(self) -> datetime:
        return instant_of(self.day, self.policy.time_zone.value, 12)

    def hear(self, kind: str, happened: date, late: int, data: st.DataObject, **given: Any) -> None:
        """A fact that can be so is heard today; recorded today, or some days ago and late in coming."""
        may_say = self.said.get(kind, {})
        said = {name: data.draw(value, label=name) for name, value in may_say.items() if name not in given} | given
        self.put_right(kind, said)
        self.messages += 1
        recorded = max(happened, self.day - timedelta(days=late))
        at = instant_of(recorded, self.policy.time_zone.value, 11) + timedelta(seconds=self.messages)
        fact: Any = KINDS[kind](
            message_id=f"m-{self.messages}", happened_on=happened, recorded_by="staff", recorded_at=at, **said
        )
        because = refuses(self.case, fact, self.policy, self.noon())
        self.is_refused(fact, because)
        if because:
            return
        self.told.append(fact)
        self.known.facts.append(fact.model_dump() | {"recorded_at": fact.recorded_at})
        self._decide_on(fact)

    def is_refused(self, fact: CaseFact, because: str | None) -> None:
        """What the naive reading says of a fact that the core refuses, or takes."""

    def put_right(self, kind: str, said: dict[str, Any]) -> None:
        """What was drawn in weeks and months ago becomes dates."""
        for name in ("week", "from_week"):
            if isinstance(said.get(name), int):
                said[name] = sunday(self.day, said[name])
        if isinstance(said.get("through"), int):
            said["through"] = month(self.day, said["through"])
        if kind == "opened":
            said["months_counted"], said["months_through"] = said.pop("counted") or (None, None)

    def _decide_on(self, fact: CaseFact) -> None:
        self._decide(Heard(fact, self.noon(), fact.message_id))
        self.agree()

    def _decide(self, news: News) -> None:
        decision = decide(self.case, news, self.policy)
        self.case = decision.case
        for command in decision.commands:
            assert command.effect not in self.ever_carried_out, f"given out though it was carried out: {command}"
            self.given[command.effect] = command
            self.gives_out(command)
        while self.at_once and self.case.open_issues():
            self.carry_out(self.case.open_issues())

    def gives_out(self, command: Command) -> None:
        """What the naive reading hears of a command that is given out."""
        if isinstance(command, WithdrawAlert) and "/alert/lift" in command.undoes:
            self.known.alert_sent = None
        if isinstance(command, OpenTask):
            key = next(key for key, issue in self.case.issues.items() if issue.effect == command.effect)
            self.known.asked[key.removeprefix("task/")] = command.effect

    def carry_out(self, issues: list[Issue]) -> None:
        for issue in issues:
            command = self.given[issue.effect]
            self.ever_carried_out.add(issue.effect)
            self.carries_out(command)
            if isinstance(command, SendAlert) and command.alert == "lift_sanction":
                self.known.alert_sent = (issue.number, self.day)
            undoes = getattr(command, "undoes", None)
            if undoes:
                assert self.carried_out.pop(undoes, None), f"takes back what is not there: {command}"
            else:
                self.carried_out[issue.effect] = command
        if not issues:
            return
        performed = [Performed(effect=issue.effect, on=self.day) for issue in issues]
        self._decide(WasPerformed(performed, max(self.case.now, self.noon())))

    def carries_out(self, command: Command) -> None:
        """What the naive reading hears of a command that is carried out."""

    def differs(self, what: str, core: object, naive: object) -> str:
        told = "\n".join(f"  {self.in_words(fact)}" for fact in self.told)
        return f"{what} on {self.day}: the core says {core}, the naive reading {naive}; told:\n{told}"

    def in_words(self, fact: CaseFact) -> str:
        said = fact.model_dump(exclude={"kind", "message_id", "happened_on", "recorded_by", "recorded_at", "record"})
        said |= {"edition": fact.edition.id} if isinstance(fact, EditionAdopted) else {}
        dates = f"on {fact.happened_on}, recorded on {fact.recorded_at.date()}"
        return f"{fact.message_id} {fact.kind} {dates}: {said}"

    def holds(self, pairs: Iterable[tuple[str, object, object]]) -> None:
        """Of everything compared, the core says what the naive reading says."""
        for what, core, naive in pairs:
            assert core == naive, self.differs(what, core, naive)

    def tasks(self) -> set[str]:
        """Those that stand."""
        issues = self.case.issues.items()
        standing = {key for key, issue in issues if key.startswith("task/") and issue.status in ("open", "done")}
        return {key.removeprefix("task/") for key in standing}


def settings_for(examples: int) -> settings:
    """The same lives every time."""
    return settings(
        max_examples=int(os.environ.get("MODEL_EXAMPLES", examples)),
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, *([Phase.shrink] if "MODEL_SHRINK" in os.environ else [])],
        suppress_health_check=list(HealthCheck),
    )
