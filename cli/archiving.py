"""`audit status` and `audit archive`: what is archived, and archiving it now. ALL-8."""

from collections import Counter

from rich.table import Table
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from activities.archive.schedule import ARCHIVING
from activities.archive.store import Archive
from audit.life import link_of
from audit.register import newest_entry
from cli.console import FAILED, OK, PARTLY, err, out, print_json
from domain.archiving import Archived
from domain.commands import case_of
from settings import Settings
from workflows.start import ARCHIVE_WORKFLOW, AUDITED, TASK_QUEUE

_SHOWN = 20


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
    try:
        newest = newest_entry(archive)
    except ValueError:
        newest = "can't be read: `audit verify --all` says what is wrong with it"
    if as_json:
        print_json({**counts, "missing": missing, "newest entry of the register": newest})
    else:
        table = Table("runs", "", title="The archive")
        for what, count in counts.items():
            table.add_row(what, f"{count:,}")
        table.add_row("not archived yet", f"{len(missing):,}")
        out.print(table)
        if newest:
            out.print(f"newest entry of the register, to be noted elsewhere: {newest}", markup=False, highlight=False)
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
