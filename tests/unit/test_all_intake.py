"""What may enter a case: ALL-1 (once), ALL-2 (nothing is lost in silence)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from domain.intake import (
    CONTENT_KEPT,
    CONTENTS_KEPT,
    ENTRIES_KEPT,
    MORE,
    Dismissal,
    Duplicate,
    Refused,
    Resubmitted,
    hold,
    release,
)
from domain.ledger import MANY, SLOT_DEPTH, WEIGHT_KEPT, Heard
from domain.views import needs_action
from tests.unit.building import MISSOURI, contact, noon, opened, opening, taken, week

NOW = noon("2026-03-10")
CONTACT: dict[str, Any] = {
    "message_id": "m1",
    "happened_on": "2026-03-09",
    "recorded_by": "staff",
    "recorded_at": "2026-03-09T10:00:00-05:00",
    "type": "phone",
}
WEEK = {key: value for key, value in CONTACT.items() if key != "type"} | {"week": "2026-03-01", "hours": 30}


def said(name: str, message: Any, case: Any = None) -> Any:
    content = message if isinstance(message, str) else json.dumps(message)
    return taken(case or opened("2026-01-05").case, name, content, NOW)


def test_a_message_under_the_name_of_its_kind_and_under_any() -> None:  # ALL-1
    for name, message in (
        ("contact_made", CONTACT),
        ("contact_made", {**CONTACT, "kind": "contact_made"}),
        ("fact", {**CONTACT, "kind": "contact_made"}),
    ):
        assert isinstance(said(name, message), Heard)


@pytest.mark.parametrize(
    ("name", "message", "because"),
    [
        ("contact_made", "", "one JSON object"),
        ("contact_made", "{", "one JSON object"),
        ("contact_made", "[" * 100_000, "one JSON object"),
        ("contact_made", "1" * 5000, "one JSON object"),
        ("contact_made", "[]", "one JSON object"),
        ("contact_made", "null", "one JSON object"),
        ("contact_made", '{"message_id": "\\ud800"}', "message"),
        ("contact_made", {**CONTACT, "kind": "opened"}, "kind: must be contact_made"),
        ("fact", CONTACT, "kind: must be one of"),
        ("fact", {**CONTACT, "kind": ["x"]}, "kind: must be one of"),
        ("unknown_signal", CONTACT, "kind: must be one of"),
        ("contact_made", {**CONTACT, "type": "fax"}, "type: Input should be 'letter'"),
        ("contact_made", {**CONTACT, "happened_on": "2026-02-30"}, "happened_on: Input should be a valid date"),
        ("contact_made", {**CONTACT, "happened_on": 20260301}, "happened_on"),
        ("contact_made", {**CONTACT, "recorded_at": "2026-03-09T10:00:00"}, "recorded_at: Input should have timezone"),
        ("contact_made", {**CONTACT, "message_id": "a b"}, "message_id"),
        ("contact_made", {**CONTACT, "surprise": 1}, "surprise: Extra inputs"),
        ("participation_week", {**WEEK, "hours": 200}, "hours: Input should be less than or equal to 168"),
        ("participation_week", {**WEEK, "hours": -1}, "hours"),
        ("participation_week", {**WEEK, "hours": "30"}, "hours: Input should be a valid number"),
        ("participation_week", {**WEEK, "hours": True}, "hours"),
        ("participation_week", json.dumps(WEEK).replace(": 30", ": NaN"), "hours: Input should be a finite number"),
        ("participation_week", {**WEEK, "week": "2026-03-02"}, "week: Value error, a participation week starts"),
        ("participation_week", {**WEEK, "week": "2026-03-15"}, "week: lies after the day it was received"),
        ("contact_made", {**CONTACT, "happened_on": "2026-03-11"}, "happened_on: lies after"),
        ("contact_made", {**CONTACT, "happened_on": "1989-03-11"}, "happened_on: lies before"),
        ("contact_made", {**CONTACT, "recorded_at": "2026-03-11T10:00:00-05:00"}, "recorded_at: lies after"),
        ("contact_made", {**CONTACT, "recorded_at": "0001-01-01T00:00:00+14:00"}, "recorded_at: lies before"),
        ("contact_made", {**CONTACT, "recorded_at": "9999-12-31T23:59:59-12:00"}, "recorded_at: lies after"),
        ("months_corrected", {**WEEK, "counted": 3, "through": "2026-04"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_what_would_be_right(
    name: str, message: Any, because: str
) -> None:  # ALL-2
    weighed = said(name, message)
    assert isinstance(weighed, Refused)
    assert because in weighed.because


def test_a_month_after_the_day_of_receipt_cannot_be_counted_through() -> None:  # ALL-2, MO-12
    message = {name: value for name, value in CONTACT.items() if name != "type"} | {"counted": 3, "through": "2026-04"}
    assert said("months_corrected", message).because.startswith("through: lies after the month")
    assert isinstance(said("months_corrected", {**message, "through": "2026-03"}), Heard)


def test_the_day_of_receipt_is_the_one_in_the_programs_zone() -> None:  # ALL-7, ALL-2
    late = {**CONTACT, "happened_on": "2026-03-10", "recorded_at": "2026-03-11T04:59:59+00:00"}
    assert isinstance(said("contact_made", late), Heard)
    assert isinstance(said("contact_made", {**late, "recorded_at": "2026-03-11T05:00:00+00:00"}), Refused)


def test_hours_may_change_from_a_week_to_come() -> None:  # MO-6
    message = {name: value for name, value in WEEK.items() if name != "week"} | {"from_week": "2026-05-03"}
    assert isinstance(said("required_hours_changed", message), Heard)


def test_a_reason_never_repeats_a_value() -> None:  # ALL-6
    envelope = {name: value for name, value in CONTACT.items() if name != "type"}
    decided = {**envelope, "number": 1, "record": [{"kind": "Frida Example"}]}
    for kind, message in (
        ("contact_made", {**CONTACT, "type": "Frida Example", "recorded_by": "Frida\x00Example"}),
        ("contact_made", {**CONTACT, "Frida Example": 1}),
        ("staffing_decided", decided),
    ):
        assert "Frida" not in said(kind, message).because
    assert "record.0: kind must be one of 'screening_offered'" in said("staffing_decided", decided).because
    assert said("contact_made", {**CONTACT, "hour": 1}).because == "hour: Extra inputs are not permitted"


def test_a_message_sent_twice_counts_once() -> None:  # ALL-1
    first = said("contact_made", CONTACT)
    case = opened("2026-01-05").case.with_fact(first.fact, first.digest)
    assert isinstance(said("contact_made", CONTACT, case), Duplicate)
    assert isinstance(said("fact", {**CONTACT, "kind": "contact_made"}, case), Duplicate)


def test_another_fact_under_a_message_id_that_was_heard_is_refused() -> None:  # ALL-1
    first = said("contact_made", CONTACT)
    case = opened("2026-01-05").case.with_fact(first.fact, first.digest)
    assert said("contact_made", {**CONTACT, "type": "text"}, case).because.startswith("message_id: names another")


def test_quarantine_keeps_the_message_its_name_and_the_reason() -> None:  # ALL-2
    case = hold(opened("2026-01-05").case, "weather", "kind: unknown", "{}", NOW, MISSOURI)
    (held,) = case.quarantine.values()
    assert (held.name, held.reason, held.content, held.times) == ("weather", "kind: unknown", "{}", 1)
    assert "quarantine" in needs_action(case)
    assert case.timeline[-1].rules == ("ALL-2",)


def test_the_same_message_again_counts_up() -> None:  # ALL-2
    case = opened("2026-01-05").case
    for _ in range(3):
        case = hold(case, "weather", "kind: unknown", "{}", NOW, MISSOURI)
    assert [held.times for held in case.quarantine.values()] == [3]
    assert case.held_count == 1


def test_a_flood_keeps_every_reason_and_bounds_what_is_carried() -> None:  # ALL-2
    case = opened("2026-01-05").case
    for number in range(CONTENTS_KEPT + 5):
        case = hold(case, "x" * 500, "why", f"{number} " + "y" * 10_000, NOW, MISSOURI)
    assert len(case.quarantine) == CONTENTS_KEPT + 5
    assert sum(bool(held.content) for held in case.quarantine.values()) == CONTENTS_KEPT
    assert max(len(held.content) for held in case.quarantine.values()) == CONTENT_KEPT
    assert max(len(held.name) for held in case.quarantine.values()) == 80


def quarantined() -> Any:
    case = hold(opened("2026-01-05").case, "contact_made", "type: is not one", "{}", NOW, MISSOURI)
    return case, next(iter(case.quarantine))


def test_a_held_message_is_dismissed_with_a_reason_and_a_name() -> None:  # ALL-2
    case, entry = quarantined()
    dismissal = {"entry": entry, "why": "a test message", "by": "operations"}
    assert isinstance(said("quarantine_dismiss", dismissal, case), Dismissal)
    for missing in dismissal:
        less = {name: value for name, value in dismissal.items() if name != missing}
        assert said("quarantine_dismiss", less, case).because.startswith(f"{missing}: Field required")
    assert said("quarantine_dismiss", {**dismissal, "entry": "nothing"}, case).because.startswith("entry: no message")


def test_a_held_message_is_resubmitted_corrected() -> None:  # ALL-2
    case, entry = quarantined()
    weighed = said("quarantine_resubmit", {"entry": entry, "fact": {**CONTACT, "kind": "contact_made"}}, case)
    assert isinstance(weighed, Resubmitted)
    assert isinstance(weighed.taken, Heard)
    assert isinstance(said("quarantine_resubmit", {"entry": entry, "fact": CONTACT}, case), Refused)
    assert isinstance(said("quarantine_resubmit", {"entry": "x", "fact": {**CONTACT, "kind": "contact_made"}}), Refused)


def test_what_leaves_quarantine_leaves_a_line_on_the_timeline() -> None:  # ALL-2, ALL-4
    case, entry = quarantined()
    case = release(case, entry, "dismissed by operations: a test", NOW, MISSOURI)
    assert case.quarantine == {}
    assert (case.timeline[-1].ref, case.timeline[-1].rules) == (entry, ("ALL-2",))


def test_what_the_software_writes_it_can_read() -> None:  # ALL-1
    for fact in (contact("2026-03-01"), week("2026-03-01", 7.5), opening("2026-01-05")):
        taken = said(fact.kind, fact.model_dump_json())
        assert isinstance(taken, Heard)
        assert taken.fact == fact


def test_a_flood_of_one_kind_leaves_room_for_the_facts_that_decide() -> None:  # ALL-2
    """What a case carries stays small enough to be carried; what it has no room for is held, with the reason."""
    case = replace(opened("2026-01-05").case, weight=WEIGHT_KEPT)
    for number in range(MANY):
        case = case.with_fact(contact(f"2026-02-{number + 1:02}"), "d")
    refused = said("contact_made", {**CONTACT, "happened_on": "2026-03-01"}, case)
    assert refused == Refused("kind: so many are kept of it already that there is room for other kinds only")
    assert isinstance(said("contact_made", {**CONTACT, "happened_on": "2026-02-01"}, case), Heard)  # the same slot
    end = {key: value for key, value in CONTACT.items() if key != "type"}
    assert isinstance(said("sanction_lifted", end, case), Heard)


def test_what_is_kept_is_weighed() -> None:  # ALL-2
    before = opened("2026-01-05").case
    heard = before.with_fact(contact("2026-02-01"), "d")
    assert heard.weight - before.weight == len(contact("2026-02-01").model_dump_json())
    for _ in range(SLOT_DEPTH + 3):
        heard = heard.with_fact(contact("2026-02-01"), "d")
    assert heard.weight - before.weight <= SLOT_DEPTH * (len(contact("2026-02-01").model_dump_json()) + 9)


def test_a_flood_of_bad_messages_is_counted_by_reason() -> None:  # ALL-2
    case = opened("2026-01-05").case
    for number in range(ENTRIES_KEPT + 30):
        because = ("no such kind", "no such field")[number % 2]
        case = hold(case, f"name-{number}", because, str(number), NOW, MISSOURI)
    more = [held for held in case.quarantine.values() if held.name == MORE]
    assert len(case.quarantine) == ENTRIES_KEPT + 2
    assert sorted((held.reason, held.times) for held in more) == [("no such field", 15), ("no such kind", 15)]
