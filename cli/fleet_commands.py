"""The commands of `fleet`."""

from typing import Annotated

import typer

from cli.fleet import move, status
from cli.running import Json, current_settings, run
from cli.waves import Pace, Pause, Rate, Wave

app = typer.Typer(
    help="Which build of the code open cases are on, and moving those that sleep to the current one, in waves.",
    no_args_is_help=True,
)
Deployment = Annotated[
    str | None, typer.Option(help="Name of the worker deployment; else REENGAGEMENT_DEPLOYMENT, or reengagement")
]


def _named(deployment: str | None) -> str:
    return deployment or current_settings().deployment or "reengagement"


@app.command("status")
def status_(deployment: Deployment = None, json: Json = False) -> None:
    """How many open cases and staffings are on each build, and which build is current."""
    run(lambda client: status(client, _named(deployment), as_json=json))


@app.command("move")
def move_(
    deployment: Deployment = None,
    where: Annotated[str | None, typer.Option(help="Visibility query; else all that are elsewhere")] = None,
    wave: Wave = 200,
    pause: Pause = 5,
    rate: Rate = 20,
) -> None:
    """Wake what sleeps on another build, in waves: each continues as new, on the current one."""
    pace = Pace(wave, pause, rate)
    run(lambda client: move(client, _named(deployment), where, pace))
