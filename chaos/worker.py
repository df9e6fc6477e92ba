"""A worker process whose outside world misbehaves: `python -m chaos.worker FAULTS_FILE CLOCK_OFF TRY_AGAIN_WITHIN`."""

import asyncio
import os
import signal
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

import logs
from chaos.bugs import BUGS
from chaos.faults import FaultyRecords, FaultyVendor
from connect import connect
from process import run_and_exit
from settings import settings
from worker import working
from workflows import performing

_STEPS = 24
"""The first try again comes after so small a part of the longest wait: a clock turned past days tries few times."""


async def serve(faults: Path) -> int:
    """Work until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while True:
        try:
            client = await connect(settings())
            break
        except RuntimeError:
            await asyncio.sleep(0.2)  # the server is down: that is what this is about
    async with working(
        client,
        settings(),
        by_post=lambda carrier: FaultyVendor(carrier, faults),
        on_record=lambda records: FaultyRecords(records, faults),
    ):
        print("ready", flush=True)
        await stop.wait()
    return 0


if __name__ == "__main__":
    logs.configure()
    if bug := os.environ.get("CHAOS_BUG"):
        BUGS[bug]()
    faults_file, clock_off, try_again_within = sys.argv[1:]
    performing.RETRIES.maximum_interval = timedelta(seconds=int(try_again_within))
    performing.RETRIES.initial_interval = performing.RETRIES.maximum_interval / _STEPS
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=int(clock_off))) if int(clock_off) else nullcontext()
    ):
        run_and_exit(serve(Path(faults_file)))
