"""The short form of each part of `make chaos`: ALL-1 to ALL-3 while things go wrong."""

import asyncio
import signal
import sys

import pytest

from chaos.parts import PARTS

PATIENCE = 250.0


async def chaos(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "chaos", "--short", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    except TimeoutError:
        process.send_signal(signal.SIGINT)  # it stops its server and workers
        said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
async def test_no_promise_is_broken(part: str) -> None:
    code, said = await chaos("--part", part)
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "part", "finding"),
    [
        ("deduplication-off", "chains", "heard 2 times"),
        ("effect-without-its-id", "kills", "the case says None"),
        ("letter-not-cancelled", "outage", "2 letters at the vendor, due were 1"),
    ],
)
async def test_a_bug_put_in_on_purpose_is_found(bug: str, part: str, finding: str) -> None:
    code, said = await chaos("--part", part, "--bug", bug)
    assert (code, finding in said) == (1, True), said
