"""Names and addresses by case number, for caseload files that have none: a CSV file beside them."""

import csv
from pathlib import Path

from pydantic import ValidationError

from casefiles.caseload import CaseloadError, Contact
from domain.fact import Address

COLUMNS = (
    "case_number",
    "name",
    "address_line1",
    "address_line2",
    "address_line3",
    "address_line4",
    "city",
    "state",
    "postal_code",
)


def read_contacts(path: Path) -> dict[str, Contact]:
    """The contacts of a file by case number; a line without any name or address is left out.

    Raises CaseloadError, naming line and column, OSError when the file is not there.
    """
    contacts: dict[str, Contact] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise CaseloadError(f"contacts: line 1: the columns must be {', '.join(COLUMNS)}")
            for row in rows:
                contact = _contact(row, rows.line_num)
                if contact:
                    contacts[(row["case_number"] or "").strip()] = contact
    except UnicodeDecodeError as error:
        raise CaseloadError("contacts: must be UTF-8 text") from error
    except csv.Error as error:
        raise CaseloadError(f"contacts: line {rows.line_num}: is not a CSV row") from error
    return contacts


def _contact(row: dict[str, str | None], line: int) -> Contact | None:
    filled = {column: (row[column] or "").strip() for column in COLUMNS}
    if not any(filled[column] for column in COLUMNS[1:]):
        return None
    if not filled["name"]:
        raise CaseloadError(f"contacts: line {line}: name: must be filled in")
    lines = tuple(filled[f"address_line{number}"] for number in range(1, 5) if filled[f"address_line{number}"])
    if not any((*lines, filled["city"], filled["state"], filled["postal_code"])):
        return Contact(filled["name"], None)
    try:
        address = Address(lines=lines, city=filled["city"], state=filled["state"], postal_code=filled["postal_code"])
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        raise CaseloadError(f"contacts: line {line}: {wrong['loc'][0]}: {wrong['msg']}") from None
    return Contact(filled["name"], address)
