"""What every fact carries, and the parts facts are made of.

ALL-1: a fact carries a `message_id` (sent twice, it counts once), the date it happened, who recorded it, and when.
Facts come late, twice and out of order; so each names the *slot* it speaks about and its *rank* in that slot, and
of the facts in one slot the highest rank stands. That is what makes a state the same whatever order they came in.
"""

import re
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from domain.policy import Topic

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

ContactType = Literal["letter", "phone", "text", "email", "home_visit", "office_visit", "community_partner", "other"]

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

    rule: ClassVar[Topic]
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

    @property
    def supersedes(self) -> str | None:
        """The message in its slot that it takes the place of, whatever the two say of when they were recorded."""
        return None


class Report(Fact):
    """A report about a slot: a later report replaces an earlier one, whenever what it tells of happened."""

    @property
    def rank(self) -> Rank:
        return (date.min, self.recorded_at, self.message_id)


class Withdrawn(Fact):
    """An earlier message was recorded in error: what it said no longer counts. ALL-1."""

    kind: Literal["withdrawn"] = "withdrawn"
    rule: ClassVar = "withdrawal"

    withdraws: Identifier = Field(description="The message_id of the fact that is taken back")
    why: Text = Field(min_length=1, description="Why it is taken back")

    @property
    def slot(self) -> str:
        return self.withdraws
