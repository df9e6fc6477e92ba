"""A caseload as NDJSON: one object a line, `{"person_id": ..., "program": ..., "opened": {...}}`."""

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from casefiles.caseload import Defaults, Entry, Family, Reject
from casefiles.lines import RawLine, raw_lines
from casefiles.rows import Seen, entries_of


def entries(path: Path, defaults: Defaults) -> Iterator[Entry]:
    """The entries of an NDJSON caseload, line by line, never the whole file at once."""
    seen: Seen = {}
    with path.open("rb") as stream:
        for line in raw_lines(stream):
            if line.content.strip():
                row = object_on(line)
                if isinstance(row, Reject):
                    yield Family(sanctioned=True)
                    yield row
                else:
                    yield from entries_of(row, line.number, defaults, seen)


def object_on(line: RawLine) -> dict[str, object] | Reject:
    """The JSON object a line holds, or why it holds none."""
    if not line.whole:
        return Reject(line.number, "line", "must be shorter than a megabyte")
    try:
        line.content.decode()
    except UnicodeDecodeError:
        return Reject(line.number, "line", "must be UTF-8")
    try:
        found = from_json(line.content, allow_inf_nan=False)
    except ValueError:
        return Reject(line.number, "line", "must be one JSON object")
    return found if isinstance(found, dict) else Reject(line.number, "line", "must be one JSON object")
