"""The whole life of a case: every run of it and of its staffings, and the manifest that speaks for them. ALL-8."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio.api.history.v1 import History
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from activities.archive.links import Link
from activities.archive.reading import as_json
from activities.archive.store import Archive
from signing import NotGenuine, read_unverified
from workflows.start import STAFFING_WORKFLOW


class Run(BaseModel):
    """One run: its history in JSON, payloads sealed as they are. What is not archived yet is so far as it had come."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workflow_id: str
    run_id: str
    is_archived: bool
    history: dict[str, Any]

    def read(self) -> History:
        """The history as Temporal's message. Raises ValueError where it is none."""
        try:
            return History(events=WorkflowHistory.from_json(self.workflow_id, self.history).events)
        except Exception as error:
            raise ValueError(f"run {self.run_id} is no history: {type(error).__name__}") from None


class Life(BaseModel):
    """A case's links, as they were written, and its runs, in the order of the links.

    With `is_all` the server was asked too, and what is open, or not archived yet, comes last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    manifest: tuple[str, ...]
    runs: tuple[Run, ...]
    is_all: bool = False


def archived(archive: Archive, folder: str) -> Life:
    """What the archive has of a case. Raises ValueError where a link or history can't be read; OSError."""
    texts = archive.manifest(folder)
    links = [link_of(text) for text in texts]
    runs = [
        Run(
            workflow_id=link.workflow_id,
            run_id=link.run_id,
            is_archived=True,
            history=archive.history(folder, link.run_id),
        )
        for link in links
    ]
    return Life(case=links[0].case if links else folder, manifest=tuple(texts), runs=tuple(runs))


async def with_what_is_open(life: Life, client: Client) -> Life:
    """The same with what the server has of it beside: the open runs of the case and its staffings. Raises RPCError."""
    known = {run.run_id for run in life.runs}
    ids = [life.case]
    query = f"WorkflowType = '{STAFFING_WORKFLOW}' AND CaseId = '{life.case}'"
    ids += [one.id async for one in client.list_workflows(query)]
    runs = [run for id in dict.fromkeys(ids) for run in await _chain(client, id, known)]
    return life.model_copy(update={"runs": (*life.runs, *runs), "is_all": True})


async def _chain(client: Client, workflow_id: str, known: set[str]) -> Sequence[Run]:
    """The runs of a workflow that are not known, the first one first."""
    found: list[Run] = []
    run_id: str | None = None
    while run_id is None or (run_id and run_id not in known):
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            run_id = run_id or (await handle.describe()).run_id
            if run_id in known:
                break
            history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                break
            raise
        read = History(events=history.events)
        found.append(Run(workflow_id=workflow_id, run_id=run_id, is_archived=False, history=as_json(read)))
        run_id = read.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return found[::-1]


def link_of(text: str) -> Link:
    """What a link says, whoever signed it. Raises ValueError where it says nothing."""
    try:
        return Link.model_validate(read_unverified(text))
    except NotGenuine as error:
        raise ValueError(str(error)) from None


def letters_of(texts: Iterable[str]) -> dict[str, str]:
    """The letters that the links of a manifest vouch for: hash of the PDF by effect id."""
    return {effect: sha256 for text in texts for effect, sha256 in link_of(text).letters.items()}
