"""Counts cases for Prometheus, every minute: where they stand, what they wait for, what waits for a worker.

It asks the server's visibility and knows no key: what it counts are codes, never personal data (ALL-6).
"""

import asyncio
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime
from temporalio.service import RPCError

import telemetry
from domain.case import Outcome, Phase
from logs import Plain
from policy.load import DEFAULTS
from process import run_and_exit, started
from settings import Settings
from workflows.start import ARCHIVE_WORKFLOW, CASE_WORKFLOW, STAFFING_WORKFLOW, TASK_QUEUE

EVERY_SECONDS = 60
ADDRESS = "127.0.0.1:9465"
_ANSWER_WITHIN = timedelta(seconds=20)
_SOON = timedelta(days=7)

REASONS = (
    *("address", "attempt", "case-management", "co-management", "contact", "due-process", "explain", "information"),
    *("lift-unconfirmed", "lift-without-ground", "months-unknown", "opening", "pdp-copy", "quarantine"),
    *("returned-mail", "review", "staffing", "staffing-overdue", "stuck", "stuck-letters", "stuck-records"),
    *("stuck-staffings", "transfer-declined", "transfer-overdue", "unanswered", "undecided", "unheard"),
)
"""Why a person must act: what `NeedsAction` may hold, of cases and of staffings."""

log = structlog.get_logger("exporter")


@dataclass(frozen=True)
class Metric:
    """A gauge: its name, what it says, and its labels."""

    name: str
    says: str
    labels: tuple[str, ...] = ()


CASES = Metric("reengagement_cases", "Open cases", ("program", "phase"))
CLOSED = Metric("reengagement_cases_closed", "Cases that have ended and are kept", ("program", "outcome"))
UNSEEN = Metric("reengagement_cases_unseen", "Open cases that no worker has looked at")
NEEDS_ACTION = Metric("reengagement_needs_action", "Cases and staffings that need a person, by reason", ("reason",))
NEEDING_ACTION = Metric("reengagement_needing_action", "Cases and staffings that need a person")
DUE = Metric("reengagement_actions_due", "Open cases whose next action is overdue, or due within 7 days", ("when",))
QUARANTINE = Metric("reengagement_quarantine", "Cases and staffings that hold a message they could not read")
FAILING = Metric("reengagement_failing", "Cases and staffings whose workflow task fails again and again")
STAFFINGS = Metric("reengagement_staffings", "Open staffings", ("program",))
LETTERS = Metric("reengagement_letters_sent", "Letters sent for the cases that are kept")
BACKLOG = Metric("reengagement_task_queue_backlog", "Tasks that wait for a worker", ("type",))
BACKLOG_AGE = Metric("reengagement_task_queue_backlog_age_seconds", "How long the first of them waits", ("type",))
POLLERS = Metric("reengagement_task_queue_pollers", "Who asked for tasks in the last minutes", ("type",))
ARCHIVED_AT = Metric("reengagement_archived_timestamp_seconds", "What closed before is archived")
COUNTED_AT = Metric("reengagement_counted_timestamp_seconds", "When all this was counted last")

Sample = tuple[Metric, tuple[str, ...], float]

_RUNNING = "ExecutionStatus = 'Running'"
_CASE, _STAFFING = f"WorkflowType = '{CASE_WORKFLOW}'", f"WorkflowType = '{STAFFING_WORKFLOW}'"
_OURS = f"({_CASE} OR {_STAFFING})"


def questions(now: datetime) -> Iterator[tuple[Metric, tuple[str, ...], str]]:
    """What is asked of visibility: one count for each, for the server groups by status alone."""
    for program in DEFAULTS:
        of = f"Program = '{program}'"
        for phase in Phase:
            if phase != Phase.CLOSED:
                yield CASES, (program, phase), f"{_CASE} AND {_RUNNING} AND {of} AND Phase = '{phase}'"
        for outcome in Outcome:
            ended = f"ExecutionStatus = 'Completed' AND {of} AND Outcome = '{outcome}'"
            yield CLOSED, (program, outcome), f"{_CASE} AND {ended}"
        yield STAFFINGS, (program,), f"{_STAFFING} AND {_RUNNING} AND {of}"
    yield UNSEEN, (), f"{_CASE} AND {_RUNNING} AND Phase IS NULL"
    for reason in REASONS:
        yield NEEDS_ACTION, (reason,), f"{_OURS} AND {_RUNNING} AND NeedsAction = '{reason}'"
    yield NEEDING_ACTION, (), f"{_OURS} AND {_RUNNING} AND NeedsAction IS NOT NULL"
    today, soon = f"'{now.isoformat()}'", f"'{(now + _SOON).isoformat()}'"
    yield DUE, ("overdue",), f"{_CASE} AND {_RUNNING} AND NextActionAt < {today}"
    yield DUE, ("within_7_days",), f"{_CASE} AND {_RUNNING} AND NextActionAt >= {today} AND NextActionAt < {soon}"
    yield QUARANTINE, (), f"{_OURS} AND {_RUNNING} AND Quarantined > 0"
    yield FAILING, (), f"{_OURS} AND {_RUNNING} AND TemporalReportedProblems IS NOT NULL"


