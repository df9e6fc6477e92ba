"""Search attributes of a case: few, codes and counts only, no personal data (ALL-6)."""

from datetime import UTC, datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from domain.case import Case
from domain.policy import Policy
from domain.rules.rate import this_month
from domain.rules.transfer import displayed_provider
from domain.views import needs_action

PROGRAM = SearchAttributeKey.for_keyword("Program")
PHASE = SearchAttributeKey.for_keyword("Phase")
OUTCOME = SearchAttributeKey.for_keyword("Outcome")
PROVIDER = SearchAttributeKey.for_keyword("Provider")
NEXT_ACTION_AT = SearchAttributeKey.for_datetime("NextActionAt")
NEEDS_ACTION = SearchAttributeKey.for_keyword_list("NeedsAction")
COUNTS_IN_RATE = SearchAttributeKey.for_keyword("CountsInRate")
QUARANTINED = SearchAttributeKey.for_int("Quarantined")
LETTERS_SENT = SearchAttributeKey.for_int("LettersSent")

KEYS: tuple[SearchAttributeKey[Any], ...] = (
    PROGRAM,
    PHASE,
    OUTCOME,
    PROVIDER,
    NEXT_ACTION_AT,
    NEEDS_ACTION,
    COUNTS_IN_RATE,
    QUARANTINED,
    LETTERS_SENT,
)


def changes(
    case: Case, policy: Policy, next_action_at: datetime | None, known: TypedSearchAttributes
) -> list[SearchAttributeUpdate[Any]]:
    """What is to be upserted so that the attributes say what the case says.

    While a command is carried out the next action is that one, and its date stays.
    """
    now: dict[SearchAttributeKey[Any], Any] = {
        PROGRAM: policy.program,
        PHASE: case.phase.value,
        OUTCOME: case.outcome.value if case.outcome else None,
        PROVIDER: displayed_provider(case),
        NEEDS_ACTION: list(needs_action(case)) or None,
        COUNTS_IN_RATE: this_month(case, policy),
        QUARANTINED: len(case.quarantine),
        LETTERS_SENT: len(case.letters_sent()),
    }
    if not case.open_issues():
        now[NEXT_ACTION_AT] = next_action_at.astimezone(UTC) if next_action_at else None
    updates: list[SearchAttributeUpdate[Any]] = []
    for key, value in now.items():
        if known.get(key) != value:
            updates.append(key.value_unset() if value is None else key.value_set(value))
    return updates
