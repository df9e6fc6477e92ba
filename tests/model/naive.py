"""A second reading of the Missouri rules, deliberately naive: MO-1 to MO-14, day by day over plain dicts.

Written from the manual, the list of rules and the table of readings in docs/rules.md, not from the code it is held
against: it shares nothing with `domain`, keeps nothing between two questions, and works everything out anew from all
that was told. Where the two disagree, one of them has misread the sources.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.model.told import ONE_DAY, WEEK, Fact, last, of, repeated, standing, undone


@dataclass
class Known:
    """All one needs to know to say where a case stands: what was told, and what went out on which day."""

    facts: list[Fact] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)
    """Of each task the message by which staff were asked for it last: the one they answer."""
    letters_sent: list[date] = field(default_factory=list)
    alert_sent: tuple[int, date] | None = None
    """Which alert to lift the sanction went out last, and when."""


@dataclass
class Answer:
    """Where a case stands on a day."""

    phase: str
    outcomes: set[str | None]
    """Of ends on one date any may name the outcome: the sources don't say which."""
    letter_due: bool = False
    next_letter_on: date | None = None
    tasks: set[str] = field(default_factory=set)
    provider: str | None = None
    lift_alert: bool = False
    limit_alert: bool = False
    placed: list[str] = field(default_factory=list)
    rate: str | None = None


def answer(known: Known, today: date) -> Answer:
    """Where a case stands on a day, from all that was told of it."""
    told = standing(known.facts)
    opening = last(told, "opened")
    if last(told, "opened_in_error"):
        return Answer("closed", {"opened_in_error"})
    if opening is None:
        return Answer("awaiting_opening", {None}, tasks=undone(told, known.asked, answers_to_work_on(told, None)))
    outcomes = ends(told, opening)
    provider, pending, declined = transfers(told, opening)
    if outcomes:
        return Answer("closed", outcomes, provider=provider)

    ground = ground_to_lift(told, opening)
    trial = trial_on(told, opening, today)
    at_limit = limit_over_on(told, opening)
    limit_reached = at_limit is not None and today >= at_limit
    if limit_reached:
        phase = "limit_reached"
    elif ground:
        phase = "lift_recommended"
    else:
        phase = "trial" if trial else "reengaging"

    letters_go = not ground and not trial and not lift_confirmed(told, opening)
    due_on = max(known.letters_sent) + timedelta(days=30) if known.letters_sent else today
    address = opening["address"] or last(told, "address_changed")
    wanted = letters_go and due_on <= today

    tasks = answers_to_work_on(told, opening) | contact_task(told, opening, today)
    tasks |= lift_tasks(known, told, opening, today) | transfer_tasks(pending, declined, today)
    if wanted and not address:
        tasks.add(f"address/{len(known.letters_sent) + 1}")
    if at_limit is None and not opening["time_limit_exempt"]:
        tasks.add("months-unknown")

    return Answer(
        phase,
        {None},
        letter_due=wanted and bool(address),
        next_letter_on=due_on if letters_go and due_on > today else None,
        tasks=undone(told, known.asked, tasks),
        provider=provider,
        lift_alert=bool(ground),
        limit_alert=limit_reached,
        placed=["MWA Trial Participation", *trial["activities"]] if trial else [],
        rate=rate_of_month(told, opening, today),
    )


# How it ends (MO-3, MO-8, MO-12)


def ends(told: list[Fact], opening: Fact) -> set[str | None]:
    """The outcomes of the ends that happened first; none while the case is open."""
    found: list[tuple[date, str]] = []
    for kind, outcome in (("exempted", "exempt"), ("excluded", "excluded"), ("became_inactive", "inactive")):
        found += [(fact["happened_on"], outcome) for fact in of(told, kind)]
    lifted, ground = lift_confirmed(told, opening), ground_to_lift(told, opening)
    if lifted and ground:
        found.append((lifted["happened_on"], f"lifted_by_{ground}"))
    closed = last(told, "ta_case_closed")
    if closed and closed["happened_on"] >= opening["sanction_began"]:
        over = limit_over_on(told, opening)
        at_limit = over is not None and closed["happened_on"] >= over - ONE_DAY
        found.append((closed["happened_on"], "lifetime_limit" if at_limit else "inactive"))
    first = min((day for day, _ in found), default=None)
    return {outcome for day, outcome in found if day == first}


def lift_confirmed(told: list[Fact], opening: Fact) -> Fact | None:
    """The confirmation that this sanction is lifted; one from before it began was another's."""
    lifted = last(told, "sanction_lifted")
    return lifted if lifted and lifted["happened_on"] >= opening["sanction_began"] else None


