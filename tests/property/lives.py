"""Lives of a case, drawn at random: facts that can be so, and what happens between them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.calendar import instant_of
from domain.case import Case
from domain.commands import Command, Performed
from domain.decide import DayCame, Decision, IsStuck, News, WasPerformed, decide
from domain.facts import KINDS, CaseFact, EditionAdopted, GoodCauseFinding, Opened
from domain.ledger import Heard
from domain.policy import Policy
from domain.views import next_action_at
from policy.load import edition
from tests.unit.building import AWAY, CASE_ID, HOME, MISSOURI
from tests.unit.staffings import ANSWERED, DUE_PROCESS, GUIDE, OREGON

BOUNDED = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)

OPENED = date(2026, 1, 5)
DAYS = 150
LATER = datetime(2026, 9, 20, 17, tzinfo=UTC)
"""Noon of a day after everything happened."""

days = st.integers(0, DAYS).map(lambda number: OPENED + timedelta(days=number))
sundays = st.integers(0, 12).map(lambda number: date(2026, 1, 11) + timedelta(days=7 * number))
providers = st.sampled_from(["WEST", "EAST", "NORTH"])
months = st.sampled_from(["2025-11", "2025-12", "2026-01", "2026-03"])

_SAID: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "opened": {
        "sanction_began": st.sampled_from([date(2025, 12, 20), OPENED, date(2026, 1, 12)]),
        "months_counted": st.sampled_from([12, 20, 30, 56]),
        "months_through": months,
        "sanctioned_months": st.sampled_from([None, (), ("2025-10", "2025-11")]),
        "call_in_answered": st.sampled_from([True, True, False, None]),
        "required_hours": st.sampled_from([20.0, 30.0]),
        "provider": providers,
        "name": st.just("Frida Example"),
        "address": st.sampled_from([HOME, HOME, None]),
        "plan": st.sampled_from([(), ("Legal Aid",)]),
    },
    "response": {
        "answer": st.sampled_from(["agrees", "agrees", "refuses", "question", "returned_mail"]),
        "activities": st.sampled_from([(), ("GED",), ("GED", "job search")]),
    },
    "assessment_completed": {},
    "iep_completed": {},
    "participation_week": {"week": sundays, "hours": st.sampled_from([0.0, 20.0, 30.0, 30.0, 40.0])},
    "required_hours_changed": {"from_week": sundays, "hours": st.sampled_from([20.0, 30.0])},
    "document_requested": {"document": st.sampled_from(["pay stub", "lease"])},
    "document_received": {"document": st.sampled_from(["pay stub", "lease"])},
    "good_cause_finding": {
        "finding": st.sampled_from(["found", "not_found"]),
        "grounds": st.just("on file"),
        "decided_by": st.just("staff"),
    },
    "release_filed": {"partner": st.sampled_from(["Legal Aid", "Shelter"])},
    "staffing_requested": {
        "role": st.sampled_from(["community_partner", "family_coach", "participant"]),
        "partner": st.just("Legal Aid"),
    },
    "new_information": {"about": st.just("what was not known")},
    "staffing_decided": {
        "number": st.sampled_from([1, 1, 2, 3]),
        "finding": st.sampled_from(["good_cause", "no_good_cause", "no_good_cause"]),
        "reason": st.just("in writing"),
        "decided_by": st.just("the team"),
        "record": st.sampled_from([ANSWERED, DUE_PROCESS]),
    },
    "exempted": {},
    "excluded": {"type": st.sampled_from(["exclusion", "waiver"])},
    "became_inactive": {},
    "opened_in_error": {},
    "contact_made": {"type": st.sampled_from(["letter", "phone", "home_visit"])},
    "address_changed": {"address": st.sampled_from([HOME, AWAY]), "area_provider": st.none() | providers},
    "transfer_requested": {"provider": providers},
    "transfer_accepted": {"provider": providers},
    "transfer_declined": {"provider": providers},
    "transfer_withdrawn": {"provider": providers},
    "months_corrected": {"counted": st.sampled_from([10, 57, 60]), "through": months},
    "sanction_lifted": {},
    "ta_case_closed": {},
    "task_done": {
        "task": st.sampled_from(["contact/2026-02", "explain/2026-02-01", "months-unknown"]).map(
            lambda key: f"{CASE_ID}/task/{key}"
        )
    },
    "edition_adopted": {
        "edition": st.sampled_from([edition("mo-mwa/2016-01-01"), edition("mo-mwa/2014-01-27")]),
        "why": st.just("in force"),
    },
    "withdrawn": {"withdraws": st.integers(0, 12).map(lambda number: f"p-{number}"), "why": st.just("an error")},
}
assert set(_SAID) == set(KINDS)

_SCENES = (
    ("response", "participation_week", "participation_week"),
    ("participation_week", "participation_week", "sanction_lifted"),
    ("transfer_requested", "transfer_accepted"),
    ("address_changed", "transfer_accepted"),
    ("good_cause_finding", "sanction_lifted"),
    ("release_filed", "staffing_requested", "staffing_decided"),
    ("staffing_decided", "new_information", "staffing_decided"),
    ("staffing_decided", "response", "sanction_lifted"),
    ("document_requested", "document_received"),
)
"""Kinds that belong together: their facts follow each other by a few days, about one thing."""

_RARE = ("exempted", "excluded", "became_inactive", "opened_in_error", "ta_case_closed", "opened", "sanction_lifted")
_ALL = (*_SAID, *(kind for kind in _SAID if kind not in _RARE for _ in "123"))


@st.composite
def facts(
    draw: st.DrawFn, number: int, kind: str | None = None, happened: date | None = None, **given: Any
) -> CaseFact:
    """A fact that can be so, recorded on the day it happened, or late; some are recorded at the same instant."""
    kind = kind or draw(st.sampled_from(_ALL))
    happened = OPENED if kind == "opened" else happened or draw(days)
    recorded = draw(st.sampled_from([happened, happened, max(happened, draw(days))]))
    said = {**{name: draw(value) for name, value in _SAID[kind].items()}, **given}
    if said.get("role", "community_partner") != "community_partner":
        said["partner"] = None
    return KINDS[kind](  # type: ignore[return-value]
        message_id=f"p-{number}",
        happened_on=happened,
        recorded_by="staff",
        recorded_at=instant_of(recorded, "America/Chicago", draw(st.sampled_from([12, 12, 15]))),
        **said,
    )


@st.composite
def scenes(draw: st.DrawFn, number: int) -> list[CaseFact]:
    """Facts that follow each other, about one thing: what random facts alone would rarely come to."""
    kinds, day, provider = draw(st.sampled_from(_SCENES)), draw(days), draw(providers)
    shared: dict[str, Any] = {"provider": provider, "area_provider": provider, "document": "lease", "finding": "found"}
    scene = []
    for kind in kinds:
        given = {name: value for name, value in shared.items() if name in _SAID[kind]}
        if kind == "staffing_decided":
            del given["finding"]
        if kind == "response":
            given["answer"] = "agrees"
        if kind == "participation_week":
            given["week"] = day - timedelta(days=7 + day.isoweekday() % 7)
        scene.append(draw(facts(number + len(scene), kind, day, **given)))
        day += timedelta(days=7 if kind in ("response", "participation_week") else draw(st.integers(0, 9)))
    return scene


@st.composite
def tellings(draw: st.DrawFn) -> list[CaseFact]:
    """An opening and what else is told of a case, in no order."""
    told = [draw(facts(0, "opened"))]
    for _ in range(draw(st.integers(1, 4))):
        told += draw(scenes(len(told)))
    for _ in range(draw(st.integers(0, 5))):
        told.append(draw(facts(len(told))))
    return told


policies = st.sampled_from([MISSOURI, GUIDE, OREGON])


def under(policy: Policy, told: list[CaseFact]) -> list[CaseFact]:
    """Of what is told, what a case under an edition takes; in Oregon most cases open before there is a sanction."""
    taken = []
    for fact in told:
        match fact:
            case EditionAdopted() if policy is not MISSOURI:
                taken.append(fact.model_copy(update={"edition": GUIDE}))
            case GoodCauseFinding() if policy is not MISSOURI:
                continue
            case Opened() if policy is not MISSOURI and fact.months_counted != 56:
                taken.append(fact.model_copy(update={"sanction_began": None}))
            case _ if policy.has(fact.rule):
                taken.append(fact)
    return taken


def heard(fact: CaseFact, at: datetime = LATER) -> Heard:
    return Heard(fact, at, fact.message_id)


class Life:
    """A case that lives: what it was given out, and what was carried out of it."""

    def __init__(self, policy: Policy = MISSOURI) -> None:
        self.policy = policy
        self.case = Case(CASE_ID)
        self.at = instant_of(OPENED, "America/Chicago", 12)
        self.decisions: list[tuple[Case, Decision]] = []
        self.given: list[Command] = []
        self.performed: dict[str, Command] = {}

    def hear(self, news: News) -> None:
        before = self.case
        decision = decide(before, news, self.policy)
        self.case = decision.case
        self.decisions.append((before, decision))
        self.given += decision.commands

    def pass_until(self, at: datetime) -> None:
        """Stop at every deadline on the way, as the case's timer does."""
        while (due := next_action_at(self.case, self.policy)) and due <= at:
            self.at = due
            self.hear(DayCame(due))
            self.perform(50)
        self.at = at

    def perform(self, most: int) -> None:
        commands = [issue.command for issue in self.case.open_issues() if issue.command][:most]
        self.performed |= {command.effect: command for command in commands}
        self.hear(WasPerformed([Performed(effect=one.effect, on=self.case.day) for one in commands], self.at))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Facts heard with days between them; commands carried out at once, late, in part, or stuck."""
    policy = draw(policies)
    life, told = Life(policy), under(policy, draw(tellings()))
    told.sort(key=lambda fact: fact.recorded_at)
    for _ in range(draw(st.integers(0, 2))):  # some come late
        told.append(told.pop(draw(st.integers(0, len(told) - 1))))
    for fact in told:
        life.pass_until(max(life.at, fact.recorded_at))
        life.hear(heard(fact, life.at))
        match draw(st.integers(0, 3)):
            case 0:
                life.hear(IsStuck([issue.effect for issue in life.case.open_issues()], "no_answer", life.at))
            case 1:
                life.perform(1)
            case _:
                life.perform(50)
    life.pass_until(life.at + timedelta(days=draw(st.integers(0, 40))))
    return life
