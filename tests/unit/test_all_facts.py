"""Facts: ALL-1 (once, in any order, corrected, withdrawn), ALL-3 (effects once), ALL-4 (every decision says why)."""

from itertools import permutations

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.case import Case, Phase
from domain.fact import Address, Line
from domain.facts import KINDS, Opened
from domain.ledger import HEARD_KEPT, SLOT_DEPTH, TIMELINE_KEPT
from tests.unit.building import (
    CASE_ID,
    Told,
    agreed,
    contact,
    exempted,
    good_cause,
    heard_at_once,
    mail_returned,
    noon,
    opened,
    opening,
    task_done,
    two_good_weeks,
    week,
    withdrawn,
)

CASE = TypeAdapter(Case)


def test_a_withdrawal_that_comes_before_what_it_takes_back() -> None:  # ALL-1
    finding = good_cause("2026-01-20")
    case = opened("2026-01-05").after(withdrawn("2026-01-22", finding), finding)
    assert (case.phase, case.case.standing_of(finding)) == (Phase.REENGAGING, "withdrawn")


def test_what_stands_when_a_correction_is_withdrawn_is_what_it_corrected() -> None:  # ALL-1
    first, wrong = week("2026-01-11", 30), week("2026-01-11", 3, "2026-01-20")
    case = opened("2026-01-05").after(first, wrong)
    assert [case.case.standing_of(one) for one in (first, wrong)] == ["replaced", "stands"]
    case.after(withdrawn("2026-01-21", wrong))
    assert [case.case.standing_of(one) for one in (first, wrong)] == ["stands", "withdrawn"]


def test_a_withdrawal_withdrawn_stands_and_the_fact_is_sent_again() -> None:  # ALL-1
    finding = good_cause("2026-01-20")
    taken_back = withdrawn("2026-01-21", finding)
    case = opened("2026-01-05").after(finding, taken_back, withdrawn("2026-01-22", taken_back))
    assert case.phase == Phase.REENGAGING
    assert case.after(good_cause("2026-01-20", recorded="2026-01-23")).phase == Phase.LIFT_RECOMMENDED


def test_the_same_message_forgotten_and_sent_again_changes_nothing() -> None:  # ALL-1
    reports = [week("2026-01-11", hours) for hours in (10, 20, 30)]
    case = opened("2026-01-05").after(*reports).case
    for _ in range(SLOT_DEPTH):
        case = case.with_fact(reports[2], "digest")
    assert [one.message_id for one in case.facts["participation_week"]["2026-01-11"]] == [
        one.message_id for one in reversed(reports)
    ]


def test_a_slot_keeps_its_latest_reports_whatever_order_they_came_in() -> None:  # ALL-1
    reports = [week("2026-01-11", hours) for hours in range(SLOT_DEPTH + 1)]
    kept = {
        tuple(one.hours for one in heard_at_once(order, noon("2026-02-01")).facts["participation_week"]["2026-01-11"])
        for order in permutations(reports)
    }
    assert kept == {(4.0, 3.0, 2.0, 1.0)}


def test_what_travels_with_a_case_is_bounded() -> None:  # ALL-1
    case = Case(CASE_ID)
    for number in range(HEARD_KEPT + 10):
        case = case.with_fact(contact("2026-01-05", id=f"c-{number}"), "digest")
    assert len(case.heard) == HEARD_KEPT
    assert len(case.facts["contact_made"]) == 1
    told = opened("2026-01-05")
    for _ in range(TIMELINE_KEPT):
        told.after(contact("2026-01-06"))
    assert len(told.case.timeline) == TIMELINE_KEPT


def test_a_case_travels_as_json_and_comes_back_the_same() -> None:  # ALL-1
    case = opened("2026-01-05", plan=("Legal Aid",)).after(agreed("2026-01-10", "GED"), *two_good_weeks()).stuck().case
    assert CASE.validate_json(CASE.dump_json(case)) == case


def test_effects_are_given_out_once_however_often_it_is_looked_at() -> None:  # ALL-3
    case = opened("2026-01-05", performing=False)
    for day in range(6, 20):
        case.on(f"2026-01-{day:02d}")
    assert len(case.given) == len({one.effect for one in case.given}) == 2


def test_an_effect_performed_twice_counts_once() -> None:  # ALL-3
    case = opened("2026-01-05", performing=False)
    letter = [f"{CASE_ID}/letter/1"]
    assert case.perform(letter).on("2026-01-09").perform(letter).letters == ["2026-01-05"]


