"""Cases for tests, told as one would tell them: opened, then this happened, then it was that day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from domain.calendar import instant_of
from domain.case import Case, Outcome, Phase
from domain.commands import Command, Performed, SendLetter
from domain.decide import DayCame, Decision, IsStuck, WasPerformed, WasRevoked, deadlines, decide, refuses
from domain.fact import Address, Withdrawn
from domain.facts import (
    AddressChanged,
    AssessmentCompleted,
    BecameInactive,
    CaseFact,
    ContactMade,
    DocumentReceived,
    DocumentRequested,
    Excluded,
    Exempted,
    GoodCauseFinding,
    IepCompleted,
    MonthsCorrected,
    Opened,
    OpenedInError,
    ParticipationWeek,
    RequiredHoursChanged,
    Response,
    SanctionLifted,
    TaCaseClosed,
    TaskDone,
    TransferAccepted,
    TransferDeclined,
    TransferRequested,
    TransferWithdrawn,
)
from domain.intake import Weighed, weigh
from domain.ledger import Heard
from domain.policy import Policy
from domain.views import next_action_at
from policy.load import edition

CASE_ID = "mo-mwa/case/7/1"
MISSOURI = edition("mo-mwa/2014-01-27")
HOME = Address(lines=("12 Sample Street",), city="Kansas City", state="MO", postal_code="64101")
AWAY = Address(lines=("9 Other Road",), city="St. Louis", state="MO", postal_code="63101")

_ids = count(1)


def on(day: str) -> date:
    return date.fromisoformat(day)


def noon(day: str | date) -> datetime:
    """Noon in Missouri, so that a business day has begun."""
    return instant_of(on(day) if isinstance(day, str) else day, "America/Chicago", 12)


def envelope(day: str, recorded: str | None = None, id: str | None = None) -> dict[str, Any]:
    """What every fact carries; of two facts built for one date the later built is the later recorded."""
    number = next(_ids)
    at = noon(recorded or day) + timedelta(microseconds=number)
    return {"message_id": id or f"m-{number}", "happened_on": on(day), "recorded_by": "staff", "recorded_at": at}


def opening(day: str, **given: Any) -> Opened:
    usual: dict[str, Any] = {
        "sanction_began": on(day),
        "months_counted": 12,
        "months_through": (on(day).replace(day=1) - timedelta(days=1)).isoformat()[:7],
        "sanctioned_months": (),
        "call_in_answered": True,
        "required_hours": 30,
        "provider": "WEST",
        "name": "Frida Example",
        "address": HOME,
    }
    for name in ("recorded", "id"):
        usual.setdefault(name, None)
    said = {**usual, **given}
    return Opened(**envelope(day, said.pop("recorded"), said.pop("id")), **said)


def agreed(day: str, *activities: str, changes: str | None = None, **told: Any) -> Response:
    return Response(**envelope(day, **told), answer="agrees", activities=activities, changes=changes)


def refused(day: str, **told: Any) -> Response:
    return Response(**envelope(day, **told), answer="refuses")


def asked(day: str, **told: Any) -> Response:
    return Response(**envelope(day, **told), answer="question")


def mail_returned(day: str, **told: Any) -> Response:
    return Response(**envelope(day, **told), answer="returned_mail")


def week(sunday: str, hours: float, recorded: str | None = None, **told: Any) -> ParticipationWeek:
    """A week's report, recorded on the Sunday after it unless told otherwise."""
    after = recorded or (on(sunday) + timedelta(days=7)).isoformat()
    return ParticipationWeek(**envelope(after, **told), week=on(sunday), hours=hours)


def hours_changed(sunday: str, hours: float, day: str | None = None) -> RequiredHoursChanged:
    return RequiredHoursChanged(**envelope(day or sunday), from_week=on(sunday), hours=hours)


def document_requested(day: str, name: str = "pay stub", **told: Any) -> DocumentRequested:
    return DocumentRequested(**envelope(day, **told), document=name)


