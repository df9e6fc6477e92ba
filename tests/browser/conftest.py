"""A Temporal server with its UI, worker and codec server, a caseload, and a browser: what staff have before them."""

import json
import os
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from casefiles import Opening
from chaos.stage import free_ports
from cli.opening import open_case
from domain.facts import Opened
from domain.policy import Policy
from settings import Settings
from tests.browser.desk import Desk
from tests.workflow.living import GUIDE, MISSOURI, Life, World, opening, today_in_missouri
from workflows.start import Ended

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_BROWSER = "no Chromium on this machine to look at the UI with: apt-get install chromium"
COLUMNS = ("Workflow ID", "Phase", "NeedsAction", "NextActionAt", "Provider")
SIZE = ViewportSize(width=1400, height=960)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(NO_BROWSER)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def office(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A server of its own, so that its lists show this caseload and nothing else."""
    port, ui_port, codec_port = free_ports(3)
    settings = Settings(
        home=tmp_path_factory.mktemp("office"),
        port=port,
        ui_port=ui_port,
        codec_port=codec_port,
        providers=Path("samples/providers.yaml").resolve(),
        shutdown_seconds=2,
    )
    async with (
        devserver.running(settings) as client,
        worker.working(client, settings),
        worker.decoding(settings),
    ):
        records = Records.open(settings.records)
        yield World(client, settings, records, Outbox(settings.letters))
        records.close()


@pytest.fixture(scope="session")
async def window(chromium: Browser, office: World) -> AsyncIterator[BrowserContext]:
    """A browser with the columns that the documentation recommends."""
    columns = {office.client.namespace: [{"label": name} for name in COLUMNS]}
    set_up = f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(json.dumps(columns))})"
    async with await chromium.new_context(viewport=SIZE, timezone_id="America/Chicago") as window:
        await window.add_init_script(set_up)
        yield window


@pytest.fixture
async def desk(window: BrowserContext, office: World) -> AsyncIterator[Desk]:
    async with await window.new_page() as page:
        yield Desk(page, f"http://127.0.0.1:{office.settings.ui_port}", os.environ.get("REENGAGEMENT_SCREENSHOTS"))


@pytest.fixture
async def sealed_desk(window: BrowserContext, office: World) -> AsyncIterator[Desk]:
    """A desk that the codec server does not answer."""
    async with await window.new_page() as page:
        await page.route(f"http://127.0.0.1:{office.settings.codec_port}/**", lambda route: route.abort())
        yield Desk(page, f"http://127.0.0.1:{office.settings.ui_port}")


async def opened(office: World, person: str, edition: Policy = MISSOURI, **said: Any) -> Life:
    """A case as the command line opens it, at its first wait."""
    fact = Opened.model_validate(opening(today_in_missouri(), **said))
    case = Opening(program=edition.program, person=person, opened=fact, line=1)
    id, _ = await open_case(office.client, case, edition, office.settings.case_key())
    life = Life(office, office.client.get_workflow_handle(id, result_type=Ended))
    await life.until_done()
    return life


@pytest.fixture(scope="session")
async def cases(office: World) -> dict[str, Life]:
    """A caseload of which every case is in some views and not in others."""
    today = today_in_missouri()
    last_month = today.replace(day=1) - timedelta(days=1)
    yesterday = today - timedelta(days=1)  # as it may still be in Oregon
    lives = {
        "quiet": await opened(office, "A-1"),
        "trial": await opened(office, "A-2"),
        "lift": await opened(office, "A-3"),
        "near": await opened(office, "A-4", months_counted=57),
        "over": await opened(office, "A-5", months_counted=60, months_through=f"{last_month:%Y-%m}"),
        "unread": await opened(office, "A-6"),
        "moving": await opened(office, "A-7"),
        "oregon": await opened(office, "A-8", GUIDE, sanction_began=None, happened_on=yesterday),
    }
    await lives["trial"].tell("response", answer="agrees", activities=["job search"])
    await lives["lift"].tell("good_cause_finding", finding="found", grounds="on file", decided_by="the team")
    await lives["unread"].handle.signal("hoorah", "a message nobody can read")
    await lives["moving"].tell("transfer_requested", provider="MWA-KC-01")
    await lives["moving"].days(15)
    for life in lives.values():
        await life.until_done()
    return lives


@pytest.fixture
async def fresh(office: World) -> AsyncIterator[Life]:
    """A case in trial participation of which no week is recorded yet; gone from the views after the test."""
    life = await opened(office, "A-9", sanction_began=today_in_missouri() - timedelta(days=35))
    await life.tell("response", answer="agrees", activities=["job search"])
    await life.until_done()
    yield life
    await life.tell("exempted")
