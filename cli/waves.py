"""Something is done to many cases: in waves, so many a second at most, with progress."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table

from cli.console import OK, PARTLY, out, print_json, progress

_SUCH_AS = 3
_NOT_DONE = ("refused", "would be refused", "no answer", "elsewhere")


@dataclass(frozen=True)
class Pace:
    """Cases in one wave, seconds between two waves, and how many cases a second at most."""

    wave: int
    pause: float
    rate: float


Wave = Annotated[int, typer.Option(min=1, max=10_000, help="Cases in one wave")]
Pause = Annotated[float, typer.Option(min=0, max=86_400, help="Seconds between two waves")]
Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="Cases a second at most")]


async def in_waves(says: str, cases: Sequence[str], do: Callable[[str], Awaitable[str]], pace: Pace) -> dict[str, str]:
    """Do it to every case; answers what it came to, case by case."""
    results: dict[str, str] = {}
    with progress() as bar:
        task = bar.add_task(says, total=len(cases))

        async def one(case: str, after: float) -> None:
            await asyncio.sleep(after)
            results[case] = await do(case)
            bar.advance(task)

        for begin in range(0, len(cases), pace.wave):
            if begin:
                await asyncio.sleep(pace.pause)
            wave = cases[begin : begin + pace.wave]
            await asyncio.gather(*(one(case, at / pace.rate) for at, case in enumerate(wave)))
    return results


def show(results: Mapping[str, str], title: str, *, as_json: bool = False) -> int:
    """How many cases came to what, and which, as a table or JSON; the exit code says whether all were reached.

    What a result says after a semicolon, such as a date, is told in JSON, and where there is one such case only.
    """
    came_to: dict[str, list[str]] = {}
    for case, result in results.items():
        came_to.setdefault(result.partition(";")[0], []).append(case)
    if as_json:
        print_json(results)
    elif not results:
        out.print(f"{title}: no open case was found", markup=False, highlight=False)
    else:
        out.print(title, markup=False, highlight=False)
        table = Table("result", "cases", "such as")
        for result, cases in sorted(came_to.items()):
            says = results[cases[0]] if len(cases) == 1 else result
            table.add_row(says, f"{len(cases):,}", ", ".join(cases[:_SUCH_AS]))
        out.print(table, markup=False)
    return PARTLY if any(result.startswith(_NOT_DONE) for result in came_to) else OK
