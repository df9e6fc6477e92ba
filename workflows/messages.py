"""The ways into a workflow: a signal and an update for every kind of fact, named as the fact.

Every handler takes one raw value and may be called without it: a message whose shape is wrong must reach the workflow
and be held (ALL-2), where a typed handler would drop it or stop the workflow.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from domain.fact import Fact
from domain.intake import ANY_FACT, DISMISS, RESUBMIT

_ASKED_BY_THE_UI = "__temporal_workflow_metadata"
_BESIDE_FACTS = {
    ANY_FACT: "Any fact: one JSON object with its `kind`.",
    DISMISS: 'Dismiss a quarantined message: {"entry": id, "why": text, "by": name}.',
    RESUBMIT: 'Send a quarantined message corrected: {"entry": id, "fact": {"kind": ...}}.',
}


class Refusal(ApplicationError):
    """Why an update is refused before anything is recorded, for the person who sent it: without any value. ALL-2."""


class Messages:
    """What the handlers hand on to; the workflow says what becomes of it."""

    ways: frozenset[str] = frozenset()
    """The names of its signals and updates."""

    def hear(self, name: str, values: Sequence[Any]) -> None:
        """Remember a signal's content, whatever it is."""
        raise NotImplementedError

    def refusal(self, name: str, values: Sequence[Any]) -> str | None:
        """Why an update is refused before anything is recorded; None when it is taken."""
        raise NotImplementedError

    def record(self, name: str, value: Any) -> Any:
        """Record what an update says and answer with the receipt."""
        raise NotImplementedError

    def details(self) -> str:
        """The table a person in the Temporal UI sees."""
        raise NotImplementedError

    @workflow.signal(dynamic=True, description="A signal of a name no fact has: it goes into quarantine.")
    def _unknown(self, name: str, values: Sequence[RawValue]) -> None:
        self.hear(name, values)


Ways = TypeVar("Ways", bound=type[Messages])


def ways_in(kinds: Mapping[str, type[Fact]], receipt: type) -> Callable[[Ways], Ways]:
    """Give a workflow a signal and an update for every kind of fact it hears; an update answers with a receipt."""
    about = {kind: f"{(fact.__doc__ or '').splitlines()[0]} {_takes(fact)}" for kind, fact in kinds.items()}

    def give(workflow_class: Ways) -> Ways:
        for name, description in (_BESIDE_FACTS | about).items():
            setattr(workflow_class, f"signal_{name}", _signal(name, description))
            setattr(workflow_class, f"update_{name}", _update(name, description, receipt))
        workflow_class.ways = frozenset(_BESIDE_FACTS | about)
        return workflow_class

    return give


def _takes(fact: type[Fact]) -> str:
    """What to write into the UI's dialog, which shows the description and takes one JSON value."""
    fields = {name: field for name, field in fact.model_fields.items() if name != "kind"}
    needed = ", ".join(name for name, field in fields.items() if field.is_required())
    others = ", ".join(name for name, field in fields.items() if not field.is_required())
    return f"One JSON object: {needed}" + (f"; if known {others}." if others else ".")


# The SDK reads the types of handlers and knows `self` only where it carries none.


def _signal(name: str, description: str) -> Any:
    def handler(self, message: RawValue = None) -> None:  # type: ignore[no-untyped-def,assignment]
        self.hear(name, [message])

    return workflow.signal(name=name, description=description)(handler)


def _update(name: str, description: str, receipt: type) -> Any:
    def handler(self, message: RawValue = None):  # type: ignore[no-untyped-def,assignment]
        return self.record(name, message)

    def validator(self, message: RawValue = None) -> None:  # type: ignore[no-untyped-def,assignment]
        _refuse(self, name, [message])

    handler.__annotations__["return"] = receipt
    update = workflow.update(name=name, description=description)(handler)
    update.validator(validator)
    return update


def _refuse(case: Messages, name: str, values: Sequence[Any]) -> None:
    because = case.refusal(name, values)
    if because:
        raise Refusal(because, type="Refused", non_retryable=True)


def together(method: Any) -> Any:
    """A method of one argument that, given more, takes them as a list: the SDK hands on all that came."""

    @wraps(method)
    def taking(self: Any, *values: Any) -> Any:
        return method(self, *_as_one(values))

    return taking


def _as_one(values: Sequence[Any]) -> list[Any]:
    return [list(values)] if len(values) > 1 else list(values)


class SurplusArguments(Interceptor):
    """Messages with more than one argument reach the workflow too, instead of failing its workflow task for ever."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        """The inbound interceptor of every workflow."""
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        if isinstance(workflow.instance(), Messages):
            input.args = _as_one(input.args)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        case = workflow.instance()
        if isinstance(case, Messages) and input.signal in case.ways and len(input.args) > 1:
            case.hear(input.signal, input.args)
        else:
            await super().handle_signal(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:
        """The table of details is made when somebody looks, not after every event."""
        answer = await super().handle_query(input)
        case = workflow.instance()
        if input.query == _ASKED_BY_THE_UI and isinstance(case, Messages):
            answer.current_details = case.details()
        return answer

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        case = workflow.instance()
        if isinstance(case, Messages) and len(input.args) > 1:
            _refuse(case, input.update, input.args)
        super().handle_update_validator(input)
