"""The one Temporal plugin: data converter, interceptors and sandbox, for worker, client, replayer and tests."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import ClientConfig
from temporalio.common import HeaderCodecBehavior, RawValue
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.converter import PayloadConverter as BasePayloadConverter
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workflows.archive import ArchiveWorkflow
from workflows.case import CaseWorkflow
from workflows.inbox import is_refused
from workflows.messages import Refusal, SurplusArguments
from workflows.staffing import StaffingWorkflow

_PASSED_THROUGH = (
    *("domain", "policy", "workflows"),
    *("pydantic", "pydantic_core", "annotated_types", "zoneinfo", "tzdata"),
    *("structlog", "rich"),
)
"""Modules the sandbox does not load anew for every workflow: pure ones, those that only describe data, and
those that write the log lines of the SDK."""


class PayloadConverter(PydanticPayloadConverter):
    """Pydantic models as JSON; several values that nobody gave types for stay as they came, and refused ones too.

    The SDK asks so for a message with surplus arguments, and would drop a signal of which it can't read one (ALL-2);
    and for the details of a cancelled activity, which its own core puts there in plain text.
    """

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """The values, read by their types. Raises RuntimeError where one can't be read."""
        if type_hints is None and (len(payloads) > 1 or any(is_refused(payload) for payload in payloads)):
            type_hints = [RawValue] * len(payloads)
        return super().from_payloads(payloads, type_hints)


def sandbox(runner: WorkflowRunner | None) -> WorkflowRunner:
    """The SDK's sandbox, with what is pure passed through; another runner is left as it is."""
    if not isinstance(runner, SandboxedWorkflowRunner):
        return runner or SandboxedWorkflowRunner()
    return dataclasses.replace(runner, restrictions=runner.restrictions.with_passthrough_modules(*_PASSED_THROUGH))


class FailureConverter(DefaultFailureConverterWithEncodedAttributes):
    """Messages and stack traces go through the codec (ALL-6), but not why an update is refused.

    The UI shows a refusal to the person who sent the update and can't decode it. It names fields and what would be
    right, never a value, is answered before anything is recorded, and so stands in no history.
    """

    def __init__(self) -> None:
        super().__init__()
        self._in_clear = DefaultFailureConverter()

    def to_failure(self, exception: BaseException, payload_converter: BasePayloadConverter, failure: Failure) -> None:
        """Write an exception as a failure; of a refusal not where in the code it was raised."""
        if isinstance(exception, Refusal):
            self._in_clear.to_failure(exception.with_traceback(None), payload_converter, failure)
        else:
            super().to_failure(exception, payload_converter, failure)


class _Plugin(SimplePlugin):
    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """Headers go through the codec as well: an interceptor may put into them what it likes. ALL-6."""
        config["header_codec_behavior"] = HeaderCodecBehavior.CODEC
        return super().configure_client(config)


def plugin(codec: PayloadCodec | None) -> SimplePlugin:
    """What client, worker and replayer must agree on. Give it to the client: workers take it from there.

    Without a codec payloads are plain text: for histories recorded so, and for measuring what the codec costs. ALL-6.
    """
    return _Plugin(
        "reengagement",
        data_converter=DataConverter(
            payload_converter_class=PayloadConverter,
            payload_codec=codec,
            failure_converter_class=FailureConverter,
        ),
        interceptors=[SurplusArguments()],
        workflows=[CaseWorkflow, StaffingWorkflow, ArchiveWorkflow],
        workflow_runner=sandbox,
    )
