"""`fleet`: which build of the code each open workflow is on, and moving those that sleep, in waves. ALL-5."""

import asyncio
from collections import Counter

from rich.table import Table
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from cli.console import FAILED, OK, err, out, print_json
from cli.waves import Pace, in_waves, show
from workflows.start import AUDITED, WAKE

_ON = SearchAttributeKey.for_keyword("TemporalWorkerDeploymentVersion")
_SETTLE = 2.0
"""Seconds a wave gets until the server lists where its cases are."""
_ROUNDS = 5


async def status(client: Client, deployment: str, *, as_json: bool) -> int:
    """How many open workflows are on each build, and which one is current."""
    try:
        current = await current_version(client, deployment)
    except RPCError as error:
        return _no_deployment(deployment, error)
    builds: Counter[str] = Counter()
    async for one in client.list_workflows(_open()):
        builds[one.typed_search_attributes.get(_ON) or "unversioned"] += 1
    if as_json:
        print_json({"current": current, "open": builds})
        return OK
    table = Table("build", "open workflows", "")
    for build in sorted({*builds, current}):
        table.add_row(build, f"{builds[build]:,}", "current" if build == current else "")
    out.print(table, markup=False)
    return OK


async def move(client: Client, deployment: str, where: str | None, pace: Pace) -> int:
    """Wake the open workflows that are on another build than the current one: each continues as new, on it.

    One that is busy moves by itself; one that can't move yet, for a letter is on its way, moves when that is done.
    """
    try:
        current = await current_version(client, deployment)
    except RPCError as error:
        return _no_deployment(deployment, error)
    results: dict[str, str] = {}
    for _ in range(_ROUNDS):
        behind = await elsewhere(client, current, where)
        if not behind:
            break
        results |= await in_waves(f"moving to {current}", behind, lambda id: _wake(client, id), pace)
        await asyncio.sleep(_SETTLE)
    results |= dict.fromkeys(await elsewhere(client, current, where), "elsewhere still")
    return show(results, f"to {current}")


async def current_version(client: Client, deployment: str) -> str:
    """The current version, as `TemporalWorkerDeploymentVersion` has it. Raises RPCError where there is none such."""
    asked = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    said = await client.workflow_service.describe_worker_deployment(asked)
    version: WorkerDeploymentVersion = said.worker_deployment_info.routing_config.current_deployment_version
    return f"{version.deployment_name}:{version.build_id}" if version.build_id else "unversioned"


async def elsewhere(client: Client, current: str, where: str | None) -> list[str]:
    """The open workflows that are on another version."""
    query = f"{_open()} AND {_ON.name} != '{current}'" + (f" AND ({where})" if where else "")
    return [one.id async for one in client.list_workflows(query)]


def _open() -> str:
    kinds = ", ".join(f"'{kind}'" for kind in AUDITED)
    return f"ExecutionStatus = 'Running' AND WorkflowType IN ({kinds})"


async def _wake(client: Client, workflow_id: str) -> str:
    try:
        await client.get_workflow_handle(workflow_id).signal(WAKE)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return "has ended"
        raise
    return "woken"


def _no_deployment(deployment: str, error: RPCError) -> int:
    if error.status != RPCStatusCode.NOT_FOUND:
        raise error
    err.print(
        f"error: no worker deployment {deployment}: workers without REENGAGEMENT_DEPLOYMENT are unversioned, and their "
        "cases go on with whatever code comes",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return FAILED
