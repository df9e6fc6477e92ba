"""Staffings: what calls for one (OR-1, OR-3, OR-4), what it decided, and what follows for staff (OR-1, OR-7)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from domain.calendar import local_date
from domain.case import Case, once_a_day
from domain.commands import OpenStaffing
from domain.facts import NewInformation, ReleaseFiled, StaffingDecided, StaffingRequested
from domain.policy import Policy
from domain.rules.effects import Due, Effect, as_carried_out, effect_id, task
from domain.staffing.deciding import Missing, Result, challenges, missing, result

Why = Literal["opening", "request", "new_information", "due_process"]

_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Call:
    """Something that calls for a staffing, and when it became known."""

    why: Why
    at: datetime
    on: date
    request: StaffingRequested | None = None


@dataclass(frozen=True)
class Staffing:
    """One staffing of a case: what called for it, what else came while it was open, and its decision, if any."""

    number: int
    call: Call
    joined: tuple[Call, ...] = ()
    decision: StaffingDecided | None = None


def releases(case: Case, on: date) -> list[ReleaseFiled]:
    """The releases of information that are on file on a date. OR-4, OR-7."""
    return [one for one in case.told(ReleaseFiled) if one.happened_on <= on and (not one.until or on <= one.until)]


def may_request(case: Case, request: StaffingRequested) -> bool:
    """Whether somebody may request a staffing: a community partner only with a release on file.

    OR-4 · OR DQ1 Guide: 'community partner (with MCS 3010)'.
    """
    known = {release.partner for release in releases(case, request.happened_on)}
    return request.partner is None or request.partner in known


def decisions(case: Case) -> list[StaffingDecided]:
    """What staffings decided, in the order of the staffings: each reviews the one before. OR-3."""
    return sorted(case.told(StaffingDecided), key=lambda decision: decision.number)


def result_of(decision: StaffingDecided, policy: Policy) -> Result | None:
    """What a decision comes to; None in an edition without staffings. OR-1."""
    return result(decision.finding, decision.record, policy.staffing) if policy.staffing else None


def in_effect(case: Case, policy: Policy) -> list[StaffingDecided]:
    """The decisions that count, the last of which stands. OR-3.

    One whose due process was not complete found nothing either way, so good cause that was found before it stands; a
    disqualification does not, for it can't be applied without due process (OR-1).
    """
    held = decisions(case)
    found = [one for one in held if result_of(one, policy) != "due_process_incomplete"]
    return found if found and result_of(found[-1], policy) == "good_cause" else held


def standing(case: Case, policy: Policy) -> Result | None:
    """What the decision that stands comes to. OR-3."""
    held = in_effect(case, policy)
    return result_of(held[-1], policy) if held else None


@once_a_day
def staffings(case: Case, policy: Policy) -> tuple[Staffing, ...]:
    """The staffings of a case, in order.

    What calls for a staffing opens one, unless one is open that can take it in: told by when it became known, not by
    when it happened (OR-3: 'if information becomes available after a decision is made').
    """
    decided = {decision.number: decision for decision in decisions(case)}
    held: list[Staffing] = []
    for call in sorted(_calls(case, policy), key=lambda one: (one.at, one.why)):
        latest = held[-1] if held else None
        if latest and (latest.decision is None or call.at < latest.decision.recorded_at):
            held[-1] = replace(latest, joined=(*latest.joined, call))
        else:
            number = (latest.number if latest else 0) + 1
            while number in decided and decided[number].recorded_at <= call.at:
                number += 1  # what called for that one has been withdrawn since
            held.append(Staffing(number, call, decision=decided.get(number)))
    listed = {staffing.number for staffing in held}
    for number, decision in decided.items():
        if number not in listed:  # held, though what called for it has been withdrawn since, or was never told here
            held.append(Staffing(number, Call("request", decision.recorded_at, decision.happened_on), (), decision))
    return tuple(sorted(held, key=lambda staffing: staffing.number))


def _calls(case: Case, policy: Policy) -> Iterator[Call]:
    opening = case.opening
    if not opening or not policy.staffing:
        return
    if policy.disqualification and not opening.sanction_began:
        yield Call("opening", _ALWAYS, opening.happened_on)
    for request in case.told(StaffingRequested):
        if may_request(case, request):
            yield Call("request", request.recorded_at, request.happened_on, request)
    for information in case.told(NewInformation):
        known_on = local_date(information.recorded_at, policy.time_zone.value)
        yield Call("new_information", information.recorded_at, known_on)
    for decision in decisions(case):
        if result_of(decision, policy) == "due_process_incomplete":
            yield Call("due_process", decision.recorded_at, decision.happened_on)


def effects(case: Case, policy: Policy) -> Iterator[Effect]:
    """Every staffing is opened; one that is undecided is a task, and overdue after the edition's days. OR-1, OR-3."""
    for staffing in staffings(case, policy):
        yield from _opening(case, policy, staffing)
        if any(call.why == "new_information" for call in staffing.joined):
            text = f"New information came while staffing {staffing.number} was open: see that it is weighed, "
            text += "else request a new staffing"
            yield task(case, policy, "review", f"information/{staffing.number}", text, number=staffing.number)
        if not staffing.decision:
            yield from _undecided(case, policy, staffing)
    held = in_effect(case, policy)
    if case.opening and held:
        yield from _to_make_good(case, policy, decisions(case)[-1])
        yield from _proposals(case, policy, held[-1])


