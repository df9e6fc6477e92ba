"""The one command line: open cases, send facts to them, look at them, and rehearse their lives."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import TypeAdapter, ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from activities.providers import BadProviderFile, ProviderDirectory
from casefiles import CaseloadError, Defaults, read, read_row
from casefiles.contacts import read_contacts
from cli.adopting import adopt
from cli.console import FAILED, OK, USAGE, err, fail, out, print_json
from cli.correcting import read_edit, read_fact
from cli.lives import BadLives, read_lives
from cli.opening import contacts_template, dry_run, import_caseload, open_case, policy_for
from cli.quarantine import dismiss, dismiss_many, list_held, resubmit, show_held
from cli.rehearsing import rehearse
from cli.sending import send_facts
from cli.showing import list_cases, show
from cli.staffing import show as show_staffing
from cli.staffing import tell
from connect import connect
from domain.facts import KINDS, CaseFact
from domain.staffing.facts import RECORDED, STAFFING_KINDS
from policy.load import BadEdition, edition, edition_ids
from process import run_and_exit
from settings import Settings, settings
from workflows.views import views

app = typer.Typer(
    help=__doc__,
    no_args_is_help=True,
    epilog="Exit codes: 0 done; 1 could not be done; 2 called wrongly, or the input can't be used; "
    "3 done, but for some lines.",
)


class Format(StrEnum):
    """Formats of caseload files."""

    CSV = "csv"
    NDJSON = "ndjson"
    ACF199 = "acf199"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables")]
Edition = Annotated[str | None, typer.Option("--edition", help="Policy edition; else the program's default")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def _run(command: Callable[[Client], Awaitable[int]]) -> NoReturn:
    """Connect, run a command with the client, and exit with its code."""

    async def main() -> int:
        try:
            client = await connect(_settings())
        except (RPCError, RuntimeError) as error:
            err.print(f"error: no Temporal server answers: {error}", markup=False, highlight=False)
            err.print("Start one with `make up`, or name yours with TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.")
            return FAILED
        return await command(client)

    run_and_exit(main())


def _settings() -> Settings:
    try:
        return settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        fail(f"REENGAGEMENT_{'_'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}", USAGE)


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
        message_key=_settings().case_key(),
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
        case, result = await open_case(client, openings[0], policy, _settings().case_key())
        if json:
            print_json({"case": case, "result": result})
        else:
            out.print(f"{case} {result}", highlight=False)
        return OK

    _run(command)


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
        provider = provider or ProviderDirectory.load(_settings().providers).default
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
            return await import_caseload(client, caseload, _settings().case_key(), edition_, as_json=json)
        except CaseloadError as error:
            err.print(f"error: {error}", markup=False, highlight=False)
            return USAGE

    _run(command)


@app.command()
def send(
    file: File,
    receipts: Annotated[Path | None, typer.Option(help="Where receipts go; else FILE.receipts.ndjson")] = None,
) -> None:
    """Send facts (NDJSON: {"case": id, "fact": {...}}) to their cases; resumable, a receipt or reason per line."""
    _run(lambda client: send_facts(client, file, receipts or file.with_name(f"{file.name}.receipts.ndjson")))


@app.command("show")
def show_(
    case: str,
    timeline: Annotated[bool, typer.Option(help="Facts, decisions and effects in order")] = False,
    why: Annotated[bool, typer.Option(help="The explanation, rule by rule")] = False,
    json: Json = False,
) -> None:
    """Where one case stands, what it waits for, and what is to be done."""
    _run(lambda client: show(client, case, timeline=timeline, why=why, as_json=json))


@app.command("list")
def list_(
    where: Annotated[str | None, typer.Option(help="Visibility query, such as: NeedsAction = 'contact'")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    json: Json = False,
) -> None:
    """The cases there are."""
    _run(lambda client: list_cases(client, where, limit, as_json=json))


@app.command("views")
def views_(
    ui: Annotated[str | None, typer.Option(help="Address of the Temporal UI; else that of the embedded server")] = None,
    namespace: Annotated[str | None, typer.Option(help="Temporal namespace")] = None,
    json: Json = False,
) -> None:
    """Links into the Temporal UI: what needs a person, letters due this week, trials, and more."""
    known = _settings()
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
    current = _settings()
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


@app.command("adopt")
def adopt_(
    edition_: Annotated[str, typer.Argument(metavar="EDITION", help="Such as mo-mwa/2016-01-01")],
    case: Annotated[list[str] | None, typer.Option(help="A case (repeatable); else all of --where")] = None,
    where: Annotated[str | None, typer.Option(help="Visibility query; else every open case of the program")] = None,
    why: Annotated[str, typer.Option(help="Why, for the record")] = "a new edition is in force",
    dry_run_: Annotated[bool, typer.Option("--dry-run", help="Count the cases; tell none")] = False,
) -> None:
    """Move cases to another policy edition, by a fact each of them records."""
    _check_edition(edition_)
    _run(lambda client: adopt(client, edition(edition_), case or [], where, why, dry_run=dry_run_))


SAMPLE_LIVES = (Path("samples/lives.yaml"), Path("samples/lives-oregon.yaml"))

staffing_app = typer.Typer(
    help="Staffings: request one, record, decide, and see what is unanswered.", no_args_is_help=True
)
app.add_typer(staffing_app, name="staffing")

Staffing = Annotated[str, typer.Argument(help="The staffing's id, or a case's: then its latest staffing")]
By = Annotated[str, typer.Option(help="Who records it")]
_YES_NO = {"true": True, "false": False}
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date it happened; else today")]


def _tell(
    id: str, kind: str, said: dict[str, Any], by: str, on: datetime | None, *, staffing: bool, as_json: bool
) -> NoReturn:
    day = on.date() if on else None
    _run(lambda client: tell(client, id, kind, said, by=by, on=day, staffing=staffing, as_json=as_json))


@staffing_app.command("open")
def open_staffing(
    case: str,
    role: Annotated[
        str, typer.Option(help="family_coach, department, contractor, participant or community_partner")
    ] = "family_coach",
    partner: Annotated[str | None, typer.Option(help="The community partner; its release must be on file")] = None,
    requester: Annotated[str | None, typer.Option(help="Who requests it, by name or function")] = None,
    by: By = "command line",
    on: On = None,
    json: Json = False,
) -> None:
    """Request a staffing of a case (OR-4)."""
    said = {"role": role, "partner": partner, "requester": requester}
    _tell(case, "staffing_requested", said, by, on, staffing=False, as_json=json)


@staffing_app.command("record")
def record(
    staffing: Staffing,
    kind: Annotated[str, typer.Argument(help="Such as screening_offered; `schema KIND` tells what it takes")],
    said: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE...")] = None,
    by: By = "command line",
    on: On = None,
    json: Json = False,
) -> None:
    """Record something in a staffing: what was offered, attempted or answered (OR-1, OR-2)."""
    kinds = [one.model_fields["kind"].default for one in RECORDED]
    if kind not in kinds:
        fail(f"kind: must be one of {', '.join(kinds)}", USAGE)
    fields = dict(one.partition("=")[::2] for one in said or [])
    if not all("=" in one for one in said or []):
        fail("FIELD=VALUE: such as consideration=exempt answer=no evidence='asked on the telephone'", USAGE)
    values: dict[str, Any] = {name: _YES_NO.get(value, value) for name, value in fields.items() if name == "reached"}
    _tell(staffing, kind, fields | values, by, on, staffing=True, as_json=json)


@staffing_app.command()
def decide(
    staffing: Staffing,
    finding: Annotated[str, typer.Argument(help="good_cause or no_good_cause")],
    by: Annotated[str, typer.Option(help="Who decided: the team")],
    reason: Annotated[str | None, typer.Option(help="In writing, where the finding goes against the answers")] = None,
    family_stability_issues: Annotated[
        bool, typer.Option("--family-stability-issues", help="They are ongoing")
    ] = False,
    on: On = None,
    json: Json = False,
) -> None:
    """Decide whether there is good cause; refused while anything is unanswered (OR-2)."""
    said = {"finding": finding, "decided_by": by, "reason": reason, "family_stability_issues": family_stability_issues}
    _tell(staffing, "decided", said, by, on, staffing=True, as_json=json)


@staffing_app.command("show")
def show_one_staffing(
    staffing: Staffing,
    timeline: Annotated[bool, typer.Option(help="What was recorded, in order")] = False,
    json: Json = False,
) -> None:
    """What a staffing has recorded, and what is unanswered. Shows personal answers."""
    _run(lambda client: show_staffing(client, staffing, timeline=timeline, as_json=json))


quarantine_app = typer.Typer(
    help="Quarantine: what cases and staffings could not read or believe; send it corrected, or dismiss it (ALL-2).",
    no_args_is_help=True,
)
app.add_typer(quarantine_app, name="quarantine")

Held = Annotated[str, typer.Argument(metavar="CASE", help="Id of the case or the staffing")]
Entry = Annotated[str, typer.Argument(help="Id of the message, as `quarantine list` shows it")]
Where = Annotated[str | None, typer.Option(help="Visibility query, such as: Program = 'or-jobs'")]


@quarantine_app.command("list")
def list_quarantine(where: Where = None, json: Json = False) -> None:
    """What is held, over all open cases and staffings; without its content, which may be personal."""
    _run(lambda client: list_held(client, where, as_json=json))


@quarantine_app.command("show")
def show_quarantine(case: Held, entry: Entry, json: Json = False) -> None:
    """One message with its content. Shows what may be personal."""
    _run(lambda client: show_held(client, case, entry, as_json=json))


@quarantine_app.command("resubmit")
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
    _run(lambda client: resubmit(client, case, entry, given, edits, remove or [], as_json=json))


@quarantine_app.command("dismiss")
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
        _run(lambda client: dismiss(client, case, entry, why, by, as_json=json))
    if case or not (where or name):
        fail("either CASE and ENTRY, or --where and --name for many at once", USAGE)
    _run(lambda client: dismiss_many(client, where, name, why, by, dry_run=dry_run_, as_json=json))


@app.command()
def schema(kind: Annotated[str | None, typer.Argument(help="One kind of fact; else all")] = None) -> None:
    """JSON Schema of every fact of a case, or of one kind, of a staffing's too."""
    known = KINDS | STAFFING_KINDS
    if kind is not None and kind not in known:
        fail(f"kind: must be one of {', '.join(known)}", USAGE)
    print_json(known[kind].model_json_schema() if kind else TypeAdapter(CaseFact).json_schema())


if __name__ == "__main__":
    app()
