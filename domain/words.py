"""Plain words for the codes of a case: what staff read where a program reads a phase, an outcome or an effect's key."""

from collections.abc import Iterator

from domain.case import Case, Outcome, Phase
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

_EFFECTS: dict[str, tuple[str, str, str]] = {
    "letter": ("letter {}", "sent", "taken back"),
    "resources": ("letter that offers resources", "sent", "taken back"),
    "case-record": ("sanction in the MWA System", "entered", "taken out"),
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

_UNDO, _VOID = "undo/", "made void: "


def what_happened(case: Case) -> Iterator[tuple[Entry, str]]:
    """The lines of a case's timeline that tell staff something, the last first, in words.

    That a command was given out is left out: that it was carried out, or given up, follows.
    """
    for entry in reversed(case.timeline):
        key = entry.ref.removeprefix(f"{case.id}/")
        if entry.what == "effect":
            noun, done, taken_back = _effect(key.removeprefix(_UNDO))
            yield entry, f"{noun} {taken_back if key.startswith(_UNDO) else done}"
        elif entry.says.startswith(_VOID):
            yield entry, f"{_effect(key)[0]} given up: {entry.says.removeprefix(_VOID)}"
        elif entry.what != "decision":
            yield entry, entry.says
        elif not entry.ref:
            yield entry, entry.says.replace("_", " ")


def _effect(key: str) -> tuple[str, str, str]:
    name, which, *_ = (*key.split("/"), "")
    noun, done, taken_back = _EFFECTS.get(name, (name, "done", "taken back"))
    return noun.format(which), done, taken_back
