"""Something is done to many cases: in waves, so many a second at most, with progress."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table

from cli.console import OK, PARTLY, out, progress


@dataclass(frozen=True)
class Pace:
    """Cases in one wave, seconds between two waves, and how many cases a second at most."""

    wave: int
    pause: float
    rate: float


Wave = Annotated[int, typer.Option(min=1, max=10_000, help="Cases in one wave")]
Pause = Annotated[float, typer.Option(min=0, max=86_400, help="Seconds between two waves")]
Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="Cases a second at most")]


async def in_waves(says: str, cases: Sequence[str], do: Callable[[str], Awaitable[str]], pace: Pace) -> Counter[str]:
    """Do it to every case; answers how often it came to what."""
    results: Counter[str] = Counter()
    with progress() as bar:
        task = bar.add_task(says, total=len(cases))

        async def one(case: str, after: float) -> str:
            await asyncio.sleep(after)
            result = await do(case)
            bar.advance(task)
            return result

        for begin in range(0, len(cases), pace.wave):
            if begin:
                await asyncio.sleep(pace.pause)
            wave = cases[begin : begin + pace.wave]
            results.update(await asyncio.gather(*(one(case, at / pace.rate) for at, case in enumerate(wave))))
    return results


def show(results: Counter[str], title: str, fine: Sequence[str]) -> int:
    """The results as a table, and the exit code: whether all are fine."""
    out.print(title, markup=False, highlight=False)
    table = Table("result", "cases")
    for result, count in sorted(results.items()):
        table.add_row(result, f"{count:,}")
    out.print(table, markup=False)
    return OK if set(results) <= set(fine) else PARTLY
