"""The parts of the chaos: each sets a stage, does its harm in a stated dose, and has every promise checked."""

import asyncio
import random
import statistics
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from temporalio.client import Client

from chaos.archiving import archive
from chaos.bulk import flood, outage, surge
from chaos.check import check_all
from chaos.doses import Dose, Result, plans
from chaos.drive import Driver
from chaos.faults import Faults
from chaos.plan import Plan
from chaos.stage import Probe, Stage
from chaos.steady import steadily
from workflows.start import CASE_WORKFLOW, TASK_QUEUE, Start

Part = Callable[[Path, int, Dose], Awaitable[Result]]
Harm = Callable[[Client, "asyncio.Task[Any]"], Awaitable[None]]
"""What is done while cases are driven; told when they have been."""


async def _driven(stage: Stage, name: str, cases: list[Plan], harm: Harm, *, replays: int) -> Result:
    """Drive cases while harm is done, then check them all."""
    async with stage.set() as client:
        driver = Driver(stage, client)
        driving = asyncio.create_task(driver.drive_all(cases))
        await harm(client, driving)
        driven = await driving
        stage.set_faults(Faults())
        violations = await check_all(stage, client, driven, replays=replays)
    did: dict[str, Any] = {"cases": len(cases), "messages": driver.sent, "bad": sum(one.bad for one in driven)}
    did |= {"refused": sum(len(one.refused) for one in driven), "after the end": sum(one.too_late for one in driven)}
    did["runs replayed"] = sum(one.runs for one in driven)
    jumped = sum(one.clock_jumped for one in driven)
    return Result(name, did | ({"clock jumped by the server": jumped} if jumped else {}), violations)


async def _no_harm(client: Client, driving: "asyncio.Task[Any]") -> None:
    """Nothing is done to these cases but what is sent to them."""


async def kills(home: Path, seed: int, dose: Dose) -> Result:
    """Workers and server killed over cases in motion, while answers are lost and facts come twice, late and wrong."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    killed = {"worker": 0, "server": 0}

    async def kill(client: Client, driving: "asyncio.Task[Any]") -> None:
        stage.set_faults(Faults(answers_lost=dose.answers_lost, seed=seed))
        probe = await _probe(client)
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

    result = await _driven(stage, "kills", plans(seed, dose.cases), kill, replays=dose.cases)
    result.did |= {f"{what} kills": count for what, count in killed.items()}
    result.did["answers lost"] = f"{dose.answers_lost:.0%}"
    for what, took in (("worker", stage.worker_recoveries), ("server", stage.server_recoveries)):
        result.did[f"{what} back, p95"] = f"{_p95(took):.1f} s"
    return result


async def _probe(client: Client) -> Probe:
    """A case nothing is planned for, which is asked whether anybody works."""
    [plan] = plans(-1, 1)
    start = Start(opened=plan.opened, edition=plan.policy)
    await steadily(lambda: client.start_workflow(CASE_WORKFLOW, start, id="chaos-probe", task_queue=TASK_QUEUE))
    return Probe(client, "chaos-probe")


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else (values or [0.0])[0]


async def chains(home: Path, seed: int, dose: Dose) -> Result:
    """Cases continue as new every week, the server is killed meanwhile, and messages come again many runs later."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    killed = 0

    async def kill(client: Client, driving: "asyncio.Task[Any]") -> None:
        nonlocal killed
        while killed < dose.kills_of_chained and not driving.done():
            await asyncio.sleep(chance.uniform(1, 4))
            await stage.kill_server()
            killed += 1

    result = await _driven(stage, "chains", plans(seed, dose.chained, run_days=7), kill, replays=dose.chained)
    result.did["server kills"] = killed
    return result


async def cuts(home: Path, seed: int, dose: Dose) -> Result:
    """The network between workers and server is cut."""
    stage, chance = Stage(home, workers=2), random.Random(seed)
    lengths: list[float] = []

    async def cut(client: Client, driving: "asyncio.Task[Any]") -> None:
        for _ in range(dose.cuts):
            await asyncio.sleep(chance.uniform(0.2, 2))
            lengths.append(chance.uniform(1, dose.longest_cut))
            await stage.line.cut(lengths[-1])

    result = await _driven(stage, "cuts", plans(seed, max(dose.cases // 10, 4)), cut, replays=10)
    result.did |= {"cuts": len(lengths), "longest": f"{max(lengths):.0f} s"}
    return result


async def dark(home: Path, seed: int, dose: Dose) -> Result:
    """The disk is full and the records are read-only for a while; nothing is lost, everything is done afterwards."""
    stage = Stage(home, workers=2)

    async def darken(client: Client, driving: "asyncio.Task[Any]") -> None:
        await asyncio.sleep(1)
        stage.set_faults(Faults(disk_full=True, records_read_only=True))
        await asyncio.sleep(dose.dark_seconds)
        stage.set_faults(Faults())

    result = await _driven(stage, "dark", plans(seed, max(dose.cases // 20, 4)), darken, replays=5)
    result.did["disk full, records read-only"] = f"{dose.dark_seconds:.0f} s"
    return result


async def clock(home: Path, seed: int, dose: Dose) -> Result:
    """One worker's clock is a day ahead, the other's a day behind: every date is as if both were right."""
    stage = Stage(home, workers=2, clocks_off=(86_400, -86_400))
    result = await _driven(stage, "clock", plans(seed, dose.clock_cases), _no_harm, replays=5)
    result.did["clocks off"] = "a day, both ways"
    return result


async def lives(home: Path, seed: int, dose: Dose) -> Result:
    """Whole lives of sixty months, compared with the pure core letter by letter and date by date."""
    stage = Stage(home, workers=2)
    cases = plans(seed, dose.lives, days=dose.life_days, run_days=365)
    result = await _driven(stage, "lives", cases, _no_harm, replays=dose.lives)
    result.did["months"] = dose.life_days // 31
    return result


PARTS: dict[str, Part] = {
    **{"kills": kills, "chains": chains, "cuts": cuts, "outage": outage, "flood": flood},
    **{"surge": surge, "dark": dark, "clock": clock, "lives": lives, "archive": archive},
}
