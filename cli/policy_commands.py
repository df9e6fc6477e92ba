"""The commands of `policy`: the editions there are, and which one cases run under (ALL-5)."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.adopting import adopt, undo
from cli.console import OK, USAGE, fail, out, print_json
from cli.running import Json, run
from cli.waves import Pace, Pause, Rate, Wave
from domain.policy import Policy
from policy.load import DEFAULTS, BadEdition, edition, edition_ids

app = typer.Typer(
    help="Policy editions: read them, compare them, and move cases from one to another (ALL-5).", no_args_is_help=True
)
Cases = Annotated[list[str] | None, typer.Option(help="A case (repeatable); else all of --where")]
Where = Annotated[str | None, typer.Option(help="Visibility query; else every open case of the program")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Ask each case what it would decide; tell none")]


def read(asked: str) -> Policy:
    """The edition asked for; a command can't go on without."""
    try:
        return edition(asked)
    except BadEdition as error:
        fail(str(error), USAGE)


@app.command("list")
def list_(json: Json = False) -> None:
    """The editions there are, and which one new cases of a program run under."""
    editions = [read(id) for id in edition_ids()]
    if json:
        print_json([{"id": one.id, "title": one.title, "effective": one.effective} for one in editions])
        raise typer.Exit(OK)
    table = Table("edition", "effective", "title", "")
    for one in editions:
        table.add_row(one.id, str(one.effective), one.title, "new cases" if DEFAULTS.get(one.program) == one.id else "")
    out.print(table, markup=False)


@app.command("show")
def show_(edition_: Annotated[str, typer.Argument(metavar="EDITION")], json: Json = False) -> None:
    """Every value and rule of an edition, with its citation."""
    policy = read(edition_)
    if json:
        print_json(policy)
        raise typer.Exit(OK)
    table = Table("what", "value", "citation", title=f"{policy.id}: {policy.title}")
    for what, (value, cites) in _said(policy).items():
        table.add_row(what, value, cites)
    out.print(table, markup=False)


@app.command("diff")
def diff_(
    before: Annotated[str, typer.Argument(metavar="EDITION")], after: Annotated[str, typer.Argument(metavar="EDITION")]
) -> None:
    """What two editions say differently, each with its citation."""
    one, other = _said(read(before)), _said(read(after))
    table = Table("what", before, after)
    for what in dict.fromkeys((*one, *other)):
        if one.get(what) != other.get(what):
            table.add_row(what, *("\n".join(said.get(what, "-")) for said in (one, other)))
    out.print(table, markup=False)


@app.command("adopt")
def adopt_(
    edition_: Annotated[str, typer.Argument(metavar="EDITION", help="Such as mo-mwa/2016-01-01")],
    case: Cases = None,
    where: Where = None,
    why: Annotated[str, typer.Option(help="Why, for the record")] = "a new edition is in force",
    wave: Wave = 200,
    pause: Pause = 0,
    rate: Rate = 20,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Move cases to another edition, by a fact each of them records."""
    policy, pace = read(edition_), Pace(wave, pause, rate)
    run(lambda client: adopt(client, policy, case or [], where, why, pace, dry_run=dry_run, as_json=json))


@app.command("undo")
def undo_(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="As `policy adopt` said it")],
    case: Cases = None,
    where: Where = None,
    wave: Wave = 200,
    pause: Pause = 0,
    rate: Rate = 20,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take an adoption back from the cases that heard it: the edition before decides again."""
    adopted = re.fullmatch(r"adopt-(.+)-\d{8}T\d{6}", message)
    if not adopted:
        fail("MESSAGE: is no adoption; wanted is adopt-EDITION-TIME, as `policy adopt` said it", USAGE)
    policy, pace = read(adopted[1]), Pace(wave, pause, rate)
    run(lambda client: undo(client, message, policy, case or [], where, pace, dry_run=dry_run, as_json=json))


def _said(policy: Policy) -> dict[str, tuple[str, str]]:
    """Everything an edition says, by its path: the value, and the citation."""
    return dict(_flat("", policy.model_dump(mode="json", exclude={"id", "program", "title"})))


def _flat(path: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        yield path, (str(value), "")
    elif "cites" in value:
        yield path, (str(value.get("value", value.get("id"))), value["cites"])
    else:
        for name, inner in value.items():
            if inner is not None:
                yield from _flat(f"{path}.{name}".removeprefix("."), inner)
