"""Whatever a file holds, it is read, rejected line by line with reasons, or refused as a whole: ALL-2."""

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casefiles import CaseloadError, Defaults, Opening, Reject, read, read_facts
from cli.lives import BadLives, read_lives
from policy.load import EDITIONS, BadEdition, parse_edition
from tests.property.lives import BOUNDED

DEFAULTS = Defaults(datetime(2026, 2, 2, tzinfo=UTC), "fuzz", date(2026, 2, 2), "MWA-KC-01")
SAMPLES = {
    "csv": Path("samples/caseload.csv").read_bytes(),
    "ndjson": Path("samples/caseload.ndjson").read_bytes(),
    "acf199": b"HEADER20214A29   TAN1ED\nT12021101111111111110011201112111\nTRAILER0000001         \n",
}
EDITION = (EDITIONS / "mo-mwa/2014-01-27.yaml").read_bytes()

junk = st.binary(max_size=60) | st.sampled_from(
    [
        b"\x00",
        b"\xff\xfe",
        b'"',
        b"'",
        b",,,,",
        b"\r",
        b"\n\n",
        b"{",
        b"]",
        b"NaN",
        b"&a [*a]",
        b"!!python/object:os",
        b": -",
    ]
)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A good file in which bytes are dropped, doubled or replaced at random places."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        data = data[:start] + draw(junk) * draw(st.integers(0, 3)) + data[end:]
    return data


def read_through(format: str, content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            caseload = read(Path(file.name), format, defaults=DEFAULTS)
            openings = list(caseload)
        except CaseloadError as error:
            assert str(error)
            return
    assert all(isinstance(opening, Opening) for opening in openings)
    assert all(reject.line >= 1 and reject.field and reject.reason for reject in caseload.rejects)


@pytest.mark.parametrize("format", SAMPLES)
@BOUNDED
@given(st.data())
def test_a_damaged_caseload_costs_no_more_than_its_lines(format: str, data: st.DataObject) -> None:
    read_through(format, data.draw(damaged(SAMPLES[format])))


@pytest.mark.parametrize("format", SAMPLES)
@BOUNDED
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(format: str, content: bytes) -> None:
    read_through(format, content)


@BOUNDED
@given(damaged(b'{"case": "c-1", "fact": {"kind": "contact_made", "message_id": "m-1", "type": "phone"}}\n' * 3))
def test_a_damaged_file_of_facts_is_read_line_by_line(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        for line in read_facts(Path(file.name)):
            assert line.line >= 1
            assert not isinstance(line, Reject) or line.reason


@BOUNDED
@given(damaged(EDITION))
def test_a_damaged_edition_is_refused_by_name_or_whole(content: bytes) -> None:
    try:
        policy = parse_edition(content.decode(errors="replace"))
    except BadEdition as error:
        assert str(error).startswith("edition: ")
    else:
        assert policy.rules


@BOUNDED
@given(damaged(Path("samples/lives.yaml").read_bytes()[:2500]))
def test_damaged_lives_are_refused_by_name(content: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            read_lives(Path(file.name))
        except BadLives as error:
            assert str(error)
