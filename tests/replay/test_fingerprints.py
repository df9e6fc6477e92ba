"""What every recorded life comes to under this code, by fingerprint: no command changes without somebody knowing it."""

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from temporalio.api.history.v1 import History

from audit.replay import given
from tests.replay.test_histories import HISTORIES, name_of, recorded

FINGERPRINTS = Path(__file__).parent / "fingerprints.json"

LESSON = """
The code gives other {what} for a life that was begun under an earlier version ({life}).

Other commands, or another order of them, would stop every case under way: keep the old way for those that have passed
it (`workflow.patched`), and let only new runs go the new one. Cases pass into a new run yearly, or by `fleet move`.

Other contents do not stop a case, but change what it does from now on, and an audit of earlier runs will name them.
A rule never changes so: it changes by a new edition (docs/changing-a-rule.md).

If it is meant: `python -m tests.replay.test_fingerprints` writes them anew; say in CHANGELOG.md what changed.
"""


async def fingerprint(file: Path) -> dict[str, str]:
    """Of the commands' kinds in order, and of everything they say."""
    history = recorded(file)
    commands = await given(history.workflow_id, History(events=history.events))
    kinds = [(one.kind, one.about, one.content.get("type")) for one in commands]
    contents = [(one.kind, one.about, one.content) for one in commands]
    return {"commands": _digest(kinds), "contents": _digest(contents)}


def _digest(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("file", HISTORIES, ids=name_of)
async def test_a_life_comes_to_the_same_commands(file: Path) -> None:
    known, now = json.loads(FINGERPRINTS.read_text())[name_of(file)], await fingerprint(file)
    for what in ("commands", "contents"):
        if now[what] != known[what]:
            pytest.fail(LESSON.format(what=what, life=name_of(file)), pytrace=False)


async def write() -> None:
    """Write every fingerprint anew."""
    found = {name_of(file): await fingerprint(file) for file in HISTORIES}
    FINGERPRINTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    import asyncio

    sys.exit(asyncio.run(write()))
