"""Caseload files and fact files, read into openings and facts: pure reading, no server, no clock."""

from casefiles.caseload import Caseload, CaseloadError, Defaults, Doubt, Opening, Reject
from casefiles.facts import FactLine, read_facts
from casefiles.reading import Format, read, read_row

__all__ = [
    "Caseload",
    "CaseloadError",
    "Defaults",
    "Doubt",
    "FactLine",
    "Format",
    "Opening",
    "Reject",
    "read",
    "read_facts",
    "read_row",
]
