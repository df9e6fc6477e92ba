"""How a command runs: with a client, by the settings, to an exit code."""

from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from cli.console import FAILED, USAGE, err, fail
from connect import NoKeys, connect
from process import run_and_exit
from settings import Settings, settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables")]


def run(command: Callable[[Client], Awaitable[int]]) -> NoReturn:
    """Connect, run a command with the client, and exit with its code."""

    async def main() -> int:
        try:
            client = await connect(current_settings())
        except NoKeys as error:
            err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
            return FAILED
        except (RPCError, RuntimeError) as error:
            err.print(f"error: no Temporal server answers: {error}", markup=False, highlight=False)
            err.print("Start one with `make up`, or name yours with TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.")
            return FAILED
        return await command(client)

    run_and_exit(main())


def current_settings() -> Settings:
    """The settings; a wrong one ends the command, by name."""
    try:
        return settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        fail(f"REENGAGEMENT_{'_'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}", USAGE)
