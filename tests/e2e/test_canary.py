"""ALL-6: personal words, planted wherever a text can be written, stand in no place that Temporal or our logs keep."""

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import httpx
import pytest
import typer
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import devserver
import worker
from activities.outbox import Outbox
from activities.records.store import Records
from chaos.stage import free_ports
from connect import encrypting
from converter.plugin import plugin
from domain.facts import KINDS
from domain.staffing.facts import STAFFING_KINDS
from settings import Settings
from starter import app
from tests.e2e.faulty_worker import FAILS_THE_TASK
from tests.e2e.planting import WORDS, Canaries, answers
from tests.e2e.searching import Search, Ui, by_grpc, files, measured
from tests.workflow.living import MISSOURI, OREGON, PATIENCE, Life, Staffing, World, raw
from workflows.attributes import PROVIDER
from workflows.start import Start

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
    ("policy", "adopt", "mo-mwa/2016-01-01", "--case", "{case}", "--why", "{text}"),
    ("quarantine", "resubmit", "{case}", "{entry}", "--edit", "note={text}"),
    ("quarantine", "resubmit", "{case}", "{entry}", '{{"kind": "{text}"}}'),
    ("quarantine", "dismiss", "{case}", "{entry}", "--why", "{text}", "--by", "{text}"),
    ("show", "{text}"),
    ("audit", "explain", "{text}"),
    ("policy", "undo", "{text}"),
    ("list", "--where", "Provider = '{text}'"),
)
"""What takes a text on the command line, with texts nobody may keep in the clear."""

PLANTED = {
    *("person", "name", "address", "plan", "partner", "requester", "by", "said", "reason", "why"),
    *("fact", "edit", "case", "where", "subject", "message"),
}
TAKES_NO_TEXT = {
    *("provider", "program", "sanction_began", "months_through", "sanctioned_month", "edition_", "role"),
    *("staffing", "kind", "finding", "entry", "remove", "only", "master", "ui", "namespace"),
    *("before", "after", "deployment", "noted"),
}
"""Parameters of the command line for a code, a date or a name that the software gives."""


