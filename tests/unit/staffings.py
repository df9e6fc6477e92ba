"""What staffings record, for tests: told as one would tell it."""

import json
from typing import Any, get_args

from domain.commands import Command, OpenStaffing
from domain.decide import refuses as case_refuses
from domain.facts import CaseFact, NewInformation, ReleaseFiled, StaffingDecided, StaffingRequested
from domain.intake import Weighed, weigh
from domain.ledger import Heard
from domain.policy import Policy
from domain.staffing import staffing as held
from domain.staffing.facts import (
    AttendanceRecorded,
    Consideration,
    ConsiderationAnswered,
    ContactAttempted,
    Decided,
    Ended,
    EngagementOptionOffered,
    Recorded,
    ScreeningOffered,
    StaffingFact,
)
from policy.load import edition
from tests.unit.building import CASE_ID, Told, envelope, noon, on, opening

GUIDE = edition("or-jobs/dq1-guide")
OREGON = edition("or-jobs/2024-01-01")
CONSIDERATIONS: tuple[Consideration, ...] = get_args(Consideration)
EVIDENCE, REASON = "asked, and on file", "the team weighed it against the rest"


def answered(consideration: Consideration, answer: str = "no", day: str = "2026-01-20", **told: Any) -> Any:
    said = {"whom": "participant", "evidence": EVIDENCE} | told
    given = {name: said.pop(name) for name in ("recorded", "id") if name in said}
    return ConsiderationAnswered(**envelope(day, **given), consideration=consideration, answer=answer, **said)


def screening(day: str = "2026-01-08", **told: Any) -> ScreeningOffered:
    return ScreeningOffered(**envelope(day, **told), screening="learning needs screening")


def attempt(day: str, type: str = "phone", **told: Any) -> ContactAttempted:
    return ContactAttempted(**envelope(day, **told), type=type)


def option(day: str = "2026-01-14", **told: Any) -> EngagementOptionOffered:
    return EngagementOptionOffered(**envelope(day, **told), option="life skills class")


def came(attendance: str = "no_show", day: str = "2026-01-20", **told: Any) -> AttendanceRecorded:
    return AttendanceRecorded(**envelope(day, **told), attendance=attendance)


def all_answered(day: str = "2026-01-20", **yes_or_unknown: str) -> tuple[Recorded, ...]:
    """Every consideration answered: no, unless told otherwise."""
    return tuple(answered(one, yes_or_unknown.get(one, "no"), day) for one in CONSIDERATIONS)


ANSWERED = all_answered()
DUE_PROCESS: tuple[Recorded, ...] = (
    screening(),
    attempt("2026-01-09"),
    attempt("2026-01-12", "home_visit"),
    option(),
    came(),
    *ANSWERED,
)
"""A record with which nothing is missing and nothing is answered yes."""


def without(*kinds: type[Any]) -> tuple[Recorded, ...]:
    """The whole record but for some kinds."""
    return tuple(one for one in DUE_PROCESS if not isinstance(one, kinds))


def knowing(day: str = "2026-01-20", **answers: str) -> tuple[Recorded, ...]:
    """The whole record, with some considerations answered otherwise."""
    return (*without(ConsiderationAnswered), *all_answered(day, **answers))


def decided(
    day: str,
    finding: str = "no_good_cause",
    record: tuple[Recorded, ...] = DUE_PROCESS,
    number: int = 1,
    **told: Any,
) -> StaffingDecided:
    given = {name: told.pop(name) for name in ("recorded", "id") if name in told}
    said = {"decided_by": "the team", "reason": None} | told
    return StaffingDecided(**envelope(day, **given), number=number, finding=finding, record=record, **said)


def requested(day: str, role: str = "family_coach", partner: str | None = None, **told: Any) -> StaffingRequested:
    return StaffingRequested(**envelope(day, **told), role=role, partner=partner)


def release(day: str, partner: str = "Neighbors United", **told: Any) -> ReleaseFiled:
    said = {"until": told.pop("until", None)}
    return ReleaseFiled(**envelope(day, **told), partner=partner, **said)


