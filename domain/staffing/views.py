"""What a staffing says of itself: the receipt for a record, the status, the table in the Temporal UI. OR-1, OR-2."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Literal, get_args

from domain.fact import Fact
from domain.ledger import Held
from domain.policy import Policy
from domain.staffing.deciding import ASKS, Missing, Result, answers, challenges, missing, result, unanswered
from domain.staffing.facts import Consideration
from domain.staffing.staffing import Staffing, terms
from domain.tables import Row, code, plain, table, workflow


@dataclass(frozen=True)
class StaffingReceipt:
    """The answer to what somebody recorded: what it did, and what is still open."""

    message_id: str
    result: Literal["recorded", "replaced", "withdrawn", "duplicate"]
    says: str
    unanswered: tuple[Consideration, ...]
    missing: tuple[Missing, ...]
    comes_to: Result | None


def receipt(staffing: Staffing, fact: Fact, policy: Policy, *, duplicate: bool = False) -> StaffingReceipt:
    """The receipt for a fact a staffing has just heard, or had heard before."""
    standing = "recorded" if staffing.standing_of(fact) == "stands" else staffing.standing_of(fact)
    return StaffingReceipt(
        message_id=fact.message_id,
        result="duplicate" if duplicate else standing,  # type: ignore[arg-type]
        says=says(staffing, policy),
        unanswered=unanswered(staffing.record),
        missing=missing(staffing.record, terms(policy)),
        comes_to=comes_to(staffing, policy),
    )


def comes_to(staffing: Staffing, policy: Policy) -> Result | None:
    """What the decision comes to; None while there is none. OR-1."""
    decision = staffing.decision
    return result(decision.finding, staffing.record, terms(policy)) if decision else None


def says(staffing: Staffing, policy: Policy) -> str:
    """Where the staffing stands, in one sentence, with the rules."""
    came_to, open_ones = comes_to(staffing, policy), unanswered(staffing.record)
    lacking = missing(staffing.record, terms(policy))
    due = policy.rule("due_process").id
    if staffing.ended:
        return f"ended without a decision: {staffing.ended.because}"
    if came_to == "due_process_incomplete":
        return f"decided; due process is not complete, missing: {_listed(lacking)} ({due})"
    if came_to:
        return f"decided: {came_to.replace('_', ' ')} ({policy.rule('staffing').id})"
    parts = [f"unanswered: {_listed(open_ones)} ({policy.rule('good_cause').id})"] if open_ones else []
    parts += [f"missing for due process: {_listed(lacking)} ({due})"] if lacking else []
    return "; ".join(parts) or "everything is answered: the team can decide"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)


@dataclass(frozen=True)
class StaffingStatus:
    """Where a staffing stands, for people and programs. The answers are here and nowhere else."""

    staffing: str
    case_id: str
    number: int
    why: str
    called_on: date
    requested_by: str | None
    partner: str | None
    requester: str | None
    reviews: int | None
    says: str
    considerations: tuple[dict[str, Any], ...]
    recorded: tuple[dict[str, Any], ...]
    missing: tuple[Missing, ...]
    comes_to: Result | None
    recommended: tuple[str, ...]
    needs_action: tuple[str, ...]
    quarantine: tuple[Held, ...]
    edition: str
    time_zone: str
    as_of: datetime


def status(staffing: Staffing, policy: Policy) -> StaffingStatus:
    """The status of a staffing as of the last thing it heard."""
    call, record = staffing.call, staffing.record
    return StaffingStatus(
        staffing=staffing.id,
        case_id=call.case_id,
        number=call.number,
        why=call.why,
        called_on=call.called_on,
        requested_by=call.role,
        partner=call.partner,
        requester=call.requester,
        reviews=call.reviews,
        says=says(staffing, policy),
        considerations=tuple(_considerations(staffing, policy)),
        recorded=tuple(one.model_dump(mode="json") for one in record if one.kind != "consideration_answered"),
        missing=missing(record, terms(policy)),
        comes_to=comes_to(staffing, policy),
        recommended=_recommended(staffing, policy),
        needs_action=needs_action(staffing, policy),
        quarantine=tuple(staffing.quarantine.values()),
        edition=policy.id,
        time_zone=policy.time_zone.value,
        as_of=staffing.now,
    )


def _considerations(staffing: Staffing, policy: Policy) -> list[dict[str, Any]]:
    given, months = answers(staffing.record), terms(policy).domestic_violence_months.value
    rows = []
    for name in get_args(Consideration):
        row: dict[str, Any] = {"consideration": name, "asks": ASKS[name].format(months=months), "answer": None}
        known = given.get(name)
        if known:
            shown = ("answer", "whom", "evidence", "message_id", "recorded_by", "recorded_at", "happened_on")
            row |= {key: value for key, value in known.model_dump(mode="json").items() if key in shown}
        rows.append(row)
    return rows


def _recommended(staffing: Staffing, policy: Policy) -> tuple[str, ...]:
    many = challenges(staffing.record) >= terms(policy).challenges.value
    stability = staffing.decision and staffing.decision.family_stability_issues
    return ("enhanced case management",) if many or stability else ()


def needs_action(staffing: Staffing, policy: Policy) -> tuple[str, ...]:
    """Why a person must act, by name."""
    codes = []
    if not staffing.decision and not staffing.ended:
        codes.append("unanswered" if unanswered(staffing.record) else "undecided")
        codes += ["due-process"] if missing(staffing.record, terms(policy)) else []
    codes += ["quarantine"] if staffing.quarantine else []
    return tuple(sorted(codes))


def details(staffing: Staffing, policy: Policy) -> str:
    """The table a person in the Temporal UI sees: what is open, what is answered, what happened last.

    Of an answer it says only that there is one, and of what was recorded only of which kind it is: who may read them
    asks for the status. The UI sends the table in clear to its own server. ALL-6.
    """
    call = staffing.call
    rows = [*_called(staffing, policy), *_open(staffing, policy)]
    for row in _considerations(staffing, policy):
        if row["answer"]:
            rows.append(("Answered", f"{row['asks']} · {code(row['message_id'])}"))
    rows += [("Proposed", f"{one} ({_id(policy)})") for one in _recommended(staffing, policy)]
    for entry in reversed(staffing.timeline[-_SHOWN:]):
        says = entry.says.partition(":")[0] if entry.what == "fact" else entry.says.partition(" by ")[0]
        rows.append(("Happened", f"{entry.on} {plain(says)} ({', '.join(entry.rules)})"))
    rows += [("Case", workflow(call.case_id)), ("Policy", f"{plain(policy.title)} · edition {policy.id}")]
    return table(("Stands", _stands(staffing, policy)), rows)


_SHOWN = 5


_CALLED = {
    "opening": "called for by the opening of the case",
    "request": "requested",
    "new_information": "called for by new information",
    "due_process": "called for by due process, which was not complete",
}


def _called(staffing: Staffing, policy: Policy) -> Iterator[Row]:
    call = staffing.call
    by = f" by {call.role.replace('_', ' ')}" if call.role else ""
    yield "Why", f"{_CALLED[call.why]}{by}, on {call.called_on} ({policy.rule('staffing').id})"
    if call.reviews:
        yield "Reviews", f"staffing {call.reviews} ({policy.rule('review').id})"


def _open(staffing: Staffing, policy: Policy) -> Iterator[Row]:
    """What waits for a person: considerations without an answer, what due process lacks, what could not be read."""
    if not staffing.decision and not staffing.ended:
        for row in _considerations(staffing, policy):
            if not row["answer"]:
                yield "Unanswered", f"{row['asks']} ({policy.rule('good_cause').id})"
        for lacking in missing(staffing.record, terms(policy)):
            yield "Missing", f"{lacking.replace('_', ' ')} ({policy.rule('due_process').id})"
    for held in islice(staffing.quarantine.values(), _SHOWN):
        yield "Quarantine", f"{plain(f'{held.name}: {held.reason}')} (ALL-2) · {code(held.id)}"


def _stands(staffing: Staffing, policy: Policy) -> str:
    """The staffing in a few words; what is open has lines of its own."""
    if staffing.ended or staffing.decision:
        return plain(says(staffing, policy))
    open_ones = len(unanswered(staffing.record))
    return f"Undecided: {open_ones} unanswered" if open_ones else "Everything is answered: the team can decide"


def _id(policy: Policy) -> str:
    return policy.rule("case_management" if policy.disqualification else "staffing").id
