"""Letters as tagged, accessible PDF: how to begin to comply (MO-2), and which resources there are (OR-5).

What the sources give is passed to the templates as data and never becomes part of their source, so whatever a name
or a document is called prints as it is written. The same letter is the same bytes whenever it is made.
"""

import json
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path

import typst
from babel.dates import format_date
from babel.numbers import format_decimal

from activities.providers import Provider
from domain.commands import LetterCommand, OfferResources, SendLetter
from domain.fact import Address

_TEMPLATES = Path(__file__).parent / "templates"
_LOCALES = {"en": "en_US", "es": "es_US"}

_Value = str | int | list[str] | None
_Letter = dict[str, _Value]


class Unprintable(ValueError):
    """Parts of a letter hold characters that no letter font has; the message names the parts, never what they say."""

    def __init__(self, parts: list[str]) -> None:
        super().__init__(f"no letter font has some character in: {', '.join(parts)}; write them in Latin letters")
        self.parts = parts


def render(command: LetterCommand, provider: Provider, dated: date) -> bytes:
    """The letter as PDF/UA-1, in the participant's language, from the provider or branch office that is displayed.

    MO-2 · MO 0290.040.00, "states the reason for the letter and how the recipient may begin to comply".
    OR-5 · OR DQ1 Guide, "Provide additional resources".
    Raises Unprintable where a part can't be printed.
    """
    letter = _letter_data(command, provider, dated)
    try:
        return _compile("letter.typ", letter, dated)
    except typst.TypstError:
        # The compiler quotes what it could not print: none of its words may leave this module (ALL-6).
        parts = [part for part, value in letter.items() if not _prints(value, dated)]
    if parts:
        raise Unprintable(parts)
    raise RuntimeError("the letter template does not compile; every part of the letter can be printed")


def _letter_data(command: LetterCommand, provider: Provider, dated: date) -> _Letter:
    locale = _LOCALES[command.language]
    hours = provider.office_hours
    letter: _Letter = {
        "letter": command.kind,
        "language": command.language,
        "reference": command.effect,
        "number": command.number,
        "dated": format_date(dated, "long", locale=locale),
        "name": command.name,
        "address": _address_lines(command.address),
        "provider_name": provider.name,
        "provider_address": _address_lines(provider.address),
        "provider_phone": provider.phone,
        "office_hours": getattr(hours, command.language) if hours else None,
        "citation": command.citation,
    }
    return {part: _one_line(value) for part, value in (letter | _told_in(command, locale)).items()}


def _told_in(command: LetterCommand, locale: str) -> _Letter:
    """What only this kind of letter tells."""
    match command:
        case SendLetter():
            return {
                "sanction_began": format_date(command.sanction_began, "long", locale=locale),
                "required_hours": format_decimal(command.required_hours, locale=locale),
                "good_weeks": command.good_weeks,
                "assessment_needed": command.assessment_needed,
                "documents_needed": list(command.documents_needed),
            }
        case OfferResources():
            return {
                "staffing_held_on": format_date(command.staffing_held_on, "long", locale=locale),
                "resources": list(command.resources),
            }


def _address_lines(address: Address) -> list[str]:
    return [*address.lines, f"{address.city}, {address.state} {address.postal_code}"]


def _one_line(value: _Value) -> _Value:
    """A line break inside a name would move the address out of the envelope's window."""
    match value:
        case str():
            return " ".join(value.split())
        case list():
            return [" ".join(line.split()) for line in value]
        case _:
            return value


def _compile(template: str, data: object, dated: date) -> bytes:
    return typst.compile(
        _TEMPLATES / template,
        root=_TEMPLATES,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
        format="pdf",
        pdf_standards="ua-1",
        timestamp=datetime.combine(dated, time(), UTC),
    )


@cache
def _fonts() -> typst.Fonts:
    """Only the fonts that come with typst: a letter looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False)


def _prints(value: _Value, dated: date) -> bool:
    """Whether a part of a letter, printed alone, is something the fonts can show."""
    text = " ".join(value) if isinstance(value, list) else str(value)
    try:
        _compile("probe.typ", text, dated)
    except typst.TypstError:
        return False
    return True
