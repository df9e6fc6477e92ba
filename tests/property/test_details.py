"""The table of details, of lives drawn at random: nobody's words, every effect in words, and short."""

from urllib.parse import quote

from hypothesis import given

from domain.details import details
from domain.words import EFFECTS
from tests.property.lives import BOUNDED, Life, lives

WRITTEN = ("Frida", "Sample Street", "Legal Aid", "Shelter", "pay stub", "GED", "in writing", "not known", "an error")
"""What people wrote in the facts of these lives; no word of it is the software's own."""
LONGEST_ADDRESS = 8000
"""Characters a proxy takes in the first line of a request, and the UI sends the table to its server in one."""


@BOUNDED
@given(lives())
def test_the_details_say_nothing_that_a_person_wrote(life: Life) -> None:  # ALL-6
    table = details(life.case, life.policy)
    for words in WRITTEN:
        assert words not in table


@BOUNDED
@given(lives())
def test_the_details_fit_into_a_request(life: Life) -> None:  # ALL-4
    assert len(quote(details(life.case, life.policy), safe="~()*!'")) < LONGEST_ADDRESS


@BOUNDED
@given(lives())
def test_every_effect_has_a_name_that_staff_know(life: Life) -> None:  # ALL-4
    keys = (key.removeprefix("undo/") for key in life.case.issues)
    assert {key.split("/")[0] for key in keys} <= set(EFFECTS)
