"""ALL-6: nothing of what a payload holds comes into a log line, whoever writes it: we, a library, or the SDK."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Any
from uuid import uuid4

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy import create_engine, text
from structlog.stdlib import ProcessorFormatter
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import logs
from logs import NOT_OF_THE_CODE, Plain
from tests.workflow.living import World

CONTENT = "Annabel Quillfeather, 12 Larkspur Lane, 573-555-0148, fibromyalgia"
WORD = "Quillfeather"
"""What a pattern for codes would let pass."""


@dataclass
class Lines:
    """A logger of ours and one of a library's, and what they wrote."""

    ours: Any
    theirs: logging.Logger
    stream: io.StringIO

    @property
    def last(self) -> dict[str, Any]:
        return dict(json.loads(self.stream.getvalue().splitlines()[-1]))


@pytest.fixture
def lines() -> Lines:
    stream = io.StringIO()
    structlog.stdlib.LoggerFactory()  # from now on loggers know who called through structlog
    logger = logging.getLoggerClass()("of.a.library", logging.INFO)
    logger.addHandler(logs.Handler(stream))
    return Lines(structlog.wrap_logger(logger, [ProcessorFormatter.wrap_for_formatter]), logger, stream)


class Health(Enum):
    FIBRO = CONTENT


class Person(BaseModel):
    age: int


def saying(content: str) -> None:
    """Fail as code does that repeats what it was given."""
    try:
        Person.model_validate({"age": content})
    except ValueError as error:
        raise LookupError(content) from error


def to_a_database(content: str) -> None:
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("INSERT INTO people VALUES (:name)"), {"name": content})


def in_a_group(content: str) -> None:
    raise ExceptionGroup(content, [ValueError(content), KeyError(content)])


# What we log.


def test_an_event_of_the_code_is_written_with_its_details(lines: Lines) -> None:
    lines.ours.warning(
        "is working", namespace="default", attempt=2, grace_seconds=timedelta(seconds=30), at=date(2026, 1, 5)
    )
    line = {name: value for name, value in lines.last.items() if name != "timestamp"}
    assert line == {
        **{"level": "warning", "event": "is working", "namespace": "default", "attempt": 2},
        **{"grace_seconds": 30.0, "at": "2026-01-05"},
    }


OURS: dict[str, tuple[Callable[[Any, str], None], dict[str, Any]]] = {
    "an event that is no constant": (lambda log, said: log.info(said), {"event": NOT_OF_THE_CODE}),
    "an event put together": (lambda log, said: log.info(f"heard of {said}"), {"event": "heard of ..."}),
    "an event filled": (lambda log, said: log.info("heard of %s", said), {"event": NOT_OF_THE_CODE}),
    "a detail of ours": (lambda log, said: log.info("heard", because=said), {"because": "(str)"}),
    "a detail nobody allowed": (lambda log, said: log.info("heard", person=said), {"left_out": 1}),
    "a name for a detail": (lambda log, said: log.info("heard", **{said: 1}), {"left_out": 1}),
    "an id that looks like none": (lambda log, said: log.info("heard", run_id=f"{said} x"), {"run_id": "(str)"}),
    "a collection": (lambda log, said: log.info("heard", why=[said, 3]), {"why": ["(str)", 3]}),
    "a mapping": (lambda log, said: log.info("heard", why={said: said}), {"why": "(dict)"}),
    "ids of which one looks like none": (
        lambda log, said: log.info("heard", cases=("mo-mwa-1", f"{said} x")),
        {"cases": ["mo-mwa-1", "(str)"]},
    ),
    "bytes": (lambda log, said: log.info("heard", why=said.encode()), {"why": "(bytes)"}),
    "a member of an enumeration": (lambda log, said: log.info("heard", why=Health(CONTENT)), {"why": "fibro"}),
    "an error as a detail": (
        lambda log, said: log.info("heard", because=ValueError(said)),
        {"because": "(ValueError)"},
    ),
}


@pytest.mark.parametrize("content", [CONTENT, WORD])
@pytest.mark.parametrize("way", OURS)
def test_nothing_but_what_is_safe_is_written_of_our_lines(lines: Lines, way: str, content: str) -> None:
    log_it, written = OURS[way]
    log_it(lines.ours, content)
    assert content not in lines.stream.getvalue()
    assert {name: lines.last[name] for name in written} == written


def test_a_text_that_is_vouched_for_is_written(lines: Lines) -> None:
    lines.ours.error("cannot start", because=Plain("port 7233 can't be used"))
    assert lines.last["because"] == "port 7233 can't be used"
    lines.ours.info(Plain(f"{'decode'}d"))
    assert lines.last["event"] == "decoded"


# What libraries log.


def pass_on(log: logging.Logger, message: str) -> None:
    log.warning(message)


