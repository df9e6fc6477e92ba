"""Lives begun under earlier code go on under this code: every recorded history replays, and a change that would break
one is seen."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from converter.plugin import plugin
from workflows import performing
from workflows.case import CaseWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))
"""By version: of every released one."""

RELEASED = set(re.findall(r"^## (\S+)", Path("CHANGELOG.md").read_text(), re.MULTILINE))


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def recorded(file: Path) -> WorkflowHistory:
    said = json.loads(file.read_text())
    return WorkflowHistory.from_json(said["workflow_id"], {"events": said["events"]})


async def replay(history: WorkflowHistory) -> Exception | None:
    result = await Replayer(workflows=[], plugins=[plugin(None)]).replay_workflow(
        history, raise_on_replay_failure=False
    )
    return result.replay_failure


def test_there_are_lives_of_every_sort() -> None:
    names = {file.stem for file in HISTORIES}
    assert {file.parent.name for file in HISTORIES} == RELEASED
    assert {"quiet_then_exempt", "lifted_by_participation", "at_the_limit", "badly_spoken_to"} <= names
    assert {"continued_as_new_run_1", "continued_as_new_run_2", "moved_without_address", "by_a_bad_post"} <= names
    assert {"disqualified_then_reversed", "a_staffing"} <= names


@pytest.mark.parametrize("file", HISTORIES, ids=name_of)
async def test_a_recorded_life_replays_under_this_code(file: Path) -> None:
    assert await replay(recorded(file)) is None


def one_more_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    perform = CaseWorkflow._perform

    def and_another(self: CaseWorkflow, policy: object) -> None:
        perform(self, policy)  # type: ignore[arg-type]
        workflow.start_activity("another", start_to_close_timeout=timedelta(seconds=1))

    monkeypatch.setattr(CaseWorkflow, "_perform", and_another)


def another_name_of_an_activity(monkeypatch: pytest.MonkeyPatch) -> None:
    letters = replace(performing.WAYS["letters"], activity="send_letter")
    monkeypatch.setitem(performing.WAYS, "letters", letters)


def no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CaseWorkflow, "_set_timer", lambda *_: None)


def no_search_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CaseWorkflow, "_publish", lambda *_: None)


def records_before_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = dict(reversed(performing.WAYS.items()))
    monkeypatch.setattr("workflows.case.WAYS", ways)


@pytest.mark.parametrize(
    "change",
    [one_more_activity, another_name_of_an_activity, no_timer, no_search_attributes, records_before_letters],
    ids=lambda change: change.__name__,
)
async def test_a_change_that_would_break_lives_under_way_fails_replay(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    *_, life = [file for file in HISTORIES if file.stem == "quiet_then_exempt"]
    change(monkeypatch)
    failure = await replay(recorded(life))
    assert isinstance(failure, workflow.NondeterminismError)
