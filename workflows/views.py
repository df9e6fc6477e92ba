"""The lists operations staff work from: each a query over search attributes, and so a link into the Temporal UI.

A query has no "today". Two views hang on the date and are made for one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from domain.calendar import DAYS_IN_WEEK, add_months, first_week_from, month_of

MONTHS_NEAR = 6
"""With how many months left, this one included, the lifetime limit counts as near. Operational."""

_RUNNING = "ExecutionStatus = 'Running'"


@dataclass(frozen=True)
class View:
    """A list of cases: its name, what it shows, the query, and whether that hangs on the date."""

    name: str
    shows: str
    query: str
    dated: bool = False

    def link(self, ui: str, namespace: str) -> str:
        """Where the UI at an address shows it."""
        return f"{ui}/namespaces/{namespace}/workflows?query={quote(self.query, safe='')}"


def views(today: date) -> Iterator[View]:
    """Every view, as of a date."""
    week = first_week_from(today - timedelta(days=DAYS_IN_WEEK - 1))
    after = week + timedelta(days=DAYS_IN_WEEK)
    letters = f"NextLetterAt BETWEEN '{week}T00:00:00Z' AND '{after}T00:00:00Z'"
    last = add_months(month_of(today), MONTHS_NEAR - 1)
    needs = f"NeedsAction IS NOT NULL AND {_RUNNING}"
    limit = f"LimitMonth <= '{last}' AND Phase != 'limit_reached' AND {_RUNNING}"
    yield View("needs-action", "needs a person today", needs)
    yield View(
        "letters", "a letter is due this week, Sunday to Saturday (MO-3)", f"{letters} AND {_RUNNING}", dated=True
    )
    yield View("trial", "in trial participation (MO-9)", f"Phase = 'trial' AND {_RUNNING}")
    yield View("lift", "a lift waits for its confirmation (MO-8)", f"Phase = 'lift_recommended' AND {_RUNNING}")
    yield View("limit", f"{MONTHS_NEAR} months or fewer are left before the lifetime limit (MO-12)", limit, dated=True)
    yield View("quarantine", "something could not be read (ALL-2)", f"Quarantined > 0 AND {_RUNNING}")
    yield View("transfer", "a transfer is overdue (MO-14)", f"NeedsAction = 'transfer-overdue' AND {_RUNNING}")
    yield View("staffing", "a staffing is undecided (OR-1)", f"Phase = 'staffing' AND {_RUNNING}")
