"""`audit verify`: an export, or the whole archive, put through every step. ALL-8."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.table import Table

from activities.archive.store import REGISTER, Archive
from audit.export import read
from audit.life import archived
from audit.opening import Opener
from audit.register import register
from audit.verify import Step, all_of, letters_at, signature
from cli.auditing import opener
from cli.console import FAILED, OK, PARTLY, out, print_json, progress
from settings import Settings

_SHOWN = 20


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


async def verify_archive(key: Ed25519PublicKey, settings: Settings, noted: str | None, *, as_json: bool) -> int:
    """Put the archive as a whole, then every case in it, through every step."""
    archive = Archive.open(settings.archive)
    folders, opens = archive.folders(), opener(settings)
    results = {REGISTER: [register(archive, key, noted)]}
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
    for note in results[REGISTER][0].notes[:_SHOWN]:
        out.print(f"{REGISTER}: note: {note}", markup=False, highlight=False, soft_wrap=True)


def _came_to(steps: Sequence[Step]) -> int:
    if any(step.faults for step in steps):
        return FAILED
    return PARTLY if any(step.unproven for step in steps) else OK
