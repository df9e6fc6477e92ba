"""decide(case, fact, policy): the one place where a fact changes a case.

The rules say what ought to be so; what was given out is held against it. What is wanted and not given out becomes a
command, what was given out and is no longer wanted is made void or taken back, each once (ALL-3), each with its
reason (ALL-4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from domain.calendar import business_day, local_date
from domain.case import Case, Issue, Phase
from domain.commands import Command, OpenTask, Performed, SendLetter, is_replaced, undo
from domain.facts import CaseFact, EditionAdopted, GoodCauseFinding, Opened, StaffingRequested
from domain.intake import misdated
from domain.ledger import Entry, Heard
from domain.policy import Policy, Reason
from domain.rules import closing, contact, letters, lift, limit, rate, response, sanction, staffing, transfer, trial
from domain.rules.edition import in_force
from domain.rules.effects import Due, Effect, numbered

RULES = (letters, staffing, sanction, response, trial, lift, limit, transfer, contact, rate)


@dataclass(frozen=True)
class DayCame:
    """The clock: nothing happened but time."""

    received_at: datetime


@dataclass(frozen=True)
class WasPerformed:
    """Commands were carried out: the answers that come back."""

    performed: Sequence[Performed]
    received_at: datetime


@dataclass(frozen=True)
class IsStuck:
    """Commands could not be carried out so far; they are tried again for as long as they make sense. ALL-3."""

    effects: Sequence[str]
    because: str
    received_at: datetime


@dataclass(frozen=True)
class WasRevoked:
    """Whoever was asked to carry out what is void now was asked to leave it: some had been carried out. ALL-3."""

    effects: Sequence[str]
    performed: Sequence[Performed]
    received_at: datetime


News = Heard | DayCame | WasPerformed | IsStuck | WasRevoked


@dataclass(frozen=True)
class Decision:
    """What a fact came to: the case after it, what is now to be done, what is void, and why."""

    case: Case
    commands: tuple[Command, ...] = ()
    voided: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


def decide(case: Case, news: News, policy: Policy) -> Decision:
    """Take in one piece of news and settle what follows from it. Pure: the same arguments, the same decision.

    `policy` is the edition the case was opened under; the one it adopted since, if any, is in its facts (ALL-5).
    """
    case = _take_in(case.but(now=max(case.now, news.received_at)), news, policy)
    policy = in_force(case, policy)
    day = business_day(case.now, policy.time_zone.value, policy.opens_at_hour.value)
    return _settle(case.but(day=day), policy)


def _take_in(case: Case, news: News, policy: Policy) -> Case:
    match news:
        case Heard(fact, received_at, digest):
            rule = policy.rule(fact.rule).id
            entry = Entry(received_at, fact.happened_on, "fact", _in_words(fact), (rule,), fact.message_id)
            return case.with_fact(fact, digest).noting([entry])
        case WasPerformed(performed, received_at):
            return _performed(case, performed, received_at)
        case IsStuck(effects, because):
            under_way = {issue.effect for issue in case.under_way()}
            stuck = {effect: because for effect in effects if effect in under_way}
            return case.but(troubles={**case.troubles, **stuck})
        case WasRevoked(effects, performed, received_at):
            return _revoked(_performed(case, performed, received_at), effects)
        case _:
            return case


_UNTOLD = (
    *("message_id", "happened_on", "recorded_by", "recorded_at"),
    *("note", "address", "name", "about", "reason", "record", "requester"),
)


def _in_words(fact: CaseFact) -> str:
    """The fact as one line for people: its kind and what it says, without the envelope, notes and evidence."""
    said = fact.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    shown = {name: value for name, value in said.items() if name not in _UNTOLD}
    if isinstance(fact, EditionAdopted):
        shown["edition"] = fact.edition.id
    details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items())
    return f"{fact.kind.replace('_', ' ')}{': ' if details else ''}{details}"


def _performed(case: Case, performed: Iterable[Performed], at: datetime) -> Case:
    by_effect = {one.effect: one for one in performed}
    issues, entries = dict(case.issues), []
    for key, issue in case.issues.items():
        done = by_effect.get(issue.effect)
        if not done or issue.status not in ("open", "void"):
            continue
        kept = None if isinstance(issue.command, SendLetter) else issue.command
        issues[key] = replace(issue, status="done", on=done.on, command=kept, handed=False)
        if key.startswith(_UNDO):
            del issues[key]  # what took another effect back is of no further use
        says = f"carried out: {key.removeprefix(_UNDO)}" + (" taken back" if key.startswith(_UNDO) else "")
        entries.append(Entry(at, done.on, "effect", says, (issue.rule,), issue.effect))
    troubles = {effect: because for effect, because in case.troubles.items() if effect not in by_effect}
    return case.but(issues=issues, troubles=troubles).noting(entries)


def _revoked(case: Case, effects: Sequence[str]) -> Case:
    """What had not gone never will: wanted again, it is given out under another effect id."""
    never = {
        key: replace(issue, status="undone", command=None, handed=False)
        for key, issue in case.issues.items()
        if issue.in_doubt and issue.effect in effects
    }
    troubles = {effect: because for effect, because in case.troubles.items() if effect not in effects}
    return case.but(issues={**case.issues, **never}, troubles=troubles)


def _settle(case: Case, policy: Policy) -> Decision:
    end = closing.closing(case, policy)
    phase, why, since = _phase(case, policy, end)
    outcome = end.outcome if end else None
    book = _Book(case)
    book.balance(_wanted(case, policy, end))
    if (phase, outcome) != (case.phase, case.outcome):
        says = f"{phase.value}{f' ({outcome.value})' if outcome else ''}: {why.says}"
        book.entries.insert(0, Entry(case.now, since, "decision", says, (why.rule,)))
        book.reasons.insert(0, why)
    after = case.but(
        issues=book.issues,
        troubles={effect: because for effect, because in case.troubles.items() if effect not in book.voided},
        phase=phase,
        phase_reason=why,
        phase_since=since if phase != case.phase else case.phase_since,
        outcome=outcome,
    )
    return Decision(after.noting(book.entries), tuple(book.commands), tuple(book.voided), tuple(book.reasons))


def _wanted(case: Case, policy: Policy, end: closing.Closing | None) -> dict[str, Effect]:
    """What ought to be given out today, by key. A closed case wants what its end asks for, and keeps what stands."""
    ruled = [effect for rule in RULES for effect in rule.effects(case, policy)]
    if end:
        told = [one for one in ruled if closing.outlasts(case, policy, one.command, end) and _is_done(case, one.key)]
        ruled = [*told, *closing.effects(case, policy, end)]
    return {effect.key: effect for effect in ruled}


def _is_done(case: Case, key: str) -> bool:
    issue = case.issues.get(key)
    return issue is not None and issue.status == "done"


def _phase(case: Case, policy: Policy, end: closing.Closing | None) -> tuple[Phase, Reason, date]:
    if end:
        return Phase.CLOSED, end.reason, end.on
    if not case.opening:
        return Phase.AWAITING_OPENING, policy.reason("start", "no opening stands"), case.day
    at_limit = limit.is_reached(case, policy)
    if at_limit:
        return Phase.LIMIT_REACHED, at_limit, case.day
    lifting = lift.ground(case, policy)
    if policy.disqualification and not lifting and not sanction.began(case, policy):
        return Phase.STAFFING, policy.reason("staffing", "a staffing decides before there is a sanction"), case.day
    if lifting:
        return Phase.LIFT_RECOMMENDED, lifting.reason, case.day
    current = trial.trial(case, policy)
    if current and current.stands:
        agreed_on = current.agreement.happened_on
        return Phase.TRIAL, policy.reason("agreement", "agreed to comply", agreed_on=agreed_on), agreed_on
    if current and current.failed_week:
        reason = policy.reason("trial", "a week passed without the required hours", week=current.failed_week)
        return Phase.REENGAGING, reason, case.day
    if current and current.withdrew_on:
        reason = policy.reason("trial", "the participant withdrew", withdrew_on=current.withdrew_on)
        return Phase.REENGAGING, reason, current.withdrew_on
    applied = sanction.applied(case, policy)
    if applied:
        says, held_on = "no good cause was found: the disqualification is applied", applied.happened_on
        return Phase.REENGAGING, policy.reason("sanction", says, staffing=applied.number, held_on=held_on), held_on
    opened_on = case.opening.happened_on
    return Phase.REENGAGING, policy.reason("start", "re-engagement starts at once", opened_on=opened_on), opened_on


class _Book:
    """What was given out, held against what is wanted: the difference is what to do now. ALL-3."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.issues = dict(case.issues)
        self.commands: list[Command] = []
        self.voided: list[str] = []
        self.reasons: list[Reason] = []
        self.entries: list[Entry] = []

    def balance(self, wanted: dict[str, Effect]) -> None:
        """Make void or take back what is no longer wanted, then give out what is."""
        for key, issue in self.case.issues.items():
            if key not in wanted and not key.startswith(_UNDO):
                self._drop(key, issue)
        for effect in wanted.values():
            self._give_out(effect)

    def _drop(self, key: str, issue: Issue) -> None:
        if issue.status == "open":
            self._void(key, issue, "its ground is gone")
        elif issue.status == "settled" or (issue.status == "done" and self._take_back(key, issue)):
            self.issues[key] = replace(issue, status="undone", command=None)

    def _void(self, key: str, issue: Issue, because: str) -> None:
        self.issues[key] = replace(issue, status="void")
        self.voided.append(issue.effect)
        self._note(f"made void: {because}", issue.rule, issue.effect)

    def _take_back(self, key: str, issue: Issue) -> bool:
        """Undo what was carried out, if it is of a kind that can be."""
        back = f"{_UNDO}{key}/{issue.number}"
        command = undo(issue.command, f"{self.case.id}/{back}") if issue.command else None
        if command is None:
            return False
        self.issues[back] = Issue(command.effect, 1, "open", command, issue.rule)
        self.commands.append(command)
        self._note(f"{command.kind.replace('_', ' ')}: its ground is gone, or it is done", issue.rule, issue.effect)
        return True

    def _give_out(self, effect: Effect) -> None:
        """Once; again when it was undone since, or done by staff in error; anew when its content changed."""
        issue, command = self.case.issues.get(effect.key), effect.command
        if issue and issue.in_doubt:
            return  # whether it went is asked; then it is settled what is wanted still
        if issue and issue.status == "done" and isinstance(command, OpenTask) and self.case.task_done_on(issue.effect):
            self._take_back(effect.key, issue)
            self.issues[effect.key] = replace(issue, status="settled", command=None)
            return
        again = bool(issue and issue.status == "settled" and not self.case.task_done_on(issue.effect))
        if issue and issue.status in _STANDING and issue.command in (None, command) and not again:
            return
        if issue and issue.status == "open" and issue.handed:
            self._void(effect.key, issue, "it is to say something else")
            return
        number = issue.number + (again or issue.status in ("undone", "done")) if issue else 1
        if issue and (again or issue.status == "done"):
            self._replace(effect.key, issue)
            command = command.model_copy(update={"effect": numbered(self.case, effect.key, number)})
        if issue and issue.status == "open":
            self.voided.append(issue.effect)
        self.issues.pop(effect.key, None)  # what is given out anew goes to the end of its lane
        self.issues[effect.key] = Issue(command.effect, number, "open", command, effect.reason.rule)
        self.commands.append(command)
        self.reasons.append(effect.reason)
        says = f"{command.kind.replace('_', ' ')}: {effect.reason.says}"
        self._note(says, effect.reason.rule, command.effect)

    def _replace(self, key: str, issue: Issue) -> None:
        """What was carried out says what is so no more: it is taken back, unless the new command takes its place."""
        if issue.command and not is_replaced(issue.command):
            self._take_back(key, issue)

    def _note(self, says: str, rule: str, effect: str) -> None:
        self.entries.append(Entry(self.case.now, self.case.day, "decision", says, (rule,), effect))


