"""A second reading of the Oregon rules, deliberately naive: OR-1 to OR-8, day by day over plain dicts.

Written from the Guide, the list of rules and the table of readings in docs/rules.md, not from the code it is held
against. Weeks, months and the lifetime limit are Missouri's, with the sanction that a staffing brought about.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.model.naive import answers_to_work_on, first_of_next, good_pair, limit_over_on, trial_and_week
from tests.model.naive_staffing import enhanced, missing, result
from tests.model.told import ONE_DAY, WEEK, Fact, done_on, last, of, repeated, standing, undone

Effect = tuple[Any, ...]
"""What was given out, in a few words: its kind, then what it is about."""

DQ1 = "DQ1 – JOBS Disqualification"
GOOD_CAUSE = "Good cause"


@dataclass
class Known:
    """All one needs to know to say where a case stands: what was told, and what is carried out and stands."""

    facts: list[Fact] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    """Of each task the message by which staff were asked for it last: the one they answer."""
    done: list[Effect] = field(default_factory=list)
    alert_sent: tuple[int, date] | None = None
    """Which alert to end the penalty went out last, and when."""
    edition: str = ""
    """The edition it was opened under."""


@dataclass
class Answer:
    """Where a case stands on a day."""

    phase: str
    outcomes: set[str | None]
    """Of ends on one date any may name the outcome: the sources don't say which."""
    staffing: int | None = None
    """The staffing that is to be held."""
    effects: set[Effect] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    next_on: date | None = None


@dataclass
class Verdict:
    """What the staffings came to: the one that came to it first, and those that came to the same since."""

    result: str
    day: date
    staffings: list[int]


def answer(known: Known, today: date) -> Answer:
    """Where a case stands on a day, from all that was told of it."""
    told = standing(known.facts)
    opening = last(told, "opened")
    if last(told, "opened_in_error"):
        return Answer("closed", {"opened_in_error"}, effects=cannot_be_taken_back(known))
    if opening is None:
        return Answer("awaiting_opening", {None}, effects=cannot_be_taken_back(known))
    verdict = verdict_of(decisions(told))
    outcomes = ends(known, told, opening, verdict)
    if outcomes:
        return Answer("closed", outcomes, effects=effects_after_the_end(known, told, outcomes, verdict))

    sanction = opening | {"sanction_began": verdict.day} if verdict and verdict.result == "disqualified" else None
    trial, lapses_on = trial_of(known, told, sanction, today)
    ground = ground_to_lift(known, told, sanction, verdict)
    at_limit = limit_over_on(told, opening)
    limit_reached = at_limit is not None and today >= at_limit
    if limit_reached:
        phase = "limit_reached"
    elif ground:
        phase = "lift_recommended"
    elif sanction:
        phase = "trial" if trial else "reengaging"
    else:
        phase = "staffing"

    tasks, staffing_on = staffing_tasks(told, opening, today)
    contact, contact_on = contact_task(told, sanction, today)
    lift, lift_on = lift_tasks(known, told, ground, today)
    management, release_on = case_management(told, today)
    tasks |= contact | lift | management
    tasks |= answers_to_work_on(told, sanction or opening | {"sanction_began": opening["happened_on"]})
    if at_limit is None and not opening["time_limit_exempt"]:
        tasks.add("months-unknown")
    effects = decided_effects(known, told, opening, verdict) | agreements(told) | cannot_be_taken_back(known)
    effects |= {("alert", "lift")} if ground else set()
    effects |= {("alert", "limit")} if limit_reached else set()
    if verdict and sanction:
        tasks |= steps_for_staff(known, told, opening, verdict)
    dates = [lapses_on, at_limit, staffing_on, contact_on, lift_on, release_on]
    return Answer(
        phase,
        {None},
        staffing=to_be_held(told, opening),
        effects=effects,
        tasks=undone(told, known.asked, tasks),
        next_on=min((on for on in dates if on and on > today), default=None),
    )


# What the staffings came to (OR-1, OR-2, OR-3)


def decisions(told: list[Fact]) -> list[Fact]:
    return sorted(of(told, "staffing_decided"), key=lambda fact: fact["number"])


def came_to(decision: Fact) -> str:
    return result(decision["finding"], decision["record"])


def verdict_of(held: list[Fact]) -> Verdict | None:
    """Each staffing reviews the one before: it comes to the same, to something else, or finds due process lacking.

    Without due process no disqualification stands, while good cause asks for none.
    """
    verdict: Verdict | None = None
    for decision in held:
        now, number, day = came_to(decision), decision["number"], decision["happened_on"]
        if now == "due_process_incomplete":
            if verdict and verdict.result == "disqualified":
                verdict = None
        elif verdict and verdict.result == now:
            verdict.staffings.append(number)
        else:
            verdict = Verdict(now, day, [number])
    return verdict


