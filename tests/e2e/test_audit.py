"""A life of sixty months is exported, verified and told when server and database are gone. ALL-4, ALL-8."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from domain.calendar import add_months, first_day, month_of
from settings import Settings
from signing import signing_key
from tests.workflow.living import Life, World
from tests.workflow.test_audit import archive_all

MONTHS = 60


def starter(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": "/usr/bin:/bin", "REENGAGEMENT_HOME": str(home), "REENGAGEMENT_PORT": "1025"}
    return subprocess.run(
        [sys.executable, "starter.py", "audit", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def sixty_months(world: World) -> Life:
    """Opened in the first month, at the limit in the sixtieth, over two continue-as-new."""
    life = await world.open(months_counted=0, continue_after_days=750)
    await life.days(40)
    await life.tell("response", answer="refuses")
    await life.days(700)
    await life.tell("contact_made", type="phone")
    await life.to(first_day(add_months(month_of(await life.today()), MONTHS - 24)))
    await life.until_done()
    await life.tell("ta_case_closed")
    await life.result()
    return life


@pytest.fixture(scope="module")
async def gone(tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, str, int]":
    """The home of a server that is no more; a case that was archived there, and how many letters it had."""
    home = tmp_path_factory.mktemp("audited")
    port, ui_port, codec_port = free_ports(3)
    ports = {"port": port, "ui_port": ui_port, "codec_port": codec_port}
    settings = Settings(home=home, providers=Path("samples/providers.yaml").resolve(), shutdown_seconds=2, **ports)
    async with devserver.running(settings) as client, worker.working(client, settings):
        world = World(client, settings, Records.open(settings.records), Outbox(settings.letters))
        life = await sixty_months(world)
        await archive_all(world)
        letters = len(life.letter_dates())
    for file in home.glob("temporal*"):
        file.unlink() if file.is_file() else shutil.rmtree(file)
    return home, life.id, letters


def test_a_life_of_sixty_months_is_exported_verified_and_told_without_a_server(
    gone: tuple[Path, str, int], tmp_path: Path
) -> None:
    home, case, letters = gone
    file = tmp_path / "life.json"
    exported = starter(home, "export", case, "-o", str(file))
    assert exported.returncode == 0, exported.stderr
    assert "No Temporal server answers" in exported.stderr
    verified = starter(home, "verify", str(file), "--letters", str(home / "outbox"))
    assert verified.returncode == 0, verified.stdout
    assert "not proven" not in verified.stdout
    document = json.loads(file.read_text())["document"]
    assert len(document["runs"]) >= 3
    assert len(document["letters"]) == letters
    told = json.loads(starter(home, "explain", str(file), "--format", "json").stdout)
    assert told["stands"].startswith("closed (lifetime_limit)")
    sent = [line for line in told["lines"] if line["what"] == "effect" and "/letter/" in line["ref"]]
    assert len(sent) == letters
    assert all(line["because"][0]["cites"] for line in told["lines"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("verify",), 2, "either FILE or --all"),
        (("verify", "README.md"), 1, "is no signed document"),
        (("verify", "{life}", "--key", "README.md"), 2, "--key"),
        (("verify", "{life}", "--key", "{other}"), 1, "signed_by"),
        (("explain", "no-such-case"), 1, "neither the archive nor the server has such a case"),
        (("explain", "README.md"), 1, "is no signed document"),
        (("export", "no-such-case"), 1, "neither the archive nor the server has such a case"),
    ],
)
def test_wrong_input_is_an_error_that_says_what_is_wrong(
    gone: tuple[Path, str, int], tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    home, case, _ = gone
    files = {"life": tmp_path / "life.json", "other": tmp_path / "other.pub"}
    signing_key(tmp_path / "other.key")
    assert starter(home, "export", case, "-o", str(files["life"])).returncode == 0
    ran = starter(home, *(one.format(**files) for one in arguments))
    assert (ran.returncode, says in ran.stdout + ran.stderr) == (code, True), ran.stdout + ran.stderr


def test_without_the_keys_of_a_case_only_what_needs_none_is_proven(gone: tuple[Path, str, int], tmp_path: Path) -> None:
    home, case, _ = gone
    file = tmp_path / "life.json"
    assert starter(home, "export", case, "-o", str(file)).returncode == 0
    shutil.copy(home / "signing.pub", tmp_path / "signing.pub")
    ran = starter(tmp_path, "verify", str(file))
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert (ran.stdout.count("passed"), ran.stdout.count("not proven")) == (3, 3)
    assert not (tmp_path / "master.keys").exists()
