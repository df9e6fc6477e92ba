"""What staffings record, for tests: told as one would tell it."""

from typing import Any, get_args

from domain.facts import NewInformation, ReleaseFiled, StaffingDecided, StaffingRequested
from domain.policy import Policy
from domain.staffing.facts import (
    AttendanceRecorded,
    Consideration,
    ConsiderationAnswered,
    ContactAttempted,
    EngagementOptionOffered,
    Recorded,
    ScreeningOffered,
)
from policy.load import edition
from tests.unit.building import Told, envelope, opening

GUIDE = edition("or-jobs/dq1-guide")
OREGON = edition("or-jobs/2024-01-01")
CONSIDERATIONS: tuple[Consideration, ...] = get_args(Consideration)


def answered(consideration: Consideration, answer: str = "no", day: str = "2026-01-20", **told: Any) -> Any:
    said = {"whom": "participant", "evidence": "asked, and on file"} | told
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
