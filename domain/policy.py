"""A policy edition: the dated, cited values a case runs under (ALL-5).

The values travel in a case's own input, so that its history holds what it was decided by.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

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


class Policy(_Frozen):
    """One edition of one program's policy. Units are in the names: days, hours a week, months."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    program: Annotated[str, Field(pattern=r"^[a-z0-9-]{2,30}$")]
    title: str
    effective: date
    time_zone: Cited[str]
    opens_at_hour: Cited[Annotated[int, Field(ge=0, le=23)]]
    letter_interval_days: Cited[Days]
    weeks_to_lift: Cited[Annotated[int, Field(ge=1, le=52)]]
    week_report_days: Cited[Days]
    trial_placement: Cited[str]
    lift_confirmation_days: Cited[Days]
    sanctioned_status: Cited[str]
    lifted_status: Cited[str]
    limit_months: Cited[Months]
    transfer_days: Cited[Days]
    rate_window_months: Cited[Months]
    rate_free_months: Cited[Annotated[int, Field(ge=0, le=600)]]
    rate_month_counts: Cited[Literal["any_day", "first_day"]]
    rules: dict[Topic, Rule]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: Cited[str]) -> Cited[str]:
        if zone.value not in _zones():
            raise ValueError("a time zone of the IANA database, such as America/Chicago")
        return zone

    @field_validator("rules")
    @classmethod
    def _every_topic(cls, rules: dict[Topic, Rule]) -> dict[Topic, Rule]:
        missing = set(Topic.__args__) - set(rules) - set(OWN_RULES)  # type: ignore[attr-defined]
        if missing:
            raise ValueError(f"no rule for {', '.join(sorted(missing))}")
        return rules

    def rule(self, topic: Topic) -> Rule:
        """The rule that governs a topic in this edition."""
        return self.rules.get(topic) or OWN_RULES[topic]

    def reason(self, topic: Topic, says: str, **inputs: Any) -> Reason:
        """A reason under the rule that governs a topic. Dates among the inputs become ISO strings."""
        rule = self.rule(topic)
        shown = {name: value.isoformat() if type(value) is date else value for name, value in inputs.items()}
        return Reason(rule=rule.id, cites=rule.cites, edition=self.id, says=says, inputs=shown)


class EditionRead(_Frozen):
    """The edition a case runs under, as it was read; `fault` says why another that was asked for is not. ALL-5."""

    policy: Policy
    fault: str | None = None
