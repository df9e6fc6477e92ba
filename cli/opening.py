"""`open` and `import`: a case for every opening, once."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from rich.progress import Progress
from rich.table import Table
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from casefiles import Caseload, Opening, Reject
from casefiles.contacts import COLUMNS
from cli.console import FAILED, OK, PARTLY, err, out, print_json, progress
from cli.ids import case_id
from domain.policy import Policy
from policy.load import default_edition, edition
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

AT_ONCE = 32

Result = Literal["opened", "already there"]


async def open_case(client: Client, opening: Opening, policy: Policy, key: bytes) -> tuple[str, Result]:
    """Start the case of an opening, unless there is or was one of its id: nothing is opened twice. MO-1, ALL-1."""
    case = case_id(opening.program, opening.person, opening.episode, key)
    start = Start(opened=opening.opened.model_dump(mode="json", exclude_none=True), edition=policy)
    try:
        await client.start_workflow(
            CASE_WORKFLOW,
            start,
            id=case,
            task_queue=TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=f"Re-engagement: {policy.title}",
        )
    except WorkflowAlreadyStartedError:
        return case, "already there"
    return case, "opened"


def policy_for(program: str, asked: str | None) -> Policy | None:
    """The edition asked for when it is the program's, else the program's default; None when it has none."""
    if asked:
        policy = edition(asked)
        return policy if policy.program == program else None
    name = default_edition(program)
    return edition(name) if name else None


async def import_caseload(client: Client, caseload: Caseload, key: bytes, asked: str | None, *, as_json: bool) -> int:
    """Open a case for every opening of a caseload, in batches, with progress; then say what came of each line."""
    results: Counter[Result] = Counter()
    with progress() as bar:
        seen = bar.add_task("opening cases", total=None)
        for batch in _batches(_openable(caseload, asked)):
            try:
                opened = await asyncio.gather(*(open_case(client, one, policy, key) for one, policy in batch))
            except RPCError as error:
                _report(caseload, results, as_json=as_json)
                err.print(f"error: {error}; import the file again to go on, nothing is opened twice", markup=False)
                return FAILED
            results.update(result for _, result in opened)
            bar.advance(seen, len(batch))
        _finish(bar, seen, results.total())
    _report(caseload, results, as_json=as_json)
    return PARTLY if caseload.rejects else OK


def dry_run(caseload: Caseload, asked: str | None, *, as_json: bool) -> int:
    """Read a caseload to its end and say what would be opened; nothing is."""
    for _ in _openable(caseload, asked):
        pass
    _report(caseload, Counter(), as_json=as_json)
    return PARTLY if caseload.rejects else OK


def _openable(caseload: Caseload, asked: str | None) -> Iterator[tuple[Opening, Policy]]:
    for opening in caseload:
        policy = policy_for(opening.program, asked)
        if policy:
            yield opening, policy
        else:
            because = f"{asked} is not an edition of this program" if asked else "no policy edition for this program"
            caseload.reject(opening, Reject(opening.line, "program", because))


def _batches(openings: Iterable[tuple[Opening, Policy]]) -> Iterator[list[tuple[Opening, Policy]]]:
    left = iter(openings)
    while batch := list(islice(left, AT_ONCE)):
        yield batch


def _finish(bar: Progress, task: Any, total: int) -> None:
    bar.update(task, total=total, completed=total)


def _report(caseload: Caseload, results: Counter[Result], *, as_json: bool) -> None:
    counts = {
        "families": caseload.families,
        "work_sanctioned": caseload.work_sanctioned,
        "to_open": caseload.to_open,
        "rejected": caseload.rejected,
        "warnings": caseload.warnings,
    }
    if results:
        counts |= {"opened": results["opened"], "already_there": results["already there"]}
    if as_json:
        lines = {"rejects": map(asdict, caseload.rejects), "doubts": map(asdict, caseload.doubts)}
        print_json(counts | {name: list(found) for name, found in lines.items()})
        return
    table = Table("", "count", title="Caseload")
    for name, count in counts.items():
        table.add_row(name.replace("_", " "), str(count))
    out.print(table)
    lines_table = Table("line", "", "field", "reason", title="Lines to look at")
    for kind, found in (("rejected", caseload.rejects), ("doubt", caseload.doubts)):
        for one in found[:_SHOWN]:
            lines_table.add_row(str(one.line), kind, one.field, one.reason)
        if len(found) > _SHOWN:
            lines_table.add_row("", kind, "", f"and {len(found) - _SHOWN} more: --json shows all")
    if lines_table.row_count:
        out.print(lines_table)


_SHOWN = 50


def contacts_template(caseload: Caseload, file: Path) -> int:
    """Write a contacts file with a line for every case a file opens, for names and addresses to be filled in."""
    families = [opening.family for opening in caseload]
    rows = [",".join(COLUMNS), *(family + "," * (len(COLUMNS) - 1) for family in families)]
    file.write_text("\n".join(rows) + "\n", "utf-8")
    out.print(f"{len(families)} lines to fill in: {file}")
    return OK
