"""Files of facts for many cases, and that no bytes at all bring a reader down."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casefiles import CaseloadError, Defaults, FactLine, Format, read, read_facts
from casefiles.facts import Unreachable

DEFAULTS = Defaults(datetime(2026, 2, 2, tzinfo=UTC), "caseload import", date(2026, 2, 2), "MWA-KC")
WEEK = {"kind": "participation_week", "message_id": "m-1", "week": "2026-01-04", "hours": 30}
GOOD = json.dumps({"case": "mo-mwa-1a2b", "fact": WEEK}).encode()


def facts_in(folder: Path, *lines: bytes) -> list[FactLine | Unreachable]:
    path = folder / "facts.ndjson"
    path.write_bytes(b"\n".join(lines))
    return list(read_facts(path))


def test_a_fact_is_brought_to_its_case_as_it_was_sent(tmp_path: Path) -> None:
    [fact] = facts_in(tmp_path, GOOD)
    assert isinstance(fact, FactLine)
    assert (fact.line, fact.case_id, fact.kind, fact.message_id) == (1, "mo-mwa-1a2b", "participation_week", "m-1")
    assert json.loads(fact.fact_json) == WEEK


@pytest.mark.parametrize("fact", [{"kind": "no_such_kind"}, {"kind": "response", "message_id": 7, "answer": []}])
def test_what_only_the_case_can_judge_is_left_to_it(tmp_path: Path, fact: dict[str, object]) -> None:  # ALL-2
    [read_fact] = facts_in(tmp_path, json.dumps({"case": "c", "fact": fact}).encode())
    assert isinstance(read_fact, FactLine)
    assert (json.loads(read_fact.fact_json), read_fact.message_id) == (fact, None)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"\xff", "line"),
        (b"[1]", "line"),
        (b"{", "line"),
        (b'{"fact": {"kind": "response"}}', "case"),
        (b'{"case": "", "fact": {"kind": "response"}}', "case"),
        (b'{"case": "two words", "fact": {"kind": "response"}}', "case"),
        (b'{"case": "c"}', "fact"),
        (b'{"case": "c", "fact": "response"}', "fact"),
        (b'{"case": "c", "fact": {"answer": "agrees"}}', "fact.kind"),
        (b'{"case": "c", "fact": {"kind": 3}}', "fact.kind"),
        (b'{"case": "c", "note": "' + b"x" * (2 << 20) + b'"}', "line"),
    ],
)
def test_a_line_that_reaches_no_case_is_rejected_and_the_next_is_read(tmp_path: Path, line: bytes, field: str) -> None:
    rejected, fact = facts_in(tmp_path, line, GOOD)
    assert isinstance(rejected, Unreachable)
    assert (rejected.line, rejected.field) == (1, field)
    assert isinstance(fact, FactLine)
    assert fact.line == 2


def test_every_line_says_where_it_ends_whether_it_reaches_a_case_or_not(tmp_path: Path) -> None:
    lines = [b"\xef\xbb\xbf" + GOOD, b"", b"x" * (2 << 20), b"bad", GOOD + b"\r", GOOD]
    read_lines = facts_in(tmp_path, *lines)
    assert [line.line for line in read_lines] == [1, 3, 4, 5, 6]
    content = (tmp_path / "facts.ndjson").read_bytes()
    assert [content[: line.ends].count(b"\n") for line in read_lines] == [1, 3, 4, 5, 5]
    assert [isinstance(line, FactLine) for line in read_lines] == [True, False, False, True, True]
    assert all(content[line.ends - 1 : line.ends] == b"\n" for line in read_lines[:-1])
    assert read_lines[-1].ends == len(content)


PIECES = st.sampled_from(
    [
        *(b"\n", b"\r", b'"', b",", b";", b"{", b"}", b"[", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"  "),
        *(b"person_id", b"name", b"sanction_began", b"person_id,name,sanction_began\n", b"2026-01-05", b"opened"),
        *(b'{"person_id":"1","opened":{"name":"A","sanction_began":"2026-01-05"}}\n', b'{"case":"c","fact":', GOOD),
        *(b"HEADER20214A29   TAN1ED\n", b"HEADER", b"TRAILER", b"T1", b"T2", b"T3", b"202110", b"CASE0000001"),
        *(b"T1202110CASE1      " + b" " * 77 + b"1\n", b"T2202110CASE1      1" + b"0" * 136 + b"\n", b"0" * 60),
    ]
)
CONTENT = st.lists(PIECES | st.binary(max_size=20), max_size=25).map(b"".join)


@pytest.mark.parametrize("format", ["csv", "ndjson", "acf199", None])
@given(content=CONTENT)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_bring_the_caseload_readers_down(tmp_path: Path, format: Format | None, content: bytes) -> None:
    path = tmp_path / "caseload"
    path.write_bytes(content)
    try:
        caseload = read(path, format, defaults=DEFAULTS)
    except CaseloadError:
        return
    opened = list(caseload)
    assert len(opened) == caseload.to_open <= caseload.work_sanctioned <= caseload.families
    assert all(0 < reject.line <= content.count(b"\n") + 1 for reject in caseload.rejects)
    assert all(case.opened.message_id and case.person.encode() for case in opened)


@given(content=CONTENT)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_bring_the_fact_reader_down(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "facts"
    path.write_bytes(content)
    for each in read_facts(path):
        assert each.ends <= len(content)
        assert isinstance(each, Unreachable) or json.loads(each.fact_json)["kind"] == each.kind
