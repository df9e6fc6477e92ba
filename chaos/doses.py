"""How much of everything, and what a part of the chaos says in the end."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chaos.plan import Plan, planned


@dataclass(frozen=True)
class Dose:
    """How much of everything; the short form is in `make test`."""

    cases: int
    answers_lost: float
    worker_kills: int
    server_kills: int
    between_kills: tuple[float, float]
    chained: int
    kills_of_chained: int
    cuts: int
    longest_cut: float
    outage_cases: int
    flood: int
    surge: int
    dark_seconds: float
    clock_cases: int
    lives: int
    life_days: int
    archived_cases: int
    archive_kills: int
    between_archive_kills: tuple[float, float]


FULL = Dose(
    *(2000, 0.1, 50, 50, (10, 25)),
    chained=60,
    kills_of_chained=20,
    cuts=20,
    longest_cut=60,
    outage_cases=300,
    flood=10_000,
    surge=5000,
    dark_seconds=60,
    clock_cases=60,
    lives=20,
    life_days=1860,
    archived_cases=600,
    archive_kills=10,
    between_archive_kills=(10, 25),
)
SHORT = Dose(
    *(10, 0.3, 1, 1, (0.5, 3)),
    chained=3,
    kills_of_chained=1,
    cuts=1,
    longest_cut=2,
    outage_cases=6,
    flood=300,
    surge=20,
    dark_seconds=2,
    clock_cases=3,
    lives=1,
    life_days=1860,
    archived_cases=4,
    archive_kills=1,
    between_archive_kills=(2, 3),
)


@dataclass
class Result:
    """What a part did, and what it found."""

    part: str
    did: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


def plans(seed: int, count: int, **how: int) -> list[Plan]:
    """Cases and what is sent to them; the same seed, the same cases."""
    now = datetime.now(UTC)
    return [planned(f"chaos-{seed}-{number}", seed, now, **how) for number in range(count)]
