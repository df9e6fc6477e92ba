"""When the sanction is in force; in a program with staffings, what it takes to apply it: OR-3, OR-5, OR-6."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from domain.case import Case, once_a_day
from domain.commands import FinaliseTracs, OfferResources, SelectOnTracs, UpdateOne, UpdatePdp
from domain.facts import ContactMade, StaffingDecided
from domain.policy import DisqualificationPolicy, Policy
from domain.rules.address import address
from domain.rules.effects import Due, Effect, as_carried_out, effect_id, task
from domain.rules.narration import narration
from domain.rules.staffing import decisions, in_effect, result_of, standing
from domain.rules.transfer import displayed_provider


@once_a_day
def unchanged(case: Case, policy: Policy) -> tuple[StaffingDecided, ...]:
    """The decision that stands, with those before it that came to the same: the first of them is in effect. OR-3."""
    held = in_effect(case, policy)
    count = 0
    while count < len(held) and result_of(held[-1 - count], policy) == result_of(held[-1], policy):
        count += 1
    return tuple(held[len(held) - count :])


def applied(case: Case, policy: Policy) -> StaffingDecided | None:
    """The decision by which the participant is disqualified, while that stands. OR-5."""
    if not policy.disqualification or standing(case, policy) != "disqualified":
        return None
    return unchanged(case, policy)[0]


def began(case: Case, policy: Policy) -> date | None:
    """The first date of the sanction that is in force: the opening's, or the staffing's that applied it.

    None where no sanction is in force, as before a staffing and after one that found good cause. OR-1, OR-3.
    """
    if not case.opening:
        return None
    decision = applied(case, policy)
    if decision:
        return decision.happened_on
    return None if policy.disqualification and decisions(case) else case.opening.sanction_began


def last_began(case: Case, policy: Policy) -> date | None:
    """The first date of the last sanction in this episode, also of one that was taken back; None when there was none.

    Decisions that confirm a disqualification leave it the one it was.
    """
    last = case.opening.sanction_began if case.opening else None
    goes_on = False
    for decision in decisions(case) if policy.disqualification else []:
        disqualifies = result_of(decision, policy) == "disqualified"
        if disqualifies and not goes_on:
            last = decision.happened_on
        goes_on = disqualifies
    return last


@dataclass(frozen=True)
class Step:
    """One step of applying the disqualification: who does it, and the date it was done. OR-5."""

    what: str
    who: str
    effect: str
    done_on: date | None


def _attempted_on(case: Case, since: date) -> date | None:
    made = (one.happened_on for one in case.told(ContactMade) if one.type != "letter" and one.happened_on >= since)
    return next(made, None)


def steps(case: Case, policy: Policy) -> tuple[Step, ...]:
    """The steps of the disqualification that is in force, each tracked to done. OR-5; empty without one."""
    decision = applied(case, policy)
    if not decision:
        return ()
    number = decision.number
    return (
        _by_software(case, "PDP updated: RE step of the same day, attendance added", f"dq1/{number}/pdp"),
        _by_staff(case, "copy of the PDP given to the participant", f"task/pdp-copy/{number}"),
        _by_software(case, "outcome selected on the TRACS re-engagement page", f"tracs/{number}"),
        _by_software(case, "ONE updated, with a case note on the action", f"dq1/{number}/one"),
        _by_staff(
            case,
            "attempts to engage go on",
            f"task/attempt/{number}",
            _attempted_on(case, decision.happened_on),
        ),
        _by_software(case, "resources offered by letter", f"resources/{number}"),
    )


def _by_software(case: Case, what: str, key: str) -> Step:
    issue = case.issues.get(key)
    return Step(what, "software", effect_id(case, key), issue.on if issue and issue.status == "done" else None)


def _by_staff(case: Case, what: str, key: str, otherwise: date | None = None) -> Step:
    issue = case.issues.get(key)
    done_on = case.task_done_on(issue.effect) if issue else None
    return Step(what, "family coach", issue.effect if issue else effect_id(case, key), done_on or otherwise)


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """What the decision that stands asks for: the steps of the disqualification, and the TRACS pages. OR-5, OR-6."""
    terms, decision = policy.disqualification, applied(case, policy)
    if not terms or not case.opening:
        return
    if decision:
        yield from _dq1(case, policy, terms, decision)
    yield from pages(case, policy)


def _dq1(case: Case, policy: Policy, terms: DisqualificationPolicy, decision: StaffingDecided) -> Iterator[Effect]:
    number, on = decision.number, decision.happened_on
    hours = terms.attendance_hours.value
    key = f"dq1/{number}/pdp"
    pdp = UpdatePdp(effect=effect_id(case, key), case_id=case.id, entry="re_step", dated=on, attendance_hours=hours)
    says = f"the RE step of the same day, with {hours:g}-hour attendance"
    yield Effect(key, pdp, policy.reason("sanction", says, staffing=number, held_on=on))
    key, told = f"dq1/{number}/one", narration(case, policy, decision)
    one = UpdateOne(effect=effect_id(case, key), case_id=case.id, action="apply_dq1", dated=on, case_note=told)
    yield Effect(key, one, policy.reason("sanction", "ONE is updated", staffing=number, held_on=on))
    copy = "Give the participant a copy of the updated PDP"
    yield task(case, policy, "sanction", f"pdp-copy/{number}", copy, staffing=number)
    if not _attempted_on(case, on):
        attempt = "Go on attempting to engage: make the next contact, and record it"
        yield task(case, policy, "sanction", f"attempt/{number}", attempt, staffing=number)
    yield from _resources(case, policy, terms, decision)


def _resources(
    case: Case, policy: Policy, terms: DisqualificationPolicy, decision: StaffingDecided
) -> Iterator[Effect]:
    """The resources are offered by letter; without an address a task asks for one. OR-5."""
    opening, to, provider = case.opening, address(case), displayed_provider(case)
    key, number = f"resources/{decision.number}", decision.number
    if not opening or not provider:
        return
    reason = policy.reason("letter", "resources are offered", staffing=number)
    sent = case.issues.get(key)
    if sent and sent.status == "done" and sent.command:
        yield Effect(key, sent.command, reason)
    elif to is None:
        text = "No mailing address on file: find one; the offer of resources goes when it comes"
        yield task(case, policy, "letter", f"address/resources-{number}", text, staffing=number)
    else:
        offer = OfferResources(
            effect=effect_id(case, key),
            case_id=case.id,
            number=number,
            provider=provider,
            language=opening.language,
            name=opening.name,
            address=to,
            staffing_held_on=decision.happened_on,
            resources=terms.resources.value,
            citation=policy.rule("letter").cites.split(":")[0],
        )
        yield Effect(key, offer, reason)


def pages(case: Case, policy: Policy) -> Iterator[Effect]:
    """A TRACS page for each decision that still says what stands, finalised when every step is done. OR-5, OR-6."""
    terms, result = policy.disqualification, standing(case, policy)
    if not terms or result not in ("good_cause", "disqualified"):
        return
    selection = (terms.selection if result == "disqualified" else terms.good_cause_selection).value
    for decision in unchanged(case, policy):
        key, told = f"tracs/{decision.number}", narration(case, policy, decision)
        page = SelectOnTracs(
            effect=effect_id(case, key),
            case_id=case.id,
            staffing=decision.number,
            dated=decision.happened_on,
            selection=selection,
            narration=told,
        )
        yield Effect(key, page, policy.reason("narration", told, staffing=decision.number))
        done_on = _ready_on(case, policy, key, page)
        if done_on:
            final = narration(case, policy, decision, finalised_on=done_on)
            command = FinaliseTracs(
                effect=effect_id(case, f"{key}/final"),
                case_id=case.id,
                page=page.effect,
                dated=done_on,
                narration=final,
            )
            says = "every step is done: the page is finalised"
            command = as_carried_out(case, f"{key}/final", command)
            yield Effect(f"{key}/final", command, policy.reason("sanction", says, done_on=done_on))


def _ready_on(case: Case, policy: Policy, key: str, page: SelectOnTracs) -> date | None:
    """The date on which the last step was done; None while one is not, the selection of the page among them. OR-5."""
    selected = case.issues.get(key)
    selected_on = selected.on if selected and selected.status == "done" and selected.command == page else None
    dates = [selected_on, *(step.done_on for step in steps(case, policy))]
    known = [one for one in dates if one]
    return max(known) if len(known) == len(dates) else None


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """None: steps are done when they are done."""
    yield from ()
