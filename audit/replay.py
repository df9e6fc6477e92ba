"""Strict replay: a run's history against the code that is here, every command with its content. ALL-8.

Temporal's own replayer proves that code and history agree on the kinds and the order of commands. Here each command the
code gives is held against the event that history has of it: inputs, timers, search attributes, answers, results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.history.v1 import History
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.archive.reading import started
from audit.commands import REPLAY_BUILD, Done, ends, of_command, of_event
from build import build_id
from converter.plugin import plugin, sandbox

_TASK_COMPLETED = "workflow_task_completed_event_attributes"


@dataclass(frozen=True)
class Replayed:
    """What a strict replay came to: commands compared, where history says otherwise, and what only reads otherwise.

    `notes` are of tasks that another build of the code worked on: words put differently since, and fields that came
    later and stand at their default.
    """

    commands: int
    differences: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass
class _Task:
    """One workflow task as history has it: the commands that were recorded, and the build that gave them."""

    event_id: int
    build: str
    over: frozenset[str]
    """The timers and activities that were over when it began."""
    done: list[tuple[int, Done]] = field(default_factory=list)


async def replayed(workflow_id: str, history: History) -> Replayed:
    """Replay an opened history and compare every command with it."""
    given, failure = await _given(workflow_id, history)
    if failure:
        return Replayed(0, (f"does not replay: {str(failure).splitlines()[0]}",))
    tasks = _tasks(history)
    found = [fault for event_id, task in tasks.items() for fault in _compared(task, given.get(event_id, []))]
    return Replayed(
        sum(len(task.done) for task in tasks.values()),
        tuple(says for says, is_note in found if not is_note),
        tuple(says for says, is_note in found if is_note),
    )


async def given(workflow_id: str, history: History) -> list[Done]:
    """Every command that the code which is here gives when an opened history is replayed, whatever history says."""
    tasks, _ = await _given(workflow_id, history)
    return [done for dones in tasks.values() for done in dones]


async def _given(workflow_id: str, history: History) -> tuple[dict[int, list[Done]], Exception | None]:
    """The commands given, by the event that started their task, and why it does not replay, if it does not."""
    recorder = _Recorder(sandbox(SandboxedWorkflowRunner()))
    replayer = Replayer(workflows=[], plugins=[plugin(None)], workflow_runner=recorder, build_id=REPLAY_BUILD)
    result = await replayer.replay_workflow(
        WorkflowHistory(workflow_id, list(history.events)), raise_on_replay_failure=False
    )
    return recorder.given(started(history)), result.replay_failure


def _tasks(history: History) -> dict[int, _Task]:
    """The completed workflow tasks, by the event that started each."""
    tasks: dict[int, _Task] = {}
    task = None
    begun: dict[int, str] = {}
    over: set[str] = set()
    for event in history.events:
        if event.HasField("workflow_task_completed_event_attributes"):
            completed = event.workflow_task_completed_event_attributes
            build = completed.deployment_version.build_id or completed.worker_version.build_id
            task = tasks[completed.started_event_id] = _Task(event.event_id, build, frozenset(over))
        elif ended := ends(event, begun):
            over.add(ended)
        elif done := of_event(event, begun):
            if done.begins:
                begun[event.event_id] = done.about
            if task:
                task.done.append((event.event_id, done))
    return tasks


def _compared(task: _Task, given: Sequence[Done]) -> Iterator[tuple[str, bool]]:
    """Where recorded and given commands differ, and whether that is only a note."""
    given = _without_what_came_to_nothing(given, task)
    for (event_id, recorded), computed in zip(task.done, given, strict=False):
        if recorded.kind != computed.kind:
            yield f"event {event_id}: is {recorded.kind}, the code gives {computed.kind}", False
            continue
        for path, is_note in recorded.differences(computed, by_this_build=task.build == build_id()):
            yield f"event {event_id} ({recorded.kind}): {path}", is_note
    for event_id, recorded in task.done[len(given) :]:
        yield f"event {event_id}: is {recorded.kind}, the code gives no such command", False
    for computed in given[len(task.done) :]:
        yield f"after event {task.event_id}: the code gives {computed.kind}, history has none", False


def _without_what_came_to_nothing(given: Sequence[Done], task: _Task) -> list[Done]:
    """The SDK drops what is begun and given up in one task, and giving up what was over already."""
    begun = {done.about for _, done in task.done if done.begins}
    given_up = {done.about for done in given if done.gives_up}
    nothing = {done.about for done in given if done.begins and done.about in given_up - begun}
    return [
        done
        for done in given
        if not (done.begins and done.about in nothing)
        and not (done.gives_up and (done.about in nothing or done.about in task.over))
    ]


class _Recorder(WorkflowRunner):
    """Runs workflows as another runner does, and remembers the commands of each workflow task."""

    def __init__(self, inner: WorkflowRunner) -> None:
        self._inner = inner
        self._completions: list[tuple[int, WorkflowActivationCompletion]] = []

    def prepare_workflow(self, defn: Any) -> None:
        self._inner.prepare_workflow(defn)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._inner.set_worker_level_failure_exception_types(types)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _RecordedInstance(self._inner.create_instance(det), self._completions)

    def given(self, start: Any) -> dict[int, list[Done]]:
        """The commands given, by the event that started the task they were given in."""
        given: dict[int, list[Done]] = {}
        for task, completion in self._completions:
            commands = (of_command(command, start) for command in completion.successful.commands)
            given.setdefault(task, []).extend(done for done in commands if done)
        return given


class _RecordedInstance(WorkflowInstance):
    def __init__(self, inner: WorkflowInstance, completions: list[tuple[int, WorkflowActivationCompletion]]) -> None:
        self._inner, self._completions = inner, completions

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        completion = self._inner.activate(act)
        copy = WorkflowActivationCompletion()
        copy.CopyFrom(completion)  # what follows may encode it in place
        self._completions.append((act.history_length, copy))
        return completion

    def get_serialization_context(self, command_info: Any) -> Any:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Any:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()
