"""The parts of the chaos: each sets a stage, does its harm in a stated dose, and has every promise checked."""

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowUpdateFailedError

from chaos.check import check_all, settled
from chaos.drive import Driver
from chaos.faults import Faults
from chaos.plan import Plan, planned
from chaos.stage import Probe, Stage
from chaos.steady import steadily
from policy.load import edition
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

MISSOURI = edition("mo-mwa/2014-01-27")


@dataclass(frozen=True)
class Dose:
    """How much of everything; the short form is in `make test`."""

    cases: int
    worker_kills: int
    server_kills: int
    cuts: int
    longest_cut: float
    outage_cases: int
    flood: int
    surge: int
    dark_seconds: float
    between_kills: tuple[float, float]


FULL = Dose(2000, 50, 50, 20, 60, 300, 10_000, 5000, 60, between_kills=(4, 10))
SHORT = Dose(12, 1, 1, 1, 2, 4, 300, 20, 2, between_kills=(0.5, 3))


@dataclass
class Result:
    """What a part did, and what it found."""

    part: str
    did: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


Part = Callable[[Path, int, Dose], Awaitable[Result]]


def _plans(seed: int, count: int) -> list[Plan]:
    now = datetime.now(UTC)
    return [planned(f"chaos-{seed}-{number}", MISSOURI, seed, now) for number in range(count)]


async def _probe(client: Client) -> Probe:
    """A case nothing is planned for, which is asked whether anybody works."""
    [plan] = _plans(-1, 1)
    start = Start(opened=plan.opened, edition=plan.policy)
    await steadily(lambda: client.start_workflow(CASE_WORKFLOW, start, id="chaos-probe", task_queue=TASK_QUEUE))
    return Probe(client, "chaos-probe")


