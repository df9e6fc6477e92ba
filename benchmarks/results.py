"""What was measured, held against the goals: as a table for people, as JSON for programs."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from rich.box import SIMPLE
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """What a row should reach: our own figure at most, or the ratio at least, so much."""

    of: Literal["ours", "ratio"]
    limit: float

    def met(self, row: "Row") -> bool:
        """Whether the row reaches it; a row without the figure does not."""
        if self.of == "ours":
            return row.ours <= self.limit
        return row.ratio is not None and row.ratio >= self.limit

    def __str__(self) -> str:
        return f"ours ≤ {self.limit:g}" if self.of == "ours" else f"ratio ≥ {self.limit:.2f}"


@dataclass(frozen=True)
class Row:
    """One quantity of both sides, as pairs (ours, bare) measured one right after the other.

    `ratio` is the median over the pairs, turned so that 1.00 is equal and more is better for ours, whichever way the
    quantity counts. A row that only ours has holds None for bare.
    """

    name: str
    unit: str
    pairs: list[tuple[float, float | None]]
    better: Literal["more", "less"] = "more"
    goal: Goal | None = None

    @property
    def ours(self) -> float:
        return median(ours for ours, _ in self.pairs)

    @property
    def bare(self) -> float | None:
        known = [bare for _, bare in self.pairs if bare is not None]
        return median(known) if known else None

    @property
    def ratio(self) -> float | None:
        ratios = [_ratio(ours, bare, self.better) for ours, bare in self.pairs if bare is not None]
        return median(ratios) if ratios else None

    @property
    def verdict(self) -> str:
        """`met` or `missed`; empty where there is no goal."""
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self) else "missed"


def _ratio(ours: float, bare: float, better: Literal["more", "less"]) -> float:
    """Nothing against nothing is equal; a side that needed nothing at all is without compare."""
    over, under = (ours, bare) if better == "more" else (bare, ours)
    if under == 0:
        return 1.0 if over == 0 else float("inf")
    return over / under


@dataclass
class Report:
    """The rows of one run, and what it was: quick or full, on how many cores, over how many seconds."""

    quick: bool
    cores: int
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    title: str = "Ours and a bare hand-written workflow"
    sides: tuple[str, str] = ("ours", "bare")

    @property
    def missed(self) -> list[Row]:
        """The rows that miss their goal."""
        return [row for row in self.rows if row.verdict == "missed"]

    def table(self) -> Table:
        """A table with a line for each row."""
        table = Table(
            title=f"{self.title}, {self.cores} cores, {self.seconds:.0f} s",
            box=SIMPLE,
            caption=f"ratio: 1.00 is equal, more is better for {self.sides[0]}",
        )
        table.add_column("measured", no_wrap=True)
        for heading in (*self.sides, "ratio"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("goal", no_wrap=True)
        for row in self.rows:
            style = {"missed": "bold red", "met": "green", "": ""}[row.verdict]
            goal = f"{row.goal} [{style}]{row.verdict}[/]" if row.goal else ""
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            table.add_row(f"{row.name} ({row.unit})", _figure(row.ours), _figure(row.bare), ratio, goal)
        return table

    def as_json(self) -> dict[str, Any]:
        """The same for programs, with every single pair."""
        return {
            "quick": self.quick,
            "cores": self.cores,
            "seconds": round(self.seconds, 1),
            "rows": [
                {
                    "name": row.name,
                    "unit": row.unit,
                    "better": row.better,
                    "ours": row.ours,
                    "bare": row.bare,
                    "ratio": row.ratio,
                    "goal": str(row.goal) if row.goal else None,
                    "verdict": row.verdict or None,
                    "pairs": row.pairs,
                }
                for row in self.rows
            ],
        }


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"