async def counted(client: Client, now: datetime) -> list[Sample]:
    """Everything, counted once. Raises RPCError."""
    samples: list[Sample] = [(metric, labels, await _count(client, query)) for metric, labels, query in questions(now)]
    samples.append((LETTERS, (), await _letters(client)))
    for type in ("workflow", "activity"):
        samples += await _queue(client, type)
    samples += await _archived(client)
    return [*samples, (COUNTED_AT, (), now.timestamp())]


async def _count(client: Client, query: str) -> int:
    return (await client.count_workflows(query, rpc_timeout=_ANSWER_WITHIN)).count


async def _letters(client: Client) -> int:
    """As many cases as have a first letter, and as many as have a second, and so on."""
    kept, letters, number = f"{_CASE} AND ExecutionStatus IN ('Running', 'Completed')", 0, 1
    while cases := await _count(client, f"{kept} AND LettersSent >= {number}"):
        letters, number = letters + cases, number + 1
    return letters


async def _queue(client: Client, type: str) -> list[Sample]:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.Value(f"TASK_QUEUE_TYPE_{type.upper()}"),
        report_stats=True,
    )
    queue = await client.workflow_service.describe_task_queue(asked, timeout=_ANSWER_WITHIN)
    return [
        (BACKLOG, (type,), queue.stats.approximate_backlog_count),
        (BACKLOG_AGE, (type,), queue.stats.approximate_backlog_age.ToTimedelta().total_seconds()),
        (POLLERS, (type,), len(queue.pollers)),
    ]


async def _archived(client: Client) -> list[Sample]:
    """When the newest archiving began that was done; the server lists what closed last first."""
    done = f"WorkflowType = '{ARCHIVE_WORKFLOW}' AND ExecutionStatus = 'Completed'"
    newest = client.list_workflows(done, limit=1, page_size=1, rpc_timeout=_ANSWER_WITHIN)
    return [(ARCHIVED_AT, (), one.start_time.timestamp()) async for one in newest]


class Last(Collector):
    """What was counted last, as Prometheus takes it."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for metric, labels, value in self.samples:
            family = families.setdefault(metric.name, GaugeMetricFamily(metric.name, metric.says, labels=metric.labels))
            family.add_metric(labels, value)
        return families.values()


async def export(settings: Settings) -> int:
    """Count every minute until told to stop (SIGINT, SIGTERM): 0. When the address can't be used: 1.

    While the server does not answer, what was counted last stands, with its time.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    Runtime.set_default(telemetry.runtime(None))
    host, _, port = (settings.metrics or ADDRESS).rpartition(":")
    last, registry = Last(), CollectorRegistry()
    registry.register(last)
    try:
        start_http_server(int(port), host.strip("[]"), registry)
        client = await _client(settings)
    except (OSError, OverflowError, RuntimeError) as error:
        log.error("cannot start", because=Plain(error))
        return 1
    log.info("counting", metrics=Plain(f"http://{host}:{port}/metrics"))
    while not stop.is_set():
        began = time.monotonic()
        try:
            last.samples = await counted(client, datetime.now(UTC))
        except RPCError as error:
            log.error("not counted", because=Plain(error.status.name))
        left = EVERY_SECONDS - (time.monotonic() - began)
        try:
            await asyncio.wait_for(stop.wait(), max(left, 0))
        except TimeoutError:
            continue
    log.info("stopped")
    return 0


async def _client(settings: Settings) -> Client:
    """A client without the plugin: it reads no payload, and needs no key. It connects when it first asks."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", f"127.0.0.1:{settings.port}")
    config.setdefault("namespace", settings.namespace)
    return await Client.connect(**config, lazy=True)


def main() -> None:
    """Run as told by the settings."""
    run_and_exit(export(started()))


if __name__ == "__main__":
    main()
