"""`python -m chaos`: the parts one after the other, and a table of doses reached and promises broken."""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from chaos.bugs import BUGS
from chaos.doses import FULL, SHORT, Dose, Result
from chaos.parts import PARTS
from cli.console import FAILED, OK, USAGE, err, fail, out
from process import run_and_exit

_SHOWN = 20


def main(
    part: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(PARTS)} (repeatable); else all")] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same cases, messages and losses")] = 1,
    short: Annotated[bool, typer.Option("--short", help="The doses of `make test`")] = False,
    cases: Annotated[int | None, typer.Option(help="Cases in motion, instead of the part's own number")] = None,
    bug: Annotated[str | None, typer.Option(help=f"Break the code on purpose: {', '.join(BUGS)}")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep servers' and workers' files here")] = None,
) -> None:
    """Break everything, in stated doses, and see that no promise is broken. Exits with 0 when none is."""
    # That calls fail and are made again is what this is about; the SDK says so of each.
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=quiet)))
    names = part or list(PARTS)
    if set(names) - set(PARTS):
        fail(f"--part: one of {', '.join(PARTS)}", USAGE)
    if bug and bug not in BUGS:
        fail(f"--bug: one of {', '.join(BUGS)}", USAGE)
    os.environ["CHAOS_BUG"] = bug or ""
    dose = SHORT if short else FULL
    if cases:
        dose = Dose(**{**dose.__dict__, "cases": cases})
    run_and_exit(_run(names, seed, dose, keep))


async def _run(names: list[str], seed: int, dose: Dose, keep: Path | None) -> int:
    table = Table("part", "dose reached", "seconds", "violations", title=f"Chaos, seed {seed}")
    results: list[Result] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        for name in names:
            err.print(f"{name} ...", highlight=False)
            began = time.monotonic()
            result = await _done(name, (keep or Path(temporary)) / name, seed, dose)
            results.append(result)
            did = ", ".join(f"{what} {amount}" for what, amount in result.did.items())
            row = name, did, f"{time.monotonic() - began:.0f}", str(len(result.violations))
            table.add_row(*row, style="red" if result.violations else None)
            err.print("{}: {}; {} s; violations {}".format(*row), markup=False, highlight=False, soft_wrap=True)
            for violation in result.violations[:_SHOWN]:
                err.print(f"{name}: {violation}", style="red", markup=False, highlight=False, soft_wrap=True)
    out.print(table, markup=False)
    await asyncio.sleep(0.3)  # the SDK's native threads end
    return FAILED if any(result.violations for result in results) else OK


async def _done(name: str, home: Path, seed: int, dose: Dose) -> Result:
    """What a part comes to; one that finds no end is itself a violation, and the next one goes on."""
    try:
        return await PARTS[name](home, seed, dose)
    except TimeoutError as error:
        return Result(name, {}, [f"came to no end: {error}"])


if __name__ == "__main__":
    typer.run(main)
