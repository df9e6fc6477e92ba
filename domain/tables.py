"""Tables in Markdown, as the Temporal UI shows them: no HTML, no line breaks in a cell."""

from collections.abc import Sequence

Row = tuple[str, str]


def table(head: Row, rows: Sequence[Row]) -> str:
    """A table of two columns."""
    lines = [f"| {_cell(name)} | {_cell(text)} |" for name, text in (head, *rows)]
    return "\n".join([lines[0], "|---|---|", *lines[1:]])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "¦").split())
