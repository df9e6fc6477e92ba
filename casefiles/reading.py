"""The one way in: a caseload file in any of its formats."""

from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from casefiles import acf199, csv_file, ndjson_file
from casefiles.caseload import Caseload, CaseloadError, Defaults, Entry
from casefiles.lines import raw_lines
from casefiles.rows import entries_of

Format = Literal["csv", "ndjson", "acf199"]

_READERS: dict[Format, Callable[[Path, Defaults], Iterator[Entry]]] = {
    "csv": csv_file.entries,
    "ndjson": ndjson_file.entries,
    "acf199": acf199.entries,
}
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def read(path: str | PathLike[str], format: Format | None = None, *, defaults: Defaults) -> Caseload:
    """A caseload file as openings; without a format, the content tells it, or else the file's suffix.

    Raises CaseloadError when the format cannot be told or the file as a whole cannot be read, OSError when it is
    not there.
    """
    file = Path(path)
    return Caseload(_READERS[format or _format_of(file)](file, defaults))


def read_row(row: dict[str, Any], *, defaults: Defaults) -> Caseload:
    """One row of an NDJSON caseload, given as an object."""
    return Caseload(entries_of(row, 1, defaults, {}))


def _format_of(path: Path) -> Format:
    with path.open("rb") as stream:
        begins = next((text for line in raw_lines(stream) if (text := line.content.strip())), b"")
    if begins.startswith((b"HEADER", b"T1", b"T2", b"T3")):
        return "acf199"
    if begins.startswith(b"{"):
        return "ndjson"
    if b"person_id" in begins.lower():
        return "csv"
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    raise CaseloadError(
        "the format cannot be told: a caseload begins with a CSV header, a JSON object or an ACF-199 HEADER record; "
        "or name the format: csv, ndjson or acf199"
    )
