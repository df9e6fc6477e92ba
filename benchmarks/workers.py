"""Worker processes, so that the operating system says what each costs: one for each side, and the one that ships."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from benchmarks.bare import BareCase
from benchmarks.sides import SIDES, Side
from connect import encrypting
from converter.plugin import plugin
from domain.commands import Performed, RecordCommand, SendLetter
from process import run_and_exit
from settings import Settings

CACHED = 20_000
ROOT = Path(__file__).parents[1]
_READY = b"ready\n"


@activity.defn(name="deliver_letter")
async def deliver_nothing(command: SendLetter, dated: date) -> list[Performed]:
    """Answer as the real one does, and print no letter."""
    return [Performed(effect=command.effect, on=dated)]


@activity.defn(name="record")
async def record_nothing(commands: list[RecordCommand], on: date) -> list[Performed]:
    """Answer as the real one does, and write nothing."""
    return [Performed(effect=command.effect, on=on) for command in commands]


def sandbox() -> SandboxedWorkflowRunner:
    """The sandbox for both sides. The plugin adds what ours passes through, this what the bare one does."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("benchmarks"))


class WorkerProcess:
    """A worker, seen from outside: what it has used so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._proc = Path(f"/proc/{process.pid}")

    @property
    def cpu_seconds(self) -> float:
        """User and system time of all its threads, in seconds."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_kib(self) -> float:
        """Resident memory, in KiB."""
        pages = int((self._proc / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1024

    async def kill(self) -> None:
        """End it as a crash would."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def working(side: Side, settings: Settings, cached: int = CACHED) -> AsyncIterator[WorkerProcess]:
    """A side's worker on the server of these settings, for as long as the block runs; it keeps so many cases in memory.

    Raises RuntimeError when it does not get ready.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.workers", side.name),
        *(str(settings.home), str(settings.port), str(cached)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin and process.stdout
    try:
        if await process.stdout.readline() != _READY:
            raise RuntimeError(f"the worker of {side.name} did not start")
        yield WorkerProcess(process)
    finally:
        process.stdin.close()  # the worker ends with its input, so also when the benchmark is killed
        await process.wait()


async def shipped(settings: Settings, deployment: str | None = None, root: Path = ROOT) -> WorkerProcess:
    """The worker as it ships, started on the server of these settings; of the environment's, none reaches it.

    In a worker deployment, if one is named; from the code of another directory, if one is given.
    """
    ours = ("REENGAGEMENT_", "TEMPORAL_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "REENGAGEMENT_HOME": str(settings.home),
        "REENGAGEMENT_MAX_CACHED_CASES": str(settings.max_cached_cases),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{settings.port}",
        "TEMPORAL_NAMESPACE": settings.namespace,
        **({"REENGAGEMENT_DEPLOYMENT": deployment} if deployment else {}),
    }
    with log_of(settings).open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "worker.py"), cwd=root, env=environment, stdin=asyncio.subprocess.DEVNULL, stderr=log
        )
    return WorkerProcess(process)


def log_of(settings: Settings) -> Path:
    """Where the worker as it ships says what it does."""
    return settings.home / "worker.log"


async def client_of(side: Side, settings: Settings) -> Client:
    """A client that seals payloads, or does not, as the side's worker does."""
    converting = encrypting(settings) if side.sealed else plugin(None)
    return await Client.connect(f"127.0.0.1:{settings.port}", namespace=settings.namespace, plugins=[converting])


async def _work(side: Side, settings: Settings, cached: int) -> int:
    async with Worker(
        await client_of(side, settings),
        task_queue=side.task_queue,
        workflows=[BareCase],
        activities=[deliver_nothing, record_nothing],
        workflow_runner=sandbox(),
        max_cached_workflows=cached,
    ):
        sys.stdout.buffer.write(_READY)
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.buffer.read)
    return 0


if __name__ == "__main__":
    name, home, port, cached = sys.argv[1:]
    run_and_exit(_work(SIDES[name], Settings(home=Path(home), port=int(port)), int(cached)))
