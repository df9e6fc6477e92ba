"""Runs the worker: settings, then plugin and activities, then the worker. With `--dev` it brings its own server."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import structlog
import typer
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import Worker, WorkerDeploymentConfig

import devserver
import telemetry
from activities.archive.runs import Archivist
from activities.archive.schedule import keep_archiving
from activities.archive.store import Archive
from activities.outbox import Carrier, Outbox
from activities.perform import Activities, SystemsOfRecord, read_edition
from activities.providers import BadProviderFile, ProviderDirectory
from activities.records.store import Records
from activities.staffings import Staffings
from build import build_id
from connect import connect, keys
from converter.access import access_by
from converter.codec import CaseCodec
from converter.codec_server import serving
from logs import Plain
from process import end_within, run_and_exit, started
from settings import Settings
from signing import signing_key
from workflows.start import ARCHIVE_WORKFLOW, AUDITED, STAFFING_WORKFLOW, TASK_QUEUE

log = structlog.get_logger("worker")


_LAST_SECONDS = 30
"""What ending may take beside the time activities get: the server's own end among it."""
_HEARTBEATS = timedelta(seconds=2)
"""So often the server hears that an archiving goes on. Unless told, the SDK holds heartbeats back until four fifths of
the timeout are over: one that is late then ends an activity that was well."""


class CannotStart(RuntimeError):
    """Something the worker needs is missing or wrong; says what."""


@asynccontextmanager
async def working(
    client: Client,
    settings: Settings,
    *,
    by_post: Callable[[Carrier], Carrier] = lambda carrier: carrier,
    on_record: Callable[[SystemsOfRecord], SystemsOfRecord] = lambda records: records,
) -> AsyncIterator[Worker]:
    """A worker on the case task queue for as long as the block runs. Raises CannotStart.

    `by_post` and `on_record` put something between the worker and the carrier or the records.
    """
    try:
        providers = ProviderDirectory.load(settings.providers)
        records = await asyncio.to_thread(Records.open, settings.records)
        archivist = Archivist(client, Archive.open(settings.archive), signing_key(settings.signing), AUDITED)
    except (BadProviderFile, OSError, SQLAlchemyError, ValueError) as error:
        raise CannotStart(str(error)) from error
    activities = Activities(by_post(Outbox(settings.letters)), providers, on_record(records))
    staffings = Staffings(STAFFING_WORKFLOW)
    with ThreadPoolExecutor(settings.activity_threads) as threads:
        worker = Worker(
            client,
            task_queue=TASK_QUEUE,
            **_version(settings),
            activities=[
                *activities.all,
                read_edition,
                staffings.staff,
                staffings.revoke,
                archivist.archive_closed_runs,
            ],
            activity_executor=threads,
            max_concurrent_activities=settings.activity_threads,
            max_heartbeat_throttle_interval=_HEARTBEATS,
            max_cached_workflows=settings.max_cached_cases,
            max_concurrent_workflow_tasks=settings.cases_at_once,
            graceful_shutdown_timeout=timedelta(seconds=settings.shutdown_seconds),
        )
        try:
            async with worker:
                yield worker
        finally:
            records.close()


def _version(settings: Settings) -> dict[str, Any]:
    """The build; in a worker deployment each is a version of its own, and a case moves on when it continues as new."""
    if not settings.deployment:
        return {"build_id": build_id()}
    version = WorkerDeploymentVersion(deployment_name=settings.deployment, build_id=build_id())
    pinned = WorkerDeploymentConfig(version, True, VersioningBehavior.PINNED)
    return {"deployment_config": pinned}


@asynccontextmanager
async def decoding(settings: Settings) -> AsyncIterator[str]:
    """The codec server of the embedded UI, for this machine alone; yields its address. Raises CannotServe."""
    known = keys(settings)
    access = access_by(settings, settings.namespace, dev=True)
    async with serving(settings, CaseCodec(known), access, known.stored.case_of) as address:
        yield address


async def serve(settings: Settings, *, dev: bool) -> int:
    """Work until told to stop (SIGINT, SIGTERM): 0. When something needed is missing or breaks: 1."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        try:
            Runtime.set_default(telemetry.runtime(settings.metrics))
            client = await stack.enter_async_context(devserver.running(settings)) if dev else await connect(settings)
            if not dev:
                await devserver.prepare_search_attributes(client)
            await stack.enter_async_context(working(client, settings))
            await keep_archiving(client, ARCHIVE_WORKFLOW, TASK_QUEUE, timedelta(minutes=settings.archive_minutes))
            if dev:
                log.info("decoding for the UI", address=await stack.enter_async_context(decoding(settings)))
        except (CannotStart, RPCError, RuntimeError, SQLAlchemyError, OSError, ValueError) as error:
            log.error("cannot start", because=Plain(error))
            return 1
        log.info("working", namespace=client.namespace, task_queue=TASK_QUEUE, letters=Plain(settings.letters))
        if settings.metrics:
            telemetry.count_from_zero(Runtime.default(), client.namespace)
            log.info("measured", metrics=Plain(f"http://{settings.metrics}/metrics"))
        if dev:
            log.info("look", ui=f"http://127.0.0.1:{settings.ui_port}/namespaces/{settings.namespace}/workflows")
        await stop.wait()
        log.info("stopping", grace_seconds=settings.shutdown_seconds)
        end_within(settings.shutdown_seconds + _LAST_SECONDS)
    log.info("stopped")
    return 0


def main(
    dev: Annotated[
        bool, typer.Option("--dev", help="Bring an own dev server, with a database file and the UI")
    ] = False,
) -> None:
    """Work on re-engagement cases until stopped.

    The Temporal server is the one that TEMPORAL_* variables and profiles name; with --dev an own one, whose state
    stays over restarts.
    """
    run_and_exit(serve(started(), dev=dev))


if __name__ == "__main__":
    typer.run(main)
