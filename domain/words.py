"""Plain words for the codes of a case: what staff read where a program reads a phase, an outcome or an effect's key."""

from collections.abc import Iterator

from domain.case import Case, Outcome, Phase
from domain.fact import Fact
from domain.ledger import Entry

STANDS: dict[Phase, str] = {
    Phase.AWAITING_OPENING: "Waiting for an opening that can be read",
    Phase.STAFFING: "Waiting for a staffing",
    Phase.REENGAGING: "Re-engaging",
    Phase.TRIAL: "In trial participation",
    Phase.LIFT_RECOMMENDED: "Lift recommended, waiting for its confirmation",
    Phase.LIMIT_REACHED: "Lifetime limit reached, waiting for the TA case to close",
    Phase.CLOSED: "Closed",
}

ENDED: dict[Outcome, str] = {
    Outcome.LIFTED_BY_PARTICIPATION: "sanction lifted, by participation",
    Outcome.LIFTED_BY_GOOD_CAUSE: "sanction lifted, by good cause",
    Outcome.EXEMPT: "exempt",
    Outcome.EXCLUDED: "excluded or waived",
    Outcome.INACTIVE: "inactive",
    Outcome.LIFETIME_LIMIT: "lifetime limit",
    Outcome.OPENED_IN_ERROR: "opened in error",
}

EFFECTS: dict[str, tuple[str, str, str]] = {
    "letter": ("letter {}", "sent", "taken back"),
    "resources": ("letter that offers resources", "sent", "taken back"),
    "case-record": ("sanctioned status in the MWA System", "entered", "taken back"),
    "provider": ("new provider in the MWA System", "displayed", "taken back"),
    "transfer": ("case file transfer to {}", "requested", "taken back"),
    "work-status": ("work status in the MWA System", "changed", "changed back"),
    "iep": ("IEP", "updated", "corrected"),
    "pdp": ("PDP", "updated", "corrected"),
    "placement": ("placement in the MWA System", "made", "ended"),
    "alert": ("alert about the {}", "sent", "withdrawn"),
    "task": ("task “{}”", "opened", "closed"),
    "staffing": ("staffing {}", "opened", "ended"),
    "dq1": ("DQ1, staffing {}", "entered", "taken out"),
    "tracs": ("TRACS page of staffing {}", "updated", "taken back"),
}
"""What the effects of a key are called, and what has become of one that was carried out or taken back."""

_CODED = (
    *("answer", "finding", "type", "role", "week", "from_week", "hours", "number", "provider", "area_provider"),
    *("counted", "through", "sanction_began", "required_hours", "months_counted", "months_through"),
)
"""What of a fact is a code, a date or a number. The rest of it is text that somebody wrote."""
_UNDO, _VOID = "undo/", "made void: "


def what_happened(case: Case) -> Iterator[tuple[Entry, str]]:
    """The lines of a case's timeline that tell staff something, the last first, in words and without what was written.

    That a command was given out is left out: that it was carried out, or given up, follows.
    """
    for entry in reversed(case.timeline):
        key = entry.ref.removeprefix(f"{case.id}/")
        if entry.what == "effect":
            noun, done, taken_back = _effect(key.removeprefix(_UNDO))
            yield entry, f"{noun} {taken_back if key.startswith(_UNDO) else done}"
        elif entry.what == "fact":
            yield entry, _told(entry, _by_id(case, entry.ref))
        elif entry.what == "quarantine":
            yield entry, entry.says.partition(" by ")[0]  # whoever dismissed it, and what they wrote
        elif entry.says.startswith(_VOID):
            yield entry, f"{_effect(key)[0]} given up: {entry.says.removeprefix(_VOID)}"
        elif not entry.ref:
            code, _, why = entry.says.partition(":")
            yield entry, f"{STANDS[Phase(code.partition(' ')[0])]}:{why}"


def _effect(key: str) -> tuple[str, str, str]:
    name, which, *_ = (*key.split("/"), "")
    noun, done, taken_back = EFFECTS.get(name, (name, "done", "taken back"))
    return noun.format(which), done, taken_back


def _by_id(case: Case, message_id: str) -> Fact | None:
    kept = (fact for slots in case.facts.values() for slot in slots.values() for fact in slot)
    return next((fact for fact in kept if fact.message_id == message_id), None)


def _told(entry: Entry, fact: Fact | None) -> str:
    """A fact as its kind and its codes; only its kind where the case keeps no more of it."""
    kind = entry.says.partition(":")[0]
    values = [f"{name} {value}".replace("_", " ") for name, value in _codes(fact)] if fact else []
    return f"{kind}: {', '.join(values)}" if values else kind


def _codes(fact: Fact) -> Iterator[tuple[str, object]]:
    for name in _CODED:
        value = getattr(fact, name, None)
        if value is not None:
            yield name, f"{value:g}" if isinstance(value, float) else value
