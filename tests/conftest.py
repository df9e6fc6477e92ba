"""One real server, with its worker, for the whole test run; started when the first test asks for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from settings import Settings
from tests.workflow.living import World


@pytest.fixture(scope="session")
def server_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    port, ui_port, codec_port = free_ports(3)
    home = tmp_path_factory.mktemp("home")
    providers = Path("samples/providers.yaml").resolve()
    ports = {"port": port, "ui_port": ui_port, "codec_port": codec_port}
    return Settings(home=home, providers=providers, shutdown_seconds=2, **ports)


@pytest.fixture(scope="session")
async def world(server_settings: Settings) -> AsyncIterator[World]:
    async with (
        devserver.running(server_settings) as client,
        worker.working(client, server_settings),
        worker.decoding(server_settings),
    ):
        records = Records.open(server_settings.records)
        yield World(client, server_settings, records, Outbox(server_settings.letters))
        records.close()
