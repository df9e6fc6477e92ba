"""The one Temporal plugin: data converter, interceptors and sandbox, for worker, client, replayer and tests."""

import dataclasses

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows.case import CaseWorkflow
from workflows.messages import SurplusArguments

_PASSED_THROUGH = (
    *("domain", "policy", "workflows"),
    *("pydantic", "pydantic_core", "annotated_types", "zoneinfo", "tzdata"),
    *("structlog", "rich"),
)
"""Modules the sandbox does not load anew for every workflow: pure ones, those that only describe data, and
those that write the log lines of the SDK."""


def _sandbox(runner: WorkflowRunner | None) -> WorkflowRunner:
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner or SandboxedWorkflowRunner()
    return dataclasses.replace(runner, restrictions=runner.restrictions.with_passthrough_modules(*_PASSED_THROUGH))


def plugin() -> SimplePlugin:
    """What client, worker and replayer must agree on. Give it to the client: workers take it from there."""
    return SimplePlugin(
        "reengagement",
        data_converter=pydantic_data_converter,
        interceptors=[SurplusArguments()],
        workflows=[CaseWorkflow],
        workflow_runner=_sandbox,
    )