def lift_tasks(known: Known, told: list[Fact], opening: Fact, today: date) -> set[str]:
    """An alert nobody confirms for ten days, and again for ten; a confirmation nobody has a ground for."""
    if ground_to_lift(told, opening):
        return (
            repeated(f"lift-unconfirmed/{known.alert_sent[0]}", known.alert_sent[1], 10, today)
            if known.alert_sent
            else set()
        )
    confirmed = lift_confirmed(told, opening)
    return {f"lift-without-ground/{confirmed['happened_on']}"} if confirmed else set()


# Weeks, documents, good cause (MO-6, MO-7)


def required(told: list[Fact], opening: Fact, week: date) -> float:
    hours: float = opening["required_hours"]
    for change in sorted(of(told, "required_hours_changed"), key=lambda fact: fact["from_week"]):
        if change["from_week"] <= week:
            hours = change["hours"]
    return hours


def good_pair(told: list[Fact], opening: Fact) -> date | None:
    """The Sunday of the second of the first two consecutive weeks with the required hours, under the sanction."""
    good = [
        fact["week"]
        for fact in of(told, "participation_week")
        if fact["week"] >= opening["sanction_began"] and fact["hours"] >= required(told, opening, fact["week"])
    ]
    return min((week for week in good if week - WEEK in good), default=None)


def ground_to_lift(told: list[Fact], opening: Fact) -> str | None:
    """The ground that was fulfilled first; on one date participation."""
    grounds = []
    participated = participation_on(told, opening)
    if participated:
        grounds.append((participated, 0, "participation"))
    finding = last(told, "good_cause_finding")
    if finding and finding["finding"] == "found":
        grounds.append((finding["happened_on"], 1, "good_cause"))
    return min(grounds)[2] if grounds else None


def participation_on(told: list[Fact], opening: Fact) -> date | None:
    """The date on which the last thing participation asks for was there."""
    second = good_pair(told, opening)
    if second is None:
        return None
    dates = [second + WEEK - ONE_DAY]
    for request in of(told, "document_requested"):
        provided = [
            fact["happened_on"]
            for fact in of(told, "document_received")
            if fact["document"] == request["document"] and fact["happened_on"] >= request["happened_on"]
        ]
        if not provided:
            return None
        dates += provided
    if not opening["call_in_answered"]:
        for kind in ("assessment_completed", "iep_completed"):
            completed = last(told, kind)
            if not completed:
                return None
            dates.append(completed["happened_on"])
    return max(dates)


# The trial (MO-9, MO-10)


def trial_on(told: list[Fact], opening: Fact, today: date) -> Fact | None:
    """The agreement under which a trial stands today."""
    return trial_and_week(told, opening, today)[0]


def trial_and_week(told: list[Fact], opening: Fact, today: date) -> tuple[Fact | None, date]:
    """That agreement, and the week that is to be judged next: every day is gone through, from the sanction on.

    A week nobody recorded is presumed short, like one recorded short, once seven days have passed since its end; what
    was agreed in those days was then agreed after the trial had lapsed.
    """
    hours = {fact["week"]: fact["hours"] for fact in of(told, "participation_week")}
    second = good_pair(told, opening)
    responses = of(told, "response")
    agreement: Fact | None = None
    week = opening["sanction_began"]
    day = opening["sanction_began"]
    while day <= today:
        if agreement and (second is None or week <= second):
            over = week + WEEK
            if day >= over and (week in hours or today >= over + WEEK):
                if hours.get(week, 0) < required(told, opening, week):
                    agreement = None
                week += WEEK
        for stance in responses:
            if stance["happened_on"] != day:
                continue
            if stance["answer"] == "agrees" and not agreement:
                agreement, week = stance, day
                while week.isoweekday() != 7:
                    week += ONE_DAY
            elif stance["answer"] == "refuses":
                agreement = None
        day += ONE_DAY
    return agreement, week


# Answers and contacts (MO-4, MO-5, MO-11)


def answers_to_work_on(told: list[Fact], opening: Fact | None) -> set[str]:
    tasks = set()
    for response in of(told, "response"):
        day = response["happened_on"]
        if response["answer"] == "agrees" and opening and day >= opening["sanction_began"]:
            tasks.add(f"explain/{day}")
        if (
            opening
            and response["answer"] == "returned_mail"
            and not any(change["happened_on"] >= day for change in of(told, "address_changed"))
        ):
            tasks.add(f"returned-mail/{day}")
    return tasks


