"""A file of facts for many cases, NDJSON: `{"case": "<case id>", "fact": {"kind": ..., ...}}` a line.

Read lightly: a line that names a case and a kind goes to the case, which refuses what it cannot read (ALL-2).
Only a line that cannot be brought to any case is rejected here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from pydantic_core import to_json

from casefiles.caseload import Reject
from casefiles.lines import RawLine, raw_lines
from casefiles.ndjson_file import object_on

_CASE_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact for one case; the line ends at the byte `ends` of the file.

    `message_id` is None where the fact gives none: the case will say so.
    """

    line: int
    ends: int
    case_id: str
    kind: str
    message_id: str | None
    fact_json: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreachable(Reject):
    """A line that cannot be brought to any case, and why; it ends at the byte `ends` of the file."""

    ends: int


def read_facts(path: str | PathLike[str]) -> Iterator[FactLine | Unreachable]:
    """The facts of a file, line by line, never the whole file at once; blank lines are left out."""
    with Path(path).open("rb") as stream:
        for line in raw_lines(stream):
            if line.content.strip():
                found = _fact_on(line)
                if isinstance(found, Reject):
                    found = Unreachable(found.line, found.field, found.reason, line.ends)
                yield found


def _fact_on(line: RawLine) -> FactLine | Reject:
    found = object_on(line)
    if isinstance(found, Reject):
        return found
    case_id, fact = found.get("case"), found.get("fact")
    if not isinstance(case_id, str) or not _CASE_ID.fullmatch(case_id):
        return Reject(line.number, "case", "must be the id of a case: printable ASCII without blanks")
    if not isinstance(fact, dict):
        return Reject(line.number, "fact", "must be an object")
    kind, message_id = fact.get("kind"), fact.get("message_id")
    if not isinstance(kind, str) or not kind:
        return Reject(line.number, "fact.kind", "must be the name of a kind of fact, such as participation_week")
    return FactLine(
        line=line.number,
        ends=line.ends,
        case_id=case_id,
        kind=kind,
        message_id=message_id if isinstance(message_id, str) else None,
        fact_json=to_json(fact).decode(),
    )
