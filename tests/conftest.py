"""One real server, with its worker, for the whole test run; started when the first test asks for it."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from settings import Settings
from tests.workflow.living import World


def free_ports(count: int) -> list[int]:
    """Ports nobody uses now, within what the settings allow."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    port, ui_port = free_ports(2)
    home = tmp_path_factory.mktemp("home")
    providers = Path("samples/providers.yaml").resolve()
    return Settings(home=home, port=port, ui_port=ui_port, providers=providers, shutdown_seconds=2)


@pytest.fixture(scope="session")
async def world(server_settings: Settings) -> AsyncIterator[World]:
    async with (
        devserver.running(server_settings) as client,
        worker.working(client, server_settings),
    ):
        records = Records.open(server_settings.records)
        yield World(client, server_settings, records, Outbox(server_settings.letters))
        records.close()
