"""The commands of `audit`."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from cli.archiving import archive_now, status
from cli.auditing import explain, export_case
from cli.console import USAGE, fail
from cli.running import Json, current_settings, run
from cli.verifying import verify_archive, verify_file
from process import run_and_exit
from settings import Settings
from signing import public_key

app = typer.Typer(
    help="What an auditor does: export a case's whole life, verify it without a server, have it explained (ALL-8).",
    no_args_is_help=True,
)


class Form(StrEnum):
    """How a life is told."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


_QUIET = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
"""What does not replay is the command's to say, not the SDK's."""
Key = Annotated[Path | None, typer.Option(help="Public key in PEM; else signing.pub in the home directory")]


def _key(path: Path | None, current: Settings) -> Ed25519PublicKey:
    try:
        return public_key(path or current.signing.with_suffix(".pub"))
    except (OSError, ValueError) as error:
        fail(f"--key: {error}", USAGE)


@app.command("export")
def export_(
    case: str,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Where to; else CASE.export.json")] = None,
    histories: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Beside it each run's history, opened, for the UI's import view"),
    ] = None,
) -> None:
    """Write a case's whole life into one signed file: every run, the manifest, letters' hashes, editions, schema."""
    run_and_exit(export_case(case, out or Path(f"{case}.export.json"), current_settings(), histories))


@app.command("verify")
def verify_(
    file: Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="An export")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every case in the archive")] = False,
    key: Key = None,
    letters: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="The outbox: are the letters as they were sent?")
    ] = None,
    noted: Annotated[
        str | None, typer.Option(help="With --all: a register entry that was noted, as `audit status` says it")
    ] = None,
    json: Json = False,
) -> None:
    """Verify an export, or the archive, step by step, without a server; each step says what it proves.

    Exit codes: 0 all proven; 1 something was changed or is wrong; 3 nothing is wrong, but keys are missing to read it.
    """
    if (file is None) == (not all_):
        fail("either FILE or --all", USAGE)
    if noted and not (all_ and re.fullmatch(r"[1-9]\d*:[0-9a-f]{16}", noted)):
        fail("--noted: goes with --all, and is NUMBER:HASH, as `audit status` says it", USAGE)
    current = current_settings()
    public = _key(key, current)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=_QUIET)))
    if file:
        run_and_exit(verify_file(file, public, current, letters, as_json=json))
    run_and_exit(verify_archive(public, current, noted, as_json=json))


@app.command("explain")
def explain_(
    subject: Annotated[str, typer.Argument(metavar="FILE|CASE", help="An export, or a case by its id")],
    form: Annotated[Form, typer.Option("--format", help="How to tell it")] = Form.TEXT,
) -> None:
    """Tell a case's life: facts with both their dates, decisions with rule, citation, edition and values, effects."""
    run_and_exit(explain(subject, form.value, current_settings()))


@app.command("status")
def status_(json: Json = False) -> None:
    """Count what has closed at the server, and what of it the archive has."""
    run(lambda client: status(client, current_settings(), as_json=json))


@app.command("archive")
def archive_() -> None:
    """Archive everything that has closed now, instead of waiting for the schedule."""
    run(archive_now)
