"""What is sent to a case, planned from a seed: when, by which way, in what order, twice, late, and wrong."""

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from domain.calendar import first_week_from
from domain.policy import Policy
from domain.staffing.facts import Consideration
from policy.load import edition

DAYS = 130
"""How many virtual days a case is watched."""
DUPLICATES, MALFORMED = 0.20, 0.05
LATE_CASES, LATE = 0.2, 0.5
"""Every fifth case is told late, and then half of what it is told: of all messages, every tenth."""
MOST_LATE = 400
MISSOURI, OREGON = edition("mo-mwa/2014-01-27"), edition("or-jobs/2024-01-01")

Way = Literal["signal", "update", "command line"]


@dataclass(frozen=True)
class Encoded:
    """An argument no JSON says: its bytes, the encoding it claims to have, and whether it is sealed, and for whom."""

    data: bytes
    encoding: str = "json/plain"
    sealed: Literal["for the case", "for another case", "not at all"] = "for the case"


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
    """One case: its opening, and what is sent to it, in order.

    `until` is the virtual day on which it is looked at; `run_days` the days after which a run continues as new.
    """

    case: str
    policy: Policy
    opened_at: datetime
    opened: dict[str, Any]
    until: int
    run_days: int | None
    sendings: list[Sending] = field(default_factory=list)

    @property
    def chains(self) -> bool:
        """Whether it continues as new by its age."""
        return self.run_days is not None

    @property
    def opened_on(self) -> date:
        """The date the case opens, in its program's zone."""
        return self.opened_at.astimezone(ZoneInfo(self.policy.time_zone.value)).date()

    def says(self, message_id: str, day: int, **more: Any) -> dict[str, Any]:
        """What a fact that happened on a day of the case says, recorded on that day."""
        happened = self.opened_on + timedelta(days=day)
        recorded = datetime(
            happened.year, happened.month, happened.day, 10, tzinfo=ZoneInfo(self.policy.time_zone.value)
        )
        return {
            "message_id": message_id,
            "happened_on": happened.isoformat(),
            "recorded_by": "chaos",
            "recorded_at": min(recorded, self.opened_at + timedelta(days=day)).astimezone(UTC).isoformat(),
        } | more


