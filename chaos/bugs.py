"""Bugs put in on purpose: a chaos that stays green with one of them proves nothing."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from activities.outbox import Delivered, Letter, Outbox
from domain import intake
from workflows.performing import Performing


def deduplication_off() -> None:
    """A message that comes again counts again. ALL-1."""
    take = intake.take

    def forgetful(ledger: Any, *message: Any) -> Any:
        return take(replace(ledger, heard={}), *message)

    intake.take = forgetful  # type: ignore[assignment]


def effect_without_its_id() -> None:
    """A letter that is tried again is another letter. ALL-3."""
    deliver = Outbox.deliver

    def under_a_new_id(outbox: Outbox, letter: Letter) -> Delivered:
        if any(sent.effect == letter.effect for sent in outbox.letters(letter.case_id)):
            letter = replace(letter, effect=f"{letter.effect}/{uuid.uuid4().hex[:8]}")
        return deliver(outbox, letter)

    Outbox.deliver = under_a_new_id  # type: ignore[method-assign,assignment]


def letter_not_cancelled() -> None:
    """A letter made void goes all the same. ALL-3."""
    Performing.is_still = lambda self, wanted, *, revoke: True  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    "deduplication-off": deduplication_off,
    "effect-without-its-id": effect_without_its_id,
    "letter-not-cancelled": letter_not_cancelled,
}