_UNDO = "undo/"
_STANDING = ("open", "done", "settled")


def next_deadline(case: Case, policy: Policy) -> Due | None:
    """The earliest date on which time alone changes something; None when only facts can. One timer serves a case."""
    return min(deadlines(case, policy), key=lambda due: due.on, default=None)


def deadlines(case: Case, policy: Policy) -> list[Due]:
    """Every date the case waits for, soonest first."""
    if not case.opening or case.outcome:
        return []
    policy = in_force(case, policy)
    dues = [due for rule in RULES for due in rule.deadlines(case, policy)]
    return sorted((due for due in dues if due.on > case.day), key=lambda due: due.on)


def refuses(case: Case, fact: CaseFact, policy: Policy, received_at: datetime) -> str | None:
    """Why a case does not take a fact; None when it does. ALL-2.

    Beside who may request a staffing (OR-4), only the fact itself and the time of its receipt are weighed: what it
    means beside other facts is for the rules. `policy` is the edition the case was opened under.
    """
    policy = in_force(case, policy)
    if not policy.has(fact.rule):
        return f"kind: edition {policy.id} has no rule for it"
    because = misdated(fact, received_at, policy.time_zone.value)
    if because:
        return because
    match fact:
        case EditionAdopted(edition=edition) if edition.program != policy.program:
            return f"edition.program: must be {policy.program}, the program of the case"
        case Opened(sanction_began=None) if not policy.disqualification:
            return "sanction_began: is needed, for in this program no staffing comes before the sanction"
        case GoodCauseFinding() if policy.disqualification:
            return f"kind: in this program a staffing finds good cause ({policy.rule('staffing').id})"
        case StaffingRequested() if not staffing.may_request(case, fact):
            form = policy.staffing.release_form.value if policy.staffing else "release"
            return f"partner: no {form} of this community partner is on file ({policy.rule('request').id})"
    return _month_ahead(fact, local_date(received_at, policy.time_zone.value))


def _month_ahead(fact: CaseFact, today: date) -> str | None:
    for name in ("through", "months_through"):
        month = getattr(fact, name, None)
        if month and month > f"{today:%Y-%m}":
            return f"{name}: lies after the month it was received, {today:%Y-%m}"
    return None
