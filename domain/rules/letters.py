"""Re-engagement letters: MO-1 (the first), MO-2 (what they say), MO-3 (every 30 days)."""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.calendar import first_week_from
from domain.case import Case, once_a_day
from domain.commands import OpenCaseRecord, SendLetter
from domain.facts import Opened
from domain.policy import Policy, Reason
from domain.rules import lift, sanction
from domain.rules.address import address
from domain.rules.effects import Due, Effect, effect_id, task
from domain.rules.participation import documents_outstanding, participation, required_hours
from domain.rules.transfer import displayed_provider
from domain.rules.trial import trial


@once_a_day
def held(case: Case, policy: Policy) -> Reason | None:
    """Why no letter is due in the cycle, if there is one and none is. MO-3, MO-8.

    The recipient agreed to comply and is in trial; or a lift is recommended, so there is nothing left to begin to
    comply with (MO-2); or it is reported lifted. Closed cases send nothing: nobody asks.
    """
    if not policy.letter_interval_days:
        return None
    current = trial(case, policy)
    if current and current.stands:
        return policy.reason("agreement", "the recipient agreed to comply", agreed_on=current.agreement.happened_on)
    if lift.ground(case, policy):
        return policy.reason("lift", "a lift is recommended: nothing is left to begin to comply with")
    lifted_on = lift.confirmed_on(case, policy)
    if lifted_on:
        return policy.reason("lift", "the sanction is reported lifted", lifted_on=lifted_on)
    return None


def next_letter(case: Case, policy: Policy) -> Due | None:
    """The first letter is due when the case opens, the next 30 days after the last was sent. MO-1, MO-3.

    MO 0290.040.00, "sends the re-engagement letter every 30 days". Resumed letters are due at the later of now and
    that date (MO-10). None before the opening, while letters are held, and in an edition without the cycle.
    """
    if not case.opening or not policy.letter_interval_days or held(case, policy):
        return None
    sent = case.letters_sent()
    if not sent:
        reason = policy.reason("start", "re-engagement starts at once", opened_on=case.opening.happened_on)
        return Due(case.day, "letter 1", reason)
    on = sent[-1] + timedelta(days=policy.letter_interval_days.value)
    reason = policy.reason("letters", "no agreement since the last letter", last_sent_on=sent[-1])
    return Due(on, f"letter {len(sent) + 1}", reason)


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """The letter that is due; without an address, a task, and the letter goes when the address comes. MO-2, MO-3."""
    opening, provider, due = case.opening, displayed_provider(case), next_letter(case, policy)
    if not opening or not provider:
        return
    if policy.sanctioned_status:
        key = "case-record"
        record = OpenCaseRecord(
            effect=effect_id(case, key),
            case_id=case.id,
            program=policy.program,
            provider=opening.provider,
            work_status=policy.sanctioned_status.value,
        )
        yield Effect(key, record, policy.reason("start", "re-engagement starts", opened_on=opening.happened_on))
    if due and due.on <= case.day:
        yield _letter(case, policy, opening, provider, due)


def _letter(case: Case, policy: Policy, opening: Opened, provider: str, due: Due) -> Effect:
    number, to, began = len(case.letters_sent()) + 1, address(case), sanction.began(case, policy)
    if to is None:
        text = "No mailing address on file: find one; the re-engagement letter goes when it comes"
        return task(case, policy, "letter", f"address/{number}", text, letter=number)
    key = f"letter/{number}"
    assert began and policy.weeks_to_lift  # noqa: S101 - an edition with letters has a sanction from the opening on
    letter = SendLetter(
        effect=effect_id(case, key),
        case_id=case.id,
        number=number,
        provider=provider,
        language=opening.language,
        name=opening.name,
        address=to,
        sanction_began=began,
        required_hours=required_hours(case, first_week_from(case.day)),
        good_weeks=policy.weeks_to_lift.value,
        assessment_needed=not {"assessment", "IEP"}.isdisjoint(participation(case, policy).missing),
        documents_needed=documents_outstanding(case),
        citation=policy.rule("letter").cites.split(":")[0],
    )
    return Effect(key, letter, due.reason)


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The date of the next letter. MO-3."""
    due = next_letter(case, policy)
    if due:
        yield due


def last_letter_on(case: Case) -> date | None:
    """The date the last letter was sent."""
    sent = case.letters_sent()
    return sent[-1] if sent else None
