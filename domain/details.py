"""The table a person in the Temporal UI sees of a case. ALL-4.

For staff without training: plain words, every line with its rule, what they must act on before what they may want to
know. The UI has it rendered by its own server, which gets all of it in the address of a request, in clear; so nothing
stands here that a person wrote: no name, no ground, no document, no organisation (ALL-6). The queries tell those.
"""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from domain.calendar import month_of
from domain.case import Case
from domain.decide import deadlines
from domain.facts import ReleaseFiled
from domain.policy import Policy
from domain.rules import letters, lift, limit, sanction
from domain.rules.edition import in_force
from domain.rules.participation import DOCUMENT, hours_by_week, required_hours
from domain.tables import Row, bold, code, plain, table, workflow
from domain.views import open_tasks, staffings_of
from domain.words import ENDED, STANDS, what_happened

SHOWN = 5
"""How many of a kind are shown: the table is read in ten seconds. The queries tell all."""


def details(case: Case, policy: Policy) -> str:
    """Where the case stands, why, what comes next, what is to be done, how far it is, and what happened last."""
    policy = in_force(case, policy)
    ended = f": {ENDED[case.outcome]}" if case.outcome else ""
    since = f" since {case.phase_since}" if case.phase_since > date.min else ""
    rows = [*_why(case), *_to_do(case)]
    if case.opening and not case.outcome:
        rows += [*_next(case, policy), *_toward_the_lift(case, policy), *_staffings(case, policy)]
    rows += [*_counts(case, policy), *_happened(case)]
    rows.append(("Policy", f"{plain(policy.title)} · edition {policy.id}"))
    return table(("Stands", f"{STANDS[case.phase]}{ended}{since}"), rows)


def _why(case: Case) -> Iterator[Row]:
    why = case.phase_reason
    yield "Why", plain(f"{why.says} ({why.rule})") if why else "no opening was heard that could be read (ALL-2)"


def _to_do(case: Case) -> Iterator[Row]:
    """What waits for a person: tasks, what does not get through, what could not be read."""
    for task in open_tasks(case):
        yield "To do", f"{plain(_without_names(case, task['text']))} ({task['rule']}) · {code(task['task'])}"
    for effect, because in case.troubles.items():
        yield "Stuck", f"{code(effect)}: {plain(because)}; it is tried again (ALL-3)"
    for held in islice(case.quarantine.values(), SHOWN):
        yield "Quarantine", f"{plain(f'{held.name}: {held.reason}')} (ALL-2) · {code(held.id)}"
    if len(case.quarantine) > SHOWN:
        yield "Quarantine", f"and {len(case.quarantine) - SHOWN} more (ALL-2)"


def _without_names(case: Case, text: str) -> str:
    """A task's text, without the organisations it names."""
    names = (*(case.opening.plan if case.opening else ()), *(release.partner for release in case.told(ReleaseFiled)))
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "…")
    return text


def _next(case: Case, policy: Policy) -> Iterator[Row]:
    """What time brings, soonest first, and why no letter is among it."""
    dues = deadlines(case, policy)
    for name, due in zip(("Next", *["Then"] * 3), dues, strict=False):
        yield name, f"{bold(str(due.on))} {plain(f'{due.what}: {due.reason.says}')} ({due.reason.rule})"
    if not dues:
        yield "Next", "nothing by itself: it waits for what is recorded (ALL-1)"
    held = letters.held(case, policy)
    if held:
        yield "No letter", plain(f"{held.says} ({held.rule})")


def _toward_the_lift(case: Case, policy: Policy) -> Iterator[Row]:
    """The last weeks of participation, and what is missing."""
    missing, rule = lift.missing(case, policy), policy.rule("participation").id
    weeks = hours_by_week(case)
    for week in sorted(weeks)[-SHOWN:]:
        needed = required_hours(case, week)
        met = "enough" if weeks[week] >= needed else "too few"
        yield "Weeks", f"week of {week}: {weeks[week]:g} of {needed:g} hours, {met} ({rule})"
    if missing is not None and policy.weeks_to_lift and not weeks:
        yield "Weeks", f"none recorded ({rule})"
    if missing is not None:
        needs = [one for one in missing if not one.startswith(DOCUMENT)]
        papers = len(missing) - len(needs)
        needs += [f"{papers} {'document' if papers == 1 else 'documents'}"] if papers else []
        yield "Lift needs", f"{plain(', '.join(needs)) or 'nothing more'} ({rule})"


def _staffings(case: Case, policy: Policy) -> Iterator[Row]:
    for one in staffings_of(case, policy):
        came_to = (one["result"] or "undecided").replace("_", " ")
        yield f"Staffing {one['number']}", came_to + (f" · {workflow(one['staffing'])}" if one["staffing"] else "")
    for step in sanction.steps(case, policy):
        done = f"done on {step.done_on}" if step.done_on else f"waits for the {step.who}"
        yield "DQ1 steps", f"{step.what}: {done} ({policy.rule('sanction').id})"


def _counts(case: Case, policy: Policy) -> Iterator[Row]:
    """Letters sent, and months toward the lifetime limit."""
    sent, stated = case.letters_sent(), limit.count(case)
    if policy.letter_interval_days:
        yield "Letters", f"{len(sent)} sent, the last on {sent[-1]}" if sent else "none sent"
    if stated and not case.outcome:
        so_far = stated.through_month(month_of(case.day))
        last = limit.limit_month(case, policy)
        yield "Months", f"{so_far} of {policy.limit_months.value}, the last is {last} ({policy.rule('limit').id})"


def _happened(case: Case) -> Iterator[Row]:
    """The last events, the latest first, the same one told once."""
    told = (f"{entry.on} {plain(says)} ({', '.join(entry.rules)})" for entry, says in what_happened(case))
    for event in islice(dict.fromkeys(told), SHOWN):
        yield "Happened", event
