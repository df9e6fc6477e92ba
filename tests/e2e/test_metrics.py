"""What Prometheus is told: all that the dashboard and the alert rules ask for, and nobody's name (ALL-6)."""

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from temporalio import workflow
from temporalio.client import Client, RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import devserver
import exporter
import telemetry
from chaos.stage import free_ports
from tests.e2e.test_worker_process import WORKING, Home, exit_code
from tests.workflow.living import NAME, Life, fact

pytestmark = pytest.mark.slow

DASHBOARD = Path("deploy/grafana/dashboards/reengagement.json")
ALERTS = Path("deploy/prometheus/alerts.yaml")
JOBS = {
    job["job_name"] for job in yaml.safe_load(Path("deploy/prometheus/prometheus.yaml").read_text())["scrape_configs"]
}
GIVEN_BY_PROMETHEUS = {"job", "instance"}
A_NAME_AS_SIGNAL = "quillfeather_called"
UNTIL = 40


@dataclass
class Exposed:
    """What was exposed: by metric, every set of labels and its value."""

    text: str = ""
    samples: dict[str, list[tuple[dict[str, str], float]]] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.text += text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self.samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def value(self, metric: str, **labels: str) -> float:
        return sum(value for known, value in self.samples.get(metric, []) if labels.items() <= known.items())


