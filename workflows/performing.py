"""How commands are carried out: one table of lanes, timeouts and retries (ALL-3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

from domain.commands import Command, Lane, OpenTask, Performed, SendLetter
from domain.policy import Policy

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=10)
)


@dataclass(frozen=True)
class _Way:
    activity: str
    revoke: str
    at_once: int
    attempt: timedelta
    by_edition: bool = False


WAYS: dict[Lane, _Way] = {
    "letters": _Way("deliver_letter", "revoke_letter", at_once=1, attempt=timedelta(seconds=60)),
    "records": _Way("record", "revoke_records", at_once=50, attempt=timedelta(seconds=30)),
    "staffings": _Way("staff", "revoke_staffing", at_once=1, attempt=timedelta(seconds=30), by_edition=True),
}

PATIENCE = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""How long a lane's commands are tried before the case says it is stuck, and again the next time. They are tried for
as long as they make sense; each round costs a few events of history, so rounds grow."""


class Performing:
    """Commands of one lane on their way: an activity that is cancelled when one of them becomes void.

    With `revoke` the activity asks that they be left, where they were made void after they were handed over: an answer
    that is lost says nothing of whether they were carried out.
    """

    def __init__(
        self, lane: Lane, commands: Sequence[Command], on: date, rounds: int, policy: Policy, *, revoke: bool
    ) -> None:
        way = WAYS[lane]
        self.lane, self.revoke = lane, revoke
        self.commands = tuple(commands[: way.at_once])
        asked: Any = self.commands[0] if way.at_once == 1 else self.commands
        self._handle: workflow.ActivityHandle[Any] = workflow.start_activity(
            way.revoke if revoke else way.activity,
            args=[asked, on, *([policy] if way.by_edition and not revoke else [])],
            result_type=list[Performed],
            start_to_close_timeout=way.attempt,
            schedule_to_close_timeout=PATIENCE[min(rounds, len(PATIENCE) - 1)],
            retry_policy=RETRIES,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=("revoke: " if revoke else "") + ", ".join(map(_in_words, self.commands[:3])),
        )
        self._cancelled = False

    @property
    def effects(self) -> list[str]:
        """The effect ids of what is on its way."""
        return [command.effect for command in self.commands]

    def is_still(self, wanted: Sequence[Command], *, revoke: bool) -> bool:
        """Whether what is on its way is wanted as it was handed over."""
        return self.revoke == revoke and all(command in wanted for command in self.commands)

    def cancel(self) -> None:
        """Ask that it be given up; it may have happened all the same, and then says so."""
        if not self._cancelled:
            self._cancelled = True
            self._handle.cancel()

    async def done(self) -> list[Performed] | str | None:
        """What was carried out, the code of why nothing could be, or None when it was given up in time."""
        try:
            performed: list[Performed] = await self._handle
        except ActivityError as error:
            return None if self._cancelled else _code(error)
        return performed


def _in_words(command: Command) -> str:
    """A command as the UI's timeline shows it: what it is, and of which letter or task."""
    match command:
        case SendLetter(number=number):
            return f"letter {number}"
        case OpenTask(topic=topic):
            return f"task {topic}"
        case _:
            return command.kind.replace("_", " ")


def _code(error: ActivityError) -> str:
    """A failure as a code: its type, never its text, which may name a person (ALL-6)."""
    cause = error.cause
    while cause is not None and not isinstance(cause, ApplicationError) and cause.__cause__ is not None:
        cause = cause.__cause__
    return (cause.type or "failure") if isinstance(cause, ApplicationError) else "no_answer"