def informed(day: str, about: str = "an exemption not known before", **told: Any) -> NewInformation:
    return NewInformation(**envelope(day, **told), about=about)


def in_oregon(day: str = "2026-01-05", *, policy: Policy = GUIDE, performing: bool = True, **given: Any) -> Told:
    """A case opened for a staffing: no sanction yet."""
    return Told(policy, performing=performing).after(opening(day, **{"sanction_began": None, **given}))


def disqualified(day: str = "2026-01-20", **told: Any) -> Told:
    """A case in which a staffing found no good cause on a day, so that DQ1 is applied."""
    return in_oregon(**told).after(decided(day))


def finds(finding: str, day: str, number: int) -> StaffingDecided:
    """A decision with a record that carries it: no good cause with nothing said yes, good cause with an exemption."""
    record = DUE_PROCESS if finding == "no_good_cause" else knowing(exempt="yes")
    return decided(day, finding, record, number)


def said_no(told: Told, fact: CaseFact) -> str | None:
    """Why the case does not take a fact, on the day it is recorded."""
    return case_refuses(told.case, fact, told.policy, max(fact.recorded_at, told.case.now))


def commands(told: Told, kind: type[Any]) -> list[Any]:
    """What was given out of a kind, in order."""
    return [command for command in told.given if isinstance(command, kind)]


def taken_back(told: Told) -> list[str]:
    """What was taken back, by effect without the case's id, in order; a task that was closed is not listed."""
    undone = [command.undoes for command in told.given if _undoes(command)]
    return [effect.removeprefix(f"{CASE_ID}/") for effect in undone]


def _undoes(command: Command) -> bool:
    return hasattr(command, "undoes") and command.kind != "close_task"


def stands(told: Told) -> list[str]:
    """What is carried out and stands, by key, tasks and staffings aside; in alphabetical order."""
    done = [key for key, issue in told.case.issues.items() if issue.status == "done"]
    return sorted(key for key in done if not key.startswith(("task/", "staffing/")))


def called(number: int = 1, why: str = "opening", record: tuple[Recorded, ...] = (), **told: Any) -> OpenStaffing:
    said = {"called_on": on("2026-01-05"), "reviews": None} | told
    effect = f"{CASE_ID}/staffing/{number}"
    return OpenStaffing(effect=effect, case_id=CASE_ID, number=number, why=why, record=record, **said)


def staffing(*facts: StaffingFact, call: OpenStaffing | None = None, policy: Policy = GUIDE) -> held.Staffing:
    """A staffing after what its team recorded, all of which it takes."""
    call = call or called()
    return recording(held.opened(f"case-7-1-staffing-{call.number}", call, noon(call.called_on), policy), *facts)


def recording(one: held.Staffing, *facts: StaffingFact, policy: Policy = GUIDE) -> held.Staffing:
    """The staffing, having heard more, all of which it takes."""
    for fact in facts:
        assert refused(one, fact, policy) is None
        one = held.heard(one, Heard(fact, fact.recorded_at, fact.message_id), policy)
    return one


def refused(one: held.Staffing, fact: StaffingFact, policy: Policy = GUIDE) -> str | None:
    """Why the staffing does not take what somebody records, on the day it is recorded."""
    return held.refuses(one, fact, policy, fact.recorded_at)


def the_team(
    finding: str = "no_good_cause", day: str = "2026-01-20", reason: str | None = None, **told: Any
) -> Decided:
    given = {name: told.pop(name) for name in ("recorded", "id") if name in told}
    return Decided(**envelope(day, **given), finding=finding, reason=reason, decided_by="the team", **told)


def ended(day: str = "2026-01-25", because: str = "the case ended") -> Ended:
    return Ended(**envelope(day), because=because)


def sent(one: held.Staffing, said: dict[str, Any], day: str = "2026-03-01", policy: Policy = GUIDE) -> Weighed:
    """What a message to a staffing comes to, whoever sends it."""
    at = noon(day)
    return weigh(one, said["kind"], json.dumps(said), at, lambda fact: held.refuses(one, fact, policy, at))