def scrape(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


async def until_exposed(port: int, *patterns: str) -> Exposed:
    """What a process exposes, once it has all that is waited for."""
    until, text = time.monotonic() + UNTIL, ""
    while time.monotonic() < until:
        try:
            text = await asyncio.to_thread(scrape, port)
        except (URLError, OSError):
            text = ""
        if text and all(re.search(pattern, text, re.MULTILINE) for pattern in patterns):
            exposed = Exposed()
            exposed.add(text)
            return exposed
        await asyncio.sleep(0.3)
    raise AssertionError(f"not exposed: {[one for one in patterns if not re.search(one, text, re.MULTILINE)]}")


@workflow.defn(sandboxed=False)
class Mistaken:
    """Code with a bug."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("a bug")


async def fails_a_workflow_task(address: str, namespace: str, port: int) -> Exposed:
    """What a worker exposes whose code has a bug, and who asked for a workflow that is not there."""
    client = await Client.connect(address, namespace=namespace, runtime=telemetry.runtime(f"127.0.0.1:{port}"))
    worker = Worker(client, task_queue="mistaken", workflows=[Mistaken], workflow_runner=UnsandboxedWorkflowRunner())
    async with worker:
        await client.start_workflow(Mistaken.run, id="mistaken", task_queue="mistaken")
        with pytest.raises(RPCError):
            await client.get_workflow_handle("nowhere").describe()
        exposed = await until_exposed(
            port, "^temporal_workflow_task_execution_failed_total", "^temporal_request_failure"
        )
        await client.get_workflow_handle("mistaken").terminate()
    return exposed


async def until_archived(client: Client) -> None:
    """The worker has seen to the archive as it started; the server lists that a moment later."""
    done = "WorkflowType = 'ReengagementArchive' AND ExecutionStatus = 'Completed'"
    async with asyncio.timeout(UNTIL):
        while not (await client.count_workflows(done)).count:
            await asyncio.sleep(0.3)


@dataclass
class Measured:
    """What a worker and an exporter exposed while cases lived, and what the worker wrote when its server was gone."""

    worker: Exposed
    again: Exposed
    exporter: Exposed
    everything: Exposed
    cases: list[str]
    lines: list[str]


@pytest.fixture(scope="module")
async def measured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Measured]:
    home = Home(tmp_path_factory.mktemp("measured"))
    worker_port, exporter_port, mistaken_port = free_ports(3)
    address = f"127.0.0.1:{home.port}"
    at = {"TEMPORAL_ADDRESS": address, "TEMPORAL_NAMESPACE": home.settings.namespace}
    metrics = {"REENGAGEMENT_METRICS": f"127.0.0.1:{worker_port}"}
    server = devserver.DevServer(home.settings)
    await server.start()
    everything = Exposed()
    try:
        with home.worker(**at, **metrics):
            await home.until_said(WORKING)
            world = await home.world()
            usual, lost = await world.open(), await world.open(provider="MWA-NOWHERE")
            await usual.until_done()
            called = fact(await usual.today(), type="phone")
            for _ in ("once", "again"):
                await usual.handle.execute_update("contact_made", called)
            await usual.signal(A_NAME_AS_SIGNAL, hours="many")
            await until_archived(world.client)
            by_worker = await until_exposed(
                worker_port,
                "^reengagement_letters_delivered_total.* 1$",
                "^reengagement_facts_quarantined_total.* 1$",
                'again="yes"',
                "^temporal_activity_execution_failed_total",
            )
        everything.add((await fails_a_workflow_task(address, home.settings.namespace, mistaken_port)).text)
        with home.worker(**at, **metrics), exporting(home, exporter_port, **at):
            await home.until_said(WORKING, times=2)
            usual = Life(world, world.client.get_workflow_handle(usual.id))
            await usual.tell("contact_made", type="phone")
            again = await until_exposed(worker_port, "^reengagement_facts_total.* 1$")
            by_exporter = await until_exposed(exporter_port, "^reengagement_counted_timestamp_seconds")
            server.kill()
            written = len(home.said().splitlines())
            await asyncio.sleep(8)
            lines = home.said().splitlines()[written:]
            everything.add(scrape(worker_port))
            everything.add(scrape(exporter_port))
        for one in (by_worker, again, by_exporter):
            everything.add(one.text)
        yield Measured(by_worker, again, by_exporter, everything, [usual.id, lost.id], lines)
    finally:
        await server.stop()


class exporting:
    """An exporter process for as long as the block runs."""

    def __init__(self, home: Home, port: int, **more: str) -> None:
        self._environment = home.environment(REENGAGEMENT_METRICS=f"127.0.0.1:{port}", **more)
        self._log = home.directory / "exporter.log"

    def __enter__(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "exporter.py"], env=self._environment, stdout=log, stderr=log
            )
        return self._process

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(30)


# What is asked for.


def dashboard_queries() -> Iterator[tuple[str, str, str]]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["expr"], target["legendFormat"]


def alert_queries() -> Iterator[tuple[str, str, str]]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            said = " ".join(rule["annotations"].values())
            yield f"alert {rule['alert']}", rule["expr"], re.sub(r"\$labels\.", "", said)


QUERIES = [*dashboard_queries(), *alert_queries()]


@dataclass(frozen=True)
class Asked:
    """One metric as a query asks for it: with what its labels must be, and by which it is grouped."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    grouped_by: frozenset[str]


def asked(query: str) -> list[Asked]:
    text = query.replace("$__rate_interval", "5m").replace("$program", ".*")
    return list(_selectors(promql_parser.parse(text), frozenset()))


def _selectors(part: Any, by: frozenset[str]) -> Iterator[Asked]:
    if isinstance(part, promql_parser.VectorSelector):
        matchers = tuple((one.name, str(one.op), one.value) for one in part.matchers.matchers)
        yield Asked(part.name, matchers, by)
    modifier = getattr(part, "modifier", None)
    if isinstance(part, promql_parser.AggregateExpr) and modifier:
        by |= frozenset(modifier.labels)
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if getattr(part, name, None) is not None:
            yield from _selectors(getattr(part, name), by)
    for argument in getattr(part, "args", ()) or ():
        yield from _selectors(argument, by)


def test_the_queries_are_read_whole() -> None:
    (one, other) = asked('sum by (phase) (rate(a{b="c"}[5m])) / max(d)')
    assert (one.metric, one.matchers, one.grouped_by) == ("a", (("b", "MatchOp.Equal", "c"),), {"phase"})
    assert other.metric == "d"
    assert len(QUERIES) > 40


async def test_the_dashboard_and_the_alerts_ask_for_metrics_and_labels_that_are_exposed(measured: Measured) -> None:
    wrong = []
    for where, query, _ in QUERIES:
        for one in asked(query):
            known = measured.everything.samples.get(one.metric)
            if one.metric == "up":
                wrong += [f"{where}: no job {value}" for _, _, value in one.matchers if value not in JOBS]
            elif known is None:
                wrong.append(f"{where}: {one.metric} is not exposed")
            else:
                labels = {name for each, _ in known for name in each} | GIVEN_BY_PROMETHEUS
                wrong += [f"{where}: {one.metric} has no label {name}" for name in one.grouped_by - labels]
                wrong += [f"{where}: {one.metric} never has {m}" for m in one.matchers if not _matched(m, known)]
    assert not wrong


def _matched(matcher: tuple[str, str, str], known: list[tuple[dict[str, str], float]]) -> bool:
    name, op, value = matcher
    found = [labels[name] for labels, _ in known if name in labels]
    assert op in ("MatchOp.Equal", "MatchOp.Re"), op
    return any(re.fullmatch(value, one) if op == "MatchOp.Re" else one == value for one in found)


def test_legends_and_alerts_name_only_labels_that_their_query_leaves() -> None:
    for where, query, text in QUERIES:
        left = {"job", "instance"}
        for one in asked(query):
            left |= one.grouped_by | {name for name, _, _ in one.matchers}
        grouped = any(one.grouped_by for one in asked(query)) or re.match(
            r"\w*(sum|max|min|histogram_quantile)\(", query
        )
        named = set(re.findall(r"{{ *(\w+) *}}", text)) - {"value"}
        assert named <= left or not grouped, f"{where}: {named - left}"


async def test_facts_are_counted_as_they_are_heard_and_not_when_they_are_replayed(measured: Measured) -> None:
    one = {"program": "mo-mwa"}
    assert measured.worker.value("reengagement_facts_total", kind="opened", again="no", **one) == 2
    assert measured.worker.value("reengagement_facts_total", kind="contact_made", again="no", **one) == 1
    assert measured.worker.value("reengagement_facts_total", kind="contact_made", again="yes", **one) == 1
    assert measured.worker.value("reengagement_letters_delivered_total", letter="send_letter") == 1
    assert measured.again.value("reengagement_facts_total") == 1, "the worker that came after counts what it heard"


@pytest.mark.parametrize("counter", ["facts", "facts_quarantined", "letters_delivered"])
async def test_a_counter_is_there_at_zero_before_anything_is_counted(measured: Measured, counter: str) -> None:
    """Prometheus reckons from the first value it sees: a first letter would not be an increase."""
    name = f"reengagement_{counter}_total"
    counted = [labels for labels, value in measured.worker.samples[name] if value and labels.get("again") != "yes"]
    from_the_start = [labels for labels, _ in measured.again.samples[name]]
    assert counted
    assert all(labels in from_the_start for labels in counted)


async def test_cases_are_counted_by_phase_reason_and_letters(measured: Measured) -> None:
    counted = measured.exporter.value
    assert counted("reengagement_cases", program="mo-mwa", phase="reengaging") == 2
    assert counted("reengagement_cases", program="or-jobs") == 0
    assert counted("reengagement_letters_sent") == 1
    assert counted("reengagement_quarantine") == 1
    assert counted("reengagement_needs_action", reason="quarantine") == 1
    assert counted("reengagement_needing_action") >= 1
    assert counted("reengagement_task_queue_pollers", type="workflow") >= 1
    assert time.time() - counted("reengagement_counted_timestamp_seconds") < 120
    assert time.time() - counted("reengagement_archived_timestamp_seconds") < 300


async def test_no_metric_holds_a_name_a_case_or_what_a_sender_makes_up(measured: Measured) -> None:
    text = measured.everything.text
    for never in (NAME, *NAME.split(), "Elm Street", A_NAME_AS_SIGNAL, "MWA-NOWHERE", *measured.cases):
        assert never not in text, never
    assert measured.worker.value("reengagement_facts_quarantined_total", kind="unknown") == 1


async def test_a_worker_whose_server_is_gone_says_so_without_a_flood(measured: Measured) -> None:
    assert 1 <= len(measured.lines) <= 3, measured.lines


def test_every_reason_to_act_that_operations_staff_are_told_of_is_counted() -> None:
    table = Path("docs/operations.md").read_text().partition("## What `NeedsAction` asks for")[2].partition("\n## ")[0]
    told = {
        name
        for row in table.splitlines()
        for name in re.findall(r"`([a-z-]+)`", row.split("|")[1:2][0] if "|" in row else "")
    }
    assert told | {"unheard"} == set(exporter.REASONS)


async def test_an_address_in_use_is_named_and_ends_the_start_with_code_1(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with home.worker(REENGAGEMENT_METRICS=f"127.0.0.1:{port}") as process:
            assert await exit_code(process, 60) == 1
        with exporting(home, port) as process:
            assert await exit_code(process, 60) == 1
    assert "cannot start" in home.said()
    assert "REENGAGEMENT_METRICS" in home.said()
    assert "cannot start" in (tmp_path / "exporter.log").read_text()
    assert "Traceback" not in home.said() + (tmp_path / "exporter.log").read_text()


@pytest.mark.parametrize("wrong", ["9464", "localhost:9464", "127.0.0.1"])
async def test_a_metrics_address_that_is_none_ends_the_start_with_code_2(tmp_path: Path, wrong: str) -> None:
    home = Home(tmp_path)
    with home.worker(REENGAGEMENT_METRICS=wrong) as process:
        assert await exit_code(process, 60) == 2
    assert "REENGAGEMENT_METRICS" in home.said()
