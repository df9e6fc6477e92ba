"""Canaries: personal words nobody uses, planted wherever a person could write a text."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from domain.staffing.facts import Consideration, ConsiderationAnswered
from policy.load import edition

WORDS = ("Quyzanthe", "Vexworthy", "573-208-99", "fybrozalgia")
"""A name, a street, a telephone number and an illness that stand nowhere else in the world."""

_ZONE = ZoneInfo("America/Los_Angeles")
_NO_SPACES = r"^[\x21-\x7e]{1,120}$"


@dataclass
class Canaries:
    """Texts with all the words, each with a number of its own that tells where it was planted."""

    planted: list[str] = field(default_factory=list)

    def text(self, where: str) -> str:
        """A text that is new: a name, an address, a telephone number and an illness."""
        self.planted.append(where)
        return f"Quyzanthe{self._number} of 9 Vexworthy{self._number} Lane, 573-208-99{self._number}, fybrozalgia"

    def word(self, where: str) -> str:
        """The same where no spaces are allowed."""
        self.planted.append(where)
        return f"Quyzanthe{self._number}-Vexworthy-573-208-99{self._number}-fybrozalgia"

    @property
    def _number(self) -> str:
        return f"{len(self.planted):04}"

    def fact(self, kind: type[BaseModel], **given: Any) -> dict[str, Any]:
        """A fact of a kind, valid, with a canary in every field that takes a text."""
        schema = kind.model_json_schema()
        return {**_filled(schema, schema, kind.__name__, self), **given}  # type: ignore[dict-item]


def today() -> date:
    """The date in the zone of the program whose day begins last: in every program it has come."""
    return datetime.now(_ZONE).date()


def _sunday() -> str:
    return (today() - timedelta(days=today().isoweekday() % 7 + 7)).isoformat()


def answers(canaries: Canaries) -> list[dict[str, Any]]:
    """Every consideration of a staffing answered, with evidence."""
    every = get_args(Consideration)
    return [canaries.fact(ConsiderationAnswered, consideration=one, answer="no", replaces=None) for one in every]


_NO_TEXT: Mapping[str, Any] = {
    "happened_on": lambda: today().isoformat(),
    "recorded_at": lambda: datetime.now(_ZONE).isoformat(),
    "sanction_began": lambda: today().isoformat(),
    "until": lambda: f"{today() + timedelta(days=90)}",
    "week": _sunday,
    "from_week": _sunday,
    "months_through": lambda: f"{today():%Y-%m}",
    "through": lambda: f"{today():%Y-%m}",
    "sanctioned_months": list,
    "provider": lambda: "MWA-STL-01",
    "area_provider": lambda: "MWA-STL-01",
    "state": lambda: "MO",
    "postal_code": lambda: "63101",
    "edition": lambda: json.loads(edition("mo-mwa/2016-01-01").model_dump_json()),
    "months_counted": lambda: 12,
    "counted": lambda: 13,
    "required_hours": lambda: 30,
    "hours": lambda: 30,
    "number": lambda: 1,
}
"""Fields that take no text, but a date, a number, or a code that the agency gives providers."""


def _filled(schema: Mapping[str, Any], whole: Mapping[str, Any], where: str, canaries: Canaries) -> Any:
    """A value a schema allows. Raises KeyError for a field nobody has thought of here."""
    name = where.rpartition(".")[2]
    if name in _NO_TEXT:
        return _NO_TEXT[name]()
    if "$ref" in schema:
        return _filled(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, where, canaries)
    if choices := schema.get("anyOf", schema.get("oneOf")):
        return _filled(choices[0], whole, where, canaries)
    if only := schema.get("enum", [schema.get("const")])[0]:
        return only
    return _of_type(schema, whole, where, canaries)


def _of_type(schema: Mapping[str, Any], whole: Mapping[str, Any], where: str, canaries: Canaries) -> Any:
    match schema["type"]:
        case "object":
            fields = schema["properties"].items()
            return {name: _filled(inner, whole, f"{where}.{name}", canaries) for name, inner in fields}
        case "array":
            items = schema["items"]
            return [_filled(one, whole, where, canaries) for one in items.get("oneOf", [items])]
        case "boolean":
            return False
        case "string" if schema.get("pattern") == _NO_SPACES:
            return canaries.word(where)
        case "string" if "pattern" not in schema and "format" not in schema:
            return canaries.text(where)
    raise KeyError(f"{where}: neither a text nor known: {schema}")
