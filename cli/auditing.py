"""`audit export` and `audit explain`: the life of a case in a file, and in words. ALL-8."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from temporalio.service import RPCError

from activities.archive.reading import as_json
from activities.archive.store import Archive
from audit.explain import Told, told
from audit.export import export, read, written
from audit.life import Life, archived, with_what_is_open
from audit.opening import Opener
from audit.page import page
from cli.console import FAILED, OK, err, out, print_json
from connect import connect, keys
from converter.codec import CaseCodec
from settings import Settings
from signing import signing_key


def opener(settings: Settings) -> Opener:
    """Opens what the keys that are here can open; where there are none, nothing. Raises NoKeys."""
    has_keys = settings.keys_url or (settings.home / "keys.sqlite").exists()
    return Opener(CaseCodec(keys(settings)) if has_keys else None)


async def life_of(case: str, settings: Settings) -> Life:
    """What archive and server have of a case. Raises ValueError where neither has anything."""
    life = archived(Archive.open(settings.archive), case)
    try:
        life = await with_what_is_open(life, await connect(settings))
    except (RPCError, RuntimeError):
        err.print("No Temporal server answers: only what is archived is looked at.", highlight=False)
    if not life.runs:
        raise ValueError("neither the archive nor the server has such a case")
    return life


async def export_case(case: str, file: Path, settings: Settings, histories: Path | None) -> int:
    """Write a case's whole life into one signed file; and its histories, opened, for the import view of the UI."""
    try:
        life, opens = await life_of(case, settings), opener(settings)
        exported = await export(life, opens, datetime.now(UTC))
        text = written(exported, signing_key(settings.signing))
        file.write_text(text)
        if histories:
            histories.mkdir(parents=True, exist_ok=True)
            for run in exported.runs:
                opened = as_json(await opens.opened(run))
                history = histories / f"{run.run_id}.json"
                history.touch(mode=0o600)  # whoever has it reads the case
                history.write_text(json.dumps(opened, indent=1))
    except (ValueError, OSError) as error:
        return _failed(str(error))
    out.print(
        f"{file}: {len(exported.runs)} runs, {len(exported.letters)} letters, {len(text.encode()):,} bytes, signed",
        markup=False,
        highlight=False,
    )
    return OK


async def explain(subject: str, form: str, settings: Settings) -> int:
    """Tell the life of a case, from an export or by its id: as text, JSON or an HTML page."""
    try:
        file = Path(subject)
        life = read(file.read_text()) if file.is_file() else await life_of(subject, settings)
        found = await told(life, opener(settings))
    except (ValueError, OSError) as error:
        return _failed(str(error))
    match form:
        case "json":
            print_json(asdict(found))
        case "html":
            print(page(found))
        case _:
            _tell(found)
    return OK


def _tell(found: Told) -> None:
    table = Table("known", "happened", "what", "in words", "rule, citation, edition, values", title=found.stands)
    for line in found.lines:
        because = "; ".join(
            f"{one.rule} {one.cites} ({one.edition}){f' {json.dumps(dict(one.inputs))}' if one.inputs else ''}"
            for one in line.because
        )
        late = f" (+{line.late_days} days)" if line.late_days else ""
        table.add_row(f"{line.known_at:%Y-%m-%d %H:%M}", f"{line.happened_on}{late}", line.what, line.says, because)
    out.print(table, markup=False)


def _failed(says: str) -> int:
    err.print(f"error: {says}", markup=False, highlight=False, soft_wrap=True)
    return FAILED
