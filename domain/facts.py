"""What happened to a case, in the past tense: every fact a case can hear."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from domain.calendar import Month, starts_week
from domain.fact import (
    HOURS_IN_WEEK,
    Address,
    Code,
    ContactType,
    Fact,
    Hours,
    Identifier,
    Line,
    Report,
    Text,
    Withdrawn,
)
from domain.policy import Policy
from domain.staffing.deciding import not_yet
from domain.staffing.facts import Finding, Recorded


class Opened(Report):
    """A sanctioned individual was referred, or a participant became sanctioned: re-engagement begins. MO-1.

    Sent again with a new `message_id`, it corrects the opening.
    """

    kind: Literal["opened"] = "opened"
    rule: ClassVar = "start"

    sanction_began: date | None = Field(
        default=None, description="The first date the sanction was in force; null where a staffing is to come first"
    )
    months_counted: Annotated[int, Field(ge=0, le=600)] | None = Field(
        default=None, description="Months counted toward the lifetime limit; blank when unknown, which is not zero"
    )
    months_through: Month | None = Field(
        default=None, validate_default=True, description="The month through which they were counted"
    )
    time_limit_exempt: bool = Field(default=False, description="The family is exempt from the lifetime limit")
    sanctioned_months: tuple[Month, ...] | None = Field(
        default=None,
        description="Of the twelve months before the sanction began, those already sanctioned; null when unknown",
    )
    call_in_answered: bool | None = Field(
        default=None, description="Whether the Call-In Letter was ever answered; null when unknown"
    )
    required_hours: Annotated[float, Field(gt=0, le=HOURS_IN_WEEK)] = Field(
        description="Hours of work activities required, a week"
    )
    provider: Code = Field(description="Code of the provider displayed in the MWA System")
    language: Literal["en", "es"] = Field(default="en", description="Language of the letters")
    name: Line = Field(description="The participant's name, for the letters")
    address: Address | None = Field(default=None, description="Mailing address; null when none is on file")
    plan: tuple[Line, ...] = Field(
        default=(), max_length=20, description="Re-engagement plan: community or advocacy organisations to enlist"
    )

    @field_validator("months_through")
    @classmethod
    def _counted_through_a_month(cls, through: Month | None, info: ValidationInfo) -> Month | None:
        if "months_counted" in info.data and (info.data["months_counted"] is None) != (through is None):
            raise ValueError("months_counted and months_through are given together or not at all")
        return through


class Response(Fact):
    """The participant answered a re-engagement letter, or the letter came back. MO-4, MO-5, MO-10."""

    kind: Literal["response"] = "response"
    rule: ClassVar = "response"

    answer: Literal["agrees", "refuses", "question", "returned_mail"]
    activities: tuple[Line, ...] = Field(
        default=(), max_length=20, description="Mutually agreed work activities, for the IEP and the placement"
    )
    changes: Text | None = Field(default=None, description="New or changed information for the IEP")

    @property
    def slot(self) -> str:
        """An agreement and a refusal of the same date speak of one thing; a question of another."""
        stance = "stance" if self.answer in ("agrees", "refuses") else self.answer
        return f"{stance} {self.happened_on}"


class AssessmentCompleted(Fact):
    """The participant completed the assessment. MO-6."""

    kind: Literal["assessment_completed"] = "assessment_completed"
    rule: ClassVar = "participation"


class IepCompleted(Fact):
    """The participant completed the Individual Employment Plan. MO-6."""

    kind: Literal["iep_completed"] = "iep_completed"
    rule: ClassVar = "participation"


class ParticipationWeek(Report):
    """Hours of participation in one week; a later report replaces an earlier one. MO-6, MO-10."""

    kind: Literal["participation_week"] = "participation_week"
    rule: ClassVar = "participation"

    week: date = Field(description="The Sunday on which the week starts")
    hours: Hours = Field(description="Hours of participation in the week")

    @field_validator("week")
    @classmethod
    def _starts_on_sunday(cls, week: date) -> date:
        if not starts_week(week):
            raise ValueError("a participation week starts on a Sunday")
        return week

    @property
    def slot(self) -> str:
        return self.week.isoformat()


class RequiredHoursChanged(Report):
    """Another number of hours a week is required, from a week on. MO-6."""

    kind: Literal["required_hours_changed"] = "required_hours_changed"
    rule: ClassVar = "participation"

    from_week: date = Field(description="The Sunday of the first week for which the new number holds")
    hours: Annotated[float, Field(gt=0, le=HOURS_IN_WEEK)] = Field(description="Hours required, a week")

    @field_validator("from_week")
    @classmethod
    def _starts_on_sunday(cls, week: date) -> date:
        if not starts_week(week):
            raise ValueError("a participation week starts on a Sunday")
        return week

    @property
    def slot(self) -> str:
        return self.from_week.isoformat()


class _Document(Fact):
    rule: ClassVar = "participation"

    document: Line = Field(description="What the document is called, the same in the request and the receipt")

    @property
    def slot(self) -> str:
        return self.document


class DocumentRequested(_Document):
    """A document was requested of the participant. MO-6."""

    kind: Literal["document_requested"] = "document_requested"


class DocumentReceived(_Document):
    """A requested document was provided. MO-6."""

    kind: Literal["document_received"] = "document_received"


class GoodCauseFinding(Fact):
    """It was determined whether the participant meets good cause. MO-7."""

    kind: Literal["good_cause_finding"] = "good_cause_finding"
    rule: ClassVar = "good_cause"

    finding: Literal["found", "not_found"]
    grounds: Text = Field(min_length=1, description="On what the finding rests")
    decided_by: Line = Field(description="Who made the finding")


class ReleaseFiled(Fact):
    """A community partner's release of information (in Oregon the MCS 3010) is on file. OR-4, OR-7."""

    kind: Literal["release_filed"] = "release_filed"
    rule: ClassVar = "request"

    partner: Line = Field(description="The organisation, the same in every message")
    until: date | None = Field(default=None, description="The last date it holds; null when it has no end")

    @field_validator("until")
    @classmethod
    def _ends_after_it_begins(cls, until: date | None, info: ValidationInfo) -> date | None:
        if until and until < info.data.get("happened_on", until):
            raise ValueError("lies before the date on which it was filed")
        return until

    @property
    def slot(self) -> str:
        """One that is filed later leaves the one before on file for its time."""
        return f"{self.partner} {self.happened_on}"


