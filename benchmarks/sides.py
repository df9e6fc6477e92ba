"""The two sides of the comparison, and the one family both are told about."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from benchmarks.bare import BARE_WORKFLOW
from domain.calendar import first_week_from
from policy.load import DEFAULT, edition
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

ONE_RUN_DAYS = 10_000
"""Continue-as-new is out of the comparison: a whole life is one run, on both sides."""


@dataclass(frozen=True)
class Side:
    """A workflow under measurement: its name, its task queue, and what it is started with, given the opening fact.

    `sealed` says that its payloads go through the codec.
    """

    name: str
    workflow: str
    task_queue: str
    input: Callable[[dict[str, Any]], Any]
    sealed: bool = True


OURS = Side(
    "ours",
    CASE_WORKFLOW,
    TASK_QUEUE,
    lambda opened: Start(opened=opened, edition=edition(DEFAULT), continue_after_days=ONE_RUN_DAYS),
)
BARE = Side("bare", BARE_WORKFLOW, "bare", lambda opened: opened)
PLAIN = replace(OURS, name="plain", task_queue="plain", sealed=False)
SIDES = {side.name: side for side in (OURS, BARE, PLAIN)}


def opening(now: datetime) -> dict[str, Any]:
    """The opening fact of an invented family, sanctioned for a month, no month of the limit counted yet."""
    yesterday = now.date() - timedelta(days=1)  # which no time zone can think lies ahead
    return {
        **_envelope("opened", "opening", yesterday, now),
        "sanction_began": str(yesterday - timedelta(days=30)),
        "months_counted": 0,
        "months_through": f"{yesterday:%Y-%m}",
        "required_hours": 30,
        "provider": "MWA-STL-01",
        "name": "Ana Muñoz Peña",
        "address": {
            "lines": ["1200 Sample Street", "Apt. 4B"],
            "city": "St. Louis",
            "state": "MO",
            "postal_code": "63101",
        },
    }


def facts(now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Facts that a sanctioned case hears in ordinary weeks, without end; none of them moves it to another phase."""
    number = 0
    while True:
        number += 1
        day = now.date() - timedelta(days=number)
        week = first_week_from(day) - timedelta(weeks=number + 1)
        yield _fact("contact_made", number, day, now, type="phone", note="left a message")
        yield _fact("document_requested", number, day, now, document=f"pay stub {number}")
        yield _fact("participation_week", number, day, now, week=str(week), hours=12.5)
        yield _fact("document_received", number, day, now, document=f"pay stub {number}")


def contacts(now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of these facts the contacts, which both sides hear by update too."""
    return ((kind, fact) for kind, fact in facts(now) if kind == "contact_made")


def closed(on: datetime) -> dict[str, Any]:
    """The TA case was closed: the end of both sides."""
    return _envelope("ta_case_closed", "closed", on.date(), on)


def _fact(kind: str, number: int, day: date, at: datetime, **says: Any) -> tuple[str, dict[str, Any]]:
    return kind, {**_envelope(kind, f"{kind}-{number}", day, at), **says}


def _envelope(kind: str, message_id: str, day: date, at: datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "message_id": message_id,
        "happened_on": str(day),
        "recorded_by": "benchmark",
        "recorded_at": at.isoformat(),
    }