@dataclass
class Stage:
    """A server with a database file and a worker with faults, as people run them, in a home of their own."""

    home: Path
    canaries: Canaries = field(default_factory=Canaries)

    def __post_init__(self) -> None:
        self.home.mkdir()
        self.port, self.ui_port, self.codec_port, metrics_port = free_ports(4)
        self.metrics = f"127.0.0.1:{metrics_port}"

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
            "REENGAGEMENT_CODEC_PORT": str(self.codec_port),
            "REENGAGEMENT_SHUTDOWN_SECONDS": "2",
            "REENGAGEMENT_METRICS": self.metrics,
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        log = self.home / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.faulty_worker", "--dev"],
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            until = time.monotonic() + 60
            while '"event": "working"' not in log.read_text():
                assert process.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()

    async def world(self) -> World:
        settings = self.settings
        client = await Client.connect(
            f"127.0.0.1:{self.port}", namespace=settings.namespace, plugins=[encrypting(settings)]
        )
        return World(client, settings, Records.open(settings.records), Outbox(settings.letters))

    async def commands(self, *commands: Sequence[str]) -> str:
        """What commands of the command line print."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.e2e.commands"),
            env=self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate(json.dumps(commands).encode())
        assert b"Traceback" not in said, said.decode()
        return said.decode()


@dataclass
class Telling:
    """Everything that can be told is told, with a canary in every text."""

    stage: Stage
    world: World

    async def everything(self) -> None:
        await asyncio.gather(
            self.every_kind("mo"),
            self.every_kind("or"),
            self.a_life(),
            self.a_staffing(),
            self.what_cannot_be_read(),
            self.what_fails(),
            self.on_the_command_line(),
            self.through_the_codec_server(),
        )

    def fact(self, kind: str, **given: Any) -> dict[str, Any]:
        return self.stage.canaries.fact((KINDS | STAFFING_KINDS)[kind], **given)

    async def open(self, program: str = "mo", **given: Any) -> Life:
        in_oregon = {"provider": "ODHS-PDX-01", "sanction_began": None} if program == "or" else {}
        opened = self.fact("opened", **in_oregon | given)
        return await self.world.start(Start(opened=opened, edition=OREGON if program == "or" else MISSOURI))

    async def every_kind(self, program: str) -> None:
        """Every kind of fact that cases of a program hear, as update and as signal; where one ends the case, a new one
        is opened."""
        life, first = await self.open(program), self.fact("contact_made")
        await life.handle.execute_update("contact_made", first)
        for kind in (kind for kind in KINDS if ("mo" if MISSOURI.has(KINDS[kind].rule) else "or") == program):
            said = {
                "staffing_requested": {"role": "family_coach", "partner": None},
                "staffing_decided": {"record": answers(self.stage.canaries), "finding": "no_good_cause"},
                "withdrawn": {"withdraws": first["message_id"]},
            }.get(kind, {})
            await life.handle.execute_update(kind, self.fact(kind, **said))
            with suppress(RPCError):  # the case may have ended by it
                await life.handle.signal(kind, self.fact(kind, **said))
            if (await life.status()).outcome:
                life, first = await self.open(program), self.fact("contact_made")
                await life.handle.execute_update("contact_made", first)

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

    async def through_the_codec_server(self) -> None:
        """As the UI does for whoever looks and sends: what is readable, what is not, and what is no payload."""
        address, headers = f"http://127.0.0.1:{self.stage.codec_port}", {"X-Namespace": self.world.settings.namespace}
        plain = {"metadata": {"encoding": _base64("json/plain")}, "data": _base64(self.stage.canaries.text("sent"))}
        async with httpx.AsyncClient(headers=headers, timeout=PATIENCE) as ui:
            sealed = (await ui.post(f"{address}/encode", json={"payloads": [plain]})).json()["payloads"]
            opened = (await ui.post(f"{address}/decode", json={"payloads": [*sealed, plain]})).json()["payloads"]
            assert opened[0] == plain
            wrong = self.stage.canaries.text("wrong")
            for said in ({"payloads": wrong}, {wrong: []}, {"payloads": [{"data": wrong}]}, wrong):
                assert not (await ui.post(f"{address}/decode", json=said)).is_server_error

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
        typed = [[one.format(text=canary("typed"), **places) for one in command] for command in COMMANDS]
        said = await self.stage.commands(*typed)
        for each in ("opened", "recorded 1, rejected 1", "no release", "unanswered", "kind: must be", "dismissed by"):
            assert each in said


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_IN_A_CASELOAD = ("name", "address", "plan", "sanction_began", "provider", "required_hours")


async def search(client: Client, settings: Settings) -> Search:
    """Everything the run left behind, and everything the server tells."""
    found = Search(WORDS)
    ids = await by_grpc(found, client)
    await asyncio.to_thread(Ui(settings.ui_port, settings.namespace).search, found, ids)
    files(found, settings.home)
    return found


@pytest.mark.slow
async def test_nothing_personal_stands_anywhere_but_in_encrypted_payloads(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "home")
    with stage.running():
        world = await stage.world()
        await Telling(stage, world).everything()
        assert "archived" in await stage.commands(("audit", "archive"))
        found = await search(world.client, stage.settings)
        if "metrics" in Settings.model_fields:
            measured(found, stage.metrics)
        listed = await stage.commands(("list", "--json"), ("quarantine", "list", "--json"))
        found.look("output of `list` and `quarantine list`", listed.encode())
    print(f"\n{len(stage.canaries.planted)} texts planted\n{found.table()}")
    assert [(one.name, one.hits, one.examples) for one in found.places.values() if one.hits] == []
    places = {"server database", "worker log", "search attributes", "failure texts", "UI: history", "archive"}
    assert places <= set(found.places)


# The search is worth something: it finds what is not encrypted, and looks into every place.


@workflow.defn
class Telltale:
    """Says aloud what it was told, wherever one can."""

    @workflow.run
    async def run(self, told: str) -> None:
        raise ApplicationError(told)

    @workflow.query
    def status(self) -> str:
        return workflow.memo_value("told", "")


@asynccontextmanager
async def in_the_clear(settings: Settings) -> AsyncIterator[tuple[World, Client]]:
    """A server and a worker without the codec, a worker for telltales, and a client that knows nothing of us."""
    async with devserver.running(settings) as encrypting_client:
        there = (f"127.0.0.1:{settings.port}", encrypting_client.namespace)
        client = await Client.connect(there[0], namespace=there[1], plugins=[plugin(None)])
        stock = await Client.connect(there[0], namespace=there[1])
        runner = UnsandboxedWorkflowRunner()
        async with (
            worker.working(client, settings),
            Worker(stock, task_queue="telltale", workflows=[Telltale], workflow_runner=runner),
        ):
            yield World(client, settings, Records.open(settings.records), Outbox(settings.letters)), stock


@pytest.mark.slow
async def test_without_encryption_it_finds_what_was_told_and_in_every_place_what_is_put_there(tmp_path: Path) -> None:
    canaries, (port, ui_port) = Canaries(), free_ports(2)
    settings = Settings(home=tmp_path, port=port, ui_port=ui_port, shutdown_seconds=1)
    async with in_the_clear(settings) as (world, stock):
        life = await world.start(Start(opened=canaries.fact(KINDS["opened"]), edition=MISSOURI))
        await life.until_done()
        found = await search(stock, settings)
        hits = {one.name for one in found.places.values() if one.hits}
        assert {"server database, write-ahead log", "UI: history", "UI: queries"} <= hits, found.table()

        word = canaries.word("everywhere")
        shown = TypedSearchAttributes([SearchAttributePair(PROVIDER, word)])
        telling = {"id": word, "memo": {"told": word}, "search_attributes": shown, "task_queue": "telltale"}
        with pytest.raises(WorkflowFailureError):
            await stock.execute_workflow("Telltale", word, **telling)
        for name in ("temporal.log", "worker.log", word):
            with (tmp_path / name).open("a") as file:
                file.write(word)
        found = await search(stock, settings)
    print(f"\n{found.table()}")
    assert {one.name for one in found.places.values() if not one.hits} <= HOLDS_NO_TEXT


HOLDS_NO_TEXT = {"server database, shared memory", "file case-id.key", "file master.keys", "file signing.key"} | {
    "file signing.pub",
    *(f"file keys.sqlite{suffix}" for suffix in ("", "-shm", "-wal")),
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "hidden",
    [
        lambda word: f"of {word}, today".encode(),
        lambda word: word.upper().encode(),
        lambda word: f"of {word}, today".encode().hex().encode(),
        lambda word: base64.b64encode(f"{word}, today".encode()),
        lambda word: base64.b64encode(f"f{word}, today".encode()),
        lambda word: base64.b64encode(f"of{word}, today".encode()),
        lambda word: base64.urlsafe_b64encode(f"of {word}, today".encode()),
        lambda word: json.dumps({"data": base64.b64encode(json.dumps(f"\u00e9{word}").encode()).decode()}).encode(),
    ],
)
def test_a_word_is_found_however_it_stands_there(word: str, hidden: Callable[[str], bytes]) -> None:
    found = Search(WORDS)
    found.look("somewhere", b"before " + hidden(word) + b" after")
    assert found.places["somewhere"].hits == 1


def test_what_stands_in_base64_is_searched_decoded_too() -> None:
    found = Search(WORDS)
    shouted = base64.b64encode(f"{WORDS[0].upper()} IS ILL".encode())  # its base64 is another than the word's
    found.look("a file", shouted)
    found.look_decoded("an answer", shouted)
    assert [one.hits for one in found.places.values()] == [0, 1]


def test_every_text_the_command_line_takes_is_planted_or_known_to_be_a_code() -> None:
    def callbacks(of: typer.Typer) -> Iterator[Callable[..., Any]]:
        yield from (one.callback for one in of.registered_commands if one.callback)
        for group in of.registered_groups:
            yield from callbacks(group.typer_instance or typer.Typer())

    takes = {
        name
        for callback in callbacks(app)
        for name, kind in get_type_hints(callback).items()
        if kind in (str, str | None, list[str] | None)
    }
    assert takes - TAKES_NO_TEXT == PLANTED
