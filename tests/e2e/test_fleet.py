"""Sleeping cases are moved from one build of the code to another and back, and nobody's letter minds. ALL-3, ALL-5."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from cli.console import OK
from cli.fleet import current_version, elsewhere, move, status
from cli.waves import Pace
from settings import Settings
from tests.workflow.living import World
from tests.workflow.test_audit import archive_all, faults

DEPLOYMENT = "reengagement"


@pytest.fixture
async def versioned(tmp_path: Path) -> AsyncIterator[World]:
    port, ui_port = free_ports(2)
    settings = Settings(
        home=tmp_path,
        providers=Path("samples/providers.yaml").resolve(),
        port=port,
        ui_port=ui_port,
        shutdown_seconds=2,
        deployment=DEPLOYMENT,
    )
    async with devserver.running(settings) as client:
        yield World(client, settings, Records.open(settings.records), Outbox(settings.letters))


async def make_current(client: Client, build: str) -> None:
    """Once its workers are known to the server."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=DEPLOYMENT, build_id=build, identity="a test"
    )
    for _ in range(100):
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            await asyncio.sleep(0.2)
        else:
            return
    raise AssertionError(f"{build} did not become current")


async def test_sleeping_cases_move_to_another_build_and_back(
    versioned: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, settings = versioned.client, versioned.settings
    assert await move(client, DEPLOYMENT, None, Pace(5, 0, 50)) != OK  # nobody has it yet
    monkeypatch.setattr(worker, "build_id", lambda: "v1")
    async with worker.working(client, settings):
        await make_current(client, "v1")
        lives = [await versioned.open() for _ in range(6)]
        for life in lives:
            await life.until_done()
        monkeypatch.setattr(worker, "build_id", lambda: "v2")
        async with worker.working(client, settings):
            for build in ("v2", "v1"):
                await make_current(client, build)
                assert await current_version(client, DEPLOYMENT) == f"{DEPLOYMENT}:{build}"
                assert len(await elsewhere(client, f"{DEPLOYMENT}:{build}", None)) == len(lives)
                assert await move(client, DEPLOYMENT, None, Pace(4, 0.1, 50)) == OK
                assert await status(client, DEPLOYMENT, as_json=False) == OK
            capsys.readouterr()
            for life in lives:
                await life.days(31)
                dates = life.letter_dates()
                assert [(later - earlier).days for earlier, later in itertools.pairwise(dates)] == [30]
                assert len({event.run_id async for event in _runs(client, life.id)}) == 3
        await archive_all(versioned)
        for life in lives:
            assert await faults(versioned, life) == []


async def _runs(client: Client, case: str):  # type: ignore[no-untyped-def]
    async for one in client.list_workflows(f"WorkflowId = '{case}'"):
        yield one
