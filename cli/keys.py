"""`keys`: rotate the keys cases are read with, and destroy those of a case that is to be forgotten. ALL-6."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError

from audit.skeleton import Skeleton, skeleton
from cli.asking import NoAnswer, answered
from cli.console import FAILED, OK, err, out, print_json, progress
from converter.keys import CaseKeys
from converter.master_keys import FileMasterKeys, MasterKeys
from domain.ledger import Entry
from domain.views import Status
from settings import Settings
from signing import NotGenuine, public_key, signed, signing_key, verified
from workflows.start import STAFFING_WORKFLOW


def list_masters(keys: CaseKeys, *, as_json: bool) -> int:
    """The master keys, and how many data keys each wraps."""
    in_use = keys.masters()
    if as_json:
        print_json(in_use)
        return OK
    table = Table("master key", "data keys", "")
    for one in in_use:
        table.add_row(one.id, str(one.wraps), "wraps from now on" if one is in_use[-1] else "")
    out.print(table)
    return OK


def rotate(keys: CaseKeys, masters: MasterKeys) -> int:
    """Wrap everything by a fresh master key, and let every case take a fresh data key; nothing stops meanwhile."""
    if isinstance(masters, FileMasterKeys):
        masters.add()
    in_use = keys.masters()
    with progress() as bar:
        wrapping = bar.add_task("wrapping data keys anew", total=sum(one.wraps for one in in_use[:-1]))
        for count in keys.rewrap():
            bar.advance(wrapping, count)
    renewed = keys.renew()
    out.print(f"{masters.newest()} wraps from now on; {renewed} cases take a fresh data key with what they write next")
    for one in in_use[:-1]:
        out.print(f"{one.id} wraps none any more: take it off the ring with `keys retire {one.id}`")
    return OK


def retire(keys: CaseKeys, masters: MasterKeys, master: str) -> int:
    """Take a master key off the ring, when it wraps nothing."""
    if not isinstance(masters, FileMasterKeys):
        err.print("error: the master keys are in no file of ours: retire them where they are kept")
        return FAILED
    for _ in keys.rewrap():  # what another process was wrapping just when the newest key came
        pass
    wraps = {one.id: one.wraps for one in keys.masters()}.get(master, 0)
    if wraps:
        err.print(f"error: {master} still wraps {wraps} data keys: `keys rotate` first", markup=False)
        return FAILED
    try:
        masters.remove(master)
    except ValueError as error:
        err.print(f"error: {error}", markup=False)
        return FAILED
    out.print(f"{master} is off the ring")
    return OK


async def shred(client: Client, keys: CaseKeys, settings: Settings, case: str) -> int:
    """Write the signed skeleton of an ended case, then destroy its keys: nobody reads the case any more, ever."""
    try:
        open_still = [one async for one in _running(client, case)]
        if open_still:
            err.print(f"error: {', '.join(open_still)} is still open: only what has ended is shredded", markup=False)
            return FAILED
        written = await _skeleton(client, case)
    except (RPCError, NoAnswer, WorkflowQueryFailedError) as error:
        err.print(f"error: {case}: {error}; nothing was destroyed", markup=False, highlight=False)
        return FAILED
    path = settings.skeletons / f"{case}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(signed(written.model_dump(mode="json"), signing_key(settings.signing)))
    count = keys.destroy(case)
    out.print(f"{case}: {count} keys destroyed; its decisions stay, signed, in {path}", markup=False, highlight=False)
    return OK


def verify(file: Path, key: Path, *, as_json: bool) -> int:
    """Check a skeleton's signature and show what it says."""
    try:
        found = Skeleton.model_validate(verified(file.read_text(), public_key(key)))
    except (OSError, NotGenuine, ValueError) as error:
        err.print(f"error: {file}: {error}", markup=False, highlight=False)
        return FAILED
    if as_json:
        print_json(found)
        return OK
    outcome = f" ({found.outcome})" if found.outcome else ""
    table = Table("on", "known", "what", "of", "rules", title=f"{found.case}: {found.phase}{outcome}, {found.edition}")
    for step in found.steps:
        table.add_row(str(step.on), f"{step.at:%Y-%m-%d}", step.what, step.of, " ".join(step.rules))
    out.print(table)
    out.print(f"genuine: signed by {key}, written {found.written_at:%Y-%m-%d %H:%M} UTC", highlight=False)
    return OK


async def _running(client: Client, case: str) -> AsyncIterator[str]:
    described = await client.get_workflow_handle(case).describe()
    if described.status == WorkflowExecutionStatus.RUNNING:
        yield case
    query = f"WorkflowType = '{STAFFING_WORKFLOW}' AND CaseId = '{case}' AND ExecutionStatus = 'Running'"
    async for one in client.list_workflows(query):
        yield one.id


async def _skeleton(client: Client, case: str) -> Skeleton:
    """Of all runs of the case's chain: each remembers the last entries of those before it."""
    runs: list[str] = []
    entries: dict[Entry, None] = {}
    timelines: list[tuple[Entry, ...]] = []
    status: Status | None = None
    async for run_id in _chain(client, case):
        handle = client.get_workflow_handle(case, run_id=run_id)
        status = status or await answered(handle.query("status", result_type=Status))
        timelines.append(await answered(handle.query("timeline", result_type=tuple[Entry, ...])))
        runs.append(run_id)
    for timeline in reversed(timelines):
        entries.update(dict.fromkeys(timeline))
    assert status  # noqa: S101 - a case that has ended has one
    return skeleton(status, runs[::-1], entries, datetime.now(UTC))


async def _chain(client: Client, case: str) -> AsyncIterator[str]:
    """The runs of a case, the last one first."""
    run_id: str | None = (await client.get_workflow_handle(case).describe()).run_id
    while run_id:
        yield run_id
        first = client.get_workflow_handle(case, run_id=run_id).fetch_history_events(page_size=1)
        started = (await anext(first)).workflow_execution_started_event_attributes
        run_id = started.continued_execution_run_id
