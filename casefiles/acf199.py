"""A caseload as the federal ACF-199 Section 1 file (active cases), fixed width: one opening a work-sanctioned family.

The file tells of families by month. What it does not tell (names, addresses, when in the month the sanction began,
earlier sanctions) is left unknown and said so in a doubt; what is ambiguous is never guessed.
Sources: TANF Data Report Section 1 layout (45 CFR 265.3), 45 CFR 261.22(b), 45 CFR 264.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from casefiles import acf199_layout as at
from casefiles.caseload import CaseloadError, Defaults, Doubt, Entry, Reject
from casefiles.families import Adult, Families, Report, entries_of
from casefiles.lines import raw_lines
from domain.calendar import Month

_HEADER_REACHES, _T2_REACHES = at.TRIBE_CODE.last, at.PARTICIPATION_STATUS.last


def entries(path: Path, defaults: Defaults) -> Iterator[Entry]:
    """The entries of an ACF-199 Section 1 file; families are kept until its end, which they may be spread over.

    Raises CaseloadError when no provider is given: the file names none.
    """
    if defaults.provider is None:
        raise CaseloadError("default provider: must be given, an ACF-199 file names none")
    return _entries(path, defaults)


def _entries(path: Path, defaults: Defaults) -> Iterator[Entry]:
    reading = _Reading()
    with path.open("rb") as stream:
        for line in raw_lines(stream):
            # the layout counts bytes; latin-1 keeps one character for each, whatever it is
            record = line.content.decode("latin-1").rstrip("\r\n\x1a")
            if record.strip():
                yield from reading.take(record, line.number)
    yield from reading.end()
    yield from entries_of(reading.families, defaults)


@dataclass
class _Segment:
    """What follows one HEADER: whose records they are, whether their SSNs are masked, and how many there were."""

    line: int
    state: str = ""
    masked: bool = False
    records: int = 0
    ended: bool = False


@dataclass
class _Reading:
    families: Families = field(default_factory=dict)
    segment: _Segment | None = None

    def take(self, record: str, line: int) -> Iterator[Entry]:
        """Reads one record in; yields what is wrong or doubtful about it."""
        if record.startswith("HEADER"):
            yield from self._header(record, line)
            return
        if self.segment is None:
            self.segment = _Segment(line)
            yield Doubt(line, "HEADER", "the file does not begin with a HEADER: state unknown")
        if record.startswith("TRAILER"):
            yield from self._trailer(record, line, self.segment)
            return
        self.segment.records += 1
        match record[:2]:
            case "T1" | "T2" | "T3":
                yield from self._family_record(record, line, self.segment)
            case _:
                yield Reject(line, "record type (columns 1-2)", "must be HEADER, T1, T2, T3 or TRAILER")

    def end(self) -> Iterator[Entry]:
        """What is doubtful about how the file, or one of its parts, ends."""
        if self.segment and not self.segment.ended:
            yield Doubt(self.segment.line, "TRAILER", "missing after this HEADER: the file may be cut off")

    def _header(self, record: str, line: int) -> Iterator[Entry]:
        yield from self.end()
        self.segment = _Segment(line)
        if len(record) < _HEADER_REACHES:
            yield Reject(line, "HEADER", f"must reach column {_HEADER_REACHES}: state unknown for what follows")
            return
        self.segment.state = at.STATE_FIPS.of(record) + at.TRIBE_CODE.of(record)
        self.segment.masked = at.ENCRYPTION.of(record) == at.MASKED
        if at.SECTION.of(record) != at.ACTIVE_CASES:
            yield Doubt(line, str(at.SECTION), "not A: only Section 1, active cases, has what an opening needs")

    def _trailer(self, record: str, line: int, segment: _Segment) -> Iterator[Entry]:
        segment.ended = True
        said = at.RECORD_COUNT.of(record)
        if not _is_number(said) or int(said) != segment.records:
            yield Doubt(line, str(at.RECORD_COUNT), f"does not count the {segment.records} records before it")

    def _family_record(self, record: str, line: int, segment: _Segment) -> Iterator[Entry]:
        case, month = at.CASE_NUMBER.of(record), _month(at.REPORTING_MONTH.of(record))
        if month is None:
            yield Reject(line, str(at.REPORTING_MONTH), "must be a year and month, as 202110")
            return
        if not case:
            yield Reject(line, str(at.CASE_NUMBER), "missing: must be the agency's case number")
            return
        reports = self.families.setdefault((segment.state, case), {})
        match record[:2]:
            case "T1":
                yield from _take_family(record, line, reports, month)
            case "T2":
                yield from _take_adult(record, line, reports.setdefault(month, Report(line)), segment.masked)
            case _:
                reports.setdefault(month, Report(line))


def _take_family(record: str, line: int, reports: dict[Month, Report], month: Month) -> Iterator[Entry]:
    sanction = at.WORK_SANCTION.of(record)
    if sanction not in (at.WORK_SANCTIONED, at.NOT_WORK_SANCTIONED):
        yield Reject(line, str(at.WORK_SANCTION), f"must be 1 or 2{_cut_off(record, at.WORK_SANCTION)}")
    earlier = reports.get(month)
    if earlier and earlier.has_family_record:
        yield Doubt(line, str(at.CASE_NUMBER), f"month already reported on line {earlier.line}; this one counts")
    adults = earlier.adults if earlier and not earlier.has_family_record else []
    reports[month] = Report(
        line,
        has_family_record=True,
        sanctioned={at.WORK_SANCTIONED: True, at.NOT_WORK_SANCTIONED: False}.get(sanction),
        reduced=at.SANCTION_AMOUNT.of(record).strip("0") != "",
        exemption=at.TIME_LIMIT_EXEMPTION.of(record),
        adults=adults,
    )


def _take_adult(record: str, line: int, report: Report, masked: bool) -> Iterator[Entry]:
    affiliation = at.FAMILY_AFFILIATION.of(record)
    if affiliation == at.RECIPIENT and len(record) < _T2_REACHES:
        item = next(item for item in _OF_RECIPIENTS if item.last > len(record))
        yield Reject(line, str(item), f"missing{_cut_off(record, item)}")
        return
    ssn = at.SSN.of(record)
    adult = Adult(
        line=line,
        recipient=affiliation == at.RECIPIENT,
        head=at.RELATIONSHIP_TO_HEAD.of(record) == at.HEAD_OF_HOUSEHOLD,
        work_eligible=at.WORK_ELIGIBLE.of(record) in at.WORK_ELIGIBLE_CODES,
        status=at.PARTICIPATION_STATUS.of(record),
        born=at.DATE_OF_BIRTH.of(record),
        ssn=ssn.translate(at.UNMASK) if masked else ssn,
        months=at.MONTHS_COUNTED.of(record),
    )
    again = next((place for place, each in enumerate(report.adults) if each.identity == adult.identity), None)
    if again is None:
        report.adults.append(adult)
        return
    yield Doubt(line, "T2", f"adult already reported on line {report.adults[again].line}; this one counts")
    report.adults[again] = adult


_OF_RECIPIENTS = (
    at.DATE_OF_BIRTH,
    at.SSN,
    at.RELATIONSHIP_TO_HEAD,
    at.MONTHS_COUNTED,
    at.WORK_ELIGIBLE,
    at.PARTICIPATION_STATUS,
)


def _cut_off(record: str, item: at.Item) -> str:
    return f": the record ends at column {len(record)}" if len(record) < item.last else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _month(text: str) -> Month | None:
    year, month = text[:4], text[4:]
    if len(text) != len("202110") or not _is_number(text) or year[:2] not in ("19", "20") or not "01" <= month <= "12":
        return None
    return f"{year}-{month}"
