"""What may enter a case: reading a message, refusing what cannot be, and the quarantine (ALL-1, ALL-2).

Reasons name the field and what would be right; they never repeat a value, which may be personal (ALL-6).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from domain.calendar import instant_of, local_date
from domain.fact import Fact, Identifier, Line, Text
from domain.ledger import Entry, Heard, Held, Ledger
from domain.policy import Policy

Told = TypeVar("Told", bound=Ledger)
Refuses = Callable[[Any], str | None]
"""Why a fact is not taken, though it can be read; None when it is."""

CONTENT_KEPT = 4000
"""Characters of a quarantined message kept in the case; all of it is in the history event that brought it."""
CONTENTS_KEPT = 100
"""Quarantined messages whose content is kept in the case; of further ones the reason is kept."""
ENTRIES_KEPT = 500
"""Quarantined messages that are kept one by one; further ones are counted by their reason, under the name `more`."""
MORE = "more"
_FIELD = re.compile(r"[a-z][a-z_]{0,39}")
"""What a field may be called; what else somebody has put there may be a person's name."""


@dataclass(frozen=True)
class Refused:
    """A message that is not recorded as a fact, and why."""

    because: str


@dataclass(frozen=True)
class Duplicate:
    """A message the case has heard before: it counts once. ALL-1."""

    fact: Fact


class Dismissal(BaseModel):
    """A quarantined message is of no use: it is let go, with the reason. ALL-2."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Identifier = Field(description="The id of the quarantined message")
    why: Annotated[Text, Field(min_length=1)]
    by: Line = Field(description="Who dismisses it")


class Resubmission(BaseModel):
    """A quarantined message, sent again corrected. ALL-2."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry: Identifier = Field(description="The id of the quarantined message")
    fact: dict[str, Any] = Field(description="The corrected fact, with its kind")


@dataclass(frozen=True)
class Resubmitted:
    """A corrected message and what it comes to; it takes the place of the quarantined one."""

    entry: str
    taken: Heard | Duplicate


DISMISS, RESUBMIT, ANY_FACT = "quarantine_dismiss", "quarantine_resubmit", "fact"
"""The names under which a message is no fact of its name: two ways out of quarantine, and the fact of any kind."""

Weighed = Heard | Duplicate | Dismissal | Resubmitted | Refused


def weigh(ledger: Ledger, name: str, content: str, received_at: datetime, refuses: Refuses) -> Weighed:
    """What a message of any name comes to, before anything is recorded. ALL-1, ALL-2."""
    if name == DISMISS:
        return _in_quarantine(ledger, _parsed(Dismissal, content))
    if name == RESUBMIT:
        asked = _in_quarantine(ledger, _parsed(Resubmission, content))
        if isinstance(asked, Refused):
            return asked
        taken = take(ledger, None, json.dumps(asked.fact), received_at, refuses)
        return taken if isinstance(taken, Refused) else Resubmitted(asked.entry, taken)
    return take(ledger, None if name == ANY_FACT else name, content, received_at, refuses)


Resolution = TypeVar("Resolution", Dismissal, Resubmission)


def _parsed(model: type[Resolution], content: str) -> Resolution | Refused:
    try:
        return model.model_validate_json(content, strict=True)
    except ValidationError as error:
        return Refused(faults(error))


def _in_quarantine(ledger: Ledger, asked: Resolution | Refused) -> Resolution | Refused:
    if isinstance(asked, Refused) or asked.entry in ledger.quarantine:
        return asked
    return Refused("entry: no message of that id is in quarantine")


def take(
    ledger: Ledger, name: str | None, content: str, received_at: datetime, refuses: Refuses
) -> Heard | Duplicate | Refused:
    """What a message comes to, before anything is recorded. ALL-1, ALL-2.

    `name` is the kind of fact the channel stands for, None where the content names its own.
    """
    fact = read(name, content, ledger.kinds)
    if isinstance(fact, Refused):
        return fact
    digest = digest_of(fact)
    known = ledger.heard.get(fact.message_id)
    if known == digest:
        return Duplicate(fact)
    if known:
        return Refused("message_id: names another fact already; a correction needs an id of its own")
    if ledger.is_full_of(fact):
        return Refused("kind: so many are kept of it already that there is room for other kinds only")
    reason = refuses(fact)
    return Refused(reason) if reason else Heard(fact, received_at, digest)


