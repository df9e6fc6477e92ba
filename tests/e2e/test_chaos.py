"""The short form of each part of `make chaos`: ALL-1 to ALL-3 while things go wrong."""

import asyncio
import sys
from pathlib import Path

import pytest

from chaos.parts import PARTS


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
async def test_no_promise_is_broken(part: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "chaos", "--short", "--part", part, "--keep", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
