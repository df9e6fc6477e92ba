"""`send`: every line of a facts file has one answer, whoever is killed or goes away meanwhile (ALL-1, ALL-2)."""

import asyncio
import json
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from cli import asking, sending
from cli.receipts import Receipts
from cli.sending import send_facts
from tests.e2e.test_command_line import Starter, fact, starter
from tests.workflow.living import Life, World, new_id, opening, today_in_missouri
from tests.workflow.test_stuck import worker
from workflows.start import Start

__all__ = ["starter"]

SECOND = timedelta(seconds=1)


def contact(case: str, message_id: str) -> str:
    return fact(case, "contact_made", message_id, type="phone")


def facts_file(directory: Path, lines: Iterable[str]) -> Path:
    file = directory / "facts.ndjson"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def answers_in(receipts: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in receipts.read_bytes().splitlines()] if receipts.exists() else []


def receipts_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.receipts.ndjson")


async def open_cases(world: World, count: int) -> list[Life]:
    return list(await asyncio.gather(*(world.open() for _ in range(count))))


async def start_unattended(world: World, queue: str) -> Life:
    """A case nobody works on."""
    return await world.start(Start(opened=opening(today_in_missouri())), task_queue=queue)


async def until_answered(receipts: Path, lines: int) -> None:
    while len(answers_in(receipts)) < lines:
        await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_run_killed_in_the_midst_goes_on_and_every_line_has_one_answer(
    starter: Starter, world: World, tmp_path: Path
) -> None:
    cases = await open_cases(world, 10)
    lines = [contact(cases[n % 10].id, f"m-{n}") for n in range(160)]
    lines += lines[:40]  # sent twice
    lines[::50] = ["no fact"] * len(lines[::50])
    lines[25] = contact("no-such-case", "m-25")
    file = facts_file(tmp_path, lines)
    receipts = receipts_of(file)

    environment = {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{world.settings.port}",
        "TEMPORAL_NAMESPACE": "reengagement",
        "REENGAGEMENT_HOME": str(world.settings.home),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "starter.py", "send", str(file)),
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
    )
    await asyncio.wait_for(until_answered(receipts, 30), 30)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert len(answers_in(receipts)) < len(lines), "it was not killed in the midst"
    with receipts.open("ab") as torn:
        torn.write(b'{"line": 31, "ca')  # as a kill in the middle of an answer leaves it

    resumed = await starter("send", file)
    assert resumed.code == 3, resumed.err
    answers = answers_in(receipts)
    assert [answer["line"] for answer in answers] == list(range(1, len(lines) + 1))
    ends = [answer["ends"] for answer in answers]
    assert ends == sorted(ends)
    assert ends[-1] == file.stat().st_size

    sent = defaultdict(set)
    for line in lines:
        with suppress(ValueError):
            said = json.loads(line)
            sent[said["case"]].add(said["fact"]["message_id"])
    for case in cases:
        assert (await case.status()).facts_heard == 1 + len(sent[case.id])
    results = Counter(answer["result"] for answer in answers)
    assert (results["rejected"], results["refused"]) == (4, 1)
    for result, count in results.items():  # of the whole file, not of the last run
        assert [result, f"{count}"] in [row.strip("│ ").replace(" ", "").split("│") for row in resumed.out.splitlines()]
    assert "case: none of this id is open" in resumed.out


async def test_facts_of_one_case_are_heard_in_the_order_of_the_file(world: World, tmp_path: Path) -> None:
    first, second = await open_cases(world, 2)
    ids = [f"m-{n}" for n in range(60)]
    lines = [contact(first.id if n % 3 else second.id, id) for n, id in enumerate(ids)]
    file = facts_file(tmp_path, lines)
    assert await send_facts(world.client, file, receipts_of(file)) == 0
    for case, sent in ((first, [id for n, id in enumerate(ids) if n % 3]), (second, ids[::3])):
        assert [entry.ref for entry in await case.timeline() if entry.ref in ids] == sent


def with_a_line_before(lines: list[str]) -> list[str]:
    return ["no fact", *lines]


def cut_short(lines: list[str]) -> list[str]:
    return lines[:2]


def with_another_case_on_a_line(lines: list[str]) -> list[str]:
    return [lines[0].replace("no-such", "na-such"), *lines[1:]]


@pytest.mark.parametrize("change", [with_a_line_before, cut_short, with_another_case_on_a_line])
async def test_a_file_changed_since_it_was_sent_is_refused_and_the_receipts_stay_as_they_were(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any
) -> None:
    lines = [contact("no-such-case", f"m-{n}") for n in range(4)]
    file = facts_file(tmp_path, lines)
    assert await send_facts(world.client, file, receipts_of(file)) == 3
    before = receipts_of(file).read_bytes()
    facts_file(tmp_path, change(lines))
    assert await send_facts(world.client, file, receipts_of(file)) == 2
    assert "the file was changed, or the receipts are of another" in capsys.readouterr().err
    assert receipts_of(file).read_bytes() == before