def document_received(day: str, name: str = "pay stub", **told: Any) -> DocumentReceived:
    return DocumentReceived(**envelope(day, **told), document=name)


def assessed(day: str) -> AssessmentCompleted:
    return AssessmentCompleted(**envelope(day))


def iep_completed(day: str) -> IepCompleted:
    return IepCompleted(**envelope(day))


def good_cause(day: str, finding: str = "found", **told: Any) -> GoodCauseFinding:
    return GoodCauseFinding(**envelope(day, **told), finding=finding, grounds="on file", decided_by="staff")


def exempted(day: str, **told: Any) -> Exempted:
    return Exempted(**envelope(day, **told))


def excluded(day: str, **told: Any) -> Excluded:
    return Excluded(**envelope(day, **told))


def inactive(day: str, **told: Any) -> BecameInactive:
    return BecameInactive(**envelope(day, **told))


def opened_in_error(day: str, **told: Any) -> OpenedInError:
    return OpenedInError(**envelope(day, **told))


def contact(day: str, type: str = "phone", **told: Any) -> ContactMade:
    return ContactMade(**envelope(day, **told), type=type)


def moved(day: str, area: str | None = None, to: Address = AWAY, **told: Any) -> AddressChanged:
    return AddressChanged(**envelope(day, **told), address=to, area_provider=area)


def transfer_requested(day: str, to: str, **told: Any) -> TransferRequested:
    return TransferRequested(**envelope(day, **told), provider=to)


def transfer_accepted(day: str, by: str, **told: Any) -> TransferAccepted:
    return TransferAccepted(**envelope(day, **told), provider=by)


def transfer_declined(day: str, by: str, **told: Any) -> TransferDeclined:
    return TransferDeclined(**envelope(day, **told), provider=by)


def transfer_withdrawn(day: str, to: str, **told: Any) -> TransferWithdrawn:
    return TransferWithdrawn(**envelope(day, **told), provider=to)


def months(day: str, counted: int, through: str, **told: Any) -> MonthsCorrected:
    return MonthsCorrected(**envelope(day, **told), counted=counted, through=through)


def lifted(day: str, **told: Any) -> SanctionLifted:
    return SanctionLifted(**envelope(day, **told))


def ta_closed(day: str, **told: Any) -> TaCaseClosed:
    return TaCaseClosed(**envelope(day, **told))


def task_done(day: str, task: str, **told: Any) -> TaskDone:
    return TaskDone(**envelope(day, **told), task=task)


def withdrawn(day: str, message: CaseFact | str, **told: Any) -> Withdrawn:
    target = message if isinstance(message, str) else message.message_id
    return Withdrawn(**envelope(day, **told), withdraws=target, why="recorded in error")


def two_good_weeks() -> list[CaseFact]:
    """The weeks of February 15 and 22, 2026, recorded on February 22 and March 1."""
    return [week("2026-02-15", 30), week("2026-02-22", 30)]