def disqualified_last_on(told: list[Fact]) -> date | None:
    """When DQ1 was applied last, be it by now taken back; None where it never was."""
    day: date | None = None
    held = decisions(told)
    for count in range(1, len(held) + 1):
        verdict = verdict_of(held[:count])
        if verdict and verdict.result == "disqualified":
            day = verdict.day
    return day


# Which staffing is open (OR-1, OR-3, OR-4)


@dataclass
class Call:
    """A staffing, with what called for it."""

    number: int
    why: str
    called_on: date
    information: int = 0
    """How much information came, that which opened it included."""


def calls(told: list[Fact], opening: Fact) -> list[Call]:
    """The staffings that were called for, in order: by what had become known when, whatever it tells of.

    What comes while one is open joins it; what comes after the decision opens the next that is not held by then.
    """
    found = [Call(1, "opening", opening["happened_on"])]
    held = {decision["number"]: decision["recorded_at"] for decision in decisions(told)}
    for fact in sorted(of(told, *OPENS_A_STAFFING), key=lambda fact: fact["recorded_at"]):
        why, known_at = OPENS_A_STAFFING[fact["kind"]], fact["recorded_at"]
        if fact["kind"] == "staffing_requested" and not may_request(told, fact):
            continue
        if fact["kind"] == "staffing_decided" and came_to(fact) != "due_process_incomplete":
            continue
        number = found[-1].number
        if number in held and held[number] <= known_at:
            while number in held and held[number] <= known_at:
                number += 1
            called_on = known_at.date() if why == "new_information" else fact["happened_on"]
            found.append(Call(number, why, called_on))
        if why == "new_information":
            found[-1].information += 1
    return found


OPENS_A_STAFFING = {
    "staffing_requested": "request",
    "new_information": "new_information",
    "staffing_decided": "due_process",
}


def may_request(told: list[Fact], fact: Fact) -> bool:
    """A community partner needs an MCS 3010 that is on file on the day of the request; nobody else needs one."""
    if fact["kind"] != "staffing_requested" or fact["role"] != "community_partner":
        return True
    return any(holds(release, fact["happened_on"]) for release in of_partner(told, fact["partner"]))


def of_partner(told: list[Fact], partner: str) -> list[Fact]:
    return [release for release in of(told, "release_filed") if release["partner"] == partner]


def holds(release: Fact, day: date) -> bool:
    if day < release["happened_on"]:
        return False
    return release["until"] is None or day <= release["until"]


def to_be_held(told: list[Fact], opening: Fact) -> int | None:
    number = calls(told, opening)[-1].number
    return None if number in [decision["number"] for decision in decisions(told)] else number


def staffing_tasks(told: list[Fact], opening: Fact, today: date) -> tuple[set[str], date | None]:
    """What due process lacks, what came while a staffing was open, and to hold the open one; overdue every 30 days."""
    tasks: set[str] = set()
    for decision in decisions(told)[-1:]:
        if came_to(decision) == "due_process_incomplete":
            tasks |= {f"due-process/{decision['number']}/{lacking}" for lacking in missing(decision["record"])}
    for call in calls(told, opening):
        if call.information > (call.why == "new_information"):
            tasks.add(f"information/{call.number}")
    if to_be_held(told, opening) is None:
        return tasks, None
    call = calls(told, opening)[-1]
    tasks.add(f"review/{call.number}" if call.why == "new_information" else f"staffing/{call.number}")
    next_on = call.called_on
    while next_on <= today or next_on == call.called_on:
        next_on += 30 * ONE_DAY
    return tasks | repeated(f"staffing-overdue/{call.number}", call.called_on, 30, today), next_on


# How it ends (OR-2, OR-3, OR-8)


def ends(known: Known, told: list[Fact], opening: Fact, verdict: Verdict | None) -> set[str | None]:
    """The outcomes of the ends that happened first; none while the case is open."""
    found: list[tuple[date, str]] = []
    for kind, outcome in (("exempted", "exempt"), ("excluded", "excluded"), ("became_inactive", "inactive")):
        found += [(fact["happened_on"], outcome) for fact in of(told, kind)]
    if verdict and verdict.result == "good_cause" and not disqualified_last_on(told):
        found.append((verdict.day, "lifted_by_good_cause"))
    sanction = opening | {"sanction_began": verdict.day} if verdict else None
    lifted, ground = lift_confirmed(told), ground_to_lift(known, told, sanction, verdict)
    if lifted and ground:
        found.append((lifted["happened_on"], f"lifted_by_{ground}"))
    closed = last(told, "ta_case_closed")
    if closed and closed["happened_on"] >= opening["happened_on"]:
        over = limit_over_on(told, opening)
        at_limit = over is not None and closed["happened_on"] >= over - ONE_DAY
        found.append((closed["happened_on"], "lifetime_limit" if at_limit else "inactive"))
    first = min((day for day, _ in found), default=None)
    return {outcome for day, outcome in found if day == first}


