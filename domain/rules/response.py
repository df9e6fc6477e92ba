"""What the participant answered: MO-4 (agrees), MO-5 (anything else)."""

from collections.abc import Iterator

from domain.case import Case
from domain.commands import UpdateIep
from domain.facts import AddressChanged, Response
from domain.policy import Policy
from domain.rules.effects import Due, Effect, effect_id, task


def stances(case: Case) -> list[Response]:
    """The agreements and refusals since the sanction began, in the order they happened. MO-4, MO-5."""
    opening = case.opening
    if not opening:
        return []
    return [
        answer
        for answer in case.told(Response)
        if answer.answer in ("agrees", "refuses") and answer.happened_on >= opening.sanction_began
    ]


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """An agreement: a task to explain, and the IEP update (MO-4). Returned mail: a task to find an address (MO-5)."""
    for answer in stances(case):
        if answer.answer == "agrees":
            yield from _agreement(case, policy, answer)
    for answer in case.told(Response):
        if answer.answer == "returned_mail" and not _moved_since(case, answer):
            yield task(
                case,
                policy,
                "response",
                f"returned-mail/{answer.happened_on}",
                "Mail came back: find the participant's address",
                returned_on=answer.happened_on,
            )


def _agreement(case: Case, policy: Policy, agreed: Response) -> Iterator[Effect]:
    yield task(
        case,
        policy,
        "agreement",
        f"explain/{agreed.happened_on}",
        "Explain the appropriate actions for compliance to the participant, who agreed to comply",
        agreed_on=agreed.happened_on,
    )
    key = f"iep/{agreed.happened_on}"
    yield Effect(
        key,
        UpdateIep(
            effect=effect_id(case, key),
            case_id=case.id,
            agreed_on=agreed.happened_on,
            activities=agreed.activities,
            changes=agreed.changes,
        ),
        policy.reason("agreement", "the participant agreed to comply", agreed_on=agreed.happened_on),
    )


def _moved_since(case: Case, returned: Response) -> bool:
    return any(change.happened_on >= returned.happened_on for change in case.told(AddressChanged))


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """None: answers come when they come."""
    yield from ()
