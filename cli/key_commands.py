"""The commands of `keys`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.console import fail
from cli.keys import list_masters, retire, rotate, shred, verify
from cli.running import Json, current_settings, run
from connect import NoKeys, keys, master_keys
from converter.keys import CaseKeys
from settings import Settings

app = typer.Typer(
    help="The keys cases are read with: rotate them, destroy those of one case, and check what stays of it (ALL-6).",
    no_args_is_help=True,
)


def _stored(current: Settings) -> CaseKeys:
    try:
        return keys(current).stored
    except NoKeys as error:
        fail(str(error))


@app.command("list")
def list_(json: Json = False) -> None:
    """The master keys, and how many data keys each wraps."""
    raise typer.Exit(list_masters(_stored(current_settings()), as_json=json))


@app.command("rotate")
def rotate_() -> None:
    """Wrap all data keys by a fresh master key and let every case take a fresh data key; nothing stops meanwhile."""
    current = current_settings()
    raise typer.Exit(rotate(_stored(current), master_keys(current)))


@app.command("retire")
def retire_(master: Annotated[str, typer.Argument(help="Id of a master key that wraps nothing any more")]) -> None:
    """Take a master key off the ring."""
    current = current_settings()
    raise typer.Exit(retire(_stored(current), master_keys(current), master))


@app.command("shred")
def shred_(
    case: str,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask: it can't be undone")] = False,
) -> None:
    """Destroy the keys of a case that has ended; a signed skeleton of its decisions stays."""
    if not yes and not typer.confirm(f"Nobody will be able to read {case} any more. Go on?"):
        fail("nothing was destroyed")
    current = current_settings()
    run(lambda client: shred(client, _stored(current), current, case))


@app.command("verify")
def verify_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A skeleton that `keys shred` wrote")],
    key: Annotated[Path | None, typer.Option(help="Public key in PEM; else signing.pub in the home directory")] = None,
    json: Json = False,
) -> None:
    """Check the signature of a skeleton, without any server, and show what it says."""
    raise typer.Exit(verify(file, key or current_settings().signing.with_suffix(".pub"), as_json=json))
