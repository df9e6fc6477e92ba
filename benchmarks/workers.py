"""A worker process for each side, so that the operating system says what each costs."""

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
from converter.plugin import plugin
from domain.commands import Performed, RecordCommand, SendLetter
from process import run_and_exit

CACHED = 20_000
_ROOT = Path(__file__).parents[1]
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
    """A side's worker, seen from outside: what it has used so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
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


@asynccontextmanager
async def working(side: Side, target: str, namespace: str) -> AsyncIterator[WorkerProcess]:
    """A side's worker for as long as the block runs. Raises RuntimeError when it does not get ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.workers", side.name, target, namespace),
        cwd=_ROOT,
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


async def _work(side: Side, target: str, namespace: str) -> int:
    client = await Client.connect(target, namespace=namespace, plugins=[plugin()])
    async with Worker(
        client,
        task_queue=side.task_queue,
        workflows=[BareCase],
        activities=[deliver_nothing, record_nothing],
        workflow_runner=sandbox(),
        max_cached_workflows=CACHED,
    ):
        sys.stdout.buffer.write(_READY)
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.buffer.read)
    return 0


if __name__ == "__main__":
    run_and_exit(_work(SIDES[sys.argv[1]], sys.argv[2], sys.argv[3]))