def planned(case: str, seed: int, now: datetime, *, days: int = DAYS, run_days: int | None = None) -> Plan:
    """A case and its messages; the same seed, the same case. Every third one is of Oregon."""
    chance = random.Random(f"{seed} {case}")
    policy = chance.choice([MISSOURI, MISSOURI, OREGON])
    plan = Plan(case, policy, now, {}, days, run_days)
    plan.opened = _opening(plan, chance)
    count = chance.randint(4, 10) * max(days // 365, 1)
    good = [_sending(plan, number, chance, days) for number in range(count)]
    again = [one for one in good if chance.random() < DUPLICATES]
    bad = [_malformed(case, number, chance, days) for number in range(len(good)) if chance.random() < MALFORMED]
    lateness = LATE if chance.random() < LATE_CASES else 0
    late = [_later(one, chance) if chance.random() < lateness else one for one in (*good, *again)]
    plan.sendings = [*late, *bad]
    chance.shuffle(plan.sendings)  # on one day, in any order
    plan.sendings.sort(key=lambda one: one.day)
    plan.until = max([days, *(one.day for one in plan.sendings)]) + 1
    return plan


def _opening(plan: Plan, chance: random.Random) -> dict[str, Any]:
    on = plan.opened_on
    opening = plan.says(f"{plan.case}-opened", 0) | {
        "required_hours": 30,
        "name": "Chaos Example",
        "address": {"lines": ["12 Elm Street"], "city": "St. Louis", "state": "MO", "postal_code": "63101"},
        "months_counted": chance.choice([12, 30, 57]),
        "months_through": f"{on:%Y-%m}",
    }
    if plan.policy.disqualification:
        return opening | {"provider": "ODHS-PDX-01"}
    return opening | {
        "provider": "MWA-STL-01",
        "sanction_began": (on - timedelta(days=20)).isoformat(),
        "call_in_answered": True,
    }


_ENDS = ("sanction_lifted", "exempted")
"""What ends a case, which comes in the last months of a long life."""
Kinds = tuple[tuple[str, dict[str, Any]], ...]
_BOTH: Kinds = (
    *(("response", {"answer": "agrees"}), ("response", {"answer": "refuses"}), ("response", {"answer": "question"})),
    *(
        ("contact_made", {"type": "phone"}),
        ("contact_made", {"type": "home_visit"}),
        ("new_information", {"about": "it"}),
    ),
    *(("sanction_lifted", {}), ("exempted", {}), ("months_corrected", {}), ("staffing_decided", {"number": 1})),
)
_IN_MISSOURI: Kinds = (
    *_BOTH,
    *(("participation_week", {}), ("participation_week", {}), ("participation_week", {})),
    *(("transfer_requested", {"provider": "MWA-KC-01"}), ("transfer_accepted", {"provider": "MWA-KC-01"})),
    *(("good_cause_finding", {}), ("document_requested", {}), ("document_received", {})),
)
_IN_OREGON: Kinds = (
    *_BOTH,
    *(("staffing_decided", {"number": 1}), ("staffing_decided", {"number": 1}), ("staffing_decided", {"number": 2})),
    *(("staffing_requested", {"role": "participant"}), ("release_filed", {"partner": "Legal Aid"})),
    ("staffing_requested", {"role": "community_partner", "partner": "Legal Aid"}),
)


def _sending(plan: Plan, number: int, chance: random.Random, days: int) -> Sending:
    day = chance.randint(1, days - 20)
    kinds = _IN_OREGON if plan.policy.disqualification else _IN_MISSOURI
    kind, said = chance.choice([one for one in kinds if one[0] not in _ENDS or day > days - DAYS])
    message_id = f"{plan.case}-{number}"
    happened = plan.opened_on + timedelta(days=day)
    more: dict[str, Any] = {}
    match kind:
        case "participation_week":
            week = first_week_from(happened - timedelta(days=13))
            more = {"week": week.isoformat(), "hours": chance.choice([10, 30, 35])}
        case "good_cause_finding":
            finding = chance.choice(["found", "not_found"])
            more = {"finding": finding, "grounds": "on file", "decided_by": "staff"}
        case "document_requested" | "document_received":
            more = {"document": "pay stub"}
        case "months_corrected":
            more = {"counted": chance.choice([10, 40]), "through": f"{plan.opened_on:%Y-%m}"}
        case "staffing_decided":
            more = _decision(plan, message_id, day, chance)
    way: Way = "update" if chance.random() < 0.5 else "signal"
    return Sending(day, way, kind, plan.says(message_id, day, **said) | more, True, message_id)


def _decision(plan: Plan, message_id: str, day: int, chance: random.Random) -> dict[str, Any]:
    """A decision with its record: due process is complete, or nothing was offered."""
    records: list[tuple[str, dict[str, Any]]] = [
        ("consideration_answered", {"consideration": one, "answer": "no", "evidence": "asked"})
        for one in get_args(Consideration)
    ]
    if chance.random() < 0.7:
        records += [("screening_offered", {"screening": "learning needs"}), ("contact_attempted", {"type": "phone"})]
        records += [("contact_attempted", {"type": "text"}), ("engagement_option_offered", {"option": "life skills"})]
        records += [("attendance_recorded", {"attendance": "no_show"})]
    record = [plan.says(f"{message_id}-{place}", day, kind=kind, **said) for place, (kind, said) in enumerate(records)]
    finding = chance.choice(["good_cause", "no_good_cause", "no_good_cause"])
    return {"record": record, "finding": finding, "decided_by": "the team", "reason": "in writing"}


def _later(one: Sending, chance: random.Random) -> Sending:
    return replace(one, day=one.day + chance.randint(1, MOST_LATE))


TOO_LARGE = {"message_id": "x", "note": "n" * 2_200_000}
"""More than the server takes: it is refused before it is recorded."""
_BAD: tuple[tuple[str, Any], ...] = (
    ("participation_week", {"hours": 200}),
    ("hoorah", {"a": 1}),
    ("contact_made", None),
    ("contact_made", [{}, {}]),
    ("fact", {"kind": "edition_adopted_v9"}),
    ("response", {"answer": "agrees", "message_id": 7}),
    ("response", "not an object"),
    ("exempted", Encoded(b"\xff\xfe\x00")),
    ("exempted", Encoded(b"nobody has the key", "binary/encrypted", "not at all")),
    ("contact_made", Encoded(b'{"type": "phone"}', sealed="for another case")),
    ("contact_made", Encoded(b'{"type": "phone"}', sealed="not at all")),
    ("contact_made", Encoded(b"{}", "json/of-another-version")),
    ("contact_made", {"message_id": "x", "note": "n" * 20_000}),
    ("contact_made", {"message_id": "x", "note": "n" * 1_500_000}),
    ("contact_made", TOO_LARGE),
)


def _malformed(case: str, number: int, chance: random.Random, days: int) -> Sending:
    name, says = chance.choice(_BAD)
    way: Way = "command line" if isinstance(says, dict) and len(says) == 1 and chance.random() < 0.3 else "signal"
    if isinstance(says, dict) and says is not TOO_LARGE:
        says = {**says, "from": f"{case} {number}"}
    return Sending(chance.randint(1, days), way, name, says, False)


def content_of(says: Any) -> str:
    """A good message as the case reads it."""
    return json.dumps(says)
