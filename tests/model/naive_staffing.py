"""A second reading of how a staffing is held, deliberately naive: OR-1 and OR-2, from the Guide and the rules.

It shares nothing with `domain`: it goes through everything that was sent to the staffing, in the order it came.
"""

from dataclasses import dataclass, field

from tests.model.told import Fact, last, of, standing

CONSIDERATIONS = (
    *("exempt", "outside_control", "department_failed"),
    *("domestic_violence", "mental_health", "substance_use", "learning_or_disability", "physical_health"),
)
CHALLENGES = ("domestic_violence", "mental_health", "substance_use", "learning_or_disability", "physical_health")


@dataclass
class Team:
    """What a staffing began with, and all it took since, in the order it came."""

    began_with: list[Fact] = field(default_factory=list)
    took: list[Fact] = field(default_factory=list)


def answers(facts: list[Fact]) -> dict[str, Fact]:
    """Of each consideration the answer that stands: the one that came last, of those that were not taken back.

    An answer that comes where another stands has to name it, so the last one is the one nobody replaced; but for one
    that comes late, after the one that names it.
    """
    withdrawn = [fact["withdraws"] for fact in facts if fact["kind"] == "withdrawn"]
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact["kind"] != "consideration_answered" or fact["message_id"] in withdrawn:
            continue
        other = found.get(fact["consideration"])
        if not other or other["replaces"] != fact["message_id"]:
            found[fact["consideration"]] = fact
    return found


def unanswered(record: list[Fact]) -> set[str]:
    """'Unknown' is an answer; none is none."""
    return {name for name in CONSIDERATIONS if name not in answers(record)}


def missing(record: list[Fact]) -> set[str]:
    """What due process lacks: one attempt is not 'continued attempts'."""
    lacks = set()
    if not of(record, "screening_offered"):
        lacks.add("screenings")
    if len(of(record, "contact_attempted")) < 2:
        lacks.add("contact_attempts")
    if not of(record, "engagement_option_offered"):
        lacks.add("engagement_options")
    return lacks


def against_the_answers(finding: str, record: list[Fact]) -> bool:
    """No good cause although something was answered yes, or good cause although nothing was."""
    some_yes = any(fact["answer"] == "yes" for fact in answers(record).values())
    return some_yes if finding == "no_good_cause" else not some_yes


def result(finding: str, record: list[Fact]) -> str:
    """Good cause asks for no due process; a disqualification does."""
    if finding == "good_cause":
        return "good_cause"
    return "due_process_incomplete" if missing(record) else "disqualified"


def enhanced(decision: Fact, record: list[Fact]) -> bool:
    """Whether enhanced case management is recommended: several challenges, or the family is not stable."""
    yes = [name for name in CHALLENGES if name in answers(record) and answers(record)[name]["answer"] == "yes"]
    return len(yes) >= 2 or bool(decision["family_stability_issues"])


def record_of(team: Team) -> list[Fact]:
    """What stands of all that was recorded."""
    facts = team.began_with + team.took
    others = [fact for fact in facts if fact["kind"] not in ("consideration_answered", "decided", "ended")]
    return standing(others) + list(answers(facts).values())


def decision(team: Team) -> Fact | None:
    return last(standing(team.took), "decided")


def refusal(team: Team, fact: Fact) -> set[str] | None:
    """Words that say why the team can't record this; None when it can."""
    if last(standing(team.took), "ended"):
        return {"ended"}
    if decision(team):
        return {"decided"}
    record = record_of(team)
    if fact["kind"] == "consideration_answered":
        stands = answers(team.began_with + team.took).get(fact["consideration"])
        if stands and fact["replaces"] != stands["message_id"] and stands["replaces"] != fact["message_id"]:
            return {"replaces", stands["message_id"]}
    if fact["kind"] == "decided":
        if unanswered(record):
            return unanswered(record)
        if against_the_answers(fact["finding"], record) and not (fact["reason"] or "").strip():
            return {"reason"}
    return None