async def kills(home: Path, seed: int, dose: Dose) -> Result:
    """Workers and server killed over cases in motion, while answers are lost and facts come twice, late and wrong."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    async with stage.set() as client:
        stage.set_faults(Faults(answers_lost=0.1, seed=seed))
        probe, driver = await _probe(client), Driver(stage, client)
        plans = _plans(seed, dose.cases)
        driving = asyncio.create_task(driver.drive_all(plans))
        killed = {"worker": 0, "server": 0}
        while killed["worker"] < dose.worker_kills or killed["server"] < dose.server_kills:
            await asyncio.sleep(chance.uniform(*dose.between_kills))
            if killed["worker"] < dose.worker_kills:
                await stage.kill_worker(killed["worker"] % 2, probe)
                killed["worker"] += 1
            if killed["server"] < dose.server_kills:
                await stage.kill_server()
                killed["server"] += 1
            if driving.done():
                break
        driven = await driving
        stage.set_faults(Faults())
        violations = await check_all(stage, client, driven, replays=min(dose.cases, 50))
    did: dict[str, Any] = {"cases": len(plans), "messages": driver.sent, **{f"{k} kills": v for k, v in killed.items()}}
    did |= {"answers lost": "10 %", "bad": sum(one.bad for one in driven)}
    did |= {"after the end": sum(one.too_late for one in driven), "refused": sum(len(one.refused) for one in driven)}
    did["clock jumped by the server"] = sum(one.clock_jumped for one in driven)
    for name, took in (("worker", stage.worker_recoveries), ("server", stage.server_recoveries)):
        did[f"{name} back, p95"] = f"{_p95(took):.1f} s"
    return Result("kills", did, violations)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else (values or [0.0])[0]


async def cuts(home: Path, seed: int, dose: Dose) -> Result:
    """The network between workers and server is cut."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    async with stage.set() as client:
        driver, lengths = Driver(stage, client), []
        driving = asyncio.create_task(driver.drive_all(_plans(seed, max(dose.cases // 10, 4))))
        for _ in range(dose.cuts):
            await asyncio.sleep(chance.uniform(0.2, 2))
            lengths.append(chance.uniform(1, dose.longest_cut))
            await stage.line.cut(lengths[-1])
        driven = await driving
        violations = await check_all(stage, client, driven, replays=10)
    return Result("cuts", {"cases": len(driven), "cuts": len(lengths), "longest": f"{max(lengths):.0f} s"}, violations)


async def outage(home: Path, seed: int, dose: Dose) -> Result:
    """The vendor is down when letters are due: they wait, facts are heard, and letters made void never go.

    A case's virtual clock stands still while a command of it is tried again, so the outage lasts real seconds.
    """
    stage = Stage(home, workers=2)
    async with stage.set() as client:
        plans = _plans(seed, dose.outage_cases)
        for plan in plans:
            plan.sendings = []
        driver = Driver(stage, client)
        handles = await asyncio.gather(*(driver.open(plan) for plan in plans))
        await asyncio.gather(*(settled(handle) for handle in handles))
        await _all(handles, lambda _, number: driver.to(handles[number], plans[number], 29))
        stage.set_faults(Faults(vendor_down=True))
        turning = [asyncio.create_task(driver.to(handles[number], plan, 31)) for number, plan in enumerate(plans)]
        await _all(handles, lambda handle, _: _sending(handle))  # the second letter is due, and does not go
        agreed = set(range(0, len(plans), 2))
        await _all(handles, lambda handle, number: _agree(handle, plans[number]) if number in agreed else _nothing())
        await asyncio.sleep(dose.dark_seconds)
        stage.set_faults(Faults())
        await asyncio.gather(*turning)
        violations = []
        for number, handle in enumerate(handles):
            sent = 1 if number in agreed else 2
            with suppress(TimeoutError):
                await _until(stage, plans[number].case, sent)
            status, _ = await settled(handle)
            letters = len(stage.outbox.letters(plans[number].case))
            if letters != sent or status["letters_sent"] != sent:
                violations.append(f"{plans[number].case}: {letters} letters at the vendor, due were {sent}")
            if number in agreed and status["phase"] not in ("trial", "reengaging"):
                violations.append(f"{plans[number].case}: is {status['phase']} though the participant agreed")
    did = {"cases": len(plans), "letters made void": len(agreed), "vendor down": f"{dose.dark_seconds:.0f} s and more"}
    return Result("outage", did, violations)


async def _sending(handle: Any) -> None:
    """Wait until the case has something on its way."""
    for _ in range(300):
        status, _timeline = await settled(handle, sending=True)
        if status["open_commands"]:
            return
        await asyncio.sleep(0.2)


async def _until(stage: Stage, case: str, letters: int) -> None:
    for _ in range(300):
        if len(stage.outbox.letters(case)) >= letters:
            return
        await asyncio.sleep(0.2)


async def _nothing() -> None:
    return


async def _all(handles: list[Any], do: Callable[[Any, int], Awaitable[None]]) -> None:
    place = asyncio.Semaphore(24)

    async def one(number: int) -> None:
        async with place:
            await do(handles[number], number)

    await asyncio.gather(*(one(number) for number in range(len(handles))))


async def _agree(handle: Any, plan: Plan) -> None:
    day = plan.opened_on + timedelta(days=29)
    says = {
        "message_id": f"{plan.case}-agrees",
        "happened_on": day.isoformat(),
        "recorded_by": "chaos",
        "recorded_at": (plan.opened_at + timedelta(days=29)).isoformat(),
        "answer": "agrees",
    }
    await steadily(lambda: handle.execute_update("response", says))


async def flood(home: Path, seed: int, dose: Dose) -> Result:
    """So many signals to one case that it must continue as new while they come; each counts once."""
    stage = Stage(home, workers=1)
    async with stage.set() as client:
        [plan] = _plans(seed, 1)
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
        before = await _all_taken_in(handle, min(dose.flood + 1, HEARD))
        runs = await _runs(client, plan.case)
        await _reset(client, plan.case)
        status = await _all_taken_in(client.get_workflow_handle(plan.case), before["facts_heard"])
        letters = len(stage.outbox.letters(plan.case))
    found = [
        f"{name} is {status[name]} after the reset, was {before[name]}"
        for name in ("phase", "facts_heard", "letters_sent", "last_letter_on")
        if status[name] != before[name]
    ]
    found += [f"{letters} letters at the vendor"] if letters != 1 else []
    heard = min(dose.flood + 1, HEARD)
    if status["facts_heard"] != heard:
        found.append(f"{status['facts_heard']} facts heard, {heard} sent")
    if status["quarantine"]:
        found.append(f"{len(status['quarantine'])} in quarantine")
    if dose.flood >= 5000 and runs < 2:
        found.append("did not continue as new")
    return Result("flood", {"signals": dose.flood, "sent twice": len(again), "runs": runs, "resets": 1}, found)


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


HEARD = 5000


async def _runs(client: Client, case: str) -> int:
    handle, runs = client.get_workflow_handle(case), 1
    history = await handle.fetch_history()
    first = history.events[0].workflow_execution_started_event_attributes
    while first.continued_execution_run_id:
        runs += 1
        earlier = client.get_workflow_handle(case, run_id=first.continued_execution_run_id)
        history = await earlier.fetch_history()
        first = history.events[0].workflow_execution_started_event_attributes
    return runs


async def surge(home: Path, seed: int, dose: Dose) -> Result:
    """Letters of many cases due at the same minute: all go, each once, and facts are answered meanwhile."""
    stage = Stage(home, workers=0)
    async with stage.set() as client:
        plans, driver = _plans(seed, dose.surge), Driver(stage, client)
        place = asyncio.Semaphore(32)

        async def open_one(plan: Plan) -> Any:
            async with place:
                return await driver.open(plan)

        handles = await asyncio.gather(*(open_one(plan) for plan in plans))
        began = time.monotonic()
        waits: list[float] = []
        stage.add_workers(2)
        for worker in stage.workers:
            await worker.start()
        asked = asyncio.create_task(_ask_meanwhile(handles[:20], plans, waits))
        while len(stage.outbox.letters()) < len(plans) and time.monotonic() - began < 1800:
            await asyncio.sleep(0.5)
        took = time.monotonic() - began
        asked.cancel()
        late = [plan.case for plan in plans if len(stage.outbox.letters(plan.case)) != 1]
    rate = f"{len(plans) / took:.0f}"
    did = {"letters": len(plans), "a second": rate, "facts answered meanwhile": len(waits)}
    if waits:
        did |= {"p50": f"{statistics.median(waits):.2f} s", "p99": f"{sorted(waits)[int(len(waits) * 0.99)]:.2f} s"}
    return Result("surge", did, [f"{case}: not one letter" for case in late])


async def _ask_meanwhile(handles: list[Any], plans: list[Plan], waits: list[float]) -> None:
    for number in itertools.count():
        plan, handle = plans[number % len(handles)], handles[number % len(handles)]
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


async def dark(home: Path, seed: int, dose: Dose) -> Result:
    """The disk is full and the records are read-only for a while; nothing is lost, everything is done afterwards."""
    stage = Stage(home, workers=2)
    async with stage.set() as client:
        driver = Driver(stage, client)
        driving = asyncio.create_task(driver.drive_all(_plans(seed, max(dose.cases // 20, 4))))
        await asyncio.sleep(1)
        stage.set_faults(Faults(disk_full=True, records_read_only=True))
        await asyncio.sleep(dose.dark_seconds)
        stage.set_faults(Faults())
        driven = await driving
        violations = await check_all(stage, client, driven, replays=5)
    return Result(
        "dark", {"cases": len(driven), "disk full, records read-only": f"{dose.dark_seconds:.0f} s"}, violations
    )


PARTS: dict[str, Part] = {"kills": kills, "cuts": cuts, "outage": outage, "flood": flood, "surge": surge, "dark": dark}
