"""What is sent to a case, planned from a seed: when, by which way, in what order, twice, late, and wrong."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from domain.calendar import first_week_from
from domain.policy import Policy

DAYS = 130
"""How many virtual days a case is watched."""
DUPLICATES, MALFORMED, LATE = 0.20, 0.05, 0.10
MOST_LATE = 400

Way = Literal["signal", "update"]


@dataclass(frozen=True)
class Sending:
    """One message: the virtual day it is sent on, how, and what it says; `good` where a case is to take it."""

    day: int
    way: Way
    name: str
    says: Any
    good: bool
    message_id: str = ""


@dataclass
class Plan:
    """One case: its opening, and what is sent to it, in order."""

    case: str
    policy: Policy
    opened_at: datetime
    opened: dict[str, Any]
    sendings: list[Sending] = field(default_factory=list)

    @property
    def opened_on(self) -> date:
        """The date the case opens, in its program's zone."""
        return self.opened_at.astimezone(ZoneInfo(self.policy.time_zone.value)).date()


def planned(case: str, policy: Policy, seed: int, now: datetime) -> Plan:
    """A case and its messages; the same seed, the same case."""
    chance = random.Random(f"{seed} {case}")
    opened_on = now.astimezone(ZoneInfo(policy.time_zone.value)).date()
    plan = Plan(case, policy, now, _opening(case, opened_on, now, chance))
    good = [_sending(case, number, chance, opened_on, policy) for number in range(chance.randint(5, 12))]
    again = [one for one in good if chance.random() < DUPLICATES]
    bad = [_malformed(case, number, chance) for number in range(len(good)) if chance.random() < MALFORMED]
    late = [_later(one, chance) if chance.random() < LATE else one for one in (*good, *again)]
    plan.sendings = [*late, *bad]
    chance.shuffle(plan.sendings)  # on one day, in any order
    plan.sendings.sort(key=lambda one: one.day)
    return plan


def _envelope(message_id: str, happened: date, recorded: date, policy: Policy) -> dict[str, Any]:
    at = datetime(recorded.year, recorded.month, recorded.day, 10, tzinfo=ZoneInfo(policy.time_zone.value))
    return {
        "message_id": message_id,
        "happened_on": happened.isoformat(),
        "recorded_by": "chaos",
        "recorded_at": at.astimezone(UTC).isoformat(),
    }


def _opening(case: str, on: date, now: datetime, chance: random.Random) -> dict[str, Any]:
    return {
        "message_id": f"{case}-opened",
        "happened_on": on.isoformat(),
        "recorded_by": "chaos",
        "recorded_at": now.astimezone(UTC).isoformat(),
        "sanction_began": (on - timedelta(days=20)).isoformat(),
        "required_hours": 30,
        "provider": "MWA-STL-01",
        "name": "Chaos Example",
        "address": {"lines": ["12 Elm Street"], "city": "St. Louis", "state": "MO", "postal_code": "63101"},
        "call_in_answered": True,
        "months_counted": chance.choice([12, 30, 57]),
        "months_through": f"{on:%Y-%m}",
    }


_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("response", {"answer": "agrees"}), ("response", {"answer": "refuses"}), ("response", {"answer": "question"})),
    *(("contact_made", {"type": "phone"}), ("contact_made", {"type": "home_visit"}), ("participation_week", {})),
    *(("participation_week", {}), ("participation_week", {}), ("transfer_requested", {"provider": "MWA-KC-01"})),
    *(("transfer_accepted", {"provider": "MWA-KC-01"}), ("good_cause_finding", {}), ("document_requested", {})),
    *(("document_received", {}), ("sanction_lifted", {}), ("exempted", {}), ("months_corrected", {})),
)


def _sending(case: str, number: int, chance: random.Random, opened_on: date, policy: Policy) -> Sending:
    kind, said = chance.choice(_KINDS)
    day = chance.randint(1, DAYS - 20)
    happened = opened_on + timedelta(days=day)
    says = dict(said)
    if kind == "participation_week":
        week = first_week_from(happened - timedelta(days=13))
        says |= {"week": week.isoformat(), "hours": chance.choice([10, 30, 35])}
    if kind == "good_cause_finding":
        finding = chance.choice(["found", "not_found"])
        says |= {"finding": finding, "grounds": "on file", "decided_by": "staff"}
    if kind.startswith("document_"):
        says |= {"document": "pay stub"}
    if kind == "months_corrected":
        says |= {"counted": chance.choice([10, 40]), "through": f"{opened_on:%Y-%m}"}
    message_id = f"{case}-{number}"
    way: Way = "update" if chance.random() < 0.5 else "signal"
    return Sending(day, way, kind, _envelope(message_id, happened, happened, policy) | says, True, message_id)


def _later(one: Sending, chance: random.Random) -> Sending:
    return Sending(one.day + chance.randint(1, MOST_LATE), one.way, one.name, one.says, one.good, one.message_id)


_BAD: tuple[tuple[str, Any], ...] = (
    ("participation_week", {"hours": 200}),
    ("hoorah", {"a": 1}),
    ("contact_made", None),
    ("contact_made", [{}, {}]),
    ("fact", {"kind": "edition_adopted_v9"}),
    ("response", {"answer": "agrees", "message_id": 7}),
    ("response", "not an object"),
    ("exempted", b"\xff\xfe\x00"),
    ("contact_made", {"message_id": "x", "note": "n" * 20_000}),
)


def _malformed(case: str, number: int, chance: random.Random) -> Sending:
    name, says = chance.choice(_BAD)
    if isinstance(says, dict):
        says = {**says, "from": f"{case} {number}"}
    return Sending(chance.randint(1, DAYS), "signal", name, says, False)


def content_of(says: Any) -> str:
    """A good message as the case reads it."""
    return json.dumps(says)
