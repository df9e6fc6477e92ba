"""What an audit costs: lives of sixty months archived, then replayed plainly, replayed strictly, and verified whole."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.archive.runs import Archivist
from activities.archive.store import Archive
from audit.life import archived
from audit.opening import Opener
from audit.replay import replayed
from audit.verify import all_of, decisions
from benchmarks import measures
from benchmarks.measures import Measured, Spent
from benchmarks.results import Row
from connect import encrypting, keys
from converter.codec import CaseCodec
from settings import Settings
from signing import signing_key
from workflows.start import AUDITED


@dataclass
class Audited:
    """What was measured over the same lives, round by round; `kept` is bytes a life."""

    plain: list[Spent] = field(default_factory=list)
    strict: list[Spent] = field(default_factory=list)
    folded: list[Spent] = field(default_factory=list)
    whole: list[Spent] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)


async def audit(client: Client, settings: Settings, measured: Measured, rounds: int) -> Audited:
    """Archive the lives that were lived, then audit them round after round, each way in turn."""
    archive, key = Archive.open(settings.archive), signing_key(settings.signing)
    archivist = Archivist(client, archive, key, AUDITED)
    await ActivityEnvironment().run(archivist.archive_closed_runs, None, datetime.now(UTC))
    ids = [history.workflow_id for history in measured.histories]
    events, codec, found = (
        sum(len(history.events) for history in measured.histories),
        CaseCodec(keys(settings)),
        Audited(),
    )

    async def strictly(case: str) -> None:
        life = archived(archive, case)
        opener = Opener(codec)
        for run in life.runs:
            result = await replayed(run.workflow_id, await opener.opened(run))
            assert result.commands

    async def by_the_core(case: str) -> None:
        assert not (await decisions(archived(archive, case), Opener(codec))).faults

    async def wholly(case: str) -> None:
        steps = [step async for step in all_of(archived(archive, case), key.public_key(), Opener(codec))]
        assert len(steps) > 1

    for _ in range(rounds):
        found.plain.append(await measures.replay(measured.histories, encrypting(settings)))
        found.strict.append(await _timed(ids, strictly, events))
        found.folded.append(await _timed(ids, by_the_core, events))
        found.whole.append(await _timed(ids, wholly, len(ids)))
    found.kept = [archive.bytes_kept(case) for case in ids]
    return found


async def _timed(ids: list[str], do: Callable[[str], Awaitable[Any]], count: int) -> Spent:
    began = time.perf_counter()
    for case in ids:
        await do(case)
    return Spent(count, time.perf_counter() - began)


def audit_rows(found: Audited) -> list[Row]:
    """Strict and whole verification beside plain replay of the same lives in the same round."""

    def rates(spent: list[Spent]) -> list[float]:
        return [one.count / one.seconds for one in spent]

    def beside_plain(spent: list[Spent]) -> list[tuple[float, float | None]]:
        return list(zip(rates(spent), rates(found.plain), strict=True))

    minutes = [(rate * 60, None) for rate in rates(found.whole)]
    return [
        Row("events, strict replay", "/s", beside_plain(found.strict)),
        Row("events, decisions folded", "/s", beside_plain(found.folded)),
        Row("lives of 60 months verified", "/min", [*minutes]),
        Row("life of 60 months, archived", "KiB", [(size / 1024, None) for size in found.kept], "less"),
    ]
