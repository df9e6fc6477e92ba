"""A life told: facts with both their dates, decisions with rule, citation, edition and inputs, effects. ALL-4."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from audit.case_fold import CaseFold
from audit.fold import Fold
from audit.life import Life
from audit.opening import Opener
from audit.verify import fold_of
from domain.ledger import Entry
from domain.policy import OWN_RULES, Policy, Reason


@dataclass(frozen=True)
class Because:
    """A rule that a line rests on: its id, its citation, the edition, and the values it used."""

    rule: str
    cites: str
    edition: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of a life: when it was known, when it happened, what it was, and why.

    `workflow` tells a staffing's lines from its case's; `late_days` is how much later than it happened it was known.
    """

    known_at: datetime
    happened_on: date
    what: str
    says: str
    because: tuple[Because, ...]
    ref: str
    workflow: str

    @property
    def late_days(self) -> int:
        """Days from when a fact happened to when it was known; what is decided or done is known at once."""
        return max((self.known_at.date() - self.happened_on).days, 0) if self.what == "fact" else 0


@dataclass(frozen=True)
class Told:
    """A life told from its beginning, and where it stands."""

    case: str
    stands: str
    lines: tuple[Line, ...]


async def told(life: Life, opener: Opener) -> Told:
    """Tell a life, from nothing but its histories. Raises ValueError for what can't be opened or told."""
    folds: dict[str, Fold[Any]] = {}
    for run in life.runs:
        history = await opener.opened(run)
        fold = folds.get(run.workflow_id) or fold_of(run, history)
        folds[run.workflow_id] = fold
        fold.folded(history)
    lines = [line for id, fold in folds.items() for line in _lines(id, fold)]
    return Told(life.case, _stands(folds.get(life.case)), tuple(sorted(lines, key=lambda line: line.known_at)))


def _lines(workflow: str, fold: Fold[Any]) -> Iterator[Line]:
    for entry, reasons, policy in fold.lines:
        because = tuple(_because(rule, entry, reasons, policy) for rule in entry.rules)
        yield Line(entry.at, entry.on, entry.what, entry.says, because, entry.ref, workflow)


def _because(rule: str, entry: Entry, reasons: Sequence[Reason], policy: Policy | None) -> Because:
    """The reason that was given for a line, with the values it used; else the rule as the edition cites it."""
    given = [reason for reason in reasons if reason.rule == rule]
    given.sort(key=lambda reason: reason.says not in entry.says)
    if given:
        return Because(rule, given[0].cites, given[0].edition, given[0].inputs)
    cited = (one.cites for one in (*policy.rules.values(), *OWN_RULES.values()) if one.id == rule) if policy else ()
    return Because(rule, next(iter(cited), ""), policy.id if policy else "", {})


def _stands(fold: Fold[Any] | None) -> str:
    if not isinstance(fold, CaseFold):
        return "unknown: its own runs are not here"
    case = fold.state
    outcome = f" ({case.outcome.value})" if case.outcome else ""
    return f"{case.phase.value}{outcome}{f': {case.phase_reason.says}' if case.phase_reason else ''}"