def contact_task(told: list[Fact], opening: Fact, today: date) -> set[str]:
    """One task for the first whole calendar month since the opening, the last contact, or the last such task done."""
    contacts = [fact["happened_on"] for fact in of(told, "contact_made") if fact["type"] != "letter"]
    contacts += [fact["happened_on"] for fact in of(told, "response") if fact["answer"] != "returned_mail"]
    since = [opening["happened_on"], *(day + ONE_DAY for day in contacts)]
    since += [fact["happened_on"] + ONE_DAY for fact in of(told, "task_done") if "/task/contact/" in fact["task"]]
    day = max(since)
    while day.day != 1:
        day += ONE_DAY
    return {f"contact/{day:%Y-%m}"} if today >= first_of_next(day) else set()


# The lifetime limit and the participation rate (MO-12, MO-13)


def first_of_next(day: date) -> date:
    month = day.month
    while day.month == month:
        day += ONE_DAY
    return day


def months_on(month: str, count: int) -> str:
    year, number = int(month[:4]), int(month[5:])
    for _ in range(abs(count)):
        number += 1 if count > 0 else -1
        if number == 13:
            year, number = year + 1, 1
        if number == 0:
            year, number = year - 1, 12
    return f"{year}-{number:02}"


def limit_over_on(told: list[Fact], opening: Fact) -> date | None:
    """The first day after the 60th counted month, by the statement recorded last; None where it never comes."""
    if opening["time_limit_exempt"]:
        return None
    statements = [(fact["recorded_at"], fact["counted"], fact["through"]) for fact in of(told, "months_corrected")]
    if opening["months_counted"] is not None:
        statements.append((opening["recorded_at"], opening["months_counted"], opening["months_through"]))
    if not statements:
        return None
    _, counted, through = max(statements)
    after = months_on(through, 60 - counted + 1)
    return date(int(after[:4]), int(after[5:]), 1)


def rate_of_month(told: list[Fact], opening: Fact, today: date) -> str | None:
    """Whether this month counts in the participation rate; None where the sanction was in force on no day of it."""
    now = f"{today:%Y-%m}"
    began = f"{opening['sanction_began']:%Y-%m}"
    lifted = lift_confirmed(told, opening)
    last_day = lifted["happened_on"] - ONE_DAY if lifted else today
    if f"{last_day:%Y-%m}" < now or last_day < opening["sanction_began"]:
        return None
    window = [months_on(now, -back) for back in range(12)]
    here = {month for month in window if began <= month}
    before = {month for month in opening["sanctioned_months"] or () if month in window}
    if len(here | before) > 3:
        return "counted"
    unknown = opening["sanctioned_months"] is None and any(month < began for month in window)
    return "unknown" if unknown else "disregarded"


# Transfers (MO-14)


Waiting = tuple[str, date] | None


def transfers(told: list[Fact], opening: Fact) -> tuple[str, Waiting, Waiting]:
    """The provider displayed, the request that waits with its date, and a decline nobody followed up, with its date.

    On one date answers to the request that waited come first, then requests, then the answers to those; of several
    answers of one date an acceptance counts before a decline, a decline before a withdrawal, and of the requests of one
    date those by staff come before those by a move (no source says).
    """
    where: tuple[str, Waiting, Waiting] = (opening["provider"], None, None)
    asks = of(told, "transfer_requested") + of(told, "address_changed")
    replies = [fact for answer in ("accepted", "declined", "withdrawn") for fact in of(told, f"transfer_{answer}")]
    for day in sorted({fact["happened_on"] for fact in asks + replies}):
        heard: list[Fact] = []
        for fact in [*replies, *asks, *replies]:
            if fact["happened_on"] != day or fact in heard:
                continue
            if fact["kind"].startswith("transfer_") and fact["kind"] != "transfer_requested":
                if where[1] and where[1][0] == fact["provider"]:
                    heard.append(fact)
                    where = replied(where, fact)
            else:
                where = asked(where, fact["provider" if "provider" in fact else "area_provider"], day)
    return where


def replied(where: tuple[str, Waiting, Waiting], fact: Fact) -> tuple[str, Waiting, Waiting]:
    if fact["kind"] == "transfer_accepted":
        return (fact["provider"], None, None)
    return (where[0], None, (fact["provider"], fact["happened_on"]) if fact["kind"] == "transfer_declined" else None)


def asked(where: tuple[str, Waiting, Waiting], to: str | None, day: date) -> tuple[str, Waiting, Waiting]:
    displayed, pending, _ = where
    if to is None:
        return where
    if pending and pending[0] == to:
        return (displayed, pending, None)
    return (displayed, None if to == displayed else (to, day), None)


def transfer_tasks(pending: Waiting, declined: Waiting, today: date) -> set[str]:
    tasks = repeated(f"transfer-overdue/{pending[0]}/{pending[1]}", pending[1], 14, today) if pending else set()
    return tasks | ({f"transfer-declined/{declined[0]}/{declined[1]}"} if declined else set())
