"""What an archiving came to. ALL-8."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Archived:
    """Closed runs that were archived, or had been before; `gone` are those that vanished first: workflow and run id.

    `refused` are cases whose manifest is not genuine: nothing is added to such a chain until it is put right.
    `until` is the moment it began: whatever closed before is in the archive.
    """

    archived: int
    known: int
    gone: tuple[str, ...]
    refused: tuple[str, ...]
    until: datetime
