"""`policy adopt` and `policy undo`: cases take on another edition, each by a recorded fact, and back (ALL-5)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from temporalio.client import Client, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from cli.asking import NoAnswer, answered
from cli.console import err
from cli.waves import Pace, in_waves, show
from domain.calendar import local_date
from domain.intake import ANY_FACT
from domain.ledger import Entry
from domain.policy import Policy
from domain.views import Status
from workflows.start import CASE_WORKFLOW

_UNDO = "undo-"
_STATUS, _WOULD = cast(type, Status | None), cast(type, dict[str, Any] | None)
"""What a case answers; it has nothing to say before it has read its edition."""


async def adopt(
    client: Client,
    policy: Policy,
    cases: Sequence[str],
    where: str | None,
    why: str,
    pace: Pace,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Tell cases to run under another edition from now on; what that changes, each decides as it hears it.

    With `dry_run` nothing is told: each case is asked what it would decide.
    """
    found = list(cases) or await running(client, policy.program, where)
    fact = _fact("edition_adopted", f"adopt-{policy.id}", policy, edition=policy.model_dump(mode="json"), why=why)
    if dry_run:
        results = await in_waves("asking", found, lambda case: _what_if(client, case, fact), pace)
        return show(results, f"would adopt {policy.id}: {policy.title}", as_json=as_json)
    results = await in_waves(f"adopting {policy.id}", found, lambda case: _tell(client, case, fact), pace)
    err.print(f"Taken back by: starter.py policy undo {fact['message_id']}", highlight=False, soft_wrap=True)
    return show(results, policy.title, as_json=as_json)


async def undo(
    client: Client,
    message: str,
    policy: Policy,
    cases: Sequence[str],
    where: str | None,
    pace: Pace,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Take an adoption back from the cases that have heard it: what followed from it is taken back with it."""
    found = list(cases) or await running(client, policy.program, where)
    fact = _fact("withdrawn", f"{_UNDO}{message}", policy, withdraws=message, why="the adoption is taken back")

    async def take_back(case: str) -> str:
        try:
            entries = await answered(client.get_workflow_handle(case).query("timeline", result_type=list[Entry]))
        except (NoAnswer, RPCError, WorkflowQueryFailedError) as error:
            return f"no answer: {type(error).__name__}"
        if not any(entry.ref == message for entry in entries):
            return "has not heard of it"
        if any(entry.ref.startswith(f"{_UNDO}{message}") for entry in entries):
            return "has taken it back"
        return await (_what_if if dry_run else _tell)(client, case, fact)

    results = await in_waves(f"taking back {message}", found, take_back, pace)
    return show(results, policy.title, as_json=as_json)


async def running(client: Client, program: str, where: str | None) -> list[str]:
    """The open cases of a program, or those of them that a visibility query finds."""
    query = f"WorkflowType = '{CASE_WORKFLOW}' AND ExecutionStatus = 'Running' AND Program = '{program}'"
    return [one.id async for one in client.list_workflows(query + (f" AND ({where})" if where else ""))]


def _fact(kind: str, message: str, policy: Policy, **says: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "kind": kind,
        "message_id": f"{message}-{now:%Y%m%dT%H%M%S}",
        "happened_on": local_date(now, policy.time_zone.value).isoformat(),
        "recorded_by": "starter.py policy",
        "recorded_at": now.isoformat(),
        **says,
    }


async def _what_if(client: Client, case: str, fact: dict[str, Any]) -> str:
    """What a case would decide, in words: where it would stand then, if that is elsewhere, and why."""
    handle = client.get_workflow_handle(case)
    try:
        stands = await answered(handle.query("status", result_type=_STATUS))
        would = await answered(handle.query("what_if", args=[fact, datetime.now(UTC)], result_type=_WOULD))
    except (NoAnswer, RPCError, WorkflowQueryFailedError) as error:
        return f"no answer: {type(error).__name__}"
    if stands is None or would is None:
        return "no answer: it is being opened"
    if because := would.get("because"):
        return f"would be refused: {because}"
    if would["phase"] != stands.phase:
        why = "; ".join(dict.fromkeys(f"{reason['says']} ({reason['rule']})" for reason in would["reasons"]))
        return f"{stands.phase} becomes {would['phase']}: {why}"
    now = f"{stands.waits_for} on {stands.next_on}" if stands.waits_for else None
    if would["next"] != now:
        return f"stays {stands.phase}, waits for something else; for {would['next']} instead of {now}"
    return f"stays {stands.phase}"


async def _tell(client: Client, case: str, fact: dict[str, Any]) -> str:
    try:
        receipt: dict[str, str] = await answered(client.get_workflow_handle(case).execute_update(ANY_FACT, fact))
    except WorkflowUpdateFailedError as error:
        return f"refused: {error.cause}"
    except NoAnswer as error:
        return str(error)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return "refused: no such case is open"
        raise
    return receipt["result"]
