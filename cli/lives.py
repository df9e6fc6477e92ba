"""Lives to rehearse: an opening and dated facts, relative to the day the case opens.

In the values of a life, `day 12` is the 12th day after the opening, `sunday 12` the first Sunday from that day on, and
`month -1` the month before the opening's; within a longer text the same in braces, and `{case}` is the case's id.
Anything else stands as it is. A fact of a staffing names the staffing by its number in the case. A fact with `each`
stands for several, one for each value of the field it names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from domain.calendar import add_months, first_week_from, month_of
from domain.case import Outcome
from domain.facts import KINDS
from domain.policy import Policy
from domain.staffing.facts import STAFFING_KINDS
from policy.load import edition

_RELATIVE = re.compile(r"(day|sunday|month) (-?\d{1,4})")
_WITHIN = re.compile(r"\{(day|sunday|month) (-?\d{1,4})\}")
_NOON = time(12)


class BadLives(ValueError):
    """A file of lives that can't be rehearsed; names the life, the field, and what would be right."""


class Happening(BaseModel):
    """One fact of a life: on which day it is sent, and what it says; `happened` when that was another day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: Annotated[int, Field(ge=0, le=3660)]
    staffing: Annotated[int, Field(ge=1, le=99)] | None = None
    kind: str
    happened: Annotated[int, Field(ge=-3660, le=3660)] | None = None
    message_id: str | None = None
    says: dict[str, Any] = {}
    each: dict[str, list[Any]] = Field(default={}, max_length=1)

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str, info: ValidationInfo) -> str:
        kinds = STAFFING_KINDS if info.data.get("staffing") else KINDS
        if kind not in kinds:
            raise ValueError(f"must be one of {', '.join(kinds)}")
        return kind

    def one_by_one(self) -> Iterator["Happening"]:
        """The facts it stands for."""
        if not self.each:
            yield self
        for field, values in self.each.items():
            for value in values:
                yield self.model_copy(update={"says": {**self.says, field: value}, "each": {}})


class Life(BaseModel):
    """One case from its opening on; `ends` is the outcome it must come to, where it is lived to its end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    about: str
    edition: str | None = None
    opened: dict[str, Any]
    facts: tuple[Happening, ...] = ()
    ends: Outcome | None = None

    @field_validator("facts")
    @classmethod
    def _one_by_one(cls, facts: tuple[Happening, ...]) -> tuple[Happening, ...]:
        return tuple(one for fact in facts for one in fact.one_by_one())


def read_lives(path: Path) -> list[Life]:
    """The lives of a YAML file.

    Raises BadLives, and OSError when the file is not there.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadLives(f"{path}: line {mark.line + 1 if mark else '?'}: is not YAML") from error
    if not isinstance(content, list):
        raise BadLives(f"{path}: must be a list of lives")
    lives = []
    for number, one in enumerate(content, start=1):
        name = one.get("name", number) if isinstance(one, dict) else number
        try:
            lives.append(Life.model_validate(one))
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            raise BadLives(f"{path}: life {name}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from error
    return lives


@dataclass(frozen=True)
class Script:
    """A life laid out from the day its case opens."""

    case: str
    life: Life
    policy: Policy
    opens_at: datetime

    @property
    def opens_on(self) -> date:
        """The date the case opens."""
        return self.opens_at.astimezone(self._zone).date()

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.policy.time_zone.value)

    def opening(self) -> dict[str, Any]:
        """The opening fact as it is sent."""
        envelope = {"happened_on": self.opens_on.isoformat(), "recorded_at": self.opens_at.isoformat()}
        said = self._dated(self.life.opened)
        return {"message_id": f"{self.life.name}-opened", "recorded_by": "rehearsal", **envelope, **said}

    def instant(self, happening: Happening) -> datetime:
        """When a fact is sent: noon of its day, in the program's zone."""
        return datetime.combine(self.opens_on + timedelta(days=happening.day), _NOON, self._zone)

    def fact(self, number: int) -> dict[str, Any]:
        """A fact as it is sent."""
        happening = self.life.facts[number]
        happened = happening.day if happening.happened is None else happening.happened
        return {
            "message_id": happening.message_id or f"{self.life.name}-{number + 1}",
            "happened_on": (self.opens_on + timedelta(days=happened)).isoformat(),
            "recorded_by": "rehearsal",
            "recorded_at": self.instant(happening).isoformat(),
            **self._dated(self._with_values(happening)),
        }

    def _with_values(self, happening: Happening) -> dict[str, Any]:
        """An edition is named in a life and sent with its values."""
        if happening.kind != "edition_adopted":
            return happening.says
        return {**happening.says, "edition": edition(happening.says["edition"]).model_dump(mode="json")}

    def _dated(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._dated(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._dated(one) for one in value]
        if not isinstance(value, str):
            return value
        relative = _RELATIVE.fullmatch(value)
        if relative:
            return self._date(relative)
        return _WITHIN.sub(self._date, value).replace("{case}", self.case)

    def _date(self, relative: re.Match[str]) -> str:
        unit, count = relative[1], int(relative[2])
        if unit == "month":
            return add_months(month_of(self.opens_on), count)
        day = self.opens_on + timedelta(days=count)
        return (first_week_from(day) if unit == "sunday" else day).isoformat()
