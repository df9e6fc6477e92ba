"""The narration for the TRACS re-engagement page, written from the facts in plain language: OR-6.

It goes to the records, so it names no challenge: such a ground is verified, and what it is stays in the staffing.
"""

from datetime import date
from typing import Literal

from domain.case import Case
from domain.facts import StaffingDecided
from domain.policy import Policy
from domain.rules.staffing import decisions, result_of
from domain.staffing.deciding import OPEN_TO_SAY, Result, attendance, said_yes

_CAME: dict[Literal["attended", "by_phone", "no_show"] | None, str] = {
    "attended": "The participant attended the re-engagement staffing on {on}.",
    "by_phone": "The participant took part by telephone in the re-engagement staffing on {on}.",
    "no_show": "The participant did not come to the re-engagement staffing on {on}.",
    None: "The re-engagement staffing was held on {on}; whether the participant attended was not recorded.",
}
_GROUNDS = {
    "exempt": "the participant was exempt before or at the time of the re-engagement process",
    "outside_control": "a situation outside the participant's control prevented the activities",
}
_DETERMINED: dict[Result, str] = {
    "good_cause": "The team staffed the case and determined that there is good cause for non-engagement in services.",
    "disqualified": (
        "The team staffed the case and determined that there is no good cause at this time for non-engagement in "
        "services."
    ),
    "due_process_incomplete": "The team staffed the case and found that due process is not complete.",
}


def narration(case: Case, policy: Policy, decision: StaffingDecided, finalised_on: date | None = None) -> str:
    """What the TRACS page says of a decision: attendance, the finding and its ground, the outcome, what goes on.

    OR-6 · OR DQ1 Guide, 'Narration example'. `finalised_on` is the date the page was finalised, None before.
    """
    came, result = attendance(decision.record), result_of(decision, policy)
    assert result is not None  # noqa: S101 - an edition without staffings has no decision to tell of
    said = [
        _CAME[came.attendance if came else None].format(on=_written(decision.happened_on)),
        _DETERMINED[result],
        _ground(decision, result),
        _outcome(case, policy, decision, result),
    ]
    if result != "good_cause":
        said.append(
            "The family coach will continue to reach out to the participant and encourage work with the JOBS program."
        )
    if finalised_on:
        said.append(f"The Re-engagement Page was updated and finalized on {_written(finalised_on)}.")
    return " ".join(said)


def _ground(decision: StaffingDecided, result: Result) -> str:
    yes = said_yes(decision.record)
    named = [_GROUNDS[one] for one in yes if one in OPEN_TO_SAY]
    if result == "good_cause":
        if named:
            return f"Good cause: verified; {' and '.join(named)}."
        return "Good cause: verified." if yes else "Good cause: found for a reason the team gave in writing."
    if yes:
        return "The team's written reason is kept with the staffing."
    return "In its case review the team was unable to find anything that would have given the participant good cause."


def _outcome(case: Case, policy: Policy, decision: StaffingDecided, result: Result) -> str:
    before = [one for one in decisions(case) if one.number < decision.number]
    applied_before = bool(before) and result_of(before[-1], policy) == "disqualified"
    match result:
        case "disqualified" if applied_before:
            return "The Department has reviewed the decision: the DQ1 JOBS disqualification remains."
        case "disqualified":
            return "The Department has determined that a DQ1 JOBS disqualification will be applied."
        case _ if applied_before:
            since = _written(before[-1].happened_on)
            return f"The Department has reviewed its decision of {since}: the DQ1 JOBS disqualification is removed."
        case "good_cause":
            return "No disqualification is applied."
        case _:
            return "No disqualification can be applied."


def _written(day: date) -> str:
    return f"{day:%m/%d/%Y}"