THEIRS: dict[str, tuple[Callable[[logging.Logger, str], None], str]] = {
    "filled with a text": (lambda log, said: log.warning("heard of %s, %d times", said, 3), "heard of (str), 3 times"),
    "filled by name": (lambda log, said: log.warning("heard of %(who)s", {"who": said}), "heard of (str)"),
    "filled with an object": (lambda log, said: log.warning("heard of %r", Person), "heard of '(ModelMetaclass)'"),
    "not as it was to be filled": (lambda log, said: log.warning("%d of it", said), "%d of it"),
    "put together": (lambda log, said: log.warning(f"heard of {said} today"), "heard of ..."),
    "in another order": (lambda log, said: log.warning(f"{said} was heard of"), NOT_OF_THE_CODE),
    "not a text": (lambda log, said: log.warning(ValueError(said)), NOT_OF_THE_CODE),
    "by a function of many": (pass_on, NOT_OF_THE_CODE),
    "with an extra": (lambda log, said: log.warning("heard", extra={"person": said}), "heard"),
    "with an extra of the SDK's name": (
        lambda log, said: log.warning("heard", extra={"temporal_workflow": {said: said, "attempt": said}}),
        "heard",
    ),
}


@pytest.mark.parametrize("content", [CONTENT, WORD])
@pytest.mark.parametrize("way", THEIRS)
def test_of_a_librarys_line_the_template_is_written(lines: Lines, way: str, content: str) -> None:
    log_it, event = THEIRS[way]
    log_it(lines.theirs, content)
    assert content not in lines.stream.getvalue()
    assert lines.last["event"] == event
    assert lines.last["at"].startswith("test_logs:")


def test_ids_the_sdk_hands_along_are_written(lines: Lines) -> None:
    run = str(uuid4())
    lines.theirs.warning("failed in run %s", run, extra={"temporal_workflow": {"workflow_id": "mo-mwa-1", "x": "y"}})
    assert (lines.last["event"], lines.last["workflow_id"]) == (f"failed in run {run}", "mo-mwa-1")
    assert "x" not in lines.last


@pytest.mark.parametrize("failing", [saying, to_a_database, in_a_group])
@pytest.mark.parametrize("logger", ["ours", "theirs"])
def test_of_an_error_types_and_places_are_written(lines: Lines, logger: str, failing: Callable[[str], None]) -> None:
    try:
        failing(CONTENT)
    except Exception as error:
        assert CONTENT in f"{error} {error!r}", "the error says nothing that could be lost"
        getattr(lines, logger).exception("failed")
    assert WORD not in lines.stream.getvalue()
    assert lines.last["error"][0]["at"][-1].split()[-1] in (failing.__name__, "DefaultDialect.do_execute")


def test_what_an_error_came_of_is_told_too(lines: Lines) -> None:
    try:
        saying(CONTENT)
    except LookupError as error:
        lines.ours.error("failed", exc_info=error)
    types = [one["type"] for one in lines.last["error"]]
    assert types == ["builtins.LookupError", "pydantic_core._pydantic_core.ValidationError"]


