"""At least one contact a month, a letter not being the only type: MO-11."""

from collections.abc import Iterator
from datetime import date

from domain.calendar import Month, add_months, first_day, month_of
from domain.case import Case
from domain.facts import ContactMade, Response, TaskDone
from domain.policy import Policy
from domain.rules.effects import Due, Effect, task
from domain.rules.sanction import applied, began


def last_contact(case: Case) -> date | None:
    """The date of the last contact other than a letter; an answer is a contact, returned mail is none. MO-11."""
    contacts = (contact for contact in reversed(case.told(ContactMade)) if contact.type != "letter")
    answers = (answer for answer in reversed(case.told(Response)) if answer.answer != "returned_mail")
    latest = [one.happened_on for one in (next(contacts, None), next(answers, None)) if one]
    return max(latest, default=None)


def month_to_judge(case: Case, policy: Policy) -> Month | None:
    """The first whole month under sanction in this case, since the last contact and the last such task done, that has
    no contact.

    MO-11, OR-8. It may not be over yet. None while no sanction is in force.
    """
    if not case.opening or not began(case, policy):
        return None
    decision = applied(case, policy)
    since = decision.happened_on if decision else case.opening.happened_on
    months = [month_of(since) if since.day == 1 else add_months(month_of(since), 1)]
    contact = last_contact(case)
    if contact:
        months.append(add_months(month_of(contact), 1))
    months += [
        add_months(month_of(done.happened_on), 1)
        for done in case.told(TaskDone)
        if done.task.startswith(f"{case.id}/task/contact/")
    ]
    return max(months)


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """A month without a contact opens a task, which stands until there is one. MO-11.

    The plan's community and advocacy organisations appear in it.
    """
    month = month_to_judge(case, policy)
    if month and case.opening and first_day(add_months(month, 1)) <= case.day:
        enlist = f"; enlist {', '.join(case.opening.plan)}" if case.opening.plan else ""
        text = f"No contact other than a letter in {month}: contact the participant{enlist}"
        yield task(case, policy, "contact", f"contact/{month}", text, month=month)


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The first date after the month. MO-11."""
    month = month_to_judge(case, policy)
    if month:
        on = first_day(add_months(month, 1))
        yield Due(on, f"contact in {month}", policy.reason("contact", "a task, if there was none", month=month))
