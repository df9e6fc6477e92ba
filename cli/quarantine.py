"""`quarantine list | show | resubmit | dismiss`: what cases and staffings could not read or believe (ALL-2)."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from rich.table import Column, Table
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import RawValue
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from cli.asking import ANSWER_WITHIN, NoAnswer, answered
from cli.console import FAILED, OK, PARTLY, err, out, print_json, progress
from cli.correcting import as_fact, edited, json_object
from domain.intake import DISMISS, RESUBMIT, held_id
from workflows.inbox import text_of
from workflows.start import CASE_WORKFLOW, STAFFING_WORKFLOW

AT_ONCE = 16
OPEN_WITH_SOMETHING_HELD = (
    f"WorkflowType IN ('{CASE_WORKFLOW}', '{STAFFING_WORKFLOW}') AND ExecutionStatus = 'Running' AND Quarantined > 0"
)

Of = TypeVar("Of")


@dataclass(frozen=True)
class Held:
    """One quarantined message, of a case or a staffing."""

    case: str
    entry: str
    name: str
    received_at: str
    times: int
    reason: str
    content: str

    def listed(self) -> dict[str, Any]:
        """All but the content, which may be personal."""
        return {name: value for name, value in asdict(self).items() if name != "content"}


async def list_held(client: Client, where: str | None, *, as_json: bool) -> int:
    """What is in quarantine, over all open cases and staffings, without the content."""
    try:
        held, silent = await _held_in_all(client, where)
    except NoAnswer as error:
        return _failed(error)
    if as_json:
        print_json([one.listed() for one in held])
    else:
        shown = ("entry", "name", "received", "times", "reason")
        table = Table(Column("case", overflow="fold"), *shown, title=f"{len(held)} messages in quarantine")
        for one in held:
            received = datetime.fromisoformat(one.received_at)
            at = f"{received:%Y-%m-%d %H:%M %Z}"
            table.add_row(one.case, one.entry, one.name, at, str(one.times), one.reason)
        out.print(table, markup=False)
    return _told_of(silent)


async def show_held(client: Client, case: str, entry: str, *, as_json: bool) -> int:
    """One quarantined message with all it said. Shows personal content."""
    try:
        held = await _one(client, case, entry)
    except NoAnswer as error:
        return _failed(error)
    if as_json:
        print_json(asdict(held))
        return OK
    for name, value in held.listed().items():
        out.print(f"{name.replace('_', ' '):11}  {value}", markup=False, highlight=False, soft_wrap=True)
    said = json_object(held.content)
    text = json.dumps(said, indent=2, ensure_ascii=False) if said else held.content
    out.print(text, markup=False, highlight=False, soft_wrap=True)
    return OK


async def resubmit(
    client: Client,
    case: str,
    entry: str,
    fact: dict[str, Any] | None,
    edits: Sequence[tuple[str, Any]],
    removals: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Send a quarantined message corrected; it is the fact given, or what is held, with fields replaced or removed."""
    try:
        if fact is None:
            held = await _one(client, case, entry)
            fact = as_fact(held.name, held.content)
        corrected = edited(fact, edits, removals)
        receipt = await _tell(client, case, RESUBMIT, {"entry": entry, "fact": corrected})
    except (NoAnswer, ValueError) as error:
        return _failed(error)
    return _show_receipt(receipt, as_json=as_json)


async def dismiss(client: Client, case: str, entry: str, why: str, by: str, *, as_json: bool) -> int:
    """Let one quarantined message go, with the reason."""
    try:
        receipt = await _tell(client, case, DISMISS, {"entry": entry, "why": why, "by": by})
    except NoAnswer as error:
        return _failed(error)
    return _show_receipt(receipt, as_json=as_json)


async def dismiss_many(
    client: Client, where: str | None, name: str | None, why: str, by: str, *, dry_run: bool, as_json: bool
) -> int:
    """Let go all quarantined messages of a name, of the cases a query finds; run again, it takes what is left."""
    try:
        held, silent = await _held_in_all(client, where)
    except NoAnswer as error:
        return _failed(error)
    chosen = [one for one in held if name is None or one.name == name]

    async def let_go(one: Held) -> tuple[Held, str]:
        try:
            await _tell(client, one.case, DISMISS, {"entry": one.entry, "why": why, "by": by})
        except NoAnswer as error:
            return one, str(error)
        return one, "dismissed"

    done = (
        [(one, "would be dismissed") for one in chosen]
        if dry_run
        else await _side_by_side("dismissing", chosen, let_go)
    )
    if as_json:
        print_json([one.listed() | {"result": result} for one, result in done])
    else:
        table = Table("name", "result", "messages", title="Quarantine")
        for (of_name, result), count in sorted(Counter((one.name, result) for one, result in done).items()):
            table.add_row(of_name, result, str(count))
        out.print(table, markup=False)
    refused = any(result not in ("dismissed", "would be dismissed") for _, result in done)
    return _told_of(silent) or (PARTLY if refused else OK)


