"""A Temporal server with its UI, the worker, and a browser: what staff have before them."""

import os
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from settings import Settings
from tests.browser.desk import Desk
from tests.workflow.living import GUIDE, Life, World, today_in_missouri

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WINDOW = {"width": 1180, "height": 820}

# ---- temporary
from converter.plugin import plugin

# ----


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no browser to look at the UI with: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A server of its own: its lists show these cases and no others."""
    if CHROMIUM is None:
        pytest.skip("no browser to look at the UI with: apt-get install chromium")
    port, ui_port = free_ports(2)
    home, providers = tmp_path_factory.mktemp("office"), Path("samples/providers.yaml").resolve()
    settings = Settings(home=home, port=port, ui_port=ui_port, providers=providers, shutdown_seconds=2)
    mp = pytest.MonkeyPatch()
    mp.setattr(devserver, "encrypting", lambda s: plugin(None))
    async with devserver.running(settings) as client, worker.working(client, settings):
        records = Records.open(settings.records)
        yield World(client, settings, records, Outbox(settings.letters))
        records.close()


@pytest.fixture
async def desk(chromium: Browser, office: World) -> AsyncIterator[Desk]:
    kept = os.environ.get("REENGAGEMENT_SCREENSHOTS")
    context = await chromium.new_context(viewport=WINDOW, timezone_id="America/Chicago")  # type: ignore[arg-type]
    page = await context.new_page()
    yield Desk(page, f"http://127.0.0.1:{office.settings.ui_port}", Path(kept) if kept else None)
    await context.close()


@pytest.fixture(scope="session")
async def cases(office: World) -> dict[str, Life]:
    """A caseload of which every case is in some views and not in others."""
    today = today_in_missouri()
    began, last_month = today - timedelta(days=35), today.replace(day=1) - timedelta(days=1)
    lives = {
        "quiet": await office.open(),
        "trial": await office.open(sanction_began=began),
        "lift": await office.open(sanction_began=began),
        "near": await office.open(months_counted=57),
        "over": await office.open(months_counted=60, months_through=f"{last_month:%Y-%m}"),
        "unread": await office.open(),
        "moving": await office.open(),
        "oregon": await office.open(edition=GUIDE, sanction_began=None, happened_on=today - timedelta(days=1)),
    }
    for life in lives.values():
        await life.until_done()
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
    """A case in trial participation of which no week is recorded yet."""
    life = await office.open(sanction_began=today_in_missouri() - timedelta(days=35))
    await life.until_done()
    await life.tell("response", answer="agrees", activities=["job search"])
    await life.until_done()
    yield life
    await life.handle.terminate(reason="the test is over, and the views show the caseload only")