def test_an_effect_of_another_case_is_none_of_this_one() -> None:  # ALL-3
    case = opened("2026-01-05", performing=False)
    assert case.perform(["another/letter/1"]).letters == []


def test_every_effect_is_named_after_its_case() -> None:  # ALL-3
    case = opened("2026-01-05").after(agreed("2026-01-10", "GED")).on("2026-06-01")
    assert all(one.effect.startswith(f"{CASE_ID}/") and one.case_id == CASE_ID for one in case.given)


def test_a_stuck_command_blocks_no_fact_and_is_told_until_it_is_done_or_void() -> None:  # ALL-3
    case = opened("2026-01-05", performing=False).stuck("provider_unknown")
    assert set(case.case.troubles.values()) == {"provider_unknown"}
    case.after(good_cause("2026-01-10"))
    assert (case.phase, f"{CASE_ID}/letter/1" in case.case.troubles) == (Phase.LIFT_RECOMMENDED, False)
    assert case.perform().case.troubles == {}


def test_every_decision_says_why() -> None:  # ALL-4
    case = opened("2026-01-05").after(mail_returned("2026-01-08"), agreed("2026-02-10", "GED"), *two_good_weeks())
    case.after(week("2026-02-22", 1, "2026-03-10"), exempted("2026-06-10"))
    reasons = [reason for decision in case.decisions for reason in decision.reasons]
    assert {reason.rule for reason in reasons} >= {"MO-1", "MO-3", "MO-4", "MO-5", "MO-6", "MO-9", "MO-11"}
    assert all(reason.cites and reason.edition == case.policy.id and reason.says for reason in reasons)
    assert all(any(entry.rules) for entry in case.case.timeline)


def test_the_timeline_says_when_it_happened_and_when_the_case_knew() -> None:  # ALL-4
    case = opened("2026-01-05").after(contact("2026-01-07", recorded="2026-01-20"))
    (entry,) = [one for one in case.case.timeline if one.says.startswith("contact made")]
    assert (entry.on.isoformat(), entry.at.date().isoformat()) == ("2026-01-07", "2026-01-20")
    assert entry.rules == ("MO-11",)


def test_the_timeline_tells_no_name_and_no_address() -> None:  # ALL-6
    case = opened("2026-01-05").on("2026-03-01")
    told = " ".join(entry.says for entry in case.case.timeline)
    assert "Frida" not in told
    assert "Sample Street" not in told


def test_a_task_done_before_it_was_recorded_is_closed_when_it_is() -> None:  # ALL-3
    case = opened("2026-01-05", performing=False).after(mail_returned("2026-01-08"))
    case.after(task_done("2026-01-09", f"{CASE_ID}/task/returned-mail/2026-01-08"))
    assert "task/returned-mail/2026-01-08" in case.open()
    case.perform().perform()
    assert (case.open(), case.tasks()) == ([], [])
    assert "undo/task/returned-mail/2026-01-08/1" in case.gave("close_task")


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\x00b", "a\x1bb", "a\u0085b", "a\u2028b", "a\u202eb", "a\u2066b", "a\u2069b", "a\u202ab", "", "x" * 201],
)
def test_a_line_of_a_letter_is_one_line_that_can_be_printed(text: str) -> None:  # MO-2, ALL-2
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python(text)


def test_a_line_says_what_would_be_right() -> None:  # ALL-2
    with pytest.raises(ValidationError, match="without control characters, line breaks or direction marks"):
        Address(lines=("12 Sample\tStreet",), city="Kansas City", state="MO", postal_code="64101")
    assert TypeAdapter(Line).validate_python(" Zoë O’Neil-Łuc \n") == "Zoë O’Neil-Łuc"


@pytest.mark.parametrize("given", [{"months_counted": None}, {"months_through": None}])
def test_months_counted_and_the_month_they_are_counted_through_are_given_together(
    given: dict[str, None],
) -> None:  # MO-12
    whole = opening("2026-01-05").model_dump()
    for changed in ({**whole, **given}, {name: value for name, value in whole.items() if name not in given}):
        with pytest.raises(ValidationError, match="together or not at all"):
            Opened.model_validate(changed)


def test_every_kind_of_fact_names_a_topic_of_the_edition() -> None:  # ALL-4
    assert all(Told().policy.rule(fact.rule).cites for fact in KINDS.values())  # type: ignore[arg-type]
