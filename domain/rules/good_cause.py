"""Good cause: MO-7."""

from datetime import date

from domain.case import Case
from domain.facts import GoodCauseFinding


def found_on(case: Case) -> date | None:
    """The date good cause was found, where the latest finding says so.

    MO-7 · MO 0290.040.00, "the TA participant meets good cause".
    """
    finding = case.last(GoodCauseFinding)
    return finding.happened_on if finding and finding.finding == "found" else None
