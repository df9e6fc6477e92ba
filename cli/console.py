"""What every command shares: where it prints, how it ends, how progress looks."""

import json
import sys
from typing import Any, NoReturn

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3
"""Exit codes: all done; could not be done; called wrongly or the input file is unusable; done but for some lines."""

_PIPED = 140  # columns where there is no terminal to ask

out = Console(width=None if sys.stdout.isatty() else _PIPED)
err = Console(stderr=True, width=None if sys.stderr.isatty() else _PIPED)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """Say what is wrong on standard error and end with a code."""
    err.print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on standard output, for programs."""
    typer.echo(json.dumps(to_jsonable_python(value), indent=2, ensure_ascii=False))


def progress() -> Progress:
    """A progress bar on standard error; it leaves standard output to results."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
    )
