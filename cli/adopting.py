"""`adopt`: cases take on another policy edition, each by a recorded fact (ALL-5)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

from rich.table import Table
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from cli.asking import NoAnswer, answered
from cli.console import OK, PARTLY, out, progress
from domain.calendar import local_date
from domain.policy import Policy
from workflows.start import CASE_WORKFLOW

AT_ONCE = 16


async def adopt(
    client: Client, policy: Policy, cases: Sequence[str], where: str | None, why: str, *, dry_run: bool
) -> int:
    """Tell cases to run under another edition from now on; the receipts say what that changes. Undone by `withdrawn`.

    With `dry_run` nothing is told: the cases it would be told to are counted.
    """
    found = list(cases) if cases else [case async for case in _running(client, policy, where)]
    results: Counter[str] = Counter()
    if dry_run:
        results["would be told"] = len(found)
    else:
        now = datetime.now(UTC)
        fact: dict[str, object] = {
            "message_id": f"adopt-{policy.id}-{now:%Y%m%dT%H%M%S}",
            "happened_on": local_date(now, policy.time_zone.value).isoformat(),
            "recorded_by": "starter.py adopt",
            "recorded_at": now.isoformat(),
            "edition": policy.model_dump(mode="json"),
            "why": why,
        }
        place = asyncio.Semaphore(AT_ONCE)
        with progress() as bar:
            told = bar.add_task(f"adopting {policy.id}", total=len(found))

            async def tell(case: str) -> str:
                async with place:
                    result = await _tell(client, case, fact)
                bar.advance(told)
                return result

            results.update(await asyncio.gather(*(tell(case) for case in found)))
        out.print(f"Taken back with the fact `withdrawn` of {fact['message_id']}", highlight=False)
    table = Table("result", "cases", title=policy.title)
    for result, count in sorted(results.items()):
        table.add_row(result, str(count))
    out.print(table, markup=False)
    return PARTLY if set(results) - {"recorded", "replaced", "would be told"} else OK


async def _running(client: Client, policy: Policy, where: str | None) -> AsyncIterator[str]:
    query = f"WorkflowType = '{CASE_WORKFLOW}' AND ExecutionStatus = 'Running' AND Program = '{policy.program}'"
    async for execution in client.list_workflows(query + (f" AND ({where})" if where else "")):
        yield execution.id


async def _tell(client: Client, case: str, fact: dict[str, object]) -> str:
    try:
        asking = client.get_workflow_handle(case).execute_update("edition_adopted", fact)
        receipt: dict[str, str] = await answered(asking)
    except WorkflowUpdateFailedError as error:
        return f"refused: {error.cause}"
    except NoAnswer as error:
        return str(error)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return "refused: no such case is open"
        raise
    return receipt["result"]
