"""Tables in Markdown, as the Temporal UI shows them: no HTML, no line breaks in a cell.

Whatever was told to a case may stand in a cell, so it is made `plain` there: a text can neither end its cell nor look
like anything but text.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

Row = tuple[str, str]

_MARKUP = re.compile(r"[\\`*~\[\]<>&]|\b_|_\b|:(?=//)|(?<=www)\.")
"""What Markdown would take as its own; the last two make addresses into links."""


def plain(text: str) -> str:
    """A text as it is, for a cell: neither emphasis nor link, image, code or HTML, whoever wrote it. ALL-2."""
    return _MARKUP.sub(r"\\\g<0>", _one_line(text))


def bold(text: str) -> str:
    """A text that meets the eye first."""
    return f"**{plain(text)}**"


def code(id: str) -> str:
    """An id, to be copied as it is."""
    return f"`{_one_line(id).replace('`', '´')}`"


def workflow(id: str) -> str:
    """A link to a workflow's page, which the UI opens beside this one. `{namespace}` is for the UI to fill in."""
    return f"[{plain(id)}](/namespaces/{{namespace}}/workflows/{quote(id, safe='')})"


def _one_line(text: str) -> str:
    """Without what ends a cell or a line, and without marks that turn the direction of what follows."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable()).replace("|", "¦")


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table of a narrow column of names and a wide one of what they are; a name given again is not repeated."""
    lines, before = [_line(*head), "|:--|:--|"], ""
    for name, says in rows:
        lines.append(_line(name if name != before else "", says))
        before = name
    return "\n".join(lines)


def _line(name: str, says: str) -> str:
    return f"| {f'{name}  '.replace(' ', _UNBROKEN)} | {says} |"


_UNBROKEN = "\u00a0"
"""The UI makes the first column as narrow as its longest word, and leaves no room beside it."""
