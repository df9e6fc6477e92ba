"""A worker process whose outside world misbehaves on command: `python -m chaos.worker FAULTS_FILE`."""

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

from chaos.faults import FaultyRecords, FaultyVendor
from connect import connect
from process import run_and_exit
from settings import settings
from worker import configure_logs, working
from workflows import performing


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
    configure_logs()
    # A lost answer is asked for again soon, so that a run of minutes sees it answered.
    performing.RETRIES.maximum_interval = timedelta(seconds=5)
    run_and_exit(serve(Path(sys.argv[1])))
