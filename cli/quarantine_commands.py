"""The commands of `quarantine`."""

from typing import Annotated

import typer

from cli.console import USAGE, fail
from cli.correcting import read_edit, read_fact
from cli.quarantine import dismiss, dismiss_many, list_held, resubmit, show_held
from cli.running import Json, run

app = typer.Typer(
    help="Quarantine: what cases and staffings could not read or believe; send it corrected, or dismiss it (ALL-2).",
    no_args_is_help=True,
)

Held = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case or the staffing")]
Entry = Annotated[str, typer.Argument(help="Id of the message, as `quarantine list` shows it")]
Where = Annotated[str | None, typer.Option(help="Visibility query, such as: Program = 'or-jobs'")]


@app.command("list")
def list_quarantine(where: Where = None, json: Json = False) -> None:
    """What is held, over all open cases and staffings; without its content, which may be personal."""
    run(lambda client: list_held(client, where, as_json=json))


@app.command("show")
def show_quarantine(case: Held, entry: Entry, json: Json = False) -> None:
    """One message with its content. Shows what may be personal."""
    run(lambda client: show_held(client, case, entry, as_json=json))


@app.command("resubmit")
def resubmit_(
    case: Held,
    entry: Entry,
    fact: Annotated[
        str | None, typer.Argument(metavar="FACT", help="A JSON object, or a file that holds it; else what is held")
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Replace a field: hours=20, address.city=Rolla (repeatable)"),
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="FIELD", help="Leave a field out (repeatable)")] = None,
    json: Json = False,
) -> None:
    """Send a message corrected; what is still wrong is refused, and the message stays in quarantine."""
    if not fact and not edit and not remove:
        fail("FACT, --edit or --remove: what is to be corrected?", USAGE)
    try:
        given, edits = read_fact(fact) if fact else None, [read_edit(one) for one in edit or []]
    except (OSError, ValueError) as error:
        fail(str(error), USAGE)
    run(lambda client: resubmit(client, case, entry, given, edits, remove or [], as_json=json))


@app.command("dismiss")
def dismiss_(
    why: Annotated[str, typer.Option(help="Why it is of no use, for the record")],
    by: Annotated[str, typer.Option(help="Who dismisses it")],
    case: Annotated[str | None, typer.Argument(help="Id of the case or the staffing")] = None,
    entry: Annotated[str | None, typer.Argument(help="Id of the message")] = None,
    where: Where = None,
    name: Annotated[str | None, typer.Option(help="Many at once: all messages of this name")] = None,
    dry_run_: Annotated[bool, typer.Option("--dry-run", help="Count the messages; dismiss none")] = False,
    json: Json = False,
) -> None:
    """Let one message go, or many at once (--where, --name), with the reason."""
    if case and entry and not (where or name or dry_run_):
        run(lambda client: dismiss(client, case, entry, why, by, as_json=json))
    if case or not (where or name):
        fail("either CASE and ENTRY, or --where and --name for many at once", USAGE)
    run(lambda client: dismiss_many(client, where, name, why, by, dry_run=dry_run_, as_json=json))
