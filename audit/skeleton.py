"""The skeleton of a case: its decisions with their rules and dates, and nothing personal. ALL-4, ALL-6.

It is written, and signed, before a case's keys are destroyed, and says afterwards what was decided when and by which
rule. Every value is a code, a date or a count of ours; texts that came from outside are left out.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.case import Outcome, Phase
from domain.facts import KINDS
from domain.ledger import Entry
from domain.views import Status

_MOVED = re.compile(rf"^({'|'.join(Phase)})(?: \(({'|'.join(Outcome)})\))?: ")


class Step(BaseModel):
    """One line: what was heard, decided or done; `at` when it was known, `on` when it happened.

    `of` is the kind of a fact, the key of an effect, or the phase a decision led to, with its outcome.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    on: date
    what: Literal["fact", "decision", "effect", "quarantine"]
    rules: tuple[str, ...]
    of: str | None


class Skeleton(BaseModel):
    """What stays of a case when nobody can read it any more."""

    model_config = ConfigDict(frozen=True)

    case: str
    program: str
    edition: str
    runs: tuple[str, ...]
    phase: Phase
    outcome: Outcome | None
    letters_sent: int
    steps: tuple[Step, ...]
    written_at: datetime


def skeleton(status: Status, runs: Sequence[str], timeline: Iterable[Entry], written_at: datetime) -> Skeleton:
    """The skeleton of a case, given the timeline of all its runs."""
    return Skeleton(
        case=status.case_id,
        program=status.program,
        edition=status.edition,
        runs=tuple(runs),
        phase=status.phase,
        outcome=status.outcome,
        letters_sent=status.letters_sent,
        steps=tuple(_step(entry, status.case_id) for entry in timeline),
        written_at=written_at,
    )


def _step(entry: Entry, case: str) -> Step:
    return Step(at=entry.at, on=entry.on, what=entry.what, rules=entry.rules, of=_of(entry, case))


def _of(entry: Entry, case: str) -> str | None:
    if entry.what == "fact":
        kind = entry.says.partition(":")[0].replace(" ", "_")
        return kind if kind in KINDS else None
    if entry.what in ("decision", "effect") and entry.ref.startswith(f"{case}/"):
        return entry.ref.removeprefix(f"{case}/")
    moved = _MOVED.match(entry.says) if entry.what == "decision" else None
    return "/".join(part for part in moved.groups() if part) if moved else None