async def test_lines_added_to_a_file_that_was_sent_are_sent(world: World, tmp_path: Path) -> None:
    lines = [contact("no-such-case", f"m-{n}\u2028") for n in range(2)]  # to some a line separator
    for so_far in (1, 2):
        file = facts_file(tmp_path, lines[:so_far])
        assert await send_facts(world.client, file, receipts_of(file)) == 3
        assert [answer["line"] for answer in answers_in(receipts_of(file))] == [1, 2][:so_far]


@pytest.mark.parametrize("content", ["no receipts", '{"line": 1}\n', "[1]\n", '{"case": "c"}', "\0" * 8])
async def test_a_file_that_holds_no_receipts_is_not_written_to(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file, other = facts_file(tmp_path, [contact("no-such-case", "m")]), tmp_path / "other"
    other.write_text(content)
    assert await send_facts(world.client, file, other) == 2
    assert "is no receipt" in capsys.readouterr().err
    assert other.read_text() == content


async def test_two_runs_do_not_write_the_same_receipts(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = facts_file(tmp_path, [contact("no-such-case", "m")])
    with Receipts(receipts_of(file)):
        assert await send_facts(world.client, file, receipts_of(file)) == 2
    assert "another run" in capsys.readouterr().err
    assert await send_facts(world.client, file, receipts_of(file)) == 3


async def test_while_no_worker_answers_a_run_waits_and_then_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "ANSWER_WITHIN", SECOND)
    queue = new_id()
    life = await start_unattended(world, queue)
    file = facts_file(tmp_path, [contact(life.id, f"m-{n}") for n in range(3)])
    run = asyncio.create_task(send_facts(world.client, file, receipts_of(file)))
    await asyncio.sleep(4)
    assert not run.done()
    async with worker(world, queue):
        assert await run == 0
    said = capsys.readouterr().err
    assert said.index("waiting") < said.index("going on")
    assert [answer["result"] for answer in answers_in(receipts_of(file))] == ["recorded"] * 3


async def test_when_nobody_answers_for_too_long_a_run_ends_and_says_how_to_go_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asking, "ANSWER_WITHIN", SECOND)
    life, [there] = await start_unattended(world, new_id()), await open_cases(world, 1)
    file = facts_file(tmp_path, [contact(there.id, "m-1"), contact(life.id, "m-2"), contact(there.id, "m-3")])
    assert await send_facts(world.client, file, receipts_of(file), patience=2 * SECOND) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "is a worker running?" in said
    assert "1 lines are answered; run the same command again to go on" in said
    assert [answer["line"] for answer in answers_in(receipts_of(file))] == [1]


async def test_where_there_are_no_cases_at_all_none_is_said_to_be_closed(world: World, tmp_path: Path) -> None:
    nowhere = await Client.connect(f"127.0.0.1:{world.settings.port}", namespace="no-such-namespace")
    file = facts_file(tmp_path, [contact("a-case", "m")])
    assert await send_facts(nowhere, file, receipts_of(file), patience=SECOND) == 1
    assert answers_in(receipts_of(file)) == []


@workflow.defn(sandboxed=False)
class Broken:
    """Its workflow task fails for ever."""

    @workflow.run
    async def run(self) -> None:
        raise ZeroDivisionError


@pytest.mark.slow
async def test_a_case_whose_workflow_task_fails_does_not_hold_up_the_others(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AHEAD", 2)
    queue, [life] = new_id(), await open_cases(world, 1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Worker(world.client, task_queue=queue, workflows=[Broken]))
        broken = await world.client.start_workflow(Broken.run, id=new_id(), task_queue=queue)
        stack.push_async_callback(broken.terminate)
        while (await broken.describe()).raw_description.pending_workflow_task.attempt < 3:
            await asyncio.sleep(0.1)  # until then the server hopes, and says nothing
        lines = [contact(id, f"m-{n}") for n, id in enumerate([life.id, broken.id, life.id, broken.id, life.id])]
        file = facts_file(tmp_path, lines)
        assert await send_facts(world.client, file, receipts_of(file), patience=5 * SECOND) == 3
    answers = answers_in(receipts_of(file))
    assert [answer["result"] for answer in answers] == [
        *("recorded", "unanswered", "recorded", "unanswered", "recorded")
    ]
    assert "docs/runbook.md" in answers[1]["says"]
