"""CSV and NDJSON caseloads: what they open, and what they say of a row that is wrong."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from casefiles import Caseload, CaseloadError, Defaults, Opening, read

SAMPLES = Path(__file__).parents[2] / "samples"
DEFAULTS = Defaults(
    happened_on=date(2026, 2, 2),
    recorded_at=datetime(2026, 2, 2, 15, tzinfo=UTC),
    recorded_by="caseload import",
    provider="MWA-KC-01",
)
HEADER = "person_id,name,sanction_began"
ROW = {"person_id": "P1", "opened": {"name": "Ada Example", "sanction_began": "2026-01-05"}}


def read_csv(folder: Path, content: str | bytes, defaults: Defaults = DEFAULTS) -> tuple[list[Opening], Caseload]:
    path = folder / "caseload.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    caseload = read(path, "csv", defaults=defaults)
    return list(caseload), caseload


def read_ndjson(folder: Path, rows: Iterable[object]) -> tuple[list[Opening], Caseload]:
    path = folder / "caseload.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    caseload = read(path, "ndjson", defaults=DEFAULTS)
    return list(caseload), caseload


def wrong(caseload: Caseload) -> list[tuple[int, str]]:
    return [(reject.line, reject.field) for reject in caseload.rejects]


@pytest.mark.parametrize(("sample", "cases"), [("caseload.csv", 6), ("caseload.ndjson", 5)])
def test_every_row_of_the_samples_opens_without_a_doubt(sample: str, cases: int) -> None:
    caseload = read(SAMPLES / sample, defaults=DEFAULTS)
    assert len(list(caseload)) == cases
    assert (caseload.families, caseload.work_sanctioned, caseload.to_open) == (cases, cases, cases)
    assert (caseload.rejected, caseload.warnings) == (0, 0)


def test_no_sanction_has_begun_only_where_a_staffing_comes_first(tmp_path: Path) -> None:  # OR-1
    header = f"{HEADER},program,provider"
    _, caseload = read_csv(tmp_path, f"{header}\nP1,Ada,,or-jobs,ODHS-PDX-01\nP2,Ben,,mo-mwa,MWA-KC-01\n")
    assert caseload.to_open == 1
    assert wrong(caseload) == [(3, "sanction_began")]


@pytest.mark.parametrize(
    ("read_at", "missouri", "oregon"),
    [
        ("2026-02-02T05:30:00+00:00", "2026-02-01", "2026-02-01"),
        ("2026-02-02T07:00:00+00:00", "2026-02-02", "2026-02-01"),
        ("2026-02-02T09:00:00+00:00", "2026-02-02", "2026-02-02"),
    ],
)
def test_the_date_of_an_import_is_the_programs_own_wherever_the_file_is_read(  # ALL-7
    tmp_path: Path, read_at: str, missouri: str, oregon: str
) -> None:
    defaults = replace(DEFAULTS, happened_on=None, recorded_at=datetime.fromisoformat(read_at))
    header = f"{HEADER},program,provider"
    rows = "P1,Ada,2026-01-05,mo-mwa,MWA-KC-01\nP2,Ben,,or-jobs,ODHS-PDX-01\n"
    cases, _ = read_csv(tmp_path, f"{header}\n{rows}", defaults)
    assert [case.opened.happened_on.isoformat() for case in cases] == [missouri, oregon]


def test_a_full_row_says_all_an_opening_holds() -> None:
    first = next(iter(read(SAMPLES / "caseload.csv", defaults=DEFAULTS)))
    assert (first.program, first.person, first.line, first.episode) == ("mo-mwa", "A-1001", 2, 1)
    assert first.opened.model_dump(mode="json", exclude={"message_id", "recorded_at"}) == {
        "happened_on": "2026-02-02",
        "recorded_by": "caseload import",
        "kind": "opened",
        "sanction_began": "2026-01-05",
        "months_counted": 18,
        "months_through": "2025-12",
        "time_limit_exempt": False,
        "sanctioned_months": [],
        "call_in_answered": True,
        "required_hours": 30.0,
        "provider": "MWA-KC-01",
        "language": "en",
        "name": "Ada Example",
        "address": {
            "lines": ["12 Sample Street", "Apt 4"],
            "city": "Kansas City",
            "state": "MO",
            "postal_code": "64101",
        },
        "plan": ["Community Table", "Neighbors United"],
    }


def test_blank_is_unknown_and_not_zero(tmp_path: Path) -> None:
    optional = "months_counted,months_through,sanctioned_months,call_in_answered,address_line1,city,required_hours"
    [case], _ = read_csv(tmp_path, f"{HEADER},{optional}\nP1,Ada,2026-01-05,,,,,,,\n")
    opened = case.opened
    assert opened.months_counted is None
    assert opened.sanctioned_months is None
    assert opened.call_in_answered is None
    assert opened.address is None
    assert (opened.required_hours, opened.provider) == (30, "MWA-KC-01")


def test_none_of_the_months_sanctioned_is_told_from_unknown(tmp_path: Path) -> None:
    cases, _ = read_csv(tmp_path, f"{HEADER},sanctioned_months\nP1,Ada,2026-01-05,none\nP2,Bo,2026-01-05,\n")
    assert [case.opened.sanctioned_months for case in cases] == [(), None]


def test_columns_come_in_any_order_with_a_byte_order_mark_and_any_line_end(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfSanction_Began, person_id ,name\r\n2026-01-05,P1,Zo\xc3\xab\r\n\r\n2026-01-06,P2,Bo"
    cases, _ = read_csv(tmp_path, content)
    assert [(case.person, case.opened.name, case.line) for case in cases] == [("P1", "Zoë", 2), ("P2", "Bo", 4)]


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    cases, caseload = read_csv(
        tmp_path, f'{HEADER}\nP1,"Ada\nExample",2026-01-05\nP2,"Bo ""B"" Bo",soon\nP3,Cy,2026-01-05\n'
    )
    assert [(case.line, case.opened.name) for case in cases] == [(2, "Ada Example"), (5, "Cy")]
    assert wrong(caseload) == [(4, "sanction_began")]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (f"{HEADER},sanctoin_began", "column 4 'sanctoin_began' is not known; did you mean sanction_began?"),
        (f"{HEADER},qqq", "column 4 'qqq' is not known"),
        (f"{HEADER},name", "column 4 name is there twice"),
        ("person_id,name", "the required column sanction_began is missing"),
        ("", "must be a header"),
        ('person_id,"name', "must be a header"),
    ],
)
def test_a_wrong_header_is_refused_with_what_would_be_right(tmp_path: Path, header: str, told: str) -> None:
    with pytest.raises(CaseloadError, match=f"line [12]: .*{told.replace('?', '[?]')}"):
        read_csv(tmp_path, f"{header}\nP1,Ada,2026-01-05,x\n")


def test_a_file_without_a_header_is_refused_without_repeating_a_person(tmp_path: Path) -> None:
    with pytest.raises(CaseloadError, match="must be a header") as refused:
        read_csv(tmp_path, "P1,Ada Example,2026-01-05\n")
    assert "Ada" not in str(refused.value)


@pytest.mark.parametrize(
    ("column", "value", "right"),
    [
        ("months_counted", "-1", "whole number from 0 to 600"),
        ("months_counted", "12.5", "whole number from 0 to 600"),
        ("months_counted", "601", "whole number from 0 to 600"),
        ("required_hours", "200", "at most 168"),
        ("required_hours", "0", "over 0"),
        ("time_limit_exempt", "perhaps", "yes or no"),
        ("call_in_answered", "2", "yes or no"),
        ("language", "fr", "en or es"),
        ("provider", "two words", "provider code"),
        ("episode", "0", "from 1"),
        ("recorded_at", "2026-01-05T10:00:00", "with its offset"),
        ("happened_on", "05/01/2026", "YYYY-MM-DD"),
        ("postal_code", "1234", "12345"),
    ],
)
def test_a_wrong_cell_rejects_its_row_by_field_with_what_would_be_right(
    tmp_path: Path, column: str, value: str, right: str
) -> None:
    through = ",months_through" if column == "months_counted" else ""
    row = f"P1,Secret Person,2026-01-05,{value}" + (",2025-12" if through else "")
    cases, caseload = read_csv(tmp_path, f"{HEADER},{column}{through}\n{row}\n")
    assert cases == []
    assert any(right in reject.reason for reject in caseload.rejects)
    assert "Secret" not in repr(caseload.rejects)
    assert column == "postal_code" or {reject.field for reject in caseload.rejects} == {column}
    assert (caseload.families, caseload.rejected, caseload.to_open) == (1, 1, 0)


@pytest.mark.parametrize("began", ["86400", "2026-02-30", "1/5/2026", "", "2026-01-05T00:00:00"])
def test_a_date_is_year_month_day_and_nothing_else(tmp_path: Path, began: str) -> None:
    _, caseload = read_csv(tmp_path, f"{HEADER}\nP1,Ada,{began}\n")
    assert wrong(caseload) == [(2, "sanction_began")]


def test_months_counted_and_the_month_through_which_go_together(tmp_path: Path) -> None:
    _, caseload = read_csv(tmp_path, f"{HEADER},months_counted,months_through\nP1,Ada,2026-01-05,,2025-12\n")
    assert wrong(caseload) == [(2, "months_through")]


def test_part_of_an_address_is_rejected_by_its_missing_columns(tmp_path: Path) -> None:
    _, caseload = read_csv(tmp_path, f"{HEADER},city,state\nP1,Ada,2026-01-05,Joplin,mo\n")
    assert wrong(caseload) == [(2, "address_line1"), (2, "state"), (2, "postal_code")]
    assert caseload.rejected == 1


def test_bytes_that_are_not_utf8_cost_their_row_and_no_other(tmp_path: Path) -> None:
    cases, caseload = read_csv(tmp_path, HEADER.encode() + b"\nP1,Zo\xeb,2026-01-05\nP2,Bo,2026-01-05\n")
    assert [case.person for case in cases] == ["P2"]
    assert wrong(caseload) == [(2, "name")]


def test_a_row_with_too_few_or_too_many_cells_is_rejected(tmp_path: Path) -> None:
    cases, caseload = read_csv(tmp_path, f"{HEADER}\nP1,Ada\nP2,Bo,2026-01-05,x\nP3,Cy,2026-01-05\n")
    assert [case.person for case in cases] == ["P3"]
    assert wrong(caseload) == [(2, "row"), (3, "row")]


def test_an_open_quote_tells_which_lines_it_swallowed(tmp_path: Path) -> None:
    cases, caseload = read_csv(tmp_path, f'{HEADER}\nP1,Ada,2026-01-05\nP2,"Bo,2026-01-05\nP3,Cy,2026-01-05\n')
    assert [case.person for case in cases] == ["P1"]
    assert wrong(caseload) == [(3, "row")]
    assert "lines 3 to 4 were not read" in caseload.rejects[0].reason


def test_a_line_over_a_megabyte_costs_its_row_and_no_other(tmp_path: Path) -> None:
    cases, caseload = read_csv(tmp_path, f"{HEADER}\nP1,{'x' * (3 << 20)},2026-01-05\nP2,Bo,2026-01-05\n")
    assert [(case.person, case.line) for case in cases] == [("P2", 3)]
    assert caseload.rejected == 1


def test_the_second_row_of_a_person_is_rejected_and_counted_once(tmp_path: Path) -> None:
    again = f"{HEADER},episode\nP1,Ada,2026-01-05,\nP1,Ada,2026-01-06,1\nP1,Ada,2026-01-07,2\n"
    cases, caseload = read_csv(tmp_path, again)
    assert [(case.line, case.episode) for case in cases] == [(2, 1), (4, 2)]
    assert [(reject.line, reject.field, reject.reason) for reject in caseload.rejects] == [
        (3, "person_id", "already on line 2")
    ]
    assert caseload.families == 2


def test_a_person_whose_first_row_was_wrong_opens_from_the_second(tmp_path: Path) -> None:
    cases, _ = read_csv(tmp_path, f"{HEADER}\nP1,Ada,never\nP1,Ada,2026-01-05\n")
    assert [case.line for case in cases] == [3]


def test_a_sanction_that_begins_after_the_import_is_doubted(tmp_path: Path) -> None:
    cases, caseload = read_csv(tmp_path, f"{HEADER}\nP1,Ada,2062-01-05\n")
    assert len(cases) == 1
    assert [(doubt.line, doubt.field) for doubt in caseload.doubts] == [(2, "sanction_began")]


def test_a_row_without_a_provider_needs_a_default(tmp_path: Path) -> None:
    _, caseload = read_csv(tmp_path, f"{HEADER}\nP1,Ada,2026-01-05\n", replace(DEFAULTS, provider=None))
    assert [(reject.field, reject.reason[:8]) for reject in caseload.rejects] == [("provider", "missing:")]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ([], "line"),
        ("text", "line"),
        ({}, "opened.name"),
        (ROW | {"person_id": 12}, "person_id"),
        (ROW | {"person_id": " "}, "person_id"),
        (ROW | {"opened": []}, "opened"),
        (ROW | {"opened": ROW["opened"] | {"sanction_began": 86400}}, "sanction_began"),
        (ROW | {"opened": ROW["opened"] | {"call_in_answered": "yes"}}, "call_in_answered"),
        (ROW | {"opened": ROW["opened"] | {"sanctioned_months": ["2025-06", "June"]}}, "sanctioned_months.2"),
        (
            ROW | {"opened": ROW["opened"] | {"address": {"lines": ["x"], "city": "y", "state": "MO"}}},
            "address.postal_code",
        ),
        (ROW | {"opened": ROW["opened"] | {"naem": "Ada"}}, "naem"),
        (ROW | {"Ada Example": 1}, "(unnamed)"),
    ],
)
def test_a_wrong_object_is_rejected_by_line_and_field(tmp_path: Path, row: object, field: str) -> None:
    cases, caseload = read_ndjson(tmp_path, [ROW, row])
    assert len(cases) == 1
    assert field.removeprefix("opened.") in [reject.field for reject in caseload.rejects]
    assert {reject.line for reject in caseload.rejects} == {2}
    assert "Ada" not in repr(caseload.rejects)


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"a":', b"[" * 5000, b'{"a": NaN}', b'"\\ud800"', b"9" * (2 << 20)])
def test_a_line_that_is_no_json_object_costs_itself_only(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "caseload.ndjson"
    path.write_bytes(content + b"\n" + json.dumps(ROW).encode())
    caseload = read(path, "ndjson", defaults=DEFAULTS)
    assert [case.line for case in caseload] == [2]
    assert wrong(caseload) == [(1, "line")]


def test_a_row_may_bring_its_own_envelope() -> None:
    *_, last = read(SAMPLES / "caseload.ndjson", defaults=DEFAULTS)
    assert (last.opened.message_id, last.opened.happened_on) == ("upstream-77", date(2026, 1, 21))
    assert last.opened.recorded_by == "eligibility system"


def test_a_file_read_twice_gives_the_same_message_ids_whenever_it_is_read() -> None:  # ALL-1
    later = replace(DEFAULTS, happened_on=date(2026, 3, 2), recorded_at=datetime(2026, 3, 2, tzinfo=UTC))
    first, second = (
        [case.opened.message_id for case in read(SAMPLES / "caseload.csv", defaults=defaults)]
        for defaults in (DEFAULTS, later)
    )
    assert first == second
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    "other", ["P2,Ada,2026-01-05", "P1,Adah,2026-01-05", "P1,Ada,2026-01-06"], ids=["person", "name", "date"]
)
def test_a_row_that_says_something_else_has_another_message_id(tmp_path: Path, other: str) -> None:  # ALL-1
    [one], _ = read_csv(tmp_path, f"{HEADER}\nP1,Ada,2026-01-05\n")
    [two], _ = read_csv(tmp_path, f"{HEADER}\n{other}\n")
    assert one.opened.message_id != two.opened.message_id


def test_message_ids_depend_on_the_key_they_are_made_with(tmp_path: Path) -> None:  # ALL-6
    content = f"{HEADER}\nP1,Ada,2026-01-05\n"
    [one], _ = read_csv(tmp_path, content)
    [two], _ = read_csv(tmp_path, content, replace(DEFAULTS, message_key=b"k"))
    assert one.opened.message_id != two.opened.message_id


def test_an_opening_shows_no_personal_data(tmp_path: Path) -> None:  # ALL-6
    [case], _ = read_csv(tmp_path, f"{HEADER}\nP1-secret,Ada,2026-01-05\n")
    assert "secret" not in repr(case)
    assert "Ada" not in repr(case)


@pytest.mark.parametrize(
    ("name", "content", "cases"),
    [
        ("a.txt", f"{HEADER}\nP1,Ada,2026-01-05\n", 1),
        ("a.txt", "\n" + json.dumps(ROW), 1),
        ("a.csv", json.dumps(ROW), 1),
        ("a.jsonl", "", 0),
    ],
)
def test_the_content_tells_the_format_or_else_the_suffix(tmp_path: Path, name: str, content: str, cases: int) -> None:
    (tmp_path / name).write_text(content)
    assert len(list(read(tmp_path / name, defaults=DEFAULTS))) == cases


def test_a_format_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    with pytest.raises(CaseloadError, match="name the format: csv, ndjson or acf199"):
        read(tmp_path / "a.txt", defaults=DEFAULTS)


@pytest.mark.parametrize(
    ("field", "value"),
    [("provider", "two words"), ("required_hours", 0), ("recorded_at", datetime(2026, 1, 1)), ("language", "fr")],  # noqa: DTZ001
)
def test_a_wrong_default_is_refused_at_once_and_by_name(field: str, value: object) -> None:
    with pytest.raises(CaseloadError, match=f"default {field}"):
        replace(DEFAULTS, **{field: value})
