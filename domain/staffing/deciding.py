"""What a decision needs, and what it comes to: OR-1 (due process), OR-2 (good cause). Asked of the record alone.

The same questions are asked in the staffing, before a decision is taken, and in the case, of the decision it hears:
no way in leads past them.
"""

from collections.abc import Sequence
from typing import Literal, get_args

from domain.policy import StaffingPolicy
from domain.staffing.facts import (
    AttendanceRecorded,
    Consideration,
    ConsiderationAnswered,
    ContactAttempted,
    EngagementOptionOffered,
    Finding,
    Recorded,
    ScreeningOffered,
)

Result = Literal["good_cause", "due_process_incomplete", "disqualified"]
Missing = Literal["screenings", "contact_attempts", "engagement_options"]

CHALLENGES: frozenset[Consideration] = frozenset(
    ("domestic_violence", "mental_health", "substance_use", "learning_or_disability", "physical_health")
)
"""The areas in which there may be challenges. OR-2, OR-7."""
OPEN_TO_SAY: frozenset[Consideration] = frozenset(("exempt", "outside_control"))
"""The grounds that may be named outside of a staffing; of the others nobody is told more than that they are verified.
That the department failed to assist in one of the areas would tell that there is one. ALL-6."""

ASKS: dict[Consideration, str] = {
    "exempt": "Was the participant exempt at any time before or at the time of the re-engagement process?",
    "outside_control": "Did a situation outside the participant's control prevent the PDP activities?",
    "domestic_violence": "Participant or household: active domestic violence (last {months} months)?",
    "mental_health": "Participant or household: ongoing mental health?",
    "substance_use": "Participant or household: substance use?",
    "learning_or_disability": "Participant or household: learning needs or disability?",
    "physical_health": "Participant or household: physical health?",
    "department_failed": "Did the department fail to give assistance or reasonable accommodation for one of these?",
}


def answers(record: Sequence[Recorded]) -> dict[Consideration, ConsiderationAnswered]:
    """The answers by consideration. OR-2."""
    return {one.consideration: one for one in record if isinstance(one, ConsiderationAnswered)}


def unanswered(record: Sequence[Recorded]) -> tuple[Consideration, ...]:
    """The considerations nobody has answered yet; 'unknown' is an answer. OR-2."""
    given = answers(record)
    return tuple(one for one in get_args(Consideration) if one not in given)


def said_yes(record: Sequence[Recorded]) -> tuple[Consideration, ...]:
    """The considerations answered yes. OR-2."""
    return tuple(name for name, answer in answers(record).items() if answer.answer == "yes")


def goes_against(finding: Finding, record: Sequence[Recorded]) -> bool:
    """Whether a finding goes against the answers, so that it needs a written reason.

    OR-2: 'no good cause' against a 'yes'. In the same way 'good cause' where nothing was answered yes.
    """
    return bool(said_yes(record)) == (finding == "no_good_cause")


def missing(record: Sequence[Recorded], policy: StaffingPolicy) -> tuple[Missing, ...]:
    """What is missing for due process. OR-1.

    OR DQ1 Guide: 'screenings were offered', 'continued attempts to connect', 'engagement options were offered'.
    """
    attempts = sum(isinstance(one, ContactAttempted) for one in record)
    lacking: list[Missing] = []
    if not any(isinstance(one, ScreeningOffered) for one in record):
        lacking.append("screenings")
    if attempts < policy.contact_attempts.value:
        lacking.append("contact_attempts")
    if not any(isinstance(one, EngagementOptionOffered) for one in record):
        lacking.append("engagement_options")
    return tuple(lacking)


def result(finding: Finding, record: Sequence[Recorded], policy: StaffingPolicy) -> Result:
    """What a finding comes to: without due process nobody is disqualified. OR-1."""
    if finding == "good_cause":
        return "good_cause"
    return "due_process_incomplete" if missing(record, policy) else "disqualified"


def not_yet(finding: Finding, reason: str | None, record: Sequence[Recorded]) -> str | None:
    """Why no decision can be taken on a record; None when it can. OR-2."""
    open_ones = unanswered(record)
    if open_ones:
        return f"no decision while a consideration is unanswered: {', '.join(open_ones)} (OR-2)"
    if goes_against(finding, record) and not (reason or "").strip():
        return "reason: the finding goes against the answers and needs a written reason (OR-2)"
    return None


def attendance(record: Sequence[Recorded]) -> AttendanceRecorded | None:
    """Whether the participant came. OR-6."""
    return next((one for one in record if isinstance(one, AttendanceRecorded)), None)


def challenges(record: Sequence[Recorded]) -> int:
    """In how many areas there are challenges. OR-7."""
    return len(CHALLENGES.intersection(said_yes(record)))
