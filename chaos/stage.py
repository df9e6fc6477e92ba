"""The stage: a dev server with a database file, worker processes, and a line between them that can be cut."""

import asyncio
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from activities.outbox import Outbox
from activities.records.store import Records
from chaos.faults import Faults
from chaos.steady import steadily
from converter.plugin import plugin
from devserver import DevServer
from settings import Settings
from worker import decoding

_ROOT = Path(__file__).parents[1]
AT_ONCE = timedelta(seconds=5)
"""A lost answer is asked for again soon, so that a run of minutes sees it answered."""


def free_ports(count: int) -> list[int]:
    """Ports nobody uses now, within what the settings allow."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


class Line:
    """The line between workers and server: a proxy that can be cut."""

    def __init__(self, port: int, server_port: int) -> None:
        self.port, self._server_port = port, server_port
        self._open: set[asyncio.StreamWriter] = set()
        self.is_cut = False
        self._listening: asyncio.Server | None = None

    async def start(self) -> None:
        """Let calls through."""
        self._listening = await asyncio.start_server(self._call, "127.0.0.1", self.port)

    async def cut(self, seconds: float) -> None:
        """Break every call on the line, and take none for a time."""
        self.is_cut = True
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(seconds)
        self.is_cut = False

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there[1]}
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))
        self._open -= {writer, there[1]}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class WorkerProcess:
    """One worker, as a process that can be killed; through the line, if it is given its port."""

    def __init__(
        self, settings: Settings, faults: Path, port: int, clock_off: int, try_again_within: timedelta
    ) -> None:
        self._environment = os.environ | {
            "TEMPORAL_ADDRESS": f"127.0.0.1:{port}",
            "TEMPORAL_NAMESPACE": settings.namespace,
            "REENGAGEMENT_HOME": str(settings.home),
            "REENGAGEMENT_SHUTDOWN_SECONDS": "2",
            "PYTHONPATH": str(_ROOT),
        }
        self._arguments = (str(faults), str(clock_off), str(int(try_again_within.total_seconds())))
        self._log = settings.home / "worker.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it works as soon as the server answers it."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "chaos.worker", *self._arguments),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
                env=self._environment,
                cwd=_ROOT,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process
        return self._process.pid

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


class Stage:
    """Server, workers, line, where letters and records end up, and a client that seals nothing."""

    def __init__(
        self, home: Path, workers: int, clocks_off: Sequence[int] = (), try_again_within: timedelta = AT_ONCE
    ) -> None:
        port, ui_port, line_port, codec_port = free_ports(4)
        self.settings = Settings(home=home, port=port, ui_port=ui_port, codec_port=codec_port, shutdown_seconds=2)
        self.faults_file = home / "faults.json"
        self.server = DevServer(self.settings)
        self.line = Line(line_port, port)
        self._try_again_within = try_again_within
        self.workers: list[WorkerProcess] = []
        self.add_workers(workers, clocks_off)
        self.outbox = Outbox(self.settings.letters)
        self.server_recoveries: list[float] = []
        self.worker_recoveries: list[float] = []

    def add_workers(self, count: int, clocks_off: Sequence[int] = ()) -> None:
        """More workers, to be started; each with its clock off by so many seconds."""
        off = itertools.chain(clocks_off, itertools.repeat(0))
        self.workers += [
            WorkerProcess(self.settings, self.faults_file, self.line.port, next(off), self._try_again_within)
            for _ in range(count)
        ]

    def set_faults(self, faults: Faults) -> None:
        """What the outside world does from now on."""
        faults.write(self.faults_file)

    async def kill_server(self) -> None:
        """Kill it and start it again; how long it is until it answers is noted."""
        began = time.monotonic()
        self.server.kill()
        await self.server.start()
        self.server_recoveries.append(time.monotonic() - began)

    async def kill_worker(self, number: int, probe: "Probe") -> None:
        """Kill a worker and start it again; how long it is until a case answers is noted."""
        began = time.monotonic()
        await self.workers[number].kill()
        await self.workers[number].start()
        await probe.answers()
        self.worker_recoveries.append(time.monotonic() - began)

    @asynccontextmanager
    async def set(self) -> AsyncIterator[Client]:
        """Everything is up for as long as the block runs."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.set_faults(Faults())
        client = await self.server.start()
        await self.line.start()
        self.records = await asyncio.to_thread(Records.open, self.settings.records)
        self.skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False, max_session_skip_count=2000))
        target = client.service_client.config.target_host
        self.bare = await Client.connect(target, namespace=client.namespace, plugins=[plugin(None)])
        try:
            async with decoding(self.settings) as self.codec_address:
                for worker in self.workers:
                    await worker.start()
                yield client
        finally:
            for worker in self.workers:
                await worker.kill()
            self.records.close()
            await self.server.stop()


class Probe:
    """A case that is asked whether anybody works."""

    def __init__(self, client: Client, case: str) -> None:
        self._handle = client.get_workflow_handle(case)

    async def answers(self) -> None:
        """Wait until it does."""
        await steadily(lambda: self._handle.query("status"))