def lift_confirmed(told: list[Fact]) -> Fact | None:
    """The confirmation by ONE that the disqualification has ended; one from before it began was another's."""
    lifted = last(told, "sanction_lifted")
    began = disqualified_last_on(told)
    return lifted if lifted and began and lifted["happened_on"] >= began else None


def ground_to_lift(known: Known, told: list[Fact], sanction: Fact | None, verdict: Verdict | None) -> str | None:
    """Good cause after the disqualification, or participation under it; an agreement by the text of 2024."""
    if verdict and verdict.result == "good_cause":
        return "good_cause" if disqualified_last_on(told) else None
    if sanction is None:
        return None
    if ends_on_agreement(known, told):
        return "participation" if still_agrees(told, sanction) else None
    return "participation" if good_pair(told, sanction) else None


def ends_on_agreement(known: Known, told: list[Fact]) -> bool:
    """The way out of the 2024 text, or the one before: of the edition taken on last, else of the first."""
    adopted = last(told, "edition_adopted")
    return (adopted["edition"]["id"] if adopted else known.edition) == "or-jobs/2024-01-01"


def still_agrees(told: list[Fact], sanction: Fact) -> bool:
    """Whether the participant agreed under DQ1 and has not refused since: a refusal takes an agreement back."""
    agrees = False
    for fact in of(told, "response"):
        if fact["happened_on"] >= sanction["sanction_began"] and fact["answer"] in ("agrees", "refuses"):
            agrees = fact["answer"] == "agrees"
    return agrees


def lift_tasks(known: Known, told: list[Fact], ground: str | None, today: date) -> tuple[set[str], date | None]:
    """ONE has not confirmed for ten days, and again for ten; a confirmation nobody has a ground for."""
    if ground and known.alert_sent:
        number, sent = known.alert_sent
        next_on = sent
        while next_on <= today or next_on == sent:
            next_on += 10 * ONE_DAY
        return repeated(f"lift-unconfirmed/{number}", sent, 10, today), next_on
    confirmed = lift_confirmed(told)
    if confirmed and not ground:
        return {f"lift-without-ground/{confirmed['happened_on']}"}, None
    return set(), None


# While disqualified (OR-8)


def trial_of(known: Known, told: list[Fact], sanction: Fact | None, today: date) -> tuple[Fact | None, date | None]:
    """The agreement that is being kept today, and when the next week is judged: over, or seven days unrecorded."""
    if sanction is None or ends_on_agreement(known, told):
        return None, None
    agreement, week = trial_and_week(told, sanction, today)
    if agreement is None:
        return None, None
    second = good_pair(told, sanction)
    if second is not None and week > second:
        return agreement, None
    recorded = [fact["week"] for fact in of(told, "participation_week")]
    return agreement, week + WEEK if week in recorded else week + WEEK + WEEK


def contact_task(told: list[Fact], sanction: Fact | None, today: date) -> tuple[set[str], date | None]:
    """One task for the first whole month under DQ1 without a contact, since the last one or the last such task."""
    if sanction is None:
        return set(), None
    since = [sanction["sanction_began"], *(day + ONE_DAY for day in contacts(told))]
    since += [fact["happened_on"] + ONE_DAY for fact in of(told, "task_done") if "/task/contact/" in fact["task"]]
    day = max(since)
    while day.day != 1:
        day += ONE_DAY
    over = first_of_next(day)
    return ({f"contact/{day:%Y-%m}"} if today >= over else set()), over


def contacts(told: list[Fact]) -> list[date]:
    """A letter is no contact, nor is mail that came back; an answer is one."""
    days = [fact["happened_on"] for fact in of(told, "contact_made") if fact["type"] != "letter"]
    return days + [fact["happened_on"] for fact in of(told, "response") if fact["answer"] != "returned_mail"]


def agreements(told: list[Fact]) -> set[Effect]:
    """Whenever the participant agrees, the plan says so: before DQ1 too."""
    return {("pdp agreement", fact["happened_on"]) for fact in of(told, "response") if fact["answer"] == "agrees"}


# DQ1 and its steps (OR-5, OR-6)


