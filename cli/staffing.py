"""`staffing open | record | decide | show`: staffings from request to decision. OR-1 to OR-4."""

from datetime import UTC, date, datetime
from typing import Any

from rich.table import Table
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from cli.asking import NoAnswer, answered
from cli.console import FAILED, OK, err, out, print_json
from domain.calendar import local_date
from workflows.start import CASE_WORKFLOW, STAFFING_WORKFLOW


async def tell(
    client: Client,
    id: str,
    kind: str,
    said: dict[str, Any],
    *,
    by: str,
    on: date | None,
    staffing: bool,
    as_json: bool,
) -> int:
    """Tell a case or a staffing one fact, and print the receipt, or the reason why it is refused.

    Without a date it happened today, in the program's zone.
    """
    now = datetime.now(UTC)
    try:
        handle = await _staffing(client, id) if staffing else client.get_workflow_handle(id)
        status: dict[str, Any] = await answered(handle.query("status"))
        envelope = {
            "message_id": f"command-{now:%Y%m%dT%H%M%S%f}",
            "happened_on": (on or local_date(now, status["time_zone"])).isoformat(),
            "recorded_by": by,
            "recorded_at": now.isoformat(),
        }
        receipt: dict[str, Any] = await answered(handle.execute_update(kind, envelope | said))
    except WorkflowUpdateFailedError as error:
        err.print(f"refused: {error.cause}", markup=False, highlight=False, soft_wrap=True)
        return FAILED
    except (RPCError, LookupError, WorkflowQueryFailedError, NoAnswer) as error:
        return _no_answer(id, error)
    if as_json:
        print_json(receipt)
        return OK
    out.print(f"{receipt['result']}: {receipt['says']}", markup=False, highlight=False, soft_wrap=True)
    if not staffing:
        status = await handle.query("status")
        for one in status["staffings"][-1:]:
            out.print(f"staffing {one['number']}: {one['staffing']}", highlight=False, soft_wrap=True)
    return OK


async def show(client: Client, id: str, *, timeline: bool, as_json: bool) -> int:
    """What a staffing has recorded, with its evidence, and what is open."""
    try:
        handle = await _staffing(client, id)
        status: dict[str, Any] = await answered(handle.query("status"))
        entries: list[dict[str, Any]] = await handle.query("timeline") if timeline or as_json else []
    except (RPCError, LookupError, WorkflowQueryFailedError, NoAnswer) as error:
        return _no_answer(id, error)
    if as_json:
        print_json({"status": status, "timeline": entries})
        return OK
    _show_status(status)
    for entry in entries:
        out.print(f"{entry['on']}  {entry['what']:10} {entry['says']}  {' '.join(entry['rules'])}", highlight=False)
    return OK


async def _staffing(client: Client, id: str) -> WorkflowHandle[Any, Any]:
    """The staffing of an id; of a case, its latest one. Raises LookupError where it has none."""
    handle = client.get_workflow_handle(id)
    kind = (await handle.describe()).workflow_type
    if kind == STAFFING_WORKFLOW:
        return handle
    status: dict[str, Any] | None = await handle.query("status") if kind == CASE_WORKFLOW else None
    opened = [one["staffing"] for one in (status or {}).get("staffings", []) if one["staffing"]]
    if not opened:
        raise LookupError("no staffing is open; request one with `staffing open`")
    return client.get_workflow_handle(opened[-1])


def _no_answer(id: str, error: Exception) -> int:
    if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
        err.print(f"error: {id}: none of this id is open", markup=False, highlight=False)
    else:
        err.print(f"error: {error}", markup=False, highlight=False)
    return FAILED


def _show_status(status: dict[str, Any]) -> None:
    table = Table("", "answer", "evidence", title=status["staffing"])
    by = f", by {status['requested_by']}" if status["requested_by"] else ""
    named = ", ".join(filter(None, (status["requester"], status["partner"])))
    partner = f" ({named})" if named else ""
    called = f"{status['why']} on {status['called_on']}{by}{partner}".replace("_", " ")
    table.add_row("called", called, f"reviews staffing {status['reviews']}" if status["reviews"] else "")
    table.add_row("stands", status["says"], "", end_section=True)
    for one in status["recorded"]:
        said = next((str(one[name]) for name in ("screening", "type", "option", "attendance") if name in one), "")
        table.add_row(one["kind"].replace("_", " "), f"{said} on {one['happened_on']}", f"{one['message_id']}")
    table.add_section()
    for one in status["considerations"]:
        answer = f"{one['answer']} ({one['whom']})" if one["answer"] else "unanswered"
        table.add_row(one["asks"], answer, f"{one.get('evidence', '')}\n{one.get('message_id', '')}".strip())
    for held in status["quarantine"]:
        table.add_row("quarantine", f"{held['name']}: {held['reason']}", held["id"])
    out.print(table, markup=False)
