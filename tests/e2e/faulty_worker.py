"""The worker with faults put in, each of which repeats what it was told: `python -m tests.e2e.faulty_worker --dev`.

Every letter fails the first time; a message fails its workflow task once, where its text asks for it; the query
`explain` fails always.
"""

from datetime import date
from typing import Any

import typer

import worker
from activities import perform
from domain.commands import LetterCommand
from workflows import case
from workflows.inbox import Inbox

FAILS_THE_TASK = "fails-the-task"

_failed: set[str] = set()
_render, _decide_on = perform.render, Inbox.decide_on


def _first_time(what: str) -> bool:
    new = what not in _failed
    _failed.add(what)
    return new


def _repeating(what: object) -> None:
    raise ValueError(f"what shall become of {what!r}?") from KeyError(str(what))


def _faulty_render(command: LetterCommand, provider: Any, dated: date) -> bytes:
    if _first_time(command.effect):
        _repeating(command)
    return _render(command, provider, dated)


def _faulty_decide_on(inbox: Any, message: Any, policy: Any) -> Any:
    if FAILS_THE_TASK in message.content and _first_time(message.content):
        _repeating(message)
    return _decide_on(inbox, message, policy)


if __name__ == "__main__":
    perform.render = _faulty_render
    Inbox.decide_on = _faulty_decide_on  # type: ignore[method-assign]
    case.explain = lambda state, policy: _repeating(state)  # type: ignore[assignment]
    typer.run(worker.main)
