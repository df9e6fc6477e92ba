"""`audit`: what an auditor does with a case: export it, verify it, have it explained, verify the archive. ALL-8."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.table import Table
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from activities.archive.reading import as_json
from activities.archive.schedule import ARCHIVING
from activities.archive.store import Archive
from audit.explain import Told, told
from audit.export import export, read, written
from audit.life import Life, archived, link_of, with_what_is_open
from audit.opening import Opener
from audit.page import page
from audit.verify import Step, all_of, letters_at, signature
from cli.console import FAILED, OK, PARTLY, err, out, print_json, progress
from connect import connect, keys
from converter.codec import CaseCodec
from domain.archiving import Archived
from domain.commands import case_of
from settings import Settings
from signing import signing_key
from workflows.start import ARCHIVE_WORKFLOW, AUDITED, TASK_QUEUE

_SHOWN = 20


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


async def verify_file(
    file: Path, key: Ed25519PublicKey, settings: Settings, letters: Path | None, *, as_json: bool
) -> int:
    """Put an exported life through every step, and say of each what it proves."""
    text = file.read_bytes().decode(errors="replace")
    steps = [signature(text, key)]
    try:
        exported = read(text)
    except ValueError as error:
        steps.append(Step("form", "the file is an export", "", (f"the file: {error}",)))
    else:
        steps += [step async for step in all_of(exported, key, opener(settings))]
        steps += [letters_at(letters, exported)] if letters else []
    if as_json:
        print_json([asdict(step) for step in steps])
    else:
        _show(steps)
    return _came_to(steps)


async def verify_archive(key: Ed25519PublicKey, settings: Settings, *, as_json: bool) -> int:
    """Put every case in the archive through every step."""
    archive = Archive.open(settings.archive)
    folders, opens = archive.folders(), opener(settings)
    results: dict[str, list[Step]] = {}
    with progress() as bar:
        verifying = bar.add_task("cases verified", total=len(folders))
        for folder in folders:
            results[folder] = await _verified(archive, folder, key, Opener(opens.codec))
            bar.advance(verifying)
    if as_json:
        print_json({folder: [asdict(step) for step in steps] for folder, steps in results.items()})
    else:
        _show_all(results)
    return _came_to([step for steps in results.values() for step in steps])


async def _verified(archive: Archive, folder: str, key: Ed25519PublicKey, opens: Opener) -> list[Step]:
    try:
        life = archived(archive, folder)
    except (ValueError, OSError) as error:
        return [Step("reading", "the archive can be read", folder, (str(error).splitlines()[0],))]
    strays = sorted(archive.runs(folder) - {run.run_id for run in life.runs})
    steps = [step async for step in all_of(life, key, opens)]
    if strays:  # kept, and its link not written yet: the next archiving does it
        steps.append(Step("links", "every kept run has its link", folder, notes=tuple(f"run {id}" for id in strays)))
    return steps


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


async def status(client: Client, settings: Settings, *, as_json: bool) -> int:
    """Count: what has closed at the server, and what of it the archive has."""
    archive = Archive.open(settings.archive)
    kept: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    missing: list[str] = []
    kinds = ", ".join(f"'{kind}'" for kind in AUDITED)
    async for one in client.list_workflows(f"ExecutionStatus != 'Running' AND WorkflowType IN ({kinds})"):
        case = case_of(one.id)
        if case not in kept:
            kept[case] = {link_of(text).run_id for text in archive.manifest(case)}
        counts["closed at the server"] += 1
        if one.run_id in kept[case]:
            counts["of these in the archive"] += 1
        else:
            missing.append(f"{one.id} {one.run_id}")
    counts["in the archive in all"] = sum(len(archive.manifest(folder)) for folder in archive.folders())
    if as_json:
        print_json({**counts, "missing": missing})
    else:
        table = Table("runs", "", title="The archive")
        for what, count in counts.items():
            table.add_row(what, f"{count:,}")
        table.add_row("not archived yet", f"{len(missing):,}")
        out.print(table)
        for run in missing[:_SHOWN]:
            out.print(f"not archived yet: {run}", markup=False, highlight=False)
    return PARTLY if missing else OK


async def archive_now(client: Client) -> int:
    """Archive everything that has closed, whenever it was."""
    archived: Archived = await client.execute_workflow(
        ARCHIVE_WORKFLOW,
        True,
        id=ARCHIVING,
        task_queue=TASK_QUEUE,
        result_type=Archived,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    out.print(f"archived {archived.archived} runs; {archived.known} were in the archive", highlight=False)
    for gone in archived.gone:
        err.print(f"gone before it was archived: {gone}", style="red", markup=False, highlight=False)
    for refused in archived.refused:
        err.print(f"nothing is added to a manifest that is not genuine: {refused}", style="red", markup=False)
    return FAILED if archived.gone or archived.refused else OK


def _show(steps: Sequence[Step]) -> None:
    table = Table("step", "what it proves", "looked at", "result")
    for step in steps:
        result = (step.unproven and "not proven") or ("passed" if not step.faults else f"{len(step.faults)} wrong")
        table.add_row(step.name, step.proves, step.looked_at, result, style="red" if step.faults else None)
    out.print(table, markup=False)
    for step in steps:
        for fault in step.faults[:_SHOWN]:
            out.print(f"{step.name}: {fault}", style="red", markup=False, highlight=False, soft_wrap=True)
        if step.unproven:
            out.print(f"{step.name}: {step.unproven}", markup=False, highlight=False, soft_wrap=True)
        for note in step.notes[:_SHOWN]:
            out.print(f"{step.name}: note: {note}", markup=False, highlight=False, soft_wrap=True)
        if len(step.notes) > _SHOWN:
            out.print(f"{step.name}: and {len(step.notes) - _SHOWN} notes more", highlight=False)


def _show_all(results: dict[str, list[Step]]) -> None:
    table = Table("step", "what it proves", "cases passed", "not proven", "wrong")
    names = dict.fromkeys((step.name, step.proves) for steps in results.values() for step in steps)
    for name, proves in names:
        of_name = [step for steps in results.values() for step in steps if step.name == name]
        wrong, unproven = sum(bool(step.faults) for step in of_name), sum(bool(step.unproven) for step in of_name)
        table.add_row(name, proves, str(len(of_name) - wrong - unproven), str(unproven), str(wrong))
    out.print(table, markup=False)
    for folder, steps in results.items():
        for fault in [fault for step in steps for fault in step.faults][:_SHOWN]:
            out.print(f"{folder}: {fault}", style="red", markup=False, highlight=False, soft_wrap=True)


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


def _came_to(steps: Sequence[Step]) -> int:
    if any(step.faults for step in steps):
        return FAILED
    return PARTLY if any(step.unproven for step in steps) else OK


def _failed(says: str) -> int:
    err.print(f"error: {says}", markup=False, highlight=False, soft_wrap=True)
    return FAILED