def test_a_line_that_cannot_be_made_is_told_by_its_place(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    class Unspeakable:
        def __str__(self) -> str:
            raise ValueError(CONTENT)

    lines.theirs.warning(Unspeakable())
    assert (lines.last["event"], lines.last["at"][:10]) == ("a line could not be written", "test_logs:")
    assert CONTENT not in "".join(capsys.readouterr())


# What Python prints by itself.

PRINTED_BY_PYTHON = {
    "an error that ends the program": "raise ValueError(said)",
    "an error that ends a thread": "Thread(target=lambda: int(said)).start()",
    "an error nobody can be told of": "Dying()",
    "a warning": "warnings.warn(said)",
    "a warning with the value": "Number(n=1).model_copy(update={'n': said}).model_dump()",
    "an error in a task nobody awaits": "asyncio.run(forgetting())",
}
PROGRAM = """
import asyncio, sys, warnings
from threading import Thread
from pydantic import BaseModel

said = sys.argv[1]

class Number(BaseModel):
    n: int

class Dying:
    def __del__(self):
        raise ValueError(said)

async def forgetting():
    async def forgotten():
        raise ValueError(said)
    asyncio.create_task(forgotten())
    await asyncio.sleep(0)

if "safe" in sys.argv:
    import logs
    logs.configure()
"""


@pytest.mark.parametrize("case", PRINTED_BY_PYTHON)
def test_what_python_prints_by_itself_is_a_safe_line(case: str) -> None:
    def printed(*options: str) -> str:
        program = [sys.executable, "-c", PROGRAM + PRINTED_BY_PYTHON[case], CONTENT, *options]
        return subprocess.run(program, capture_output=True, text=True, check=False).stderr

    assert WORD in printed(), "nothing to be kept out"
    [line] = printed("safe").splitlines()
    assert WORD not in line
    assert json.loads(line)["level"] in ("error", "warning")


# What the SDK logs.


@activity.defn
def fail(content: str) -> None:
    saying(content)


@activity.defn
def fail_with_details(content: str) -> None:
    raise ApplicationError(content, content, object(), type="Failed", non_retryable=True)


@activity.defn
def answer_what_cannot_be_encoded(content: str) -> Any:
    return {content: object()}


@activity.defn
def take_a_number(number: int) -> None: ...


ACTIVITIES = [fail, fail_with_details, answer_what_cannot_be_encoded, take_a_number]


@workflow.defn
class Failing:
    """Fails in the way it is told."""

    @workflow.run
    async def run(self, way: str, content: str) -> None:
        await getattr(self, way)(content)
        await workflow.wait_condition(lambda: False)

    async def task(self, content: str) -> None:
        saying(content)

    async def deadlock(self, content: str) -> None:
        if workflow.info().attempt == 1 and not workflow.unsafe.is_replaying():
            deadlocked.append(content)
        time.sleep(4 if len(deadlocked) == 1 else 0)

    async def forgotten(self, content: str) -> None:
        async def fails() -> None:
            raise ValueError(content)

        asyncio.create_task(fails())  # noqa: RUF006 - nobody awaits it
        await asyncio.sleep(0)

    async def activity(self, content: str) -> None:
        for one in ACTIVITIES:
            with suppress(Exception):
                await workflow.execute_activity(
                    one.__name__,
                    content,
                    start_to_close_timeout=timedelta(seconds=5),
                    retry_policy=RetryPolicy(maximum_attempts=1),
                )

    async def listening(self, content: str) -> None: ...

    @workflow.signal
    def count(self, number: int) -> None: ...

    @workflow.signal
    def break_down(self, content: str) -> None:
        saying(content)

    @workflow.update
    def change(self, content: str) -> None:
        saying(content)


deadlocked: list[str] = []

Handle = WorkflowHandle[Any, Any]


async def nothing_more(handle: Handle) -> None: ...


async def undecodable(handle: Handle) -> None:
    await handle.signal("count", CONTENT)


async def signal(handle: Handle) -> None:
    await handle.signal("break_down", CONTENT)


async def update(handle: Handle) -> None:
    with suppress(Exception):
        await asyncio.wait_for(handle.execute_update("change", CONTENT), 1)


SDK: dict[str, tuple[str, Callable[[Handle], Any], str]] = {
    "a workflow task that fails": ("task", nothing_more, "Failed activation on workflow ..."),
    "the core, of the same": ("task", nothing_more, "Failing workflow task"),
    "a workflow that locks up": ("deadlock", nothing_more, "Failed handling activation on workflow with run ID "),
    "a task of a workflow that nobody awaits": ("forgotten", nothing_more, NOT_OF_THE_CODE),
    "activities that fail": ("activity", nothing_more, "Completing activity as failed ..."),
    "an activity whose failure cannot be encoded": (
        "activity",
        nothing_more,
        "Exception handling failed, original error: ...",
    ),
    "a signal that cannot be decoded": ("listening", undecodable, "Failed deserializing signal input for ..."),
    "a signal that fails": ("listening", signal, "Failed activation on workflow ..."),
    "an update that fails": ("listening", update, "Failed activation on workflow ..."),
}


class Whole(logging.Handler):
    """Every line as it would be written without us."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(getattr(record, "temporal_log", None), "fields", "")
        self.lines.append(f"{logging.Formatter().format(record)} {fields}")


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(telemetry=TelemetryConfig(logging=logs.telemetry()))


@pytest.mark.parametrize("case", SDK)
async def test_of_what_the_sdk_logs_nothing_of_the_content_is_written(
    world: World, runtime: Runtime, case: str
) -> None:
    way, then, event = SDK[case]
    address, namespace = f"127.0.0.1:{world.settings.port}", world.settings.namespace
    client = await Client.connect(address, namespace=namespace, runtime=runtime, data_converter=pydantic_data_converter)
    stream, whole = io.StringIO(), Whole()
    handlers = (logs.Handler(stream), whole)
    for handler in handlers:
        logging.getLogger().addHandler(handler)
    try:
        queue = f"failing-{uuid4()}"
        with ThreadPoolExecutor(2) as threads:
            async with Worker(
                client,
                task_queue=queue,
                workflows=[Failing],
                activities=ACTIVITIES,
                activity_executor=threads,
                workflow_runner=UnsandboxedWorkflowRunner(),
            ):
                handle: Handle = await client.start_workflow("Failing", args=[way, CONTENT], id=queue, task_queue=queue)
                await then(handle)
                until = time.monotonic() + 10
                while not any(json.loads(line)["event"].startswith(event) for line in stream.getvalue().splitlines()):
                    assert time.monotonic() < until, stream.getvalue()
                    await asyncio.sleep(0.1)
                await handle.terminate()
    finally:
        for handler in handlers:
            logging.getLogger().removeHandler(handler)
    assert WORD not in stream.getvalue()
    assert WORD in "\n".join(whole.lines) or way == "deadlock", "nothing to be kept out"
