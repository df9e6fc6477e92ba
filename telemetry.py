"""What the worker tells of itself: metrics for Prometheus, and how often the SDK's core may say the same."""

import logging
from itertools import product
from time import monotonic

from temporalio.runtime import LoggingConfig, PrometheusConfig, Runtime, TelemetryConfig

import logs
from domain.facts import KINDS
from domain.staffing.facts import STAFFING_KINDS
from policy.load import DEFAULTS
from workflows.start import CASE_WORKFLOW, STAFFING_WORKFLOW, TASK_QUEUE

QUIET_SECONDS = 60.0
CORE = "temporalio.core"


def runtime(metrics: str | None) -> Runtime:
    """The SDK's runtime, with its metrics at `metrics` (IP:PORT) where that is given.

    Durations are in seconds, and names end in their unit and in `_total`, as Prometheus has it. Raises RuntimeError
    where the address can't be used.
    """
    exposed = None
    if metrics:
        exposed = PrometheusConfig(metrics, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True)
    try:
        return Runtime(telemetry=TelemetryConfig(logging=_core_lines(), metrics=exposed))
    except ValueError as error:
        raise RuntimeError(f"REENGAGEMENT_METRICS: {error}") from error


def count_from_zero(runtime: Runtime, namespace: str) -> None:
    """Show the counters of cases before there is anything to count: Prometheus reckons from the first value it sees."""
    meter = runtime.metric_meter.with_additional_attributes({"namespace": namespace, "task_queue": TASK_QUEUE})
    for workflow_type, kinds in ((CASE_WORKFLOW, KINDS), (STAFFING_WORKFLOW, STAFFING_KINDS)):
        of = meter.with_additional_attributes({"workflow_type": workflow_type})
        facts, held = of.create_counter("reengagement_facts"), of.create_counter("reengagement_facts_quarantined")
        for program, kind in product(DEFAULTS, kinds):
            facts.add(0, {"program": program, "kind": kind, "again": "no"})
        for program, kind in product(DEFAULTS, [*kinds, "unknown"]):
            held.add(0, {"program": program, "kind": kind})
    letters = meter.with_additional_attributes({"activity_type": "deliver_letter"})
    for letter in ("send_letter", "offer_resources"):
        letters.create_counter("reengagement_letters_delivered").add(0, {"letter": letter})
    archiving = meter.with_additional_attributes({"activity_type": "archive_closed_runs"})
    for result in ("kept", "gone", "refused"):
        archiving.create_counter("reengagement_runs_archived").add(0, {"result": result})


def _core_lines() -> LoggingConfig:
    logging.getLogger(CORE).filters = [OncePerMinute()]
    return logs.telemetry()


class OncePerMinute(logging.Filter):
    """One line a minute from each place in the core: with the server away it has one for every call tried again."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is let through."""
        place, now = getattr(getattr(record, "temporal_log", None), "target", record.name), monotonic()
        if now - self._said.get(place, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        self._said[place] = now
        return True
