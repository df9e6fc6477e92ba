"""What was told, and what of it stands (ALL-1): naively, for the naive readings of both programs."""

from datetime import date, timedelta
from typing import Any

Fact = dict[str, Any]
ONE_DAY = timedelta(days=1)
WEEK = timedelta(days=7)

REPORTS = (
    *("opened", "participation_week", "required_hours_changed", "months_corrected"),
    *("staffing_decided", "attendance_recorded"),
)


ABOUT: dict[str, tuple[str, ...]] = {
    "participation_week": ("week",),
    "required_hours_changed": ("from_week",),
    "document_requested": ("document",),
    "document_received": ("document",),
    "contact_made": ("type", "happened_on"),
    "address_changed": ("happened_on",),
    "task_done": ("task",),
    "transfer_requested": ("provider", "happened_on"),
    "transfer_accepted": ("provider", "happened_on"),
    "transfer_declined": ("provider", "happened_on"),
    "transfer_withdrawn": ("provider", "happened_on"),
    "release_filed": ("partner", "happened_on"),
    "staffing_requested": ("role", "partner", "happened_on"),
    "new_information": ("message_id",),
    "staffing_decided": ("number",),
    "screening_offered": ("screening", "happened_on"),
    "contact_attempted": ("type", "happened_on"),
    "engagement_option_offered": ("option", "happened_on"),
}
"""What a fact speaks about, beside its kind; a kind that is not named speaks about one thing only."""


def subject(fact: Fact) -> tuple[Any, ...]:
    """What a fact speaks about; of two that speak about one thing, one stands."""
    if fact["kind"] == "response":
        stance = "stance" if fact["answer"] in ("agrees", "refuses") else fact["answer"]
        return ("response", stance, fact["happened_on"])
    return (fact["kind"], *(fact[name] for name in ABOUT.get(fact["kind"], ())))


def standing(facts: list[Fact]) -> list[Fact]:
    """What was not taken back, and of two about one thing the later: by record for a report, by event for the rest."""
    withdrawn = [fact["withdraws"] for fact in facts if fact["kind"] == "withdrawn"]
    best: dict[tuple[Any, ...], Fact] = {}
    for fact in facts:
        if fact["kind"] == "withdrawn" or fact["message_id"] in withdrawn:
            continue
        other = best.get(subject(fact))
        if other is None or later(fact, other):
            best[subject(fact)] = fact
    return sorted(best.values(), key=lambda fact: (fact["happened_on"], fact["recorded_at"]))


def later(fact: Fact, other: Fact) -> bool:
    if fact["kind"] not in REPORTS and fact["happened_on"] != other["happened_on"]:
        return bool(fact["happened_on"] > other["happened_on"])
    return bool((fact["recorded_at"], fact["message_id"]) > (other["recorded_at"], other["message_id"]))


def of(told: list[Fact], *kinds: str) -> list[Fact]:
    return [fact for fact in told if fact["kind"] in kinds]


def last(told: list[Fact], kind: str) -> Fact | None:
    found = of(told, kind)
    return found[-1] if found else None


def done_on(told: list[Fact], asked: dict[str, str], task: str) -> date | None:
    """When staff did a task, as it was asked for last."""
    for fact in of(told, "task_done"):
        if fact["task"] == asked.get(task):
            day: date = fact["happened_on"]
            return day
    return None


def undone(told: list[Fact], asked: dict[str, str], tasks: set[str]) -> set[str]:
    return {task for task in tasks if not done_on(told, asked, task)}


def repeated(task: str, since: date, every: int, today: date) -> set[str]:
    """A task that comes after some days, and again after as many more: the one that stands today."""
    times = (today - since).days // every
    return {f"{task}/{times}"} if times > 0 else set()
