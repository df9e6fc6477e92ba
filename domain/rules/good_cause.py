"""Good cause: MO-7, OR-2."""

from datetime import date
from itertools import takewhile

from domain.case import Case
from domain.facts import GoodCauseFinding, StaffingDecided
from domain.policy import Policy
from domain.rules.staffing import decisions, result_of


def found_on(case: Case, policy: Policy) -> date | None:
    """The date good cause was found, where the latest finding says so: a direct one, or a staffing's.

    MO-7 · MO 0290.040.00, "the TA participant meets good cause"; OR-2. Where a staffing comes before the sanction,
    only a staffing finds it. One whose due process was not complete found nothing either way, and one that came to the
    same as the one before changed nothing (OR-3).
    """
    findings: list[GoodCauseFinding | StaffingDecided] = []
    decided = [one for one in decisions(case) if result_of(one, policy) not in (None, "due_process_incomplete")]
    same = list(takewhile(lambda one: one.finding == decided[-1].finding, reversed(decided)))
    findings += same[-1:]
    if not policy.disqualification:
        findings += case.told(GoodCauseFinding)
    latest = max(findings, key=lambda one: (one.happened_on, one.recorded_at, one.message_id), default=None)
    return latest.happened_on if latest and latest.finding in ("found", "good_cause") else None
