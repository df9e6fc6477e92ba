"""`policy adopt` and `policy undo`: cases take on another edition, each by a recorded fact, and back (ALL-5)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from cli.asking import NoAnswer, answered
from cli.console import out
from cli.waves import Pace, in_waves, show
from domain.calendar import local_date
from domain.ledger import Entry
from domain.policy import Policy
from domain.views import Status
from workflows.start import CASE_WORKFLOW

_UNDO = "undo-"
_FINE = ("recorded", "replaced", "duplicate")


async def adopt(
    client: Client, policy: Policy, cases: Sequence[str], where: str | None, why: str, pace: Pace, *, dry_run: bool
) -> int:
    """Tell cases to run under another edition from now on; what that changes, each decides as it hears it.

    With `dry_run` nothing is told: the cases are asked under which edition they run, and where they stand.
    """
    found = list(cases) or await running(client, policy.program, where)
    if dry_run:
        stands = await in_waves("asking", found, lambda case: _stands(client, case), pace)
        return show(stands, f"would adopt {policy.id}: {policy.title}", tuple(stands))
    fact = _fact(f"adopt-{policy.id}", policy, edition=policy.model_dump(mode="json"), why=why)

    async def tell(case: str) -> str:
        return await _tell(client, case, "edition_adopted", fact)

    results = await in_waves(f"adopting {policy.id}", found, tell, pace)
    out.print(f"Taken back by: starter.py policy undo {fact['message_id']}", highlight=False, soft_wrap=True)
    return show(results, policy.title, _FINE)


async def undo(
    client: Client, message: str, policy: Policy, cases: Sequence[str], where: str | None, pace: Pace, *, dry_run: bool
) -> int:
    """Take an adoption back from the cases that have heard it: what followed from it is taken back with it."""
    found = list(cases) or await running(client, policy.program, where)
    fact = _fact(f"{_UNDO}{message}", policy, withdraws=message, why="the adoption is taken back")

    async def take_back(case: str) -> str:
        try:
            entries = await answered(client.get_workflow_handle(case).query("timeline", result_type=list[Entry]))
        except (NoAnswer, RPCError, WorkflowQueryFailedError) as error:
            return f"no answer: {type(error).__name__}"
        if not any(entry.ref == message for entry in entries):
            return "has not heard of it"
        if any(entry.ref.startswith(f"{_UNDO}{message}") for entry in entries):
            return "has taken it back"
        return "would take it back" if dry_run else await _tell(client, case, "withdrawn", fact)

    results = await in_waves(f"taking back {message}", found, take_back, pace)
    return show(results, policy.title, (*_FINE, "has not heard of it", "has taken it back", "would take it back"))


async def running(client: Client, program: str, where: str | None) -> list[str]:
    """The open cases of a program, or those of them that a visibility query finds."""
    query = f"WorkflowType = '{CASE_WORKFLOW}' AND ExecutionStatus = 'Running' AND Program = '{program}'"
    return [one.id async for one in client.list_workflows(query + (f" AND ({where})" if where else ""))]


def _fact(message: str, policy: Policy, **says: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "message_id": f"{message}-{now:%Y%m%dT%H%M%S}",
        "happened_on": local_date(now, policy.time_zone.value).isoformat(),
        "recorded_by": "starter.py policy",
        "recorded_at": now.isoformat(),
        **says,
    }


async def _stands(client: Client, case: str) -> str:
    try:
        status = await answered(client.get_workflow_handle(case).query("status", result_type=Status))
    except (NoAnswer, RPCError, WorkflowQueryFailedError) as error:
        return f"no answer: {type(error).__name__}"
    return f"{status.phase} under {status.edition}"


async def _tell(client: Client, case: str, kind: str, fact: dict[str, Any]) -> str:
    try:
        receipt: dict[str, str] = await answered(client.get_workflow_handle(case).execute_update(kind, fact))
    except WorkflowUpdateFailedError as error:
        return f"refused: {error.cause}"
    except NoAnswer as error:
        return str(error)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return "refused: no such case is open"
        raise
    return receipt["result"]
