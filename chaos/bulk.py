"""The parts of the chaos that are about many cases, or many messages, at once."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateFailedError

from chaos.check import runs, settled
from chaos.doses import Dose, Result, plans
from chaos.drive import Driver
from chaos.faults import Faults
from chaos.plan import MISSOURI, Plan
from chaos.stage import Stage
from chaos.steady import steadily
from domain.ledger import HEARD_KEPT

LETTER_DUE, AGREEING, BACK = 30, (33, 37), 37
"""The virtual days of an outage: a letter is due, a third of the participants agree, another third, it is over."""

_AT_ONCE = 60


async def outage(home: Path, seed: int, dose: Dose) -> Result:
    """The vendor is down for seven days in which letters are due: facts are heard, and void letters never go."""
    stage = Stage(home, workers=2, try_again_within=timedelta(days=1))
    async with stage.set() as client:
        cases = _that_get_letters(seed, dose.outage_cases)
        driver, violations = Driver(stage, client), []
        handles = await asyncio.gather(*(driver.open(plan) for plan in cases))
        await asyncio.gather(*(settled(handle) for handle in handles))
        everybody = range(len(cases))

        async def turn(day: int) -> None:
            await _each(everybody, lambda number: driver.to(handles[number], cases[number], day))

        await turn(LETTER_DUE - 1)
        stage.set_faults(Faults(vendor_down=True))
        on = {number: day for third, day in enumerate(AGREEING) for number in everybody[third::3]}
        for third, day in enumerate(AGREEING):
            await turn(day)
            await _each(everybody[third::3], lambda number: _agree(handles[number], cases[number], on[number]))
        violations += [
            f"{plan.case}: a letter from a vendor that is down" for plan in cases if _letters(stage, plan) != 1
        ]
        stage.set_faults(Faults())
        await turn(BACK + 1)
        for number, plan in enumerate(cases):
            status, _ = await settled(handles[number])
            due = 1 if number in on else 2
            if not _letters(stage, plan) == status["letters_sent"] == due:
                violations.append(f"{plan.case}: {_letters(stage, plan)} letters at the vendor, due were {due}")
    did = {"cases": len(cases), "days": BACK - LETTER_DUE, "letters made void": len(on)}
    return Result("outage", did, violations)


def _that_get_letters(seed: int, count: int) -> list[Plan]:
    """Cases of Missouri, where a letter goes at the opening."""
    return [plan for plan in plans(seed, 2 * count + 10) if plan.policy is MISSOURI][:count]


def _letters(stage: Stage, plan: Plan) -> int:
    return len(stage.outbox.letters(plan.case))


async def _each(numbers: Sequence[int], do: Callable[[int], Awaitable[None]]) -> None:
    """Do something for cases by their number, so many at once."""
    place = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with place:
            await do(number)

    await asyncio.gather(*(one(number) for number in numbers))


async def _agree(handle: Any, plan: Plan, day: int) -> None:
    says = plan.says(f"{plan.case}-agrees", day, answer="agrees")
    await steadily(lambda: handle.execute_update("response", says))


async def flood(home: Path, seed: int, dose: Dose) -> Result:
    """So many signals to one case that it must continue as new while they come; each counts once."""
    stage = Stage(home, workers=1)
    async with stage.set() as client:
        [plan] = _that_get_letters(seed, 1)
        handle = await Driver(stage, client).open(plan)
        place = asyncio.Semaphore(64)
        weeks = ["2025-01-05", "2025-01-12", "2025-01-19", "2025-01-26"]

        async def send(number: int) -> None:
            says = {
                "message_id": f"flood-{number}",
                "happened_on": plan.opened_on.isoformat(),
                "recorded_by": "chaos",
                "recorded_at": plan.opened["recorded_at"],
            }
            kind, more = ("participation_week", {"week": weeks[number % 4], "hours": number % 30})
            if number % 3 == 0:
                kind, more = "contact_made", {"type": "phone"}
            async with place:
                await steadily(lambda: handle.signal(kind, says | more))

        await asyncio.gather(*(send(number) for number in range(dose.flood)))
        again = range(0, dose.flood, 5)
        await asyncio.gather(*(send(number) for number in again))
        before = await _all_taken_in(handle, min(dose.flood + 1, HEARD_KEPT))
        taken = len([run async for run in runs(client, plan.case)])
        await _reset(client, plan.case)
        status = await _all_taken_in(client.get_workflow_handle(plan.case), before["facts_heard"])
        letters = len(stage.outbox.letters(plan.case))
    found = [
        f"{name} is {status[name]} after the reset, was {before[name]}"
        for name in ("phase", "facts_heard", "letters_sent", "last_letter_on")
        if status[name] != before[name]
    ]
    found += [f"{letters} letters at the vendor"] if letters != 1 else []
    heard = min(dose.flood + 1, HEARD_KEPT)
    if status["facts_heard"] != heard:
        found.append(f"{status['facts_heard']} facts heard, {heard} sent")
    if status["quarantine"]:
        found.append(f"{len(status['quarantine'])} in quarantine")
    if dose.flood >= 5000 and taken < 2:
        found.append("did not continue as new")
    return Result("flood", {"signals": dose.flood, "sent twice": len(again), "runs": taken, "resets": 1}, found)


async def _all_taken_in(handle: Any, heard: int) -> dict[str, Any]:
    """The status once the case has heard so many facts, or does not come to it in two minutes."""
    for _ in range(240):
        status, _timeline = await settled(handle)
        if status["facts_heard"] == heard:
            break
        await asyncio.sleep(0.5)
    return status


async def _reset(client: Client, case: str) -> None:
    """Take the present run back to its first workflow task; what was signalled since comes again."""
    history = await client.get_workflow_handle(case).fetch_history()
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    first = next(event.event_id for event in history.events if event.event_type == done)
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case),
            reason="chaos",
            request_id=f"{case}-reset",
            workflow_task_finish_event_id=first,
        )
    )


async def surge(home: Path, seed: int, dose: Dose) -> Result:
    """Letters of many cases due at the same minute: all go, each once, and facts are answered meanwhile."""
    stage = Stage(home, workers=0)
    async with stage.set() as client:
        cases, driver = _that_get_letters(seed, dose.surge), Driver(stage, client)
        place = asyncio.Semaphore(32)

        async def open_one(plan: Plan) -> Any:
            async with place:
                return await driver.open(plan)

        handles = await asyncio.gather(*(open_one(plan) for plan in cases))
        began = time.monotonic()
        waits: list[float] = []
        stage.add_workers(2)
        for worker in stage.workers:
            await worker.start()
        asked = asyncio.create_task(_ask_meanwhile(handles[:20], cases, waits))
        while len(stage.outbox.letters()) < len(cases) and time.monotonic() - began < 1800:
            await asyncio.sleep(0.5)
        took = time.monotonic() - began
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        late = [plan.case for plan in cases if len(stage.outbox.letters(plan.case)) != 1]
    rate = f"{len(cases) / took:.0f}"
    did = {"letters": len(cases), "a second": rate, "facts answered meanwhile": len(waits)}
    if waits:
        did |= {"p50": f"{statistics.median(waits):.2f} s", "p99": f"{sorted(waits)[int(len(waits) * 0.99)]:.2f} s"}
    return Result("surge", did, [f"{case}: not one letter" for case in late])


async def _ask_meanwhile(handles: list[Any], cases: list[Plan], waits: list[float]) -> None:
    for number in itertools.count():
        plan, handle = cases[number % len(handles)], handles[number % len(handles)]
        says = {
            "message_id": f"meanwhile-{number}",
            "happened_on": plan.opened_on.isoformat(),
            "recorded_by": "chaos",
            "recorded_at": plan.opened["recorded_at"],
            "type": "phone",
        }
        began = time.monotonic()
        with suppress(WorkflowUpdateFailedError):  # until the case is opened
            await steadily(partial(handle.execute_update, "contact_made", says))
            waits.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
