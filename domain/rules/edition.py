"""The policy edition a case runs under: ALL-5."""

from domain.case import Case
from domain.facts import EditionAdopted
from domain.policy import Policy


def in_force(case: Case, opened_under: Policy) -> Policy:
    """The edition adopted last, else the one the case was opened under. ALL-5."""
    adopted = case.last(EditionAdopted)
    return adopted.edition if adopted else opened_under
