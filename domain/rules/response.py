"""What the participant answered: MO-4 (agrees), MO-5 (anything else)."""

from collections.abc import Iterator
from datetime import date

from domain.case import Case
from domain.commands import UpdateIep, UpdatePdp
from domain.facts import AddressChanged, Response
from domain.policy import Policy
from domain.rules.effects import Due, Effect, effect_id, task
from domain.rules.sanction import began


def stances(case: Case, policy: Policy) -> list[Response]:
    """The agreements and refusals since the sanction began, in the order they happened. MO-4, MO-5.

    Before a sanction, those since the case opened: they do not lift it, for it has not begun.
    """
    if not case.opening:
        return []
    since = began(case, policy) or case.opening.happened_on
    return [
        answer
        for answer in case.told(Response)
        if answer.answer in ("agrees", "refuses") and answer.happened_on >= since
    ]


def agreement_stands_since(case: Case, policy: Policy) -> date | None:
    """The date of the agreement that stands under the sanction in force: no refusal came after it. OR-8."""
    said = stances(case, policy) if began(case, policy) else []
    since = None
    for answer in said:
        since = (since or answer.happened_on) if answer.answer == "agrees" else None
    return since


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """An agreement: a task to explain, and the IEP update (MO-4). Returned mail: a task to find an address (MO-5)."""
    if not case.opening:
        return
    for answer in stances(case, policy):
        if answer.answer == "agrees":
            yield task(
                case,
                policy,
                "agreement",
                f"explain/{answer.happened_on}",
                "Explain the appropriate actions for compliance to the participant, who agreed to comply",
                agreed_on=answer.happened_on,
            )
    recorded_since = case.opening.sanction_began or case.opening.happened_on
    for answer in case.told(Response):
        if answer.answer == "agrees" and answer.happened_on >= recorded_since:
            yield _in_the_plan(case, policy, answer)
        if answer.answer == "returned_mail" and not _moved_since(case, answer):
            yield task(
                case,
                policy,
                "response",
                f"returned-mail/{answer.happened_on}",
                "Mail came back: find the participant's address",
                returned_on=answer.happened_on,
            )


def _in_the_plan(case: Case, policy: Policy, agreed: Response) -> Effect:
    """What was agreed, whatever became of it: also before the sanction that followed. MO-4, OR-8."""
    key = f"{policy.plan_name.lower()}/{agreed.happened_on}"
    update = {"effect": effect_id(case, key), "case_id": case.id}
    said = {"activities": agreed.activities, "changes": agreed.changes}
    command: UpdateIep | UpdatePdp
    if policy.plan_name == "IEP":
        command = UpdateIep(**update, **said, agreed_on=agreed.happened_on)
    else:
        command = UpdatePdp(**update, **said, entry="agreement", dated=agreed.happened_on)
    reason = policy.reason("agreement", "the participant agreed to comply", agreed_on=agreed.happened_on)
    return Effect(key, command, reason)


def _moved_since(case: Case, returned: Response) -> bool:
    return any(change.happened_on >= returned.happened_on for change in case.told(AddressChanged))


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """None: answers come when they come."""
    yield from ()
