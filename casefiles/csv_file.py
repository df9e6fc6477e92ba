"""A caseload as CSV: one participant a row, columns named as the fields of an opening, in any order."""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from casefiles.caseload import CaseloadError, Defaults, Doubt, Entry, Family, Reject
from casefiles.lines import raw_lines
from casefiles.rows import Seen, entries_of, unknown
from domain.facts import Opened

ROW = ("person_id", "program", "episode")
ADDRESS_LINES = ("address_line1", "address_line2", "address_line3", "address_line4")
ADDRESS = (*ADDRESS_LINES, "city", "state", "postal_code")
COLUMNS = (*ROW, *(name for name in Opened.model_fields if name not in ("kind", "address")), *ADDRESS)
REQUIRED = ("person_id", "sanction_began", "name")

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


def entries(path: Path, defaults: Defaults) -> Iterator[Entry]:
    """The entries of a CSV caseload, row by row, never the whole file at once.

    Raises CaseloadError when the header is missing, or names an unknown column, or not every required one.
    """
    with path.open("rb") as stream:
        columns = _columns(_Rows(stream))
    return _entries(path, columns, defaults)


def _entries(path: Path, columns: list[str], defaults: Defaults) -> Iterator[Entry]:
    seen: Seen = {}
    with path.open("rb") as stream:
        rows = _Rows(stream)
        next(rows)
        for line, cells in rows:
            row = cells if isinstance(cells, Reject) else _row(cells, columns, line)
            if isinstance(row, Reject):
                yield Family(sanctioned=True)
                yield row
                continue
            for entry in entries_of(row, line, defaults, seen):
                yield _in_csv_words(entry)


class _Rows:
    """The rows that are not blank, each with the line it begins on; a row that is not CSV is a reject."""

    def __init__(self, stream: BinaryIO) -> None:
        # a surrogate stands for a byte that is not UTF-8, so that one bad row does not cost the file
        texts = (line.content.decode("utf-8", "surrogateescape") for line in raw_lines(stream))
        self._reader = csv.reader(texts, strict=True)

    def __iter__(self) -> "_Rows":
        return self

    def __next__(self) -> tuple[int, list[str] | Reject]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except csv.Error:
                return line, Reject(line, "row", self._not_csv(line))
            if any(cell.strip() for cell in cells):
                return line, cells

    def _not_csv(self, line: int) -> str:
        last = self._reader.line_num
        lost = f"; lines {line} to {last} were not read" if last > line else ""
        return f"must be CSV: quotes closed and doubled inside quotes, lines ended by LF or CRLF{lost}"


def _columns(rows: _Rows) -> list[str]:
    line, cells = next(rows, (1, []))
    names = [] if isinstance(cells, Reject) else [cell.strip().lower() for cell in cells]
    if not set(names) & set(COLUMNS):
        # without a header the first row is a person, and may not be repeated in an error
        raise CaseloadError(f"line {line}: must be a header with at least the columns {', '.join(REQUIRED)}")
    for position, name in enumerate(names, start=1):
        if name not in COLUMNS:
            raise CaseloadError(f"line {line}: column {position} {name!a} is {unknown(name, COLUMNS)}")
        if names.index(name) != position - 1:
            raise CaseloadError(f"line {line}: column {position} {name} is there twice")
    for name in REQUIRED:
        if name not in names:
            raise CaseloadError(f"line {line}: the required column {name} is missing")
    return names


def _row(cells: list[str], columns: list[str], line: int) -> dict[str, Any] | Reject:
    """The cells in the shape of a row, blank ones left out."""
    if len(cells) != len(columns):
        return Reject(line, "row", f"must have {len(columns)} cells as the header has; it has {len(cells)}")
    for name, cell in zip(columns, cells, strict=True):
        try:
            cell.encode()
        except UnicodeEncodeError:
            return Reject(line, name, "must be UTF-8")
    values = {name: text for name, cell in zip(columns, cells, strict=True) if (text := " ".join(cell.split()))}
    # a cell that cannot be converted stays text, for the reject to name it
    converted = {name: _CONVERT.get(name, str)(text) for name, text in values.items()}
    row = {name: converted.pop(name) for name in ROW if name in converted}
    address = {name: converted.pop(name) for name in ADDRESS if name in converted}
    if address:
        lines = [address.pop(name) for name in ADDRESS_LINES if name in address]
        converted["address"] = {"lines": lines} | {"city": "", "state": "", "postal_code": ""} | address
    return row | {"opened": converted}


def _whole(text: str) -> object:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _decimal(text: str) -> object:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else text


def _yes_no(text: str) -> object:
    return _YES_NO.get(text.lower(), text)


def _listed(text: str) -> list[str]:
    return [] if text.lower() == "none" else [item.strip() for item in text.split(";") if item.strip()]


_CONVERT: dict[str, Callable[[str], object]] = {
    "episode": _whole,
    "months_counted": _whole,
    "required_hours": _decimal,
    "time_limit_exempt": _yes_no,
    "call_in_answered": _yes_no,
    "sanctioned_months": _listed,
    "plan": _listed,
}


def _in_csv_words(entry: Entry) -> Entry:
    """A reject with the name of the column instead of the path in the row."""
    if isinstance(entry, Reject | Doubt) and entry.field.startswith("address"):
        column = entry.field.removeprefix("address.").replace("lines.", "address_line")
        return replace(entry, field="address_line1" if column == "lines" else column)
    return entry
