"""Where the ACF-199 Section 1 record layout (TANF Data Report, 45 CFR 265.3) keeps what an opening needs.

Item numbers and columns are those of the federal transmission layout; columns count from 1, both ends included.
Only the fields that are used are listed.
"""

from typing import NamedTuple


class Item(NamedTuple):
    """One field of a record: its item number and its columns."""

    number: str
    first: int
    last: int

    def of(self, record: str) -> str:
        """The field's content, blanks around it removed."""
        return record[self.first - 1 : self.last].strip()

    def __str__(self) -> str:
        columns = f"column {self.first}" if self.first == self.last else f"columns {self.first}-{self.last}"
        return f"item {self.number} ({columns})"


# HEADER, its own numbering
SECTION = Item("6 of HEADER", 12, 12)
STATE_FIPS = Item("1 of HEADER", 13, 14)
TRIBE_CODE = Item("3 of HEADER", 15, 17)
ENCRYPTION = Item("9 of HEADER", 22, 22)

# TRAILER
RECORD_COUNT = Item("2 of TRAILER", 8, 14)

# T1, T2 and T3 alike
REPORTING_MONTH = Item("4", 3, 8)
CASE_NUMBER = Item("6", 9, 19)

# T1, the family
SANCTION_AMOUNT = Item("26A-I", 93, 96)
WORK_SANCTION = Item("26A-II", 97, 97)
TIME_LIMIT_EXEMPTION = Item("28", 115, 116)

# T2, an adult
FAMILY_AFFILIATION = Item("30", 20, 20)
DATE_OF_BIRTH = Item("32", 22, 29)
SSN = Item("33", 30, 38)
RELATIONSHIP_TO_HEAD = Item("38", 52, 53)
MONTHS_COUNTED = Item("44", 60, 62)
WORK_ELIGIBLE = Item("48", 67, 68)
PARTICIPATION_STATUS = Item("49", 69, 70)

ACTIVE_CASES = "A"
MASKED = "E"
UNMASK = str.maketrans("@9ZP0#YBWT", "1234567890")

WORK_SANCTIONED, NOT_WORK_SANCTIONED = "1", "2"
NOT_EXEMPT = "01"
EXEMPT = frozenset({"02", "03", "04", "06", "07", "08", "09"})
RECIPIENT = "1"
HEAD_OF_HOUSEHOLD = "01"
WORK_ELIGIBLE_CODES = frozenset({"01", "02", "03", "04", "05"})
SANCTIONED_STATUSES = frozenset({"02", "12", "13"})
DISREGARDED_SANCTIONED = "02"
