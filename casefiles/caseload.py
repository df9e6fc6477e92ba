"""What reading a caseload file comes to: openings, rejects and doubts.

A reject is not opened and a doubt is opened (or left out) with a warning; both name line, field and reason, and
neither repeats what the file says, which is personal data (ALL-6).
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pydantic import ValidationError

from domain.calendar import local_date
from domain.fact import Address, Fact
from domain.facts import Opened
from policy.load import default_edition, edition

UNSET = "unset"
ENVELOPE = frozenset(Fact.model_fields)


class CaseloadError(ValueError):
    """The file as a whole cannot be read, or a default is wrong: nothing was opened."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to open. `person` is secret: it is only ever hashed into a case id, never shown or logged.

    `family` is the state's case number where a file speaks of families, to find names and addresses by.
    """

    program: str
    person: str = field(repr=False)
    opened: Opened = field(repr=False)
    line: int
    episode: int = 1
    family: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """What could not be read, and what would be right; without the value itself."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was read but should be looked at by a person."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Family:
    """A family (in a row format: a participant) the file speaks of, counted once."""

    sanctioned: bool


Entry = Opening | Reject | Doubt | Family


@dataclass(frozen=True, slots=True)
class Contact:
    """Name and address of a participant, from another source than the caseload file."""

    name: str = field(repr=False)
    address: Address | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a file may leave out and the agency supplies; a file's own value goes before.

    `required_hours` are a week, 30 unless set: operational. `message_key` keys the hash that message ids are made of;
    without one, an id could be tested against guesses of what the row says. `contacts` are by the case number of a
    federal file, which has neither names nor addresses.
    Raises CaseloadError, naming the value, when one of them could not stand in an opening.
    """

    recorded_at: datetime
    recorded_by: str
    happened_on: date | None = None
    provider: str | None = None
    program: str = "mo-mwa"
    required_hours: float = 30
    language: Literal["en", "es"] = "en"
    message_key: bytes = field(default=b"", repr=False)
    contacts: Mapping[str, Contact] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        try:
            probe = {"message_id": UNSET, "name": UNSET, "provider": UNSET}
            Opened.model_validate(probe | self.opened_in(self.program))
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            raise CaseloadError(f"default {wrong['loc'][0]}: {wrong['msg']}") from None

    def opened_in(self, program: str) -> dict[str, object]:
        """The fields of an opening in a program that have a default here."""
        named = ("recorded_at", "recorded_by", "required_hours", "language", "provider")
        given = {name: value for name in named if (value := getattr(self, name)) is not None}
        return {"happened_on": self.day_in(program), **given}

    def day_in(self, program: str) -> date:
        """The date of the import: unless one is given, the program's own, wherever the file is read. ALL-7."""
        default = default_edition(program)
        zone = edition(default).time_zone.value if default else "UTC"
        return self.happened_on or local_date(self.recorded_at, zone)

    def identified(self, opening: Opening) -> Opened:
        """The opening's fact under a message id made of its meaning, so that a file read twice counts once. ALL-1.

        The meaning is who and what, not when and by whom it was recorded.
        """
        what = opening.opened.model_dump_json(exclude=set(ENVELOPE), exclude_defaults=True)
        meaning = "\n".join((opening.program, opening.person, str(opening.episode), what))
        digest = hmac.new(self.message_key, meaning.encode(), "sha256").hexdigest()
        return opening.opened.model_copy(update={"message_id": f"import-{digest[:32]}"})


class Caseload:
    """One pass over a caseload file: iterate for its openings; counts, rejects and doubts grow as it is read."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self.families = 0
        self.work_sanctioned = 0
        self.to_open = 0
        self.rejects: list[Reject] = []
        self.doubts: list[Doubt] = []

    def __iter__(self) -> Iterator[Opening]:
        for entry in self._entries:
            match entry:
                case Opening():
                    self.to_open += 1
                    yield entry
                case Reject():
                    self.rejects.append(entry)
                case Doubt():
                    self.doubts.append(entry)
                case Family(sanctioned):
                    self.families += 1
                    self.work_sanctioned += sanctioned

    def reject(self, opening: Opening, because: Reject) -> None:
        """Take an opening back that was read rightly and can't be opened all the same."""
        self.to_open -= 1
        self.rejects.append(because)

    @property
    def rejected(self) -> int:
        """How many lines were rejected, whatever the number of wrong fields on each."""
        return len({reject.line for reject in self.rejects})

    @property
    def warnings(self) -> int:
        """How many doubts there are."""
        return len(self.doubts)
