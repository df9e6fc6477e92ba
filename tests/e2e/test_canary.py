"""ALL-6: personal words, planted wherever a text can be written, stand in no place that Temporal or our logs keep."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError

from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from converter.plugin import plugin
from domain.facts import KINDS
from domain.staffing.facts import STAFFING_KINDS
from settings import Settings
from tests.e2e.faulty_worker import FAILS_THE_TASK
from tests.e2e.planting import WORDS, Canaries, answers
from tests.e2e.searching import Search, Ui, by_grpc, files
from tests.workflow.living import MISSOURI, OREGON, Life, Staffing, World, raw
from workflows.start import Start

SIGNALLED_TOO = ("contact_made", "response", "address_changed", "opened", "task_done", "no_such_kind")

COMMANDS: tuple[tuple[str, ...], ...] = (
    (
        *("open", "--person", "{text}", "--name", "{text}", "--address", "{text}; {text}; MO; 63101"),
        *("--plan", "{text}", "--sanction-began", "2026-01-05", "--provider", "MWA-STL-01", "--required-hours", "30"),
    ),
    ("import", "{caseload}"),
    ("send", "{facts}"),
    (
        *("staffing", "open", "{case}", "--role", "community_partner"),
        *("--partner", "{text}", "--requester", "{text}", "--by", "{text}"),
    ),
    ("staffing", "record", "{staffing}", "screening_offered", "screening={text}", "--by", "{text}"),
    ("staffing", "decide", "{staffing}", "no_good_cause", "--by", "{text}", "--reason", "{text}"),
    ("adopt", "mo-mwa/2016-01-01", "--case", "{case}", "--why", "{text}"),
    ("quarantine", "resubmit", "{case}", "{entry}", "--edit", "note={text}"),
    ("quarantine", "resubmit", "{case}", "{entry}", '{{"kind": "{text}"}}'),
    ("quarantine", "dismiss", "{case}", "{entry}", "--why", "{text}", "--by", "{text}"),
    ("show", "{text}"),
    ("list", "--where", "Provider = '{text}'"),
)
"""What takes a text on the command line, with texts nobody may keep in the clear."""

TAKES_NO_TEXT = {
    *("provider", "program", "sanction_began", "months_through", "sanctioned_month", "edition_", "role"),
    *("staffing", "kind", "finding", "entry", "remove", "name", "only"),
}
"""Parameters of the command line for a code, a date or a name that the software gives."""


@dataclass
class Stage:
    """A server with a database file and a worker with faults, as people run them, in a home of their own."""

    home: Path
    canaries: Canaries = field(default_factory=Canaries)

    def __post_init__(self) -> None:
        self.port, self.ui_port = free_ports(2)

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, port=self.port, ui_port=self.ui_port)

    @property
    def environment(self) -> dict[str, str]:
        ours = ("REENGAGEMENT_", "TEMPORAL_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return inherited | {
            "REENGAGEMENT_HOME": str(self.home),
            "REENGAGEMENT_PORT": str(self.port),
            "REENGAGEMENT_UI_PORT": str(self.ui_port),
            "REENGAGEMENT_SHUTDOWN_SECONDS": "2",
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        log = self.home / "worker.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.faulty_worker", "--dev"],
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            until = time.monotonic() + 60
            while '"event": "working"' not in log.read_text():
                assert worker.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            worker.terminate()
            try:
                worker.wait(20)
            finally:
                worker.kill()

    async def world(self) -> World:
        settings = self.settings
        client = await Client.connect(f"127.0.0.1:{self.port}", namespace=settings.namespace, plugins=[plugin()])
        return World(client, settings, Records.open(settings.records), Outbox(settings.letters))

    async def command(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "starter.py",
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert b"Traceback" not in said, said.decode()
        return said.decode()


@dataclass
class Telling:
    """Everything that can be told is told, with a canary in every text."""

    stage: Stage
    world: World

    async def everything(self) -> None:
        await asyncio.gather(
            *(self.by_update_and_signal(kind) for kind in KINDS),
            self.a_life(),
            self.a_staffing(),
            self.what_cannot_be_read(),
            self.what_fails(),
            self.on_the_command_line(),
        )

    def fact(self, kind: str, **given: Any) -> dict[str, Any]:
        return self.stage.canaries.fact((KINDS | STAFFING_KINDS)[kind], **given)

    async def open(self, program: str = "mo", **given: Any) -> Life:
        in_oregon = {"provider": "ODHS-PDX-01", "sanction_began": None} if program == "or" else {}
        opened = self.fact("opened", **in_oregon | given)
        return await self.world.start(Start(opened=opened, edition=OREGON if program == "or" else MISSOURI))

    async def by_update_and_signal(self, kind: str) -> None:
        life = await self.open("mo" if MISSOURI.has(KINDS[kind].rule) else "or")
        said = {
            "staffing_requested": {"role": "family_coach", "partner": None},
            "staffing_decided": {"record": answers(self.stage.canaries), "finding": "no_good_cause"},
            "withdrawn": {"withdraws": await self.first_told(life)},
        }.get(kind, {})
        await life.handle.execute_update(kind, self.fact(kind, **said))
        with suppress(Exception):  # the case may have ended by it
            await life.handle.signal(kind, self.fact(kind, **said))

    async def first_told(self, life: Life) -> str:
        """The message id of a fact the case has heard."""
        told = self.fact("contact_made")
        await life.handle.execute_update("contact_made", told)
        return str(told["message_id"])

    async def a_life(self) -> None:
        """Letters, an agreement, two good weeks, the lift: to the end."""
        life = await self.open(months_counted=12, call_in_answered=True)
        await life.until(lambda status: status.letters_sent == 1)
        await life.days(31)
        await life.handle.execute_update("response", self.fact("response"))
        await life.handle.execute_update("good_cause_finding", self.fact("good_cause_finding"))
        await life.until_done()
        await life.handle.execute_update("sanction_lifted", self.fact("sanction_lifted"))
        assert (await life.result()).outcome == "lifted_by_good_cause"

    async def a_staffing(self) -> None:
        """A staffing with every kind of record, decided; and a request of a partner, whose name is the canary's."""
        life = await self.open("or")
        staffing = await life.staffing()
        for kind in ("screening_offered", "contact_attempted", "engagement_option_offered", "attendance_recorded"):
            await staffing.handle.execute_update(kind, self.fact(kind))
        for answer in answers(self.stage.canaries):
            await staffing.handle.execute_update("consideration_answered", answer)
        await staffing.handle.execute_update("decided", self.fact("decided", finding="no_good_cause"))
        await life.until(lambda status: not status.open_commands)
        released = self.fact("release_filed")
        await life.handle.execute_update("release_filed", released)
        by_partner = {"role": "community_partner", "partner": released["partner"]}
        await life.handle.execute_update("staffing_requested", self.fact("staffing_requested", **by_partner))
        second: Staffing = await life.staffing(2)
        for kind in ("withdrawn", "ended"):
            with suppress(WorkflowUpdateFailedError):  # nothing was told that could be withdrawn
                await second.handle.execute_update(kind, self.fact(kind))

    async def what_cannot_be_read(self) -> None:
        """Quarantine, of a case and of an opening; and what is refused."""
        canary = self.stage.canaries.text
        life = await self.open()
        for said in (canary("a text"), {canary("a name"): canary("a value")}, [canary("a list")], raw(b"\xff{not")):
            await life.handle.signal("contact_made", said)
            await life.handle.signal("no_such_kind", said)
        await life.handle.signal("contact_made", raw(canary("bytes").encode() + b"\xff", "binary/plain"))
        await life.handle.signal("contact_made", args=[canary("one"), canary("too many")])
        for wrong in ({"type": canary("type")}, {canary("field"): 1}, {"happened_on": canary("date")}):
            with pytest.raises(WorkflowUpdateFailedError):
                await life.handle.execute_update("contact_made", self.fact("contact_made", **wrong))
        held = (await life.until(lambda status: len(status.quarantine) > 9)).quarantine
        why = {"why": canary("why"), "by": canary("by")}
        await life.handle.execute_update("quarantine_dismiss", {"entry": held[0].id, **why})
        again = {"entry": held[1].id, "fact": self.fact("contact_made")}
        await life.handle.execute_update("quarantine_resubmit", again)
        await self.world.start({"opened": self.fact("opened", required_hours=canary("hours"))})
        await self.world.start(canary("a start"))

    async def what_fails(self) -> None:
        """Messages that fail their workflow task, and a query that fails; letters fail anyway."""
        life = await self.open()
        words = [f"{self.stage.canaries.word(way)}-{FAILS_THE_TASK}" for way in ("signal", "update")]
        signal, update = (self.fact("contact_made", message_id=word) for word in words)
        await life.handle.signal("contact_made", signal)
        await life.handle.execute_update("contact_made", update)
        with pytest.raises(WorkflowQueryFailedError):
            await life.handle.query("explain")

    async def on_the_command_line(self) -> None:
        canary, home = self.stage.canaries.text, self.stage.home.parent
        life, in_oregon = await self.open(), await self.open("or")
        staffing = await in_oregon.staffing()
        await life.handle.signal("contact_made", self.fact("contact_made", type=canary("type")))
        status = await life.until(lambda status: status.quarantine)
        caseload, facts = home / "caseload.ndjson", home / "facts.ndjson"
        opened = {name: value for name, value in self.fact("opened").items() if name in _IN_A_CASELOAD}
        caseload.write_text(json.dumps({"person_id": canary("person"), "program": "mo-mwa", "opened": opened}))
        lines = [{"case": life.id, "fact": self.fact("contact_made")}, {"case": life.id, "fact": canary("fact")}]
        facts.write_text("\n".join(map(json.dumps, lines)))
        given = {"case": life.id, "staffing": staffing.handle.id, "entry": status.quarantine[0].id}
        places = given | {"caseload": str(caseload), "facts": str(facts)}
        for command in COMMANDS:
            arguments = [one.format(text=canary(" ".join(command[:2])), **places) for one in command]
            await self.stage.command(*arguments)


_IN_A_CASELOAD = ("name", "address", "plan", "sanction_began", "provider", "required_hours")


async def search(stage: Stage, world: World) -> Search:
    """Everything the run left behind, and everything the server tells."""
    found = Search(WORDS)
    ids = await by_grpc(found, world.client)
    await asyncio.to_thread(Ui(stage.ui_port, world.settings.namespace).search, found, ids)
    for command in (("list", "--json"), ("quarantine", "list", "--json")):
        found.look(f"output of `{' '.join(command)}`", (await stage.command(*command)).encode())
    files(found, stage.home)
    return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("canary") / "home"
    home.mkdir()
    stage = Stage(home)
    with stage.running():
        yield stage


@pytest.mark.slow
async def test_nothing_personal_stands_anywhere_but_in_encrypted_payloads(stage: Stage) -> None:
    world = await stage.world()
    t=time.monotonic()
    await Telling(stage, world).everything()
    print('told', time.monotonic()-t)
    found = await search(stage, world)
    print('searched', time.monotonic()-t)
    print([one.examples for one in found.places.values() if "output" in one.name])
    print(f"\n{len(stage.canaries.planted)} texts planted\n{found.table()}")
    assert [(one.name, one.hits, one.examples) for one in found.places.values() if one.hits] == []