def key_of(case: Case, number: int) -> str:
    """The key of a staffing; another one where its decision was withdrawn, for the staffing that decided has ended."""
    withdrawn = case.taken_back(StaffingDecided, str(number))
    return f"staffing/{number}" + (f"/again/{len(withdrawn)}" if withdrawn else "")


def _opening(case: Case, policy: Policy, staffing: Staffing) -> Iterator[Effect]:
    """The staffing is opened, with the record of the one before; not when it is decided. What was opened stays so."""
    number, call, key = staffing.number, staffing.call, key_of(case, staffing.number)
    topic, says = _CALLED[call.why]
    reason = policy.reason(topic, says, called_on=call.on, number=number)
    for earlier_key, issue in case.issues.items():
        ours = isinstance(issue.command, OpenStaffing) and issue.command.number == number
        if ours and issue.command and issue.status == "done" and (earlier_key != key or staffing.decision):
            yield Effect(earlier_key, issue.command, reason)
    if staffing.decision:
        return
    earlier = [decision for decision in decisions(case) if decision.number < number]
    known = (*case.taken_back(StaffingDecided, str(number)), *reversed(earlier))
    record = known[0].record if known else ()
    command = OpenStaffing(
        effect=effect_id(case, key),
        case_id=case.id,
        number=number,
        why=call.why,
        called_on=call.on,
        role=call.request.role if call.request else None,
        partner=call.request.partner if call.request else None,
        requester=call.request.requester if call.request else None,
        reviews=earlier[-1].number if earlier else None,
        record=record,
    )
    yield Effect(key, as_carried_out(case, key, command), reason)


_CALLED: dict[Why, tuple[Literal["staffing", "request", "review", "due_process"], str]] = {
    "opening": ("staffing", "a staffing decides before there is a sanction"),
    "request": ("request", "a new staffing was requested"),
    "new_information": ("review", "information became available after the decision"),
    "due_process": ("due_process", "due process was not complete: the team decides again when it is"),
}


def _undecided(case: Case, policy: Policy, staffing: Staffing) -> Iterator[Effect]:
    number, called_on = staffing.number, staffing.call.on
    if staffing.call.why == "new_information":
        text = f"New information came after the decision: review it in staffing {number} and adjust the decision"
        yield task(case, policy, "review", f"review/{number}", text, known_on=called_on)
    else:
        text = f"Hold re-engagement staffing {number}: record what is unanswered, and decide"
        yield task(case, policy, "staffing", f"staffing/{number}", text, called_on=called_on)
    overdue = (case.day - called_on).days // _days(policy)
    if overdue >= 1:
        text = f"Staffing {number} is undecided for {_days(policy) * overdue} days: decide, or say what it waits for"
        yield task(case, policy, "staffing", f"staffing-overdue/{number}/{overdue}", text, called_on=called_on)


def _days(policy: Policy) -> int:
    assert policy.staffing is not None  # noqa: S101 - asked of a staffing only
    return policy.staffing.decision_days.value


def _to_make_good(case: Case, policy: Policy, decision: StaffingDecided) -> Iterator[Effect]:
    """Tasks name what is missing for due process. OR-1."""
    if policy.staffing and result_of(decision, policy) == "due_process_incomplete":
        for lacking in missing(decision.record, policy.staffing):
            text = f"Due process is not complete: {_MAKE_GOOD[lacking]}, and record it in the next staffing"
            key = f"due-process/{decision.number}/{lacking}"
            yield task(case, policy, "due_process", key, text, staffing=decision.number)


_MAKE_GOOD: dict[Missing, str] = {
    "screenings": "offer screenings, to find challenges and give accommodations",
    "contact_attempts": "go on attempting to connect with the participant",
    "engagement_options": "offer engagement options",
}


def _proposals(case: Case, policy: Policy, decision: StaffingDecided) -> Iterator[Effect]:
    """Enhanced case management, and co-management with a partner. OR-7."""
    if not policy.disqualification or not policy.staffing:
        return
    many = challenges(decision.record) >= policy.staffing.challenges.value
    if many or decision.family_stability_issues:
        ground = "multiple challenges" if many else "ongoing family stability issues"
        text = f"Enhanced case management is recommended: {ground}"
        yield task(case, policy, "case_management", f"case-management/{decision.number}", text)
    partners = sorted(release.partner for release in releases(case, case.day))
    if partners:
        form = policy.staffing.release_form.value
        text = f"Propose co-management with {', '.join(partners)}: {form} on file"
        yield task(case, policy, "case_management", f"co-management/{decision.number}", text)


def deadlines(case: Case, policy: Policy) -> Iterator[Due]:
    """The next day on which an undecided staffing is overdue (OR-1), or a partner's release has ended (OR-7)."""
    for staffing in staffings(case, policy):
        if not staffing.decision:
            days = _days(policy)
            waited = max((case.day - staffing.call.on).days, 0) // days
            on = staffing.call.on + timedelta(days=days * (waited + 1))
            reason = policy.reason("staffing", "a task, if it is not taken", called_on=staffing.call.on)
            yield Due(on, f"decision of staffing {staffing.number}", reason)
    if policy.disqualification and in_effect(case, policy):
        for release in releases(case, case.day):
            if release.until:
                reason = policy.reason("request", "a release of information ends", until=release.until)
                yield Due(release.until + timedelta(days=1), "the end of a release", reason)