# Asking and telling.


async def _held_in_all(client: Client, where: str | None) -> tuple[list[Held], list[str]]:
    """What is held, oldest first, and why some did not answer."""
    query = OPEN_WITH_SOMETHING_HELD + (f" AND ({where})" if where else "")
    try:
        cases = [execution.id async for execution in client.list_workflows(query)]
    except RPCError as error:
        raise NoAnswer(str(error)) from error
    silent: list[str] = []

    async def ask(case: str) -> list[Held]:
        try:
            return await _held_in(client, case)
        except NoAnswer as error:
            silent.append(str(error))
            return []

    answers = await _side_by_side("reading quarantine", cases, ask)
    return sorted((held for answer in answers for held in answer), key=lambda held: held.received_at), silent


async def _held_in(client: Client, case: str) -> list[Held]:
    try:
        status: dict[str, Any] | None = await client.get_workflow_handle(case).query(
            "status", rpc_timeout=ANSWER_WITHIN
        )
    except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
        raise _no_answer(case, error) from error
    return [
        Held(case, one["id"], *(one[name] for name in ("name", "received_at", "times", "reason", "content")))
        for one in (status or {}).get("quarantine", [])
    ]


async def _one(client: Client, case: str, entry: str) -> Held:
    held = next((one for one in await _held_in(client, case) if one.entry == entry), None)
    if held is None:
        raise NoAnswer(f"{case}: no message {entry} is in quarantine")
    if held_id(held.name, held.content) == entry:
        return held
    try:  # a case keeps the beginning of a long message, and of the hundredth none
        whole = await _content_in_history(client, case, entry)
    except RPCError as error:
        raise _no_answer(case, error) from error
    return replace(held, content=whole or held.content)


async def _content_in_history(client: Client, case: str, entry: str) -> str | None:
    """All that a quarantined message said, from the event that brought it, in whichever run of the case's chain."""
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=case)
    converter = client.data_converter.with_context(context)
    run: str | None = None
    while run != "":
        history = await client.get_workflow_handle(case, run_id=run).fetch_history()
        for name, payloads in _messages(history.events):
            content, _ = text_of(await converter.decode(payloads, [RawValue] * len(payloads)))
            if held_id(name, content) == entry:
                return content
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return None


def _messages(events: Iterable[HistoryEvent]) -> Iterator[tuple[str, Sequence[Payload]]]:
    """What can come into quarantine: the input a case was started with, and signals."""
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            yield "start", event.workflow_execution_started_event_attributes.input.payloads
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            yield signal.signal_name, signal.input.payloads


async def _tell(client: Client, case: str, update: str, said: dict[str, Any]) -> dict[str, Any]:
    """The receipt; raises NoAnswer with the reason where there is none."""
    try:
        receipt: dict[str, Any] = await answered(client.get_workflow_handle(case).execute_update(update, said))
    except WorkflowUpdateFailedError as error:
        raise NoAnswer(f"refused: {error.cause}") from error
    except NoAnswer as error:
        raise NoAnswer(f"{case}: {error}") from error
    except RPCError as error:
        raise _no_answer(case, error) from error
    return receipt


def _no_answer(case: str, error: Exception) -> NoAnswer:
    if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
        return NoAnswer(f"{case}: none of this id is open")
    if isinstance(error, RPCError) and error.status == RPCStatusCode.FAILED_PRECONDITION:
        return NoAnswer(f"{case}: its workflow task fails; docs/runbook.md has what to do")
    because = f" ({error})" if isinstance(error, RPCError) else ""
    return NoAnswer(f"{case}: no answer{because}: is a worker running?")


async def _side_by_side(what: str, ones: Sequence[Of], do: Callable[[Of], Awaitable[Any]]) -> list[Any]:
    place = asyncio.Semaphore(AT_ONCE)
    with progress() as bar:
        task = bar.add_task(what, total=len(ones))

        async def one_of(one: Of) -> Any:
            async with place:
                done = await do(one)
            bar.advance(task)
            return done

        return list(await asyncio.gather(*map(one_of, ones)))


# Saying what came of it.


def _show_receipt(receipt: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json(receipt)
    else:
        out.print(f"{receipt['result']}: {receipt['says']}", markup=False, highlight=False, soft_wrap=True)
    return OK


def _failed(error: Exception) -> int:
    err.print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
    return FAILED


def _told_of(silent: Sequence[str]) -> int:
    for one in silent:
        err.print(f"error: {one}", markup=False, highlight=False, soft_wrap=True)
    return PARTLY if silent else OK