class StaffingRequested(Fact):
    """Somebody requests a new staffing, for the team to make a new determination. OR-4."""

    kind: Literal["staffing_requested"] = "staffing_requested"
    rule: ClassVar = "request"

    role: Literal["family_coach", "department", "contractor", "participant", "community_partner"]
    partner: Line | None = Field(
        default=None, validate_default=True, description="The organisation, where a community partner requests it"
    )
    requester: Line | None = Field(default=None, repr=False, description="Who requests it, by name or function")
    note: Text | None = None

    @field_validator("partner")
    @classmethod
    def _named_by_a_partner(cls, partner: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("role") == "community_partner") != (partner is not None):
            raise ValueError("names the organisation of a community partner, and of nobody else")
        return partner

    @property
    def slot(self) -> str:
        return f"{self.role} {self.partner or ''} {self.happened_on}"


class NewInformation(Fact):
    """Information has become available that bears on a decision. OR-3."""

    kind: Literal["new_information"] = "new_information"
    rule: ClassVar = "review"

    about: Text = Field(min_length=1, repr=False, description="What has become known")

    @property
    def slot(self) -> str:
        """Every piece of information counts."""
        return self.message_id


class StaffingDecided(Report):
    """A staffing decided, with the record it decided on. OR-1, OR-2; `happened_on` is the date of the staffing."""

    kind: Literal["staffing_decided"] = "staffing_decided"
    rule: ClassVar = "staffing"

    number: Annotated[int, Field(ge=1, le=999)] = Field(description="Which staffing of the case")
    record: tuple[Recorded, ...] = Field(max_length=500, repr=False, description="What it rests on: what was known")
    reason: Text | None = Field(default=None, repr=False)
    finding: Finding
    decided_by: Line = Field(description="Who decided: the team")
    family_stability_issues: bool = False

    @field_validator("finding")
    @classmethod
    def _rests_on_answers(cls, finding: Finding, info: ValidationInfo) -> Finding:
        because = "record" in info.data and not_yet(finding, info.data.get("reason"), info.data["record"])
        if because:
            raise ValueError(because)
        return finding

    @property
    def slot(self) -> str:
        return str(self.number)


class _Closing(Fact):
    rule: ClassVar = "closing"

    grounds: Text | None = Field(default=None, description="Why")


class Exempted(_Closing):
    """The individual meets an exemption. MO-3."""

    kind: Literal["exempted"] = "exempted"


class Excluded(_Closing):
    """The individual meets a temporary exclusion or waiver. MO-3."""

    kind: Literal["excluded"] = "excluded"
    type: Literal["exclusion", "waiver"] = "exclusion"