class Told:
    """A case as it goes on. What it gives out is carried out at once, unless it is told to leave that open."""

    def __init__(self, policy: Policy = MISSOURI, *, performing: bool = True) -> None:
        self.policy = policy
        self.performing = performing
        self.case = Case(CASE_ID)
        self.decisions: list[Decision] = []
        self.given: list[Command] = []
        """Every command given out so far, in order."""

    def after(self, *facts: CaseFact, received: str | None = None) -> Told:
        """The facts are heard, each on the day it was recorded, or all on the day given."""
        for fact in facts:
            at = max(noon(received) if received else fact.recorded_at, self.case.now)
            self._pass_until(at)
            self._decide(Heard(fact, at, fact.message_id))
        return self

    def on(self, day: str) -> Told:
        """Time goes on to noon of a day."""
        self._pass_until(noon(day))
        self._decide(DayCame(max(noon(day), self.case.now)))
        return self

    def _pass_until(self, at: datetime) -> None:
        """Stop at every deadline on the way, as the case's timer does."""
        while (due := next_action_at(self.case, self.policy)) and due <= at:
            self._decide(DayCame(due))

    def stuck(self, because: str = "no_answer") -> Told:
        """What is open could not be carried out."""
        self._decide(IsStuck([issue.effect for issue in self.case.open_issues()], because, self.case.now))
        return self

    def perform(self, effects: Iterable[str] | None = None) -> Told:
        """What is open, or what is named, is carried out on the case's day."""
        named = list(effects) if effects else [issue.effect for issue in self.case.open_issues()]
        done = [Performed(effect=effect, on=self.case.day) for effect in named]
        self._take(decide(self.case, WasPerformed(done, self.case.now), self.policy))
        return self

    def handed(self) -> Told:
        """Somebody was asked to carry out what is open."""
        self.case = self.case.handing([issue.effect for issue in self.case.open_issues()])
        return self

    def revoked(self, went: Iterable[str]) -> Told:
        """Those who were asked to carry out what is void now say that it never will be, or that it went."""
        asked = [issue.effect for issue in self.case.in_doubt()]
        done = [Performed(effect=effect, on=self.case.day) for effect in went]
        self._take(decide(self.case, WasRevoked(asked, done, self.case.now), self.policy))
        return self

    def leaving_open(self) -> Told:
        """From here on, what is given out waits to be carried out."""
        self.performing = False
        return self

    def _decide(self, news: Any) -> None:
        self._take(decide(self.case, news, self.policy))
        while self.performing and self.case.open_issues():
            self.perform()

    def _take(self, decision: Decision) -> None:
        self.case = decision.case
        self.decisions.append(decision)
        self.given += decision.commands

    @property
    def phase(self) -> Phase:
        return self.case.phase

    @property
    def outcome(self) -> Outcome | None:
        return self.case.outcome

    @property
    def letters(self) -> list[str]:
        """The dates on which letters were sent."""
        return [day.isoformat() for day in self.case.letters_sent()]

    @property
    def letter(self) -> SendLetter:
        """The letter given out last."""
        return [command for command in self.given if isinstance(command, SendLetter)][-1]

    def gave(self, kind: str) -> list[str]:
        """What was given out of a kind, by effect without the case's id."""
        return [command.effect.removeprefix(f"{CASE_ID}/") for command in self.given if command.kind == kind]

    def open(self) -> list[str]:
        """What waits to be carried out."""
        return [issue.effect.removeprefix(f"{CASE_ID}/") for issue in self.case.open_issues()]

    def tasks(self) -> list[str]:
        """The staff tasks that stand, by key, in alphabetical order."""
        return sorted(issue.effect.removeprefix(f"{CASE_ID}/task/") for issue in self.case.open_tasks())

    def waits_for(self) -> list[tuple[str, str]]:
        return [(due.what, due.on.isoformat()) for due in deadlines(self.case, self.policy)]


def opened(day: str = "2026-01-05", *, policy: Policy = MISSOURI, performing: bool = True, **given: Any) -> Told:
    """A case opened on a day; by default one that answered the Call-In Letter, with 12 months counted."""
    return Told(policy, performing=performing).after(opening(day, **given))


def heard_at_once(facts: Iterable[CaseFact], received: datetime, policy: Policy = MISSOURI) -> Case:
    """The case after facts that were all received at one instant, with nothing carried out."""
    case = Case(CASE_ID)
    for fact in facts:
        case = decide(case, Heard(fact, received.astimezone(UTC), fact.message_id), policy).case
    return case


def taken(case: Case, name: str, content: str, at: datetime, policy: Policy = MISSOURI) -> Weighed:
    """What a message to a case comes to."""
    return weigh(case, name, content, at, lambda fact: refuses(case, fact, policy, at))
