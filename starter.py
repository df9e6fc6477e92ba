"""The one command line: open cases, send facts to them, look at them, and rehearse their lives."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from temporalio.client import Client
from temporalio.service import RPCError

from activities.providers import BadProviderFile, ProviderDirectory
from casefiles import CaseloadError, Defaults, read, read_row
from casefiles.contacts import read_contacts
from cli import audit_commands, fleet_commands, key_commands, policy_commands, quarantine_commands, staffing_commands
from cli.console import FAILED, OK, USAGE, err, fail, out, print_json
from cli.lives import BadLives, read_lives
from cli.opening import contacts_template, dry_run, import_caseload, open_case, policy_for
from cli.rehearsing import rehearse
from cli.running import Json, current_settings, run
from cli.sending import send_facts
from cli.showing import list_cases, show
from connect import connect
from domain.facts import KINDS, CaseFact
from domain.staffing.facts import STAFFING_KINDS
from policy.load import BadEdition, edition, edition_ids
from process import run_and_exit
from settings import Settings
from workflows.views import views

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    epilog="Exit codes: 0 done; 1 could not be done; 2 called wrongly, or the input can't be used; "
    "3 done, but for some lines.",
)


app.add_typer(audit_commands.app, name="audit")
app.add_typer(fleet_commands.app, name="fleet")
app.add_typer(key_commands.app, name="keys")
app.add_typer(policy_commands.app, name="policy")
app.add_typer(quarantine_commands.app, name="quarantine")
app.add_typer(staffing_commands.app, name="staffing")


class Format(StrEnum):
    """Formats of caseload files."""

    CSV = "csv"
    NDJSON = "ndjson"
    ACF199 = "acf199"


Edition = Annotated[str | None, typer.Option("--edition", help="Policy edition; else the program's default")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def _check_edition(asked: str | None) -> None:
    try:
        if asked:
            edition(asked)
    except BadEdition as error:
        fail(str(error), USAGE)


def _defaults(provider: str | None, required_hours: float, language: str, contacts: Path | None) -> Defaults:
    return Defaults(
        recorded_at=datetime.now(UTC),
        recorded_by="import",
        provider=provider,
        required_hours=required_hours,
        language="es" if language == "es" else "en",
        message_key=current_settings().case_key(),
        contacts=read_contacts(contacts) if contacts else {},
    )


Provider = Annotated[
    str | None, typer.Option(help="Provider where the file names none; else the provider directory's default")
]
RequiredHours = Annotated[float, typer.Option(help="Required hours a week where the file gives none")]


class Language(StrEnum):
    """Languages of the letters."""

    EN = "en"
    ES = "es"


@app.command("open")
def open_(
    person: Annotated[str, typer.Option(help="The agency's own key of the person; only hashed into the case id")],
    name: Annotated[str, typer.Option(help="The participant's name, for the letters")],
    provider: Annotated[str, typer.Option(help="Code of the provider displayed in the MWA System")],
    required_hours: Annotated[float, typer.Option(help="Hours of work activities required, a week")],
    sanction_began: Annotated[
        str | None,
        typer.Option(help="First date the sanction was in force, YYYY-MM-DD; none where a staffing is to come first"),
    ] = None,
    program: Annotated[str, typer.Option(help="Program: mo-mwa or or-jobs")] = "mo-mwa",
    episode: Annotated[int, typer.Option(help="Which sanction of this person it is")] = 1,
    months_counted: Annotated[int | None, typer.Option(help="Months counted toward the lifetime limit")] = None,
    months_through: Annotated[str | None, typer.Option(help="The month through which, YYYY-MM")] = None,
    time_limit_exempt: Annotated[bool, typer.Option(help="Exempt from the lifetime limit")] = False,
    sanctioned_month: Annotated[
        list[str] | None, typer.Option(help="A month YYYY-MM of the preceding twelve that was sanctioned; or: none")
    ] = None,
    call_in_answered: Annotated[
        bool | None, typer.Option("--call-in-answered/--call-in-unanswered", help="The Call-In Letter; else unknown")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the letters")] = Language.EN,
    address: Annotated[
        str | None, typer.Option(help='Mailing address: "Street; Apt; City; MO; 63101"; else none is on file')
    ] = None,
    plan: Annotated[list[str] | None, typer.Option(help="An organisation to enlist (repeatable)")] = None,
    edition_: Edition = None,
    json: Json = False,
) -> None:
    """Open one case; the same person, program and episode is opened once."""
    _check_edition(edition_)
    fields: dict[str, Any] = {
        "name": name,
        "sanction_began": sanction_began,
        "provider": provider,
        "required_hours": required_hours,
        "months_counted": months_counted,
        "months_through": months_through,
        "time_limit_exempt": time_limit_exempt,
        "sanctioned_months": [one for one in sanctioned_month if one != "none"] if sanctioned_month else None,
        "call_in_answered": call_in_answered,
        "language": language.value,
        "address": _address(address),
        "plan": plan or [],
    }
    row = {"person_id": person, "program": program, "episode": episode, "opened": fields}
    caseload = read_row(row, defaults=_defaults(None, 30, "en", None))
    openings = list(caseload)
    for reject in caseload.rejects:
        err.print(f"error: {reject.field}: {reject.reason}", markup=False, highlight=False)
    policy = policy_for(program, edition_)
    if policy is None:
        fail(f"program: no policy edition of it; there are {', '.join(edition_ids())}", USAGE)
    if not openings:
        raise typer.Exit(USAGE)

    async def command(client: Client) -> int:
        case, result = await open_case(client, openings[0], policy, current_settings().case_key())
        if json:
            print_json({"case": case, "result": result})
        else:
            out.print(f"{case} {result}", highlight=False)
        return OK

    run(command)


def _address(given: str | None) -> dict[str, Any] | None:
    if given is None:
        return None
    parts = [part.strip() for part in given.split(";")]
    *lines, city, state, postal_code = parts if len(parts) > len(("city", "state", "code")) else ["", "", "", ""]
    return {"lines": lines, "city": city, "state": state, "postal_code": postal_code}


@app.command("import")
def import_(
    file: File,
    format: Annotated[Format | None, typer.Option(help="Format; else told by the content")] = None,
    provider: Provider = None,
    required_hours: RequiredHours = 30,
    language: Annotated[Language, typer.Option(help="Language of letters where the file gives none")] = Language.EN,
    contacts: Annotated[
        Path | None, typer.Option(exists=True, help="CSV with names and addresses by case number (ACF-199)")
    ] = None,
    write_contacts: Annotated[
        Path | None, typer.Option(help="Open nothing; write a contacts file to be filled in (ACF-199)")
    ] = None,
    edition_: Edition = None,
    dry_run_: Annotated[bool, typer.Option("--dry-run", help="Read and report; open nothing")] = False,
    json: Json = False,
) -> None:
    """Open a case for every sanctioned participant of a caseload file; the same file twice opens nothing twice."""
    _check_edition(edition_)
    try:
        provider = provider or ProviderDirectory.load(current_settings().providers).default
        caseload = read(
            file,
            format.value if format else None,
            defaults=_defaults(provider, required_hours, language.value, contacts),
        )
        if write_contacts:
            raise typer.Exit(contacts_template(caseload, write_contacts))
        if dry_run_:
            raise typer.Exit(dry_run(caseload, edition_, as_json=json))
    except (CaseloadError, BadProviderFile, OSError) as error:
        fail(str(error), USAGE)

    async def command(client: Client) -> int:
        try:
            return await import_caseload(client, caseload, current_settings().case_key(), edition_, as_json=json)
        except CaseloadError as error:
            err.print(f"error: {error}", markup=False, highlight=False)
            return USAGE

    run(command)


@app.command()
def send(
    file: File,
    receipts: Annotated[Path | None, typer.Option(help="Where receipts go; else FILE.receipts.ndjson")] = None,
) -> None:
    """Send facts (NDJSON: {"case": id, "fact": {...}}) to their cases; resumable, a receipt or reason per line."""
    run(lambda client: send_facts(client, file, receipts or file.with_name(f"{file.name}.receipts.ndjson")))


@app.command("show")
def show_(
    case: str,
    timeline: Annotated[bool, typer.Option(help="Facts, decisions and effects in order")] = False,
    why: Annotated[bool, typer.Option(help="The explanation, rule by rule")] = False,
    json: Json = False,
) -> None:
    """Where one case stands, what it waits for, and what is to be done."""
    run(lambda client: show(client, case, timeline=timeline, why=why, as_json=json))


@app.command("list")
def list_(
    where: Annotated[str | None, typer.Option(help="Visibility query, such as: NeedsAction = 'contact'")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    json: Json = False,
) -> None:
    """The cases there are."""
    run(lambda client: list_cases(client, where, limit, as_json=json))


@app.command("views")
def views_(
    ui: Annotated[str | None, typer.Option(help="Address of the Temporal UI; else that of the embedded server")] = None,
    namespace: Annotated[str | None, typer.Option(help="Temporal namespace")] = None,
    json: Json = False,
) -> None:
    """Links into the Temporal UI: what needs a person, letters due this week, trials, and more."""
    known = current_settings()
    ui, namespace = ui or f"http://127.0.0.1:{known.ui_port}", namespace or known.namespace
    listed = [asdict(view) | {"link": view.link(ui, namespace)} for view in views(datetime.now().astimezone().date())]
    if json:
        print_json(listed)
    else:
        typer.echo("\n".join(f"{view['shows']}\n  {view['link']}" for view in listed))


@app.command("rehearse")
def rehearse_(
    files: Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="Else the samples")] = None,
    days: Annotated[int | None, typer.Option(min=0, max=3650, help="Live this many days; else to the end")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only the life of this name (repeatable)")] = None,
    dev: Annotated[bool, typer.Option("--dev", help="Bring an own server and worker if none is running")] = False,
    json: Json = False,
) -> None:
    """Live cases through in virtual time, on the real server with the real worker; look at them in its UI."""
    try:
        read = [life for file in files or SAMPLE_LIVES for life in read_lives(file)]
        lives = [life for life in read if not only or life.name in only]
    except (BadLives, OSError) as error:
        fail(str(error), USAGE)
    if not lives:
        fail("no life of that name in the files", USAGE)
    run_and_exit(_rehearse(lives, days, dev=dev, as_json=json))


async def _rehearse(lives: list[Any], days: int | None, *, dev: bool, as_json: bool) -> int:
    current = current_settings()
    async with AsyncExitStack() as stack:
        try:
            client = await _server_and_worker(current, stack) if dev else await connect(current)
        except (RPCError, RuntimeError) as error:
            err.print(f"error: {error}", markup=False, highlight=False)
            return FAILED
        code = await rehearse(client, lives, days, as_json=as_json)
    if not as_json:
        out.print(f"Letters: {current.letters}", soft_wrap=True, highlight=False)
        ui = f"http://127.0.0.1:{current.ui_port}/namespaces/{current.namespace}/workflows"
        out.print(f"UI: {ui} (while `make up` runs)", soft_wrap=True, highlight=False)
    return code


async def _server_and_worker(current: Settings, stack: AsyncExitStack) -> Client:
    """A server that runs already is used as it is, with its worker; otherwise both are brought along."""
    try:
        return await asyncio.wait_for(connect(current), timeout=2)
    except (RPCError, RuntimeError, TimeoutError):
        # What the worker needs takes a second to load, and no other command needs it.
        import devserver  # noqa: PLC0415
        from worker import working  # noqa: PLC0415

        client = await stack.enter_async_context(devserver.running(current))
        await stack.enter_async_context(working(client, current))
        return client


SAMPLE_LIVES = (Path("samples/lives.yaml"), Path("samples/lives-oregon.yaml"))


@app.command()
def schema(kind: Annotated[str | None, typer.Argument(help="One kind of fact; else all")] = None) -> None:
    """JSON Schema of every fact of a case, or of one kind, of a staffing's too."""
    known = KINDS | STAFFING_KINDS
    if kind is not None and kind not in known:
        fail(f"kind: must be one of {', '.join(known)}", USAGE)
    print_json(known[kind].model_json_schema() if kind else TypeAdapter(CaseFact).json_schema())


if __name__ == "__main__":
    app()
