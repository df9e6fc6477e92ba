"""The worker as people run it: it starts, keeps what it had, says what is wrong, and stops with a code."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from connect import encrypting
from settings import Settings
from tests.workflow.living import Life, World

GRACE_SECONDS = 5


class Home:
    """A directory and ports of its own, for one dev worker after another."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port, self.ui_port, self.codec_port = free_ports(3)
        self.log = directory / "worker.log"

    @property
    def settings(self) -> Settings:
        return Settings(home=self.directory, port=self.port, ui_port=self.ui_port, codec_port=self.codec_port)

    def environment(self, **more: str) -> dict[str, str]:
        ours = ("REENGAGEMENT_", "TEMPORAL_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return inherited | {
            "REENGAGEMENT_HOME": str(self.directory),
            "REENGAGEMENT_PORT": str(self.port),
            "REENGAGEMENT_UI_PORT": str(self.ui_port),
            "REENGAGEMENT_CODEC_PORT": str(self.codec_port),
            "REENGAGEMENT_SHUTDOWN_SECONDS": str(GRACE_SECONDS),
            **more,
        }

    @contextmanager
    def worker(self, *options: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker process that is gone when the block is left."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "worker.py", *options], env=self.environment(**more), stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(60)

    def said(self) -> str:
        return self.log.read_text()

    async def until_said(self, words: str, times: int = 1) -> None:
        until = time.monotonic() + 60
        while self.said().count(words) < times:
            assert time.monotonic() < until, self.said()
            await asyncio.sleep(0.1)

    async def world(self) -> World:
        settings = self.settings
        client = await Client.connect(
            f"127.0.0.1:{self.port}", namespace=settings.namespace, plugins=[encrypting(settings)]
        )
        return World(client, settings, Records.open(settings.records), Outbox(settings.letters))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def port_is_free(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


async def exit_code(process: "subprocess.Popen[bytes]", seconds: float = 30) -> int:
    return await asyncio.to_thread(process.wait, seconds)


WORKING = '"event": "working"'


@pytest.mark.slow
async def test_a_stopped_worker_exits_in_time_and_its_cases_go_on_when_it_starts_again(home: Home) -> None:
    with home.worker("--dev") as process:
        await home.until_said(WORKING)
        life = await (await home.world()).open()
        await life.until_done()
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert await exit_code(process) == 0
        assert time.monotonic() - began < GRACE_SECONDS + 15
    assert port_is_free(home.port), "the server went with its worker"

    with home.worker("--dev") as process:
        await home.until_said(WORKING, times=2)
        world = await home.world()
        life = Life(world, world.client.get_workflow_handle(life.id))
        status = await life.status()
        assert (status.phase, status.letters_sent) == ("reengaging", 1)
        assert (await life.tell("contact_made", type="phone")).result == "recorded"
        await life.days(31)
        assert len(life.letter_dates()) == 2
        process.send_signal(signal.SIGINT)
        assert await exit_code(process) == 0
    assert port_is_free(home.port)


@pytest.mark.parametrize("which", ["PORT", "UI_PORT"])
async def test_a_port_in_use_is_named_and_ends_the_start_with_code_1(home: Home, which: str) -> None:
    port = home.port if which == "PORT" else home.ui_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with home.worker("--dev") as process:
            assert await exit_code(process) == 1
    for part in ("cannot start", str(port), f"set REENGAGEMENT_{which} "):
        assert part in home.said()
    assert "Traceback" not in home.said()


async def test_no_server_to_connect_to_ends_the_start_with_code_1(home: Home) -> None:
    with home.worker() as process:
        assert await exit_code(process, 60) == 1
    assert "cannot start" in home.said()
    assert "Traceback" not in home.said()


async def test_wrong_settings_are_named_all_at_once_and_end_the_start_with_code_2(home: Home) -> None:
    wrong = {
        "REENGAGEMENT_PORT": "80",
        "REENGAGEMENT_ACTIVITY_THREADS": "many",
        "REENGAGEMENT_RECORDS_URL": "mysql://nobody:secret@nowhere/records",
        "REENGAGEMENT_CASE_ID_KEY": "secret",
    }
    with home.worker("--dev", **wrong) as process:
        assert await exit_code(process) == 2
    for name in wrong:
        assert name in home.said()
    assert "Traceback" not in home.said()
    assert "secret" not in home.said()


async def test_a_provider_directory_that_cannot_be_used_ends_the_start_with_code_1(home: Home) -> None:
    providers = home.directory / "providers.yaml"
    providers.write_text("providers: [{code: X}]")
    with home.worker("--dev", REENGAGEMENT_PROVIDERS=str(providers)) as process:
        assert await exit_code(process, 60) == 1
    for part in ("cannot start", "providers.yaml", "line 1", "entry 1"):
        assert part in home.said()
    assert "Traceback" not in home.said()
