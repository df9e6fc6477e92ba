"""ALL-2: any message at all is taken or refused with a reason; none brings a case down."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.case import Case
from domain.decide import decide
from domain.details import details
from domain.facts import KINDS
from domain.intake import DISMISS, RESUBMIT, Refused, Resubmitted, hold
from domain.ledger import Heard
from domain.views import explain, status
from tests.property.lives import BOUNDED, LATER, facts
from tests.unit.building import MISSOURI, opened, taken
from tests.unit.staffings import release

CASE = TypeAdapter(Case)
OPEN = opened("2026-01-05").after(release("2026-01-05", "Legal Aid")).case
NAMES = st.sampled_from([*KINDS, "fact", DISMISS, RESUBMIT, "unknown"])

text = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)  # lone surrogates too
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | text
    | st.sampled_from(
        ["0001-01-01", "9999-12-31", "2026-02-29", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-1"]
    )
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)


def weighed(name: str, content: str) -> None:
    """Weigh a message, and go as far with it as a case would."""
    answer = taken(OPEN, name, content, LATER)
    if isinstance(answer, Refused):
        assert answer.because
        case = hold(OPEN, name, answer.because, content.encode(errors="replace").decode(), LATER, MISSOURI)
    else:
        came_of = answer.taken if isinstance(answer, Resubmitted) else answer
        case = decide(OPEN, came_of, MISSOURI).case if isinstance(came_of, Heard) else OPEN
    assert CASE.validate_json(CASE.dump_json(case)) == case
    assert details(case, MISSOURI)
    assert explain(case, MISSOURI)
    assert status(case, MISSOURI)


@BOUNDED
@given(NAMES, values)
def test_any_json_is_taken_or_refused(name: str, value: Any) -> None:  # ALL-2
    weighed(name, json.dumps(value))


@BOUNDED
@given(NAMES, text)
def test_any_text_is_taken_or_refused(name: str, content: str) -> None:  # ALL-2
    weighed(name, content)


@BOUNDED
@given(st.data())
def test_a_fact_with_a_field_dropped_added_or_mistyped_is_taken_or_refused(data: st.DataObject) -> None:  # ALL-2
    fact = data.draw(facts(1))
    said = fact.model_dump(mode="json")
    for _ in range(data.draw(st.integers(1, 3))):
        field = data.draw(st.sampled_from(sorted(said)) | text) if said else data.draw(text)
        if data.draw(st.booleans()):
            said[field] = data.draw(values)
        else:
            said.pop(field, None)
    weighed(data.draw(st.sampled_from([fact.kind, "fact"])), json.dumps(said))


@BOUNDED
@given(facts(1))
def test_every_fact_that_can_be_so_is_taken(fact: Any) -> None:  # ALL-2
    answer = taken(OPEN, fact.kind, fact.model_dump_json(), LATER)
    assert isinstance(answer, Heard)
    assert answer.fact == fact
