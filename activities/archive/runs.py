"""The activity that archives closed runs: of cases and staffings, and the earlier runs of those still open. ALL-8."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import History
from temporalio.client import Client
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from activities.archive.links import Link, genuine, hash_before, hash_of, hash_of_history, marks_of
from activities.archive.reading import as_json, build_ids, editions, letters, opened, reset_from, started
from activities.archive.register import Newest, enter
from activities.archive.store import REGISTER, Archive, folder_of
from domain.archiving import Archived
from domain.commands import case_of
from signing import NotGenuine, signed

_MANIFESTS_KNOWN = 10_000
_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class _Run:
    workflow_id: str
    run_id: str
    history: History


@dataclass
class _Manifest:
    texts: list[str]
    links: list[Link] = field(default_factory=list)

    @property
    def runs(self) -> set[str]:
        return {link.run_id for link in self.links}


class Archivist:
    """Archives closed runs, each once, the earlier runs of a chain before the later ones."""

    def __init__(self, client: Client, archive: Archive, key: Ed25519PrivateKey, kinds: Sequence[str]) -> None:
        self._client, self._archive, self._key, self._kinds = client, archive, key, kinds

    @activity.defn(name="archive_closed_runs")
    async def archive_closed_runs(self, since: datetime | None, until: datetime) -> Archived:
        """Archive every run closed since a moment, or ever; `until` is now. What was archived before stays as it is."""
        archiving = _Archiving(self._client, self._archive, self._key)
        async with _telling_how_far(archiving):
            newest_first = [(one.id, one.run_id) async for one in self._client.list_workflows(self._closed(since))]
            await archiving.see_to_all(reversed(newest_first))
            await archiving.enter()
        gone, refused = tuple(archiving.gone), tuple(archiving.refused.values())
        return Archived(archiving.done, archiving.known, gone, refused, until)

    def _closed(self, since: datetime | None) -> str:
        kinds = ", ".join(f"'{kind}'" for kind in self._kinds)
        closed = f"ExecutionStatus != 'Running' AND WorkflowType IN ({kinds})"
        return f"{closed} AND CloseTime >= '{since.isoformat()}'" if since else closed


class _Archiving:
    """One archiving: the manifests it has read, and what it has come to."""

    def __init__(self, client: Client, archive: Archive, key: Ed25519PrivateKey) -> None:
        self._client, self._archive, self._key = client, archive, key
        self._manifests: LRUCache[str, _Manifest] = LRUCache(_MANIFESTS_KNOWN)
        self.known, self.done = 0, 0
        self.gone: list[str] = []
        self.refused: dict[str, str] = {}
        self._newest: dict[str, Newest] = {}
        self._counter = activity.metric_meter().create_counter("reengagement_runs_archived")

    async def see_to_all(self, runs: Iterable[tuple[str, str]]) -> None:
        """See that these are archived, the first ones first; some cases side by side, for each waits for the server."""
        by_case: dict[str, list[tuple[str, str]]] = {}
        for workflow_id, run_id in runs:
            by_case.setdefault(case_of(workflow_id), []).append((workflow_id, run_id))
        waiting = iter(by_case.values())

        async def take() -> None:
            for of_case in waiting:
                for workflow_id, run_id in of_case:
                    await self.see_to(workflow_id, run_id)

        taking = [asyncio.create_task(take()) for _ in range(_SIDE_BY_SIDE)]
        try:
            await asyncio.gather(*taking)
        finally:
            for one in taking:
                one.cancel()

    async def see_to(self, workflow_id: str, run_id: str) -> None:
        """See that a closed run is archived, and those before it."""
        case = case_of(workflow_id)
        try:
            if run_id in (await self._manifest(case)).runs:
                self.known += 1
                self._note(case, await self._manifest(case))
                return
            runs, gone = await self._unarchived(workflow_id, run_id)
            kept = sum([await self._keep(case, run) for run in runs])
            self.done += kept
            self.gone += gone
            self._count(kept=kept, gone=len(gone))
        except NotGenuine as error:
            self.refused[case] = f"{case}: {error}"
            self._count(refused=1)

    async def enter(self) -> None:
        """Enter into the register how far the cases that were seen have come."""
        try:
            await asyncio.to_thread(enter, self._archive, self._newest, self._key)
        except (NotGenuine, ValidationError) as error:
            self.refused[REGISTER] = f"the register: {str(error).splitlines()[0]}"
            self._count(refused=1)

    def _note(self, case: str, manifest: _Manifest) -> None:
        self._newest[folder_of(case)] = (len(manifest.texts), hash_of(manifest.texts[-1].encode()))

    def _count(self, **results: int) -> None:
        for result, runs in results.items():
            self._counter.add(runs, {"result": result})

    async def _unarchived(self, workflow_id: str, run_id: str) -> tuple[list[_Run], list[str]]:
        """A run and those before it that are not archived, the first one first; and which of them is gone already."""
        found: list[_Run] = []
        manifest = await self._manifest(case_of(workflow_id))
        while run_id and run_id not in manifest.runs:
            handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
            try:
                history = await handle.fetch_history()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
                return found[::-1], [f"{workflow_id} {run_id}"]
            run = _Run(workflow_id, run_id, History(events=history.events))
            found.append(run)
            run_id = reset_from(run.history, run_id) or started(run.history).continued_execution_run_id
        return found[::-1], []

    async def _manifest(self, case: str) -> _Manifest:
        """The links of a case. Raises NotGenuine where they were tampered with: nothing is added to such a chain."""
        known = self._manifests.get(case)
        if known is None:
            texts = await asyncio.to_thread(self._archive.manifest, case)
            known = self._manifests[case] = _Manifest(texts, genuine(texts, self._key.public_key()))
        return known

    async def _keep(self, case: str, run: _Run) -> bool:
        """Keep the history first, then the link that speaks for it: what dies in between is done again.

        False where another archivist was faster. Two of them never come to two links: whether there is one and what
        number is next is asked at the same moment, and of one number there is only one.
        """
        history = await asyncio.to_thread(as_json, run.history)
        await asyncio.to_thread(self._archive.keep_history, case, run.run_id, history)
        read = await opened(run.history, self._codec(run.workflow_id))
        while True:
            manifest = await self._manifest(case)
            if run.run_id in manifest.runs:
                return False
            link = _link(case, run, read, history, manifest.texts)
            text = signed(link.model_dump(mode="json"), self._key)
            if await asyncio.to_thread(self._archive.add_link, case, link.number, text):
                manifest.texts.append(text)
                manifest.links.append(link)
                self._note(case, manifest)
                return True
            self._manifests.pop(case, None)

    def _codec(self, workflow_id: str) -> Any:
        context = WorkflowSerializationContext(namespace=self._client.namespace, workflow_id=workflow_id)
        return self._client.data_converter.with_context(context).payload_codec


@asynccontextmanager
async def _telling_how_far(archiving: _Archiving) -> AsyncIterator[None]:
    """Heartbeats, however long a single run takes to be kept: the server soon notices when nobody is at it any more."""

    async def beat() -> None:
        while True:
            activity.heartbeat(archiving.done + archiving.known)
            await asyncio.sleep(1)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


def _link(case: str, run: _Run, read: History, history: Any, texts: Sequence[str]) -> Link:
    start, last = started(run.history), run.history.events[-1]
    return Link(
        case=case,
        number=len(texts) + 1,
        previous=hash_before(texts[-1] if texts else None),
        workflow_id=run.workflow_id,
        workflow_type=start.workflow_type.name,
        run_id=run.run_id,
        first_run_id=start.first_execution_run_id,
        continued_from=start.continued_execution_run_id or None,
        continued_as=last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id or None,
        reset_from=reset_from(run.history, run.run_id),
        status=EventType.Name(last.event_type).removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION_").lower(),
        started_at=run.history.events[0].event_time.ToDatetime(tzinfo=UTC),
        closed_at=last.event_time.ToDatetime(tzinfo=UTC),
        events=len(run.history.events),
        history_sha256=hash_of_history(history),
        event_marks=marks_of(history),
        build_ids=build_ids(run.history),
        editions=tuple(editions(read)),
        letters=letters(read),
        archived_at=datetime.now(UTC),
    )
