"""A file as numbered lines with byte offsets, whatever bytes it holds and however long a line is."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

LONGEST = 1 << 20


class RawLine(NamedTuple):
    """One line: `number` from 1, the bytes `offset` to `ends` in the file, and its content, line end included.

    Of a line over a megabyte only the beginning is kept, and `whole` is false.
    """

    number: int
    offset: int
    ends: int
    content: bytes
    whole: bool


def raw_lines(stream: BinaryIO) -> Iterator[RawLine]:
    """The lines of a binary stream from where it stands; a byte order mark at the file's start is left out."""
    number, offset = 1, stream.tell()
    while content := stream.readline(LONGEST):
        ends = offset + len(content)
        whole = content.endswith(b"\n") or len(content) < LONGEST
        if not whole:
            ends += _skip_to_line_end(stream)
        if offset == 0:
            content = content.removeprefix(BOM_UTF8)
        yield RawLine(number, offset, ends, content, whole)
        number, offset = number + 1, ends


def _skip_to_line_end(stream: BinaryIO) -> int:
    skipped = 0
    while piece := stream.readline(LONGEST):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped
