"""The archive under fire: the server forgets soon, workers and server are killed, and every run that closed is kept."""

import asyncio
import random
import sqlite3
import statistics
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.archive.links import Link, genuine
from activities.archive.schedule import keep_archiving
from activities.archive.store import Archive
from audit.life import archived, link_of
from audit.register import register
from audit.verify import chain, manifest
from chaos.doses import Dose, Result, plans
from chaos.plan import Plan
from chaos.stage import Stage
from chaos.steady import steadily
from devserver import RETENTION, DevServer, running
from domain.calendar import local_date
from signing import signing_key
from workflows.start import ARCHIVE_WORKFLOW, CASE_WORKFLOW, TASK_QUEUE, Start

FORGETS_AFTER = timedelta(seconds=60)
"""Temporal takes no retention under an hour from anybody: it is written into the server's database while it is down."""
EVERY = timedelta(seconds=5)
_CONTACTS = 24
_SIDE_BY_SIDE = 12
_FLAGS = (
    *("--dynamic-config-value", 'history.retentionTimerJitterDuration="1s"'),
    *("--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=30"),
)


async def archive(home: Path, seed: int, dose: Dose) -> Result:
    """Runs close all the while, are forgotten a minute later, and worker and server are killed."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    async with running(stage.settings):
        pass  # the namespace is made
    forget_after(home / "temporal.sqlite", FORGETS_AFTER)
    stage.server = DevServer(stage.settings, flags=_FLAGS, retention=None)
    closed: dict[str, datetime] = {}
    kills = 0
    async with stage.set() as client:
        await steadily(lambda: keep_archiving(client, ARCHIVE_WORKFLOW, TASK_QUEUE, EVERY))
        place = asyncio.Semaphore(_SIDE_BY_SIDE)
        living = asyncio.gather(*(_live(client, plan, place, closed) for plan in plans(seed, dose.archived_cases)))
        while not living.done():
            await asyncio.sleep(chance.uniform(*dose.between_archive_kills))
            if kills < dose.archive_kills:
                await stage.workers[kills % 2].kill()
                await stage.workers[kills % 2].start()
                await stage.kill_server()
                kills += 1
        firsts = dict(await living)
        archive, key = Archive.open(stage.settings.archive), signing_key(stage.settings.signing).public_key()
        await _until_quiet(archive, firsts)
        forgotten = [case for case, first in firsts.items() if await _is_gone(client, case, first)]
    links = {case: genuine(archive.manifest(case), key) for case in firsts}
    violations = [fault for case, first in firsts.items() for fault in _missing(archive, case, first, links[case], key)]
    violations += register(archive, key).faults
    took = [(links[case][-1].archived_at - at).total_seconds() for case, at in closed.items() if links[case]]
    did: dict[str, Any] = {
        "cases": len(firsts),
        "runs closed and archived": sum(map(len, links.values())),
        "kills of each": kills,
    }
    did |= {"retention": f"{FORGETS_AFTER.total_seconds():.0f} s", "first runs forgotten by the server": len(forgotten)}
    did["archived after, p50 and worst"] = f"{statistics.median(took):.0f} s, {max(took):.0f} s"
    return Result("archive", did, violations)


def forget_after(database: Path, after: timedelta) -> None:
    """Write a short retention into the record of the namespace, in as many bytes as the long one took."""
    long, short = _varint(int(RETENTION.total_seconds()), 0), int(after.total_seconds())
    with sqlite3.connect(database) as server:
        for row, data in server.execute("SELECT rowid, data FROM namespaces WHERE name = 'reengagement'").fetchall():
            assert data.count(b"\x08" + long) == 1
            changed = data.replace(b"\x08" + long, b"\x08" + _varint(short, len(long)))
            server.execute("UPDATE namespaces SET data = ? WHERE rowid = ?", (changed, row))
    server.close()


def _varint(number: int, width: int) -> bytes:
    """A number as protobuf writes it, in so many bytes at least."""
    groups = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1, width * 7), 7)]
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


async def _live(client: Client, plan: Plan, place: asyncio.Semaphore, closed: dict[str, datetime]) -> tuple[str, str]:
    """Open a case, tell it so much that it continues as new time and again, and end it; answers with its first run."""
    async with place:
        first, handle = await _opened(client, plan), client.get_workflow_handle(plan.case)
        for number in range(_CONTACTS):
            await _tell(handle, plan, "contact_made", number, type="phone")
        await _tell(handle, plan, "opened_in_error", _CONTACTS)
        await steadily(client.get_workflow_handle(plan.case, run_id=first).result)
        closed[plan.case] = datetime.now(UTC)
        return plan.case, first


async def _opened(client: Client, plan: Plan) -> str:
    """Open a case, once, though the call may be made again when the case has long ended; answers with its first run."""
    start = Start(opened=plan.opened, edition=plan.policy)

    async def call() -> str:
        try:
            handle = await client.start_workflow(
                CASE_WORKFLOW,
                start,
                id=plan.case,
                task_queue=TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            )
        except WorkflowAlreadyStartedError as error:
            return str(error.run_id)
        return str(handle.first_execution_run_id)

    return await steadily(call)


async def _tell(handle: WorkflowHandle[Any, Any], plan: Plan, kind: str, number: int, **says: str) -> None:
    now = datetime.now(UTC)
    fact = {
        "message_id": f"{kind}-{number}",
        "happened_on": local_date(now, plan.policy.time_zone.value).isoformat(),
        "recorded_by": "chaos",
        "recorded_at": now.isoformat(),
        **says,
    }
    await steadily(lambda: handle.execute_update(kind, fact))


async def _until_quiet(archive: Archive, firsts: dict[str, str]) -> None:
    """Wait until the last run of every case is archived, or has been forgotten."""
    for _ in range(int(FORGETS_AFTER / timedelta(seconds=1))):
        ended = [any(_ended(text, case) for text in archive.manifest(case)) for case in firsts]
        if all(ended):
            return
        await asyncio.sleep(1)


def _ended(text: str, case: str) -> bool:
    link = link_of(text)
    return link.workflow_id == case and link.status == "completed"


async def _is_gone(client: Client, case: str, run_id: str) -> bool:
    try:
        await steadily(client.get_workflow_handle(case, run_id=run_id).describe)
    except RPCError as error:
        return error.status == RPCStatusCode.NOT_FOUND
    return False


def _missing(archive: Archive, case: str, first: str, links: list[Link], key: Ed25519PublicKey) -> list[str]:
    """Every run from the first to the one that ended is in the archive, once, and whole."""
    of_case = [link for link in links if link.workflow_id == case]  # the others are its staffings'
    runs = [link.run_id for link in of_case]
    faults = [f"run {run} is in the archive {runs.count(run)} times" for run in {*runs} if runs.count(run) > 1]
    if runs[:1] != [first]:
        faults.append(f"the first run, {first}, is not in the archive")
    if not of_case or of_case[-1].status != "completed":
        faults.append("the last run is not in the archive")
    life = archived(archive, case)
    faults += [*manifest(life, key).faults, *chain(life).faults]
    return [f"{case}: {fault}" for fault in faults]