def decided_effects(known: Known, told: list[Fact], opening: Fact, verdict: Verdict | None) -> set[Effect]:
    """What the decision that stands asks for: DQ1 and its page, or the page of good cause, finalised when all is done.

    Each staffing that came to what stands has its page on TRACS, and a page is finalised only once it is there.
    """
    if verdict is None:
        return set()
    selection = DQ1 if verdict.result == "disqualified" else GOOD_CAUSE
    effects: set[Effect] = {("tracs", number, selection) for number in verdict.staffings}
    if all_steps_done(known, told, verdict):
        effects |= {("tracs final", *page[1:]) for page in effects if page in known.done}
    if verdict.result == "disqualified":
        effects |= steps_for_the_software(known, told, opening, verdict)
    return effects


def steps_for_the_software(known: Known, told: list[Fact], opening: Fact, verdict: Verdict) -> set[Effect]:
    """The RE step in the plan on the day of the staffing, ONE, and the resources, to whoever has an address."""
    steps: set[Effect] = {("pdp re_step", verdict.day, 1.0), ("one", verdict.day)}
    offer = ("resources", verdict.staffings[0])
    if address_of(told, opening) or offer in known.done:
        steps.add(offer)
    return steps


def steps_for_staff(known: Known, told: list[Fact], opening: Fact, verdict: Verdict) -> set[str]:
    """The copy of the plan, the next attempt to engage, and an address for the resources."""
    tasks = {f"pdp-copy/{verdict.staffings[0]}"}
    if not attempted(told, verdict):
        tasks.add(f"attempt/{verdict.staffings[0]}")
    if not address_of(told, opening) and ("resources", verdict.staffings[0]) not in known.done:
        tasks.add(f"address/resources-{verdict.staffings[0]}")
    return tasks


def attempted(told: list[Fact], verdict: Verdict) -> bool:
    """The next contact was made by the department; an answer is none of its doing."""
    made = [fact for fact in of(told, "contact_made") if fact["type"] != "letter"]
    return any(fact["happened_on"] >= verdict.day for fact in made)


def address_of(told: list[Fact], opening: Fact) -> Any:
    return opening["address"] or last(told, "address_changed")


def all_steps_done(known: Known, told: list[Fact], verdict: Verdict) -> bool:
    """Whether every step of what was decided is done, the page itself aside; good cause has no other."""
    if verdict.result == "good_cause":
        return True
    steps: list[Effect] = [("pdp re_step", verdict.day, 1.0), ("one", verdict.day), ("resources", verdict.staffings[0])]
    first = verdict.staffings[0]
    made = attempted(told, verdict) or done_on(told, known.asked, f"attempt/{first}")
    return all(step in known.done for step in steps) and bool(made and done_on(told, known.asked, f"pdp-copy/{first}"))


def cannot_be_taken_back(known: Known) -> set[Effect]:
    """A letter that went out, and what the plan says of an agreement."""
    return {effect for effect in known.done if effect[0] in ("resources", "pdp agreement")}


def effects_after_the_end(
    known: Known, told: list[Fact], outcomes: set[str | None], verdict: Verdict | None
) -> set[Effect]:
    """What was done and was right stays; what was so when DQ1 was applied, or before, takes it back."""
    if verdict and outcomes == {"lifted_by_good_cause"}:
        effects: set[Effect] = {("tracs", number, GOOD_CAUSE) for number in verdict.staffings}
        return set(known.done) | effects | {("tracs final", *page[1:]) for page in effects if page in known.done}
    days = [fact["happened_on"] for fact in of(told, "exempted", "excluded", "became_inactive", "ta_case_closed")]
    by_status = bool(outcomes & {"exempt", "excluded", "inactive"})
    if by_status and verdict and verdict.result == "disqualified" and any(day <= verdict.day for day in days):
        return {effect for effect in known.done if effect[0] in ("resources", "pdp agreement", "alert")}
    return set(known.done)


# Enhanced and co-management (OR-7)


def case_management(told: list[Fact], today: date) -> tuple[set[str], date | None]:
    """Several challenges, or a family that is not stable: enhanced; with an MCS 3010 on file, with the partner.

    It follows from the decision that stands, for which good cause is not undone by a staffing without due process.
    What is proposed changes when a release ends.
    """
    standing_decision: Fact | None = None
    for decision in decisions(told):
        keeps = standing_decision and came_to(standing_decision) == "good_cause"
        if not keeps or came_to(decision) != "due_process_incomplete":
            standing_decision = decision
    if standing_decision is None:
        return set(), None
    tasks: set[str] = set()
    if enhanced(standing_decision, standing_decision["record"]):
        tasks.add(f"case-management/{standing_decision['number']}")
    on_file = [release for release in of(told, "release_filed") if holds(release, today)]
    if on_file:
        tasks.add(f"co-management/{standing_decision['number']}")
    ends_on = [release["until"] + ONE_DAY for release in on_file if release["until"]]
    return tasks, min(ends_on, default=None)
