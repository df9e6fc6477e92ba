"""Families as an ACF-199 file reports them, month by month: whom to open a case for, and with what figures."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import takewhile

from casefiles import acf199_layout as at
from casefiles.caseload import UNSET, Defaults, Doubt, Entry, Family, Opening, Reject
from domain.calendar import Month, first_day
from domain.facts import Opened

SALUTATION = {"en": "Participant", "es": "Participante"}
"""What a letter calls a participant whose name the file does not give."""

MOST_MONTHS = 600
SSN_DIGITS = 9


@dataclass(slots=True)
class Adult:
    """What one T2 record says, as far as an opening needs it."""

    line: int
    recipient: bool
    head: bool
    work_eligible: bool
    status: str = field(repr=False)
    born: str = field(repr=False)
    ssn: str = field(repr=False)
    months: str

    @property
    def identity(self) -> tuple[str, str]:
        """Date of birth and SSN together: placeholder SSNs are shared by hundreds."""
        return self.born, self.ssn


@dataclass(slots=True)
class Report:
    """What the file says of one family in one month; without a T1 record, only that it has other records."""

    line: int
    has_family_record: bool = False
    sanctioned: bool | None = None
    reduced: bool = False
    exemption: str = ""
    adults: list[Adult] = field(default_factory=list)


Key = tuple[str, str]
"""State (or tribe) and case number."""

Families = dict[Key, dict[Month, Report]]


def entries_of(families: Families, defaults: Defaults) -> Iterator[Entry]:
    """An opening, or a reject or doubt saying why not, for every family with a work-requirements sanction.

    A family is one state and case number, in however many months it is reported.
    """
    last = max((month for reports in families.values() for month in reports), default="")
    lines: list[int] = []
    for key, reports in families.items():
        for _, orphan in sorted(reports.items()):
            if not orphan.has_family_record:
                yield Doubt(orphan.line, "T1", "missing for the case and month of this record: not read")
        if any(report.has_family_record for report in reports.values()):
            yield Family(sanctioned=any(report.sanctioned for report in reports.values()))
        for entry in _of_sanctioned(key, reports, last, defaults):
            yield entry
            if isinstance(entry, Opening):
                lines.append(entry.line)
    if lines:
        yield from _left_unsaid(min(lines), len(lines), defaults)


def _of_sanctioned(key: Key, reports: dict[Month, Report], last: Month, defaults: Defaults) -> Iterator[Entry]:
    """The latest month that says whether there is a sanction stands; the sanction began with its unbroken run."""
    latest_first = [each for each in sorted(reports.items(), reverse=True) if each[1].sanctioned is not None]
    run = list(takewhile(lambda each: each[1].sanctioned, latest_first))
    if not run:
        if any(report.sanctioned for _, report in latest_first):
            month, report = latest_first[0]
            yield Doubt(report.line, str(at.WORK_SANCTION), f"sanctioned earlier, but not in {month}: not opened")
        return
    month, report = run[0]
    if not key[0]:
        yield Reject(report.line, "HEADER", "must give the state, or the tribe, before this record")
        return
    found = participant(report)
    if isinstance(found, Reject):
        yield found
        return
    adult, doubt = found
    if doubt:
        yield doubt
    yield from _doubts(report, adult, month, last)
    fields = _fields(adult, report, month) | {"sanction_began": first_day(run[-1][0])}
    person = "|".join(("acf199", *key, *adult.identity))
    contact = defaults.contacts.get(key[1])
    if contact:
        fields |= {"name": contact.name, "address": contact.address}
    elif defaults.contacts:
        yield Doubt(report.line, "contacts", "no name and address for this case number: the first letter waits")
    opened = Opened.model_validate(_unsaid(defaults) | fields)
    opening = Opening(defaults.program, person, opened, report.line, family=key[1])
    yield replace(opening, opened=defaults.identified(opening))


def participant(report: Report) -> tuple[Adult, Doubt | None] | Reject:
    """The work-eligible adult whose participation status says sanctioned, or else the head of household.

    A sanction is a fact of the family (26A-II); items 48 and 49 say whom it fell on. Where they do not say it of
    one adult, the recipient who is head of household is taken with a doubt; where that does not decide, nobody is.
    """
    if not report.adults:
        return Reject(report.line, "T2", "missing: must be at least one adult record that can be read for this family")
    named = [adult for adult in report.adults if adult.work_eligible and adult.status in at.SANCTIONED_STATUSES]
    if len(named) == 1:
        not_recipient = Doubt(named[0].line, str(at.FAMILY_AFFILIATION), "the sanctioned adult is not a recipient")
        return named[0], None if named[0].recipient else not_recipient
    heads = [adult for adult in named or report.adults if adult.head and adult.recipient]
    if len(heads) != 1:
        whom = f"{len(named)} adults are" if named else "no work-eligible adult is"
        return Reject(report.line, str(at.PARTICIPATION_STATUS), f"{whom} sanctioned, and no one head of household")
    head = heads[0]
    if not head.work_eligible:
        return Reject(head.line, str(at.WORK_ELIGIBLE), "must be 01 to 05 for the head of a work-sanctioned family")
    why = (
        f"{len(named)} adults are sanctioned: opened for the head only"
        if named
        else "not sanctioned, but the family is"
    )
    return head, Doubt(head.line, str(at.PARTICIPATION_STATUS), why)


def _doubts(report: Report, adult: Adult, month: Month, last: Month) -> Iterator[Doubt]:
    if month < last:
        yield Doubt(report.line, str(at.REPORTING_MONTH), f"last reported for {month}, the file goes on to {last}")
    if adult.status == at.DISREGARDED_SANCTIONED and not report.reduced:
        yield Doubt(report.line, str(at.SANCTION_AMOUNT), "zero or blank, though the status 02 goes with a reduction")
    if report.exemption not in at.EXEMPT | {at.NOT_EXEMPT}:
        yield Doubt(report.line, str(at.TIME_LIMIT_EXEMPTION), "blank or not a code: taken as not exempt")
    if _months_counted(adult) is None:
        yield Doubt(adult.line, str(at.MONTHS_COUNTED), "blank or not a number up to 600: months counted unknown")
    if not _is_birth_date(adult.born):
        yield Doubt(adult.line, str(at.DATE_OF_BIRTH), "not a date: a corrected file would open another case")
    if not (adult.ssn.isascii() and adult.ssn.isdigit() and len(adult.ssn) == SSN_DIGITS):
        yield Doubt(adult.line, str(at.SSN), "not nine digits: a corrected file would open another case")


def _fields(adult: Adult, report: Report, month: Month) -> dict[str, object]:
    counted = _months_counted(adult)
    return {
        "months_counted": counted,
        "months_through": None if counted is None else month,
        "time_limit_exempt": report.exemption in at.EXEMPT,
    }


def _unsaid(defaults: Defaults) -> dict[str, object]:
    return defaults.opened_in(defaults.program) | {"message_id": UNSET, "name": SALUTATION[defaults.language]}


def _left_unsaid(line: int, cases: int, defaults: Defaults) -> Iterator[Doubt]:
    """What an ACF-199 file never tells, once a file, at the first case opened."""
    for name, meaning in (
        ("name", "letters say Participant until an opened fact gives the name"),
        ("address", "the first letter waits until one is given"),
        ("sanction_began", "the first day of the first month reported sanctioned is taken; it may have begun before"),
        ("sanctioned_months", "earlier sanctions are unknown, not none"),
        ("call_in_answered", "unknown"),
    ):
        if defaults.contacts and name in ("name", "address"):
            continue
        yield Doubt(line, name, f"not in an ACF-199 file ({cases} opened): {meaning}")


def _months_counted(adult: Adult) -> int | None:
    """Item 44; blank is unknown, not zero."""
    if not (adult.months.isascii() and adult.months.isdigit()) or int(adult.months) > MOST_MONTHS:
        return None
    return int(adult.months)


def _is_birth_date(text: str) -> bool:
    if not (text.isascii() and text.isdigit() and len(text) == len("19900131")):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
