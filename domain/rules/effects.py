"""The two things a rule can want: an effect now, and to be asked again on a date."""

from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from domain.case import Case
from domain.commands import Command, OpenTask
from domain.policy import Policy, Reason, Topic

CommandOf = TypeVar("CommandOf", bound=Command)


@dataclass(frozen=True)
class Effect:
    """A command a rule wants carried out, under a key that is the same for as long as the rule wants the same."""

    key: str
    command: Command
    reason: Reason


@dataclass(frozen=True)
class Due:
    """What a case waits for: on that date, for that reason."""

    on: date
    what: str
    reason: Reason


def effect_id(case: Case, key: str) -> str:
    """The effect id of a key: derived from the case, numbered when issued again after being undone. ALL-3."""
    issue = case.issues.get(key)
    return numbered(case, key, issue.number + (issue.status == "undone") if issue else 1)


def numbered(case: Case, key: str, number: int) -> str:
    """The effect id of a key issued for the so many-th time. ALL-3."""
    return f"{case.id}/{key}" if number == 1 else f"{case.id}/{key}/{number}"


def as_carried_out(case: Case, key: str, command: CommandOf) -> CommandOf:
    """The command as it was carried out, if it was: what it said then is no reason to do it again."""
    issue = case.issues.get(key)
    done = issue.command if issue and issue.status == "done" else None
    return done if isinstance(done, type(command)) else command


def task(case: Case, policy: Policy, topic: Topic, key: str, text: str, **inputs: Any) -> Effect:
    """A staff task: what to do, under the rule that asks for it."""
    key = f"task/{key}"
    reason = policy.reason(topic, text, **inputs)
    command = OpenTask(
        effect=effect_id(case, key), case_id=case.id, topic=key.split("/")[1], rule=reason.rule, text=text
    )
    return Effect(key, command, reason)
