"""Search attributes of a case and its staffings: few, codes and counts only, no personal data (ALL-6)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from domain.case import Case, Phase
from domain.policy import Policy
from domain.rules.edition import in_force
from domain.rules.limit import limit_month
from domain.rules.rate import this_month
from domain.rules.transfer import displayed_provider
from domain.staffing.staffing import Staffing
from domain.staffing.views import comes_to
from domain.staffing.views import needs_action as staffing_needs_action
from domain.views import needs_action, next_letter_at

PROGRAM = SearchAttributeKey.for_keyword("Program")
PHASE = SearchAttributeKey.for_keyword("Phase")
OUTCOME = SearchAttributeKey.for_keyword("Outcome")
PROVIDER = SearchAttributeKey.for_keyword("Provider")
NEXT_ACTION_AT = SearchAttributeKey.for_datetime("NextActionAt")
NEXT_LETTER_AT = SearchAttributeKey.for_datetime("NextLetterAt")
LIMIT_MONTH = SearchAttributeKey.for_keyword("LimitMonth")
NEEDS_ACTION = SearchAttributeKey.for_keyword_list("NeedsAction")
COUNTS_IN_RATE = SearchAttributeKey.for_keyword("CountsInRate")
QUARANTINED = SearchAttributeKey.for_int("Quarantined")
LETTERS_SENT = SearchAttributeKey.for_int("LettersSent")
CASE = SearchAttributeKey.for_keyword("CaseId")

KEYS: tuple[SearchAttributeKey[Any], ...] = (
    PROGRAM,
    PHASE,
    OUTCOME,
    PROVIDER,
    NEXT_ACTION_AT,
    NEXT_LETTER_AT,
    LIMIT_MONTH,
    NEEDS_ACTION,
    COUNTS_IN_RATE,
    QUARANTINED,
    LETTERS_SENT,
    CASE,
)


Shown = Mapping[SearchAttributeKey[Any], Any]


def shown_by(known: TypedSearchAttributes) -> Shown:
    """What the server shows already."""
    return {pair.key: pair.value for pair in known}


def shows(case: Case, policy: Policy, next_action_at: datetime | None, before: Shown) -> Shown:
    """What the attributes have to say of a case; None where they say nothing.

    While a command is carried out the next action is that one, and its date stays.
    """
    policy = in_force(case, policy)
    at = before.get(NEXT_ACTION_AT) if case.under_way() else next_action_at
    letter_at = next_letter_at(case, policy)
    return {
        PROGRAM: policy.program,
        PHASE: case.phase.value,
        OUTCOME: case.outcome.value if case.outcome else None,
        PROVIDER: displayed_provider(case),
        NEXT_ACTION_AT: at.astimezone(UTC) if at else None,
        NEXT_LETTER_AT: letter_at.astimezone(UTC) if letter_at else None,
        LIMIT_MONTH: limit_month(case, policy) if not case.outcome else None,
        NEEDS_ACTION: list(needs_action(case)) or None,
        COUNTS_IN_RATE: this_month(case, policy),
        QUARANTINED: len(case.quarantine),
        LETTERS_SENT: len(case.letters_sent()),
    }


def staffing_shows(staffing: Staffing, policy: Policy, *, unheard: bool = False) -> Shown:
    """What the attributes have to say of a staffing: of which case, and what it waits for; never an answer (ALL-6).

    `unheard` is a decision whose case had ended, so that it is seen by somebody all the same.
    """
    came_to = comes_to(staffing, policy)
    open_still = not came_to and not staffing.ended
    return {
        PROGRAM: policy.program,
        PHASE: Phase.STAFFING.value if open_still else Phase.CLOSED.value,
        OUTCOME: came_to,
        CASE: staffing.call.case_id,
        NEEDS_ACTION: [*staffing_needs_action(staffing, policy), *(["unheard"] if unheard else [])] or None,
        QUARANTINED: len(staffing.quarantine),
    }


def changes(before: Shown, now: Shown) -> list[SearchAttributeUpdate[Any]]:
    """What is to be upserted so that the attributes say it."""
    return [
        key.value_unset() if value is None else key.value_set(value)
        for key, value in now.items()
        if before.get(key) != value
    ]
