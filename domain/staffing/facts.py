"""What a staffing's team records, in the past tense: OR-1 (due process), OR-2 (considerations), OR-6 (attendance)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.fact import ContactType, Fact, Identifier, Line, Report, Text, Withdrawn

Consideration = Literal[
    "exempt",
    "outside_control",
    "domestic_violence",
    "mental_health",
    "substance_use",
    "learning_or_disability",
    "physical_health",
    "department_failed",
]
Finding = Literal["good_cause", "no_good_cause"]


class ScreeningOffered(Fact):
    """A screening was offered, to find challenges and give accommodations. OR-1."""

    kind: Literal["screening_offered"] = "screening_offered"
    rule: ClassVar = "due_process"

    screening: Line = Field(description="What was offered, such as: learning needs screening")

    @property
    def slot(self) -> str:
        return f"{self.screening} {self.happened_on}"


class ContactAttempted(Fact):
    """The family coach attempted to connect with the participant. OR-1."""

    kind: Literal["contact_attempted"] = "contact_attempted"
    rule: ClassVar = "due_process"

    type: ContactType
    reached: bool = Field(default=False, description="Whether the participant was reached")

    @property
    def slot(self) -> str:
        return f"{self.type} {self.happened_on}"


class EngagementOptionOffered(Fact):
    """An engagement option was offered to the participant. OR-1."""

    kind: Literal["engagement_option_offered"] = "engagement_option_offered"
    rule: ClassVar = "due_process"

    option: Line = Field(description="What was offered, such as: life skills class")

    @property
    def slot(self) -> str:
        return f"{self.option} {self.happened_on}"


class ConsiderationAnswered(Report):
    """One consideration was answered, with its evidence. OR-2.

    A consideration that has an answer is answered anew only by naming that answer: nothing is overwritten unseen.
    """

    kind: Literal["consideration_answered"] = "consideration_answered"
    rule: ClassVar = "good_cause"

    consideration: Consideration
    answer: Literal["yes", "no", "unknown"]
    whom: Literal["participant", "household"] = Field(
        default="participant", description="Whom it concerns: the participant, or someone in the household"
    )
    evidence: Annotated[Text, Field(min_length=1, description="On what the answer rests", repr=False)]
    replaces: Identifier | None = Field(default=None, description="The message_id of the answer this one replaces")

    @property
    def slot(self) -> str:
        return self.consideration

    @property
    def supersedes(self) -> str | None:
        return self.replaces


class AttendanceRecorded(Report):
    """Whether the participant came to the staffing. OR-6."""

    kind: Literal["attendance_recorded"] = "attendance_recorded"
    rule: ClassVar = "narration"

    attendance: Literal["attended", "by_phone", "no_show"]


class Decided(Report):
    """The team decided whether there is good cause. OR-1, OR-2; `happened_on` is the date of the staffing."""

    kind: Literal["decided"] = "decided"
    rule: ClassVar = "staffing"

    finding: Finding
    reason: Text | None = Field(
        default=None, repr=False, description="In writing, why: needed where the finding goes against the answers"
    )
    decided_by: Line = Field(description="Who decided: the team")
    family_stability_issues: bool = Field(default=False, description="Whether family stability issues are ongoing")


class Ended(Report):
    """The case needs this staffing no more: it ended, or what called for the staffing was withdrawn."""

    kind: Literal["ended"] = "ended"
    rule: ClassVar = "staffing"

    because: Line


Recorded = Annotated[
    ScreeningOffered | ContactAttempted | EngagementOptionOffered | ConsiderationAnswered | AttendanceRecorded,
    Field(discriminator="kind"),
]
"""What a decision rests on."""

StaffingFact = Annotated[
    ScreeningOffered
    | ContactAttempted
    | EngagementOptionOffered
    | ConsiderationAnswered
    | AttendanceRecorded
    | Decided
    | Ended
    | Withdrawn,
    Field(discriminator="kind"),
]

RECORDED: tuple[type[Fact], ...] = Recorded.__origin__.__args__  # type: ignore[attr-defined]
STAFFING_KINDS: dict[str, type[Fact]] = {
    fact.model_fields["kind"].default: fact
    for fact in StaffingFact.__origin__.__args__  # type: ignore[attr-defined]
}
"""Every kind by its name, which is also the name of its signal and its update."""