_PROGRAM_BEGAN = date(1996, 8, 22)  # Temporary Assistance for Needy Families: Public Law 104-193
_MAY_LIE_AHEAD = ("from_week", "until")


def digest_of(fact: Fact) -> str:
    """By what a fact is known again when it is sent again. ALL-1."""
    return sha256(fact.model_dump_json().encode()).hexdigest()[:16]


def misdated(fact: Fact, received_at: datetime, zone: str) -> str | None:
    """Why a fact's dates can't be so, received when it was; None when they can. ALL-2."""
    today = local_date(received_at, zone)
    dates = {name: value for name, value in fact if type(value) is date}  # a datetime is a date as well
    for name, value in dates.items():
        if value > today and name not in _MAY_LIE_AHEAD:
            return f"{name}: lies after the day it was received, {today}"
        if value < _PROGRAM_BEGAN:
            return f"{name}: lies before the program began, {_PROGRAM_BEGAN}"
    if fact.recorded_at >= instant_of(today + timedelta(days=1), zone, hour=0):
        return f"recorded_at: lies after the day it was received, {today}"
    if fact.recorded_at < instant_of(_PROGRAM_BEGAN, zone, hour=0):
        return f"recorded_at: lies before the program began, {_PROGRAM_BEGAN}"
    return None


def read(name: str | None, content: str, kinds: Mapping[str, type[Fact]]) -> Fact | Refused:
    """The fact a JSON text states, strictly: dates are ISO strings, numbers are numbers, every field is known."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return Refused("message: must be one JSON object")
    if not isinstance(said, dict):
        return Refused("message: must be one JSON object")
    kind = said.get("kind", name)
    if name is not None and kind != name:
        return Refused(f"kind: must be {name}, or left out")
    if not isinstance(kind, str) or kind not in kinds:
        return Refused(f"kind: must be one of {', '.join(kinds)}")
    try:
        fact = kinds[kind].model_validate_json(content, strict=True)
    except ValidationError as error:
        return Refused(faults(error))
    except (ValueError, RecursionError):
        return Refused("message: holds what is not Unicode text")
    return fact


def faults(error: ValidationError) -> str:
    """Every fault as `field: what would be right`, without the values; a field's name is the sender's word too."""
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(_named, one['loc'])) or 'message'}: {_right(one)}" for one in found[:20])


def _named(part: str | int) -> str:
    return str(part) if isinstance(part, int) or _FIELD.fullmatch(part) else "(a name of no field)"


def _right(fault: ErrorDetails) -> str:
    """What would be right; of a kind that is none pydantic's own words repeat what was sent."""
    if fault["type"] == "union_tag_invalid":
        return f"kind must be one of {fault['ctx']['expected_tags']}"
    return fault["msg"]


def hold(told: Told, name: str, because: str, content: str, received_at: datetime, policy: Policy) -> Told:
    """The same with a message in quarantine; the same message again counts up. ALL-2."""
    if len(told.quarantine) >= ENTRIES_KEPT and held_id(name, content) not in told.quarantine:
        name, content = MORE, because
    id = held_id(name, content)
    known = told.quarantine.get(id)
    if known:
        held = replace(known, times=known.times + 1)
        return replace(told, quarantine={**told.quarantine, id: held})
    kept = content[:CONTENT_KEPT] if len(told.quarantine) < CONTENTS_KEPT else ""
    held = Held(id, name[:80], because, kept, received_at)
    entry = _entry(policy, received_at, f"into quarantine: {because}", id)
    return replace(told, quarantine={**told.quarantine, id: held}, held_count=told.held_count + 1).noting([entry])


def held_id(name: str, content: str) -> str:
    """The id of a quarantined message: of what came, whole, so that it can be found again in history."""
    return sha256(f"{name}\n{content}".encode(errors="replace")).hexdigest()[:16]


def release(told: Told, held: str, says: str, at: datetime, policy: Policy) -> Told:
    """The same without a quarantined message: resubmitted, or dismissed with a reason. ALL-2."""
    left = {name: entry for name, entry in told.quarantine.items() if name != held}
    return replace(told, quarantine=left).noting([_entry(policy, at, f"out of quarantine: {says}", held)])


def _entry(policy: Policy, at: datetime, says: str, ref: str) -> Entry:
    day = local_date(at, policy.time_zone.value)
    return Entry(at, day, "quarantine", says, (policy.rule("quarantine").id,), ref)
