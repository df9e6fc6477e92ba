"""What happened, in the past tense: every fact a case can hear.

ALL-1: a fact carries a `message_id` (sent twice, it counts once), the date it happened, who recorded it, and when.
Facts come late, twice and out of order; so each names the *slot* it speaks about and its *rank* in that slot, and
of the facts in one slot the highest rank stands. That is what makes a case the same whatever order they came in.
"""

import re
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from domain.calendar import Month, starts_week
from domain.policy import Policy

HOURS_IN_WEEK = 168

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,120}$")]
_NOT_ON_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _one_line(text: str) -> str:
    """Control characters can't be printed on a letter; direction marks make a text read as another."""
    if _NOT_ON_ONE_LINE.search(text):
        raise ValueError("one line of text, without control characters, line breaks or direction marks")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_one_line)]
Text = Annotated[str, StringConstraints(max_length=2000)]
Hours = Annotated[float, Field(ge=0, le=HOURS_IN_WEEK, allow_inf_nan=False)]

Rank = tuple[date, datetime, str]


class Address(BaseModel):
    """A postal address, as it is printed on a letter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=4, description="Street, apartment, care of")]
    city: Line
    state: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    postal_code: Annotated[str, StringConstraints(pattern=r"^\d{5}(-\d{4})?$")]


class Fact(BaseModel):
    """What every fact carries. ALL-1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: ClassVar[str]
    """The policy topic under which a case weighs this fact."""

    message_id: Identifier = Field(description="The sender's id of this message; sent twice, it counts once")
    happened_on: date = Field(description="The calendar date it happened, in the program's time zone")
    recorded_by: Line = Field(description="The person or system that recorded it")
    recorded_at: AwareDatetime = Field(description="When it was recorded, with its offset from UTC")

    @property
    def slot(self) -> str:
        """What the fact speaks about; of the facts in one slot, one stands."""
        return ""

    @property
    def rank(self) -> Rank:
        """Which of two facts in a slot stands: the later event, then the later record of it."""
        return (self.happened_on, self.recorded_at, self.message_id)


class _Report(Fact):
    """A report about a slot: a later report replaces an earlier one, whenever what it tells of happened."""

    @property
    def rank(self) -> Rank:
        return (date.min, self.recorded_at, self.message_id)


class Opened(_Report):
    """A sanctioned individual was referred, or a participant became sanctioned: re-engagement begins. MO-1.

    Sent again with a new `message_id`, it corrects the opening.
    """

    kind: Literal["opened"] = "opened"
    rule: ClassVar = "start"

    sanction_began: date = Field(description="The first date the sanction was in force")
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


class ParticipationWeek(_Report):
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


class RequiredHoursChanged(_Report):
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

    type: Literal["letter", "phone", "text", "email", "home_visit", "office_visit", "community_partner", "other"]
    note: Text | None = None

    @property
    def slot(self) -> str:
        return f"{self.type} {self.happened_on}"


class AddressChanged(Fact):
    """The participant's mailing address is another. MO-2, MO-14."""

    kind: Literal["address_changed"] = "address_changed"
    rule: ClassVar = "transfer"

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


class MonthsCorrected(_Report):
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


class Withdrawn(Fact):
    """An earlier message was recorded in error: what it said no longer counts. ALL-1."""

    kind: Literal["withdrawn"] = "withdrawn"
    rule: ClassVar = "withdrawal"

    withdraws: Identifier = Field(description="The message_id of the fact that is taken back")
    why: Text = Field(min_length=1, description="Why it is taken back")

    @property
    def slot(self) -> str:
        return self.withdraws


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
