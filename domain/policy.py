"""A policy edition: the dated, cited values a case runs under (ALL-5).

The values travel in a case's own input, so that its history holds what it was decided by.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Value = TypeVar("Value")
Days = Annotated[int, Field(ge=1, le=366)]
Months = Annotated[int, Field(ge=1, le=600)]

Topic = Literal[
    "start",
    "letter",
    "letters",
    "agreement",
    "response",
    "participation",
    "good_cause",
    "lift",
    "placement",
    "trial",
    "contact",
    "limit",
    "rate",
    "transfer",
    "closing",
    "staffing",
    "due_process",
    "review",
    "request",
    "sanction",
    "narration",
    "case_management",
    "task",
    "withdrawal",
    "edition",
    "quarantine",
]


@cache
def _zones() -> set[str]:
    return available_timezones()  # walks a directory tree: 25 ms, for every case that starts


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cited(_Frozen, Generic[Value]):
    """One value of a rule, with the place it comes from ("operational" where no source gives it)."""

    value: Value
    cites: Annotated[str, Field(min_length=1)]


class Rule(_Frozen):
    """The rule that governs a topic in this edition: its id, and its source."""

    id: str
    cites: Annotated[str, Field(min_length=1)]


OWN_RULES: dict[Topic, Rule] = {
    "task": Rule(id="ALL-3", cites="a task is opened once and closed once"),
    "withdrawal": Rule(id="ALL-1", cites="facts may be corrected or withdrawn: the state is what the facts say"),
    "edition": Rule(id="ALL-5", cites="a case takes on another edition by an explicit, recorded step"),
    "quarantine": Rule(id="ALL-2", cites="what can't be read is kept, visible, until resubmitted or dismissed"),
}
"""The rules of this software itself, the same in every edition."""


@dataclass(frozen=True)
class Reason:
    """Why something was decided: the rule, its citation, the edition, and the facts and values used. ALL-4."""

    rule: str
    cites: str
    edition: str
    says: str
    inputs: dict[str, str | int | float | bool | None] = field(default_factory=dict)


class DisqualificationPolicy(_Frozen):
    """What is applied where a staffing finds no good cause, and the steps it takes. OR-5."""

    selection: Cited[str]
    attendance_hours: Cited[Annotated[float, Field(gt=0, le=24)]]
    resources: Cited[Annotated[tuple[str, ...], Field(min_length=1)]]
    good_cause_selection: Cited[str]


class StaffingPolicy(_Frozen):
    """How staffings are held; with a disqualification, one comes before the sanction. OR-1 to OR-7."""

    contact_attempts: Cited[Annotated[int, Field(ge=1, le=20)]]
    domestic_violence_months: Cited[Months]
    challenges: Cited[Annotated[int, Field(ge=1, le=5)]]
    release_form: Cited[str]
    decision_days: Cited[Days]
    disqualification: DisqualificationPolicy | None = None


class Policy(_Frozen):
    """One edition of one program's policy. Units are in the names: days, hours a week, months.

    What a program does not have is left out: letters, a trial, work statuses, transfers, the participation rate,
    staffings. Without `weeks_to_lift` the penalty ends on agreement. An edition that says nothing of `plan` and
    `call_in_letter` has the Individual Employment Plan and the Call-In Letter (MO 0290.040.00).
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    program: Annotated[str, Field(pattern=r"^[a-z0-9-]{2,30}$")]
    title: str
    effective: date
    time_zone: Cited[str]
    opens_at_hour: Cited[Annotated[int, Field(ge=0, le=23)]]
    lift_confirmation_days: Cited[Days]
    limit_months: Cited[Months]
    letter_interval_days: Cited[Days] | None = None
    weeks_to_lift: Cited[Annotated[int, Field(ge=1, le=52)]] | None = None
    week_report_days: Cited[Days] | None = None
    trial_placement: Cited[str] | None = None
    sanctioned_status: Cited[str] | None = None
    lifted_status: Cited[str] | None = None
    transfer_days: Cited[Days] | None = None
    rate_window_months: Cited[Months] | None = None
    rate_free_months: Cited[Annotated[int, Field(ge=0, le=600)]] | None = None
    rate_month_counts: Cited[Literal["any_day", "first_day"]] | None = None
    plan: Cited[Literal["IEP", "PDP"]] | None = None
    call_in_letter: Cited[bool] | None = None
    staffing: StaffingPolicy | None = None
    rules: dict[Topic, Rule]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: Cited[str]) -> Cited[str]:
        if zone.value not in _zones():
            raise ValueError("a time zone of the IANA database, such as America/Chicago")
        return zone

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What belongs together is there together, and every topic the edition has values for has its rule."""
        for names in _TOGETHER:
            if len({getattr(self, name) is None for name in names}) > 1:
                raise ValueError(f"{', '.join(names)}: given together or not at all")
        needed = {topic for name, topics in _NEEDS.items() for topic in topics if not name or getattr(self, name)}
        if self.disqualification:
            needed |= {"sanction", "narration", "case_management"}
        lacking = needed - set(self.rules)
        if lacking:
            raise ValueError(f"rules: no rule for {', '.join(sorted(lacking))}")
        return self

    @property
    def disqualification(self) -> DisqualificationPolicy | None:
        """What a staffing without good cause brings about, in a program where one comes before the sanction. OR-1."""
        return self.staffing.disqualification if self.staffing else None

    @property
    def plan_name(self) -> Literal["IEP", "PDP"]:
        """The plan that agreed activities go into: the Individual Employment or the Personal Development Plan."""
        return self.plan.value if self.plan else "IEP"

    @property
    def asks_assessment(self) -> bool:
        """Whether one who never answered the Call-In Letter completes the assessment and the IEP. MO-6."""
        return self.call_in_letter.value if self.call_in_letter else True

    def has(self, topic: Topic) -> bool:
        """Whether this edition, or the software itself, has a rule for a topic."""
        return topic in self.rules or topic in OWN_RULES

    def rule(self, topic: Topic) -> Rule:
        """The rule that governs a topic in this edition."""
        return self.rules.get(topic) or OWN_RULES[topic]

    def reason(self, topic: Topic, says: str, **inputs: Any) -> Reason:
        """A reason under the rule that governs a topic. Dates among the inputs become ISO strings."""
        rule = self.rule(topic)
        shown = {name: value.isoformat() if type(value) is date else value for name, value in inputs.items()}
        return Reason(rule=rule.id, cites=rule.cites, edition=self.id, says=says, inputs=shown)


_TOGETHER = (
    ("weeks_to_lift", "week_report_days"),
    ("sanctioned_status", "lifted_status"),
    ("rate_window_months", "rate_free_months", "rate_month_counts"),
)
_NEEDS: dict[str, tuple[Topic, ...]] = {
    "": (
        *("start", "letter", "agreement", "response", "participation", "good_cause"),
        *("lift", "contact", "limit", "closing"),
    ),
    "letter_interval_days": ("letters",),
    "week_report_days": ("trial",),
    "trial_placement": ("placement",),
    "transfer_days": ("transfer",),
    "rate_window_months": ("rate",),
    "staffing": ("staffing", "due_process", "review", "request"),
}
"""The topics an edition needs a rule for, by the value that brings them in."""


class EditionRead(_Frozen):
    """The edition a case runs under, as it was read; `fault` says why another that was asked for is not. ALL-5."""

    policy: Policy
    fault: str | None = None