class BecameInactive(_Closing):
    """The case went inactive for another reason. MO-3."""

    kind: Literal["became_inactive"] = "became_inactive"


class OpenedInError(_Closing):
    """There was no sanction to re-engage from; the case should not have been opened."""

    kind: Literal["opened_in_error"] = "opened_in_error"


class ContactMade(Fact):
    """The case manager was in contact with the participant, or tried a type of contact. MO-11."""

    kind: Literal["contact_made"] = "contact_made"
    rule: ClassVar = "contact"

    type: ContactType
    note: Text | None = None

    @property
    def slot(self) -> str:
        return f"{self.type} {self.happened_on}"


class AddressChanged(Fact):
    """The participant's mailing address is another. MO-2, MO-14."""

    kind: Literal["address_changed"] = "address_changed"
    rule: ClassVar = "letter"

    address: Address
    area_provider: Code | None = Field(
        default=None, description="Code of the provider in whose area the address lies; opens a transfer if another"
    )

    @property
    def slot(self) -> str:
        """Every move counts: an earlier one may have opened the transfer that was accepted since."""
        return self.happened_on.isoformat()


class _Transfer(Fact):
    rule: ClassVar = "transfer"

    provider: Code = Field(description="Code of the provider the case file goes to")
    note: Text | None = None

    @property
    def slot(self) -> str:
        return f"{self.provider} {self.happened_on}"


class TransferRequested(_Transfer):
    """A case file transfer to another provider was requested. MO-14."""

    kind: Literal["transfer_requested"] = "transfer_requested"


class TransferAccepted(_Transfer):
    """The provider accepted the case file. MO-14."""

    kind: Literal["transfer_accepted"] = "transfer_accepted"


class TransferDeclined(_Transfer):
    """The provider declined the case file. MO-14."""

    kind: Literal["transfer_declined"] = "transfer_declined"


class TransferWithdrawn(_Transfer):
    """The request for a transfer was taken back. MO-14."""

    kind: Literal["transfer_withdrawn"] = "transfer_withdrawn"


class MonthsCorrected(Report):
    """Upstream restates the months counted toward the lifetime limit, through any past month. MO-12."""

    kind: Literal["months_corrected"] = "months_corrected"
    rule: ClassVar = "limit"

    counted: Annotated[int, Field(ge=0, le=600)] = Field(description="Months counted")
    through: Month = Field(description="The month through which they are counted")


class SanctionLifted(Fact):
    """The eligibility system confirms that the sanction is lifted. MO-8."""

    kind: Literal["sanction_lifted"] = "sanction_lifted"
    rule: ClassVar = "lift"


class TaCaseClosed(Fact):
    """The Temporary Assistance case was closed. MO-3, MO-12."""

    kind: Literal["ta_case_closed"] = "ta_case_closed"
    rule: ClassVar = "limit"


class TaskDone(Fact):
    """A staff task of this case was done."""

    kind: Literal["task_done"] = "task_done"
    rule: ClassVar = "task"

    task: Identifier = Field(description="The task's id, as the case shows it")
    note: Text | None = None

    @property
    def slot(self) -> str:
        return self.task


class EditionAdopted(Fact):
    """The case takes on another policy edition, values included; withdrawn, it has the one before again. ALL-5."""

    kind: Literal["edition_adopted"] = "edition_adopted"
    rule: ClassVar = "edition"

    edition: Policy = Field(description="The edition with all its values")
    why: Text = Field(min_length=1, description="Why the case takes it on")


CaseFact = Annotated[
    Opened
    | Response
    | AssessmentCompleted
    | IepCompleted
    | ParticipationWeek
    | RequiredHoursChanged
    | DocumentRequested
    | DocumentReceived
    | GoodCauseFinding
    | ReleaseFiled
    | StaffingRequested
    | NewInformation
    | StaffingDecided
    | Exempted
    | Excluded
    | BecameInactive
    | OpenedInError
    | ContactMade
    | AddressChanged
    | TransferRequested
    | TransferAccepted
    | TransferDeclined
    | TransferWithdrawn
    | MonthsCorrected
    | SanctionLifted
    | TaCaseClosed
    | TaskDone
    | EditionAdopted
    | Withdrawn,
    Field(discriminator="kind"),
]

KINDS: dict[str, type[Fact]] = {
    fact.model_fields["kind"].default: fact
    for fact in CaseFact.__origin__.__args__  # type: ignore[attr-defined]
}
"""Every kind of fact by its name, which is also the name of its signal and its update."""
