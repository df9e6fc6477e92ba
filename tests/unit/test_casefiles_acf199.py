"""The federal ACF-199 Section 1 file: whom it opens, with what figures, and what it leaves in doubt."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from casefiles import Caseload, CaseloadError, Defaults, Opening, read

DEFAULTS = Defaults(
    happened_on=date(2022, 1, 10),
    recorded_at=datetime(2022, 1, 10, 15, tzinfo=UTC),
    recorded_by="caseload import",
    provider="MWA-KC",
)
RECORD_LENGTH = 156
EVERY_FILE = {"name", "address", "sanction_began", "sanctioned_months", "call_in_answered"}


def record(kind: str, month: str, case: str, fields: dict[int, str]) -> str:
    """A fixed-width record: what stands at which column, columns counted from 1."""
    characters = list(" " * RECORD_LENGTH)
    for column, text in {1: kind, 3: month, 9: case, **fields}.items():
        characters[column - 1 : column - 1 + len(text)] = text
    return "".join(characters)


def family(
    case: str = "CASE1", month: str = "202110", sanction: str = "1", amount: str = "0130", exempt: str = "01"
) -> str:
    return record("T1", month, case, {93: amount, 97: sanction, 115: exempt})


def adult(
    case: str = "CASE1",
    month: str = "202110",
    status: str = "02",
    eligible: str = "01",
    head: str = "01",
    affiliation: str = "1",
    months: str = "018",
    born: str = "19900131",
    ssn: str = "900000001",
) -> str:
    fields = {20: affiliation, 22: born, 30: ssn, 52: head, 60: months, 67: eligible, 69: status}
    return record("T2", month, case, fields)


def child(case: str = "CASE1", month: str = "202110") -> str:
    return record("T3", month, case, {20: "1"})


def header(state: str = "29", encryption: str = " ", section: str = "A") -> str:
    return f"HEADER20214{section}{state}   TAN1{encryption}D"


def trailer(count: int) -> str:
    return f"TRAILER{count:07d}         "


def read_records(folder: Path, *records: str, defaults: Defaults = DEFAULTS) -> tuple[list[Opening], Caseload]:
    """The records as given, a header before and a trailer after them unless they bring their own."""
    lines = list(records) if records[0].startswith("HEADER") else [header(), *records, trailer(len(records))]
    return read_bytes(folder, "".join(line + "\n" for line in lines).encode("latin-1"), defaults)


def read_bytes(folder: Path, content: bytes, defaults: Defaults = DEFAULTS) -> tuple[list[Opening], Caseload]:
    path = folder / "section1.txt"
    path.write_bytes(content)
    caseload = read(path, defaults=defaults)
    return list(caseload), caseload


def doubted(caseload: Caseload) -> list[tuple[int, str]]:
    """Line and field of the doubts, those that hold for every ACF-199 file left out."""
    return [(doubt.line, doubt.field.split(" (")[0]) for doubt in caseload.doubts if doubt.field not in EVERY_FILE]


def rejected(caseload: Caseload) -> list[tuple[int, str]]:
    return [(reject.line, reject.field.split(" (")[0]) for reject in caseload.rejects]


def test_a_work_sanctioned_family_opens_for_its_sanctioned_adult(tmp_path: Path) -> None:
    [case], caseload = read_records(tmp_path, family(), adult(), child(), family("CASE2", sanction="2"), adult("CASE2"))
    assert (caseload.families, caseload.work_sanctioned, caseload.to_open) == (2, 1, 1)
    assert (rejected(caseload), doubted(caseload)) == ([], [])
    assert (case.program, case.line, case.episode) == ("mo-mwa", 2, 1)
    assert case.opened.model_dump(exclude={"message_id", "recorded_at", "recorded_by"}) == {
        "kind": "opened",
        "happened_on": date(2022, 1, 10),
        "sanction_began": date(2021, 10, 1),
        "months_counted": 18,
        "months_through": "2021-10",
        "time_limit_exempt": False,
        "sanctioned_months": None,
        "call_in_answered": None,
        "required_hours": 30.0,
        "provider": "MWA-KC",
        "language": "en",
        "name": "Participant",
        "address": None,
        "plan": (),
    }


def test_what_no_federal_file_tells_is_said_once_a_file(tmp_path: Path) -> None:
    _, caseload = read_records(tmp_path, family("A"), adult("A"), family("B"), adult("B"))
    assert [doubt.field for doubt in caseload.doubts if doubt.field in EVERY_FILE] == [
        "name",
        "address",
        "sanction_began",
        "sanctioned_months",
        "call_in_answered",
    ]
    assert all("2 opened" in doubt.reason for doubt in caseload.doubts)


def test_a_file_without_a_sanction_has_nothing_to_open_and_no_doubt(tmp_path: Path) -> None:
    cases, caseload = read_records(tmp_path, family(sanction="2"), adult(status="18"))
    assert (cases, caseload.work_sanctioned, caseload.warnings) == ([], 0, 0)


def test_spanish_letters_have_a_spanish_salutation(tmp_path: Path) -> None:
    [case], _ = read_records(tmp_path, family(), adult(), defaults=replace(DEFAULTS, language="es"))
    assert (case.opened.language, case.opened.name) == ("es", "Participante")


def test_the_provider_must_be_given() -> None:
    with pytest.raises(CaseloadError, match="provider"):
        read("any.txt", "acf199", defaults=replace(DEFAULTS, provider=None))


HEAD = adult(status="18", born="19800101", ssn="900000009")


@pytest.mark.parametrize(
    ("adults", "opened_months", "doubt"),
    [
        ([adult(status="02", months="007")], 7, None),
        ([adult(status="12", months="007")], 7, None),
        ([adult(status="13", months="007")], 7, None),
        ([HEAD, adult(head="02", months="007")], 7, None),
        ([HEAD, adult(head="02", months="007", affiliation="2")], 7, (4, "item 30")),
        ([HEAD, adult(head="02", status="19", ssn="900000002")], 18, (3, "item 49")),
        ([HEAD, adult(head="02", eligible="11")], 18, (3, "item 49")),
        ([adult(months="007"), adult(head="02", ssn="900000002")], 7, (3, "item 49")),
    ],
    ids=["02", "12", "13", "the spouse", "not a recipient", "nobody", "not work-eligible", "both"],
)
def test_the_participant_is_the_sanctioned_adult_or_else_the_head(
    tmp_path: Path, adults: list[str], opened_months: int, doubt: tuple[int, str] | None
) -> None:
    [case], caseload = read_records(tmp_path, family(), *adults)
    assert case.opened.months_counted == opened_months
    assert doubted(caseload) == ([doubt] if doubt else [])


@pytest.mark.parametrize(
    ("adults", "reject"),
    [
        ([], (2, "T2")),
        ([adult(status="19", head="02")], (2, "item 49")),
        ([adult(head="02"), adult(head="02", ssn="900000002")], (2, "item 49")),
        ([adult(status="99", eligible="11")], (3, "item 48")),
        ([adult(status="18", eligible="  ")], (3, "item 48")),
        ([adult(status="18", affiliation="2")], (2, "item 49")),
    ],
    ids=["no adult", "no head", "two and no head", "not work-eligible", "unknown eligibility", "head no recipient"],
)
def test_nobody_is_guessed_for_a_family_whose_participant_cannot_be_told(
    tmp_path: Path, adults: list[str], reject: tuple[int, str]
) -> None:
    cases, caseload = read_records(tmp_path, family(), *adults)
    assert (cases, caseload.work_sanctioned, rejected(caseload)) == ([], 1, [reject])


@pytest.mark.parametrize(
    ("months", "counted", "doubt"),
    [("000", 0, []), ("060", 60, []), ("   ", None, [(3, "item 44")]), ("9AB", None, [(3, "item 44")])],
)
def test_blank_months_are_unknown_and_zero_months_are_zero(
    tmp_path: Path, months: str, counted: int | None, doubt: list[tuple[int, str]]
) -> None:
    [case], caseload = read_records(tmp_path, family(), adult(months=months))
    assert case.opened.months_counted == counted
    assert (case.opened.months_through is None) == (counted is None)
    assert doubted(caseload) == doubt


@pytest.mark.parametrize(
    ("code", "exempt", "doubt"),
    [
        ("01", False, []),
        *((code, True, []) for code in ("02", "03", "04", "06", "07", "08", "09")),
        ("  ", False, [(2, "item 28")]),
        ("05", False, [(2, "item 28")]),
    ],
)
def test_every_code_of_item_28_but_01_exempts_from_the_time_limit(
    tmp_path: Path, code: str, exempt: bool, doubt: list[tuple[int, str]]
) -> None:
    [case], caseload = read_records(tmp_path, family(exempt=code), adult(months="071"))
    assert (case.opened.time_limit_exempt, case.opened.months_counted) == (exempt, 71)
    assert doubted(caseload) == doubt


def test_status_02_without_a_reduction_is_doubted(tmp_path: Path) -> None:
    _, caseload = read_records(tmp_path, family(amount="0000"), adult())
    assert doubted(caseload) == [(2, "item 26A-I")]


def reported(*months: tuple[str, str]) -> list[str]:
    """One family's records, a month and its sanction code each; the adult's months grow with them."""
    return [
        each
        for month, sanction in months
        for each in (family(month=month, sanction=sanction), adult(month=month, months=f"0{month[4:]}"))
    ]


@pytest.mark.parametrize(
    ("months", "began"),
    [
        ([("202110", "1"), ("202111", "1"), ("202112", "1")], date(2021, 10, 1)),
        ([("202110", "2"), ("202111", "1"), ("202112", "1")], date(2021, 11, 1)),
        ([("202110", "1"), ("202111", "2"), ("202112", "1")], date(2021, 12, 1)),
        ([("202112", "1"), ("202110", "1")], date(2021, 10, 1)),
    ],
)
def test_several_months_are_one_opening_with_the_latest_figures(
    tmp_path: Path, months: list[tuple[str, str]], began: date
) -> None:
    [case], caseload = read_records(tmp_path, *reported(*months))
    assert (caseload.families, caseload.work_sanctioned) == (1, 1)
    assert (case.opened.sanction_began, case.opened.months_counted) == (began, 12)
    assert case.opened.months_through == "2021-12"


def test_a_family_no_longer_sanctioned_in_its_latest_month_is_not_opened(tmp_path: Path) -> None:
    cases, caseload = read_records(tmp_path, *reported(("202110", "1"), ("202111", "2")))
    assert (cases, caseload.work_sanctioned) == ([], 1)
    assert doubted(caseload) == [(4, "item 26A-II")]


def test_a_month_whose_sanction_cannot_be_read_does_not_end_the_sanction(tmp_path: Path) -> None:
    [case], caseload = read_records(tmp_path, *reported(("202110", "1"), ("202111", " ")))
    assert case.opened.months_through == "2021-10"
    assert rejected(caseload) == [(4, "item 26A-II")]


def test_a_family_last_reported_before_the_files_last_month_opens_with_a_doubt(tmp_path: Path) -> None:
    [_], caseload = read_records(tmp_path, family(), adult(), family("CASE2", "202112", "2"))
    assert doubted(caseload) == [(2, "item 4")]


def test_a_month_reported_twice_counts_as_reported_last(tmp_path: Path) -> None:
    [case], caseload = read_records(tmp_path, family(), adult(months="007"), family(), adult(months="008"))
    assert case.opened.months_counted == 8
    assert doubted(caseload) == [(4, "item 6")]


def test_an_adult_reported_twice_is_one_adult(tmp_path: Path) -> None:
    [case], caseload = read_records(tmp_path, family(), adult(months="007"), adult(months="008"))
    assert case.opened.months_counted == 8
    assert doubted(caseload) == [(4, "T2")]


def test_an_adult_before_the_family_record_belongs_to_it(tmp_path: Path) -> None:
    [_], caseload = read_records(tmp_path, adult(), family())
    assert doubted(caseload) == []


def test_masked_ssns_are_the_same_person_as_plain_ones(tmp_path: Path) -> None:
    [plain], _ = read_records(tmp_path, header(), family(), adult(ssn="123456789"), trailer(2))
    [masked], _ = read_records(tmp_path, header(encryption="E"), family(), adult(ssn="@9ZP0#YBW"), trailer(2))
    [unflagged], caseload = read_records(tmp_path, header(), family(), adult(ssn="@9ZP0#YBW"), trailer(2))
    assert plain.person == masked.person
    assert plain.opened.message_id == masked.opened.message_id
    assert unflagged.person != plain.person
    assert doubted(caseload) == [(3, "item 33")]


@pytest.mark.parametrize(
    "other",
    [
        (header("29"), family("CASE2"), adult("CASE2")),
        (header("41"), family(), adult()),
        (header("29"), family(), adult(born="19900201")),
        (header("29"), family(), adult(ssn="900000002")),
    ],
    ids=["case", "state", "born", "ssn"],
)
def test_a_person_is_state_case_birth_and_ssn_together(tmp_path: Path, other: tuple[str, ...]) -> None:
    [one], _ = read_records(tmp_path, header("29"), family(), adult())
    [two], _ = read_records(tmp_path, *other)
    assert one.person != two.person
    assert one.opened.message_id != two.opened.message_id


@pytest.mark.parametrize(("field", "value"), [("born", "99999999"), ("born", "19900230"), ("ssn", "12345678")])
def test_a_person_who_is_hard_to_tell_apart_is_doubted(tmp_path: Path, field: str, value: str) -> None:
    [_], caseload = read_records(tmp_path, family(), adult(**{field: value}))
    assert doubted(caseload) == [(3, "item 32" if field == "born" else "item 33")]
    assert value not in repr(caseload.doubts)


def test_each_header_says_whose_records_follow(tmp_path: Path) -> None:
    cases, caseload = read_records(
        tmp_path,
        *(header("29"), family(), adult(), trailer(2)),
        *(header("41", "E"), family(), adult(ssn="WTTTTTTT@"), trailer(2)),
    )
    assert [(case.person, case.line) for case in cases] == [
        ("acf199|29|CASE1|19900131|900000001", 2),
        ("acf199|41|CASE1|19900131|900000001", 6),
    ]
    assert (caseload.families, doubted(caseload)) == (2, [])


@pytest.mark.parametrize(
    ("records", "doubt"),
    [
        ([header(), family(sanction="2"), trailer(7)], (3, "item 2 of TRAILER")),
        ([header(), family(sanction="2"), "TRAILER"], (3, "item 2 of TRAILER")),
        ([header(), family(sanction="2")], (1, "TRAILER")),
        ([header(), header(), trailer(0)], (1, "TRAILER")),
        ([header(section="C"), trailer(0)], (1, "item 6 of HEADER")),
        ([header(), child(), trailer(1)], (2, "T1")),
        ([header(), family(sanction="2"), adult("OTHER"), child("OTHER"), trailer(3)], (3, "T1")),
    ],
    ids=["count", "no count", "no trailer", "no first trailer", "closed cases", "child alone", "orphans"],
)
def test_a_file_that_is_not_whole_is_doubted(tmp_path: Path, records: list[str], doubt: tuple[int, str]) -> None:
    _, caseload = read_records(tmp_path, *records)
    assert doubted(caseload) == [doubt]


def test_without_a_state_nobody_is_opened(tmp_path: Path) -> None:
    content = f"{family()}\n{adult()}\n".encode()
    cases, caseload = read_bytes(tmp_path, content)
    assert (cases, rejected(caseload)) == ([], [(1, "HEADER")])
    cases, caseload = read_records(tmp_path, "HEADER2021", family(), adult(), trailer(2))
    assert (cases, rejected(caseload)) == ([], [(1, "HEADER"), (2, "HEADER")])


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ("X9202110CASE9", "record type"),
        ("T", "record type"),
        (family(month="202113"), "item 4"),
        (family(month="      "), "item 4"),
        ("T1202110", "item 6"),
        (family()[:96], "item 26A-II"),
        (family(sanction="3"), "item 26A-II"),
        (adult()[:68], "item 49"),
        (adult()[:25], "item 32"),
    ],
)
def test_a_record_that_cannot_be_read_is_rejected_and_the_rest_is_read(tmp_path: Path, bad: str, field: str) -> None:
    [_], caseload = read_records(tmp_path, family("GOOD"), adult("GOOD"), bad)
    assert (4, field) in rejected(caseload)


def test_a_short_record_is_enough_when_it_reaches_what_is_needed(tmp_path: Path) -> None:
    [case], caseload = read_records(tmp_path, family().rstrip(), adult().rstrip(), child().rstrip())
    assert (case.opened.months_counted, rejected(caseload), doubted(caseload)) == (18, [], [])


def test_line_ends_blank_lines_long_lines_and_foreign_bytes_do_no_harm(tmp_path: Path) -> None:
    foreign = adult()[:40] + "\xeb" + adult()[41:] + "x" * 500
    lines = [header(), "", family(), "   ", foreign, trailer(2), ""]
    [case], caseload = read_bytes(tmp_path, b"\xef\xbb\xbf" + "\r\n".join(lines).encode("latin-1") + b"\x1a")
    assert (case.line, caseload.families, rejected(caseload), doubted(caseload)) == (3, 1, [], [])


def test_rejects_and_doubts_repeat_no_personal_data(tmp_path: Path) -> None:  # ALL-6
    _, caseload = read_records(
        tmp_path,
        family("SECRETCASE"),
        adult("SECRETCASE", born="19770230", ssn="98765432X", status="09"),
        adult("LONE"),
    )
    told = repr((caseload.rejects, caseload.doubts))
    assert not [value for value in ("SECRETCASE", "19770230", "98765432X", "09 ") if value in told]


def test_a_file_read_twice_gives_the_same_message_ids(tmp_path: Path) -> None:  # ALL-1
    later = replace(DEFAULTS, recorded_at=datetime(2022, 2, 1, tzinfo=UTC), happened_on=date(2022, 2, 1))
    [first], _ = read_records(tmp_path, family(), adult())
    [again], _ = read_records(tmp_path, family(), adult(), defaults=later)
    assert first.opened.message_id == again.opened.message_id
