"""One row of a CSV or NDJSON caseload, turned into an opening or into rejects that say what would be right."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, to_json

from casefiles.caseload import UNSET, Defaults, Doubt, Entry, Family, Opening, Reject
from domain.fact import Code
from domain.facts import Opened
from policy.load import default_edition, edition

Seen = dict[tuple[str, str, int], int]
"""The line on which each participant's episode was first opened."""

RIGHT = {
    "person_id": "the agency's own key of the person, 1 to 200 characters",
    "program": "a program code, such as mo-mwa",
    "episode": "a whole number from 1 to 999: which sanction of this person it is",
    "opened": "an object with the fields of the opening",
    "message_id": "1 to 120 printable ASCII characters without blanks",
    "happened_on": "a date as YYYY-MM-DD",
    "recorded_by": "1 to 200 characters",
    "recorded_at": "a date and time with its offset, as 2026-01-31T09:00:00-06:00",
    "sanction_began": "a date as YYYY-MM-DD",
    "months_counted": "a whole number from 0 to 600, given together with months_through; blank when unknown",
    "months_through": "a month as YYYY-MM, given together with months_counted; blank when unknown",
    "time_limit_exempt": "yes or no (in JSON true or false)",
    "sanctioned_months": "months as YYYY-MM, or none (in JSON an empty list); blank when unknown",
    "call_in_answered": "yes or no (in JSON true or false); blank when unknown",
    "required_hours": "hours a week, over 0 and at most 168",
    "provider": "a provider code, here or as the default of the import",
    "language": "en or es",
    "name": "1 to 200 characters",
    "address": "at least one line, a city, a state and a postal code, or none of them",
    "address.lines": "1 to 4 lines of 1 to 200 characters",
    "address.city": "filled in where an address is given, at most 200 characters",
    "address.state": "two capital letters where an address is given",
    "address.postal_code": "12345 or 12345-6789 where an address is given",
    "plan": "at most 20 organisations of 1 to 200 characters",
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    program: Code
    episode: Annotated[int, Field(ge=1, le=999)] = 1
    opened: Opened


def entries_of(row: dict[str, Any], line: int, defaults: Defaults, seen: Seen) -> Iterator[Entry]:
    """The family a row speaks of, and its opening, or a reject for every field that is wrong.

    A participant whose episode an earlier line opened is rejected and not counted again.
    """
    try:
        read = _Row.model_validate_json(to_json(_filled(row, defaults)), strict=True)
    except ValidationError as error:
        yield Family(sanctioned=True)
        yield from _rejects(error, line)
        return
    if not read.opened.sanction_began and not _staffed_first(read.program):
        yield Family(sanctioned=True)
        yield Reject(line, "sanction_began", f"missing: must be {RIGHT['sanction_began']}")
        return
    key = (read.program, read.person_id, read.episode)
    if (first := seen.setdefault(key, line)) != line:
        yield Reject(line, "person_id", f"already on line {first}")
        return
    yield Family(sanctioned=True)
    if read.opened.sanction_began and read.opened.sanction_began > defaults.day_in(read.program):
        yield Doubt(line, "sanction_began", "lies after the date of the import")
    opening = Opening(read.program, read.person_id, read.opened, line, read.episode)
    if read.opened.message_id == UNSET:
        opening = replace(opening, opened=defaults.identified(opening))
    yield opening


def _staffed_first(program: str) -> bool:
    """Whether in a program a staffing comes before the sanction, so that none has begun when a case opens. OR-1."""
    default = default_edition(program)
    return bool(default and edition(default).disqualification)


def _filled(row: dict[str, Any], defaults: Defaults) -> dict[str, Any]:
    given = {name: value for name, value in row.items() if value is not None}
    opened = given.get("opened", {})
    if isinstance(opened, dict):
        opened = {name: value for name, value in opened.items() if value is not None}
        for name in ("sanction_began", "happened_on"):
            # pydantic takes a string of digits for seconds since 1970, which no caseload file means
            if isinstance(opened.get(name), str) and not _DATE.fullmatch(opened[name]):
                opened[name] = ""
        opened = {"message_id": UNSET} | defaults.opened_in(str(given.get("program", defaults.program))) | opened
    return {"program": defaults.program} | given | {"opened": opened}


def _rejects(error: ValidationError, line: int) -> Iterator[Reject]:
    wrong = error.errors(include_input=False, include_url=False, include_context=False)
    fields = [field_name(each) for each in wrong]
    for each, field in zip(wrong, fields, strict=True):
        follows = field == "months_through" and each["type"] == "value_error" and "months_counted" in fields
        if not follows:
            yield Reject(line, field, _reason(each, field))


def field_name(error: ErrorDetails) -> str:
    """A field as the file names it: places in a list count from 1, a key that is no field name is not repeated."""
    parts = [str(part + 1) if isinstance(part, int) else part for part in error["loc"]]
    if error["type"] == "extra_forbidden" and not _FIELD_NAME.fullmatch(parts[-1]):
        parts[-1] = "(unnamed)"
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] == "opened" else parts)


def _reason(error: ErrorDetails, field: str) -> str:
    if error["type"] == "extra_forbidden":
        return unknown(field.rsplit(".", 1)[-1], RIGHT)
    right = RIGHT.get(field.rstrip(".0123456789"), "as the format describes")
    return f"{'missing: ' if error['type'] == 'missing' else ''}must be {right}"


def unknown(name: str, known: Iterable[str]) -> str:
    """That a name is not known, and the nearest that is."""
    near = get_close_matches(name, list(known), n=1)
    return f"not known; did you mean {near[0]}?" if near else "not known"
