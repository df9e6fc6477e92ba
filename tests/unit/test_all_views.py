"""What a case says of itself: ALL-4 (why), ALL-2 (what is held), ALL-7 (when it acts next)."""

from datetime import UTC, datetime

import pytest

from domain.case import Case, Phase
from domain.decide import Decision, IsStuck, decide
from domain.details import details
from domain.facts import CaseFact
from domain.intake import hold
from domain.views import Receipt, explain, needs_action, next_action_at, receipt, status
from tests.unit.building import (
    CASE_ID,
    MISSOURI,
    Told,
    agreed,
    contact,
    exempted,
    good_cause,
    noon,
    opened,
    refused,
    two_good_weeks,
    week,
    withdrawn,
)


def answered(told: Told, fact: CaseFact) -> Receipt:
    told.leaving_open().after(fact)
    return receipt(told.decisions[-1], fact, MISSOURI)


def test_a_receipt_says_what_the_fact_did_and_why() -> None:  # ALL-4
    answer = answered(opened("2026-01-05"), agreed("2026-01-10", "GED"))
    assert (answer.result, answer.phase) == ("recorded", Phase.TRIAL)
    assert {reason.rule for reason in answer.reasons} == {"MO-4", "MO-9"}
    assert f"{CASE_ID}/iep/2026-01-10" in answer.commands
    assert answer.next == "week of 2026-01-11 on 2026-01-25"


def test_a_receipt_for_a_fact_that_changes_nothing_says_so() -> None:  # ALL-4, MO-5
    answer = answered(opened("2026-01-05"), refused("2026-01-10"))
    assert answer.says == "Recorded: the case stays reengaging; letter 2 stays due on 2026-02-04 (MO-5)"


def test_a_receipt_says_why_no_letter_is_due() -> None:  # ALL-4
    told = opened("2026-01-05").after(agreed("2026-01-10"))
    assert "no letter is due: the recipient agreed to comply" in answered(told, contact("2026-01-12")).says


def test_a_receipt_for_a_report_that_another_replaced() -> None:  # ALL-1
    later, earlier = week("2026-01-11", 30, "2026-01-20"), week("2026-01-11", 3, "2026-01-19")
    assert answered(opened("2026-01-05").after(later), earlier).result == "replaced"


def test_a_receipt_for_a_fact_that_was_withdrawn_before_it_came() -> None:  # ALL-1
    finding = good_cause("2026-01-10")
    told = opened("2026-01-05")
    ahead = answered(told, withdrawn("2026-01-11", finding))
    assert "has not come yet" in ahead.says
    assert answered(told, finding).result == "withdrawn"


def test_a_receipt_for_a_withdrawal_of_a_withdrawal_says_what_to_do() -> None:  # ALL-1, ALL-2
    finding = good_cause("2026-01-10")
    taken_back = withdrawn("2026-01-11", finding)
    told = opened("2026-01-05").after(finding, taken_back)
    assert "sent again, under an id of its own" in answered(told, withdrawn("2026-01-12", taken_back)).says


def test_a_receipt_for_a_duplicate() -> None:  # ALL-1
    told = opened("2026-01-05")
    assert receipt(Decision(told.case), contact("2026-01-06"), MISSOURI, duplicate=True).result == "duplicate"


def test_a_receipt_names_what_was_made_void() -> None:  # ALL-3
    told = opened("2026-01-05", performing=False)
    assert answered(told, exempted("2026-01-06")).voided == (f"{CASE_ID}/case-record", f"{CASE_ID}/letter/1")


def test_a_status_tells_staff_where_the_case_stands() -> None:  # ALL-4
    told = opened("2026-01-05").on("2026-03-02")
    shown = status(told.case, MISSOURI)
    assert (shown.phase, shown.waits_for, str(shown.next_on)) == (Phase.REENGAGING, "letter 3", "2026-03-06")
    assert (shown.letters_sent, str(shown.last_letter_on), shown.provider) == (2, "2026-02-04", "WEST")
    assert (shown.rate_this_month, shown.needs_action) == ("disregarded", ("contact",))
    assert shown.open_tasks[0]["rule"] == "MO-11"
    assert shown.why is not None
    assert shown.edition == "mo-mwa/2014-01-27"


def test_needs_action_tells_why_by_name_and_nothing_personal() -> None:  # ALL-2, ALL-6
    assert needs_action(Case(CASE_ID)) == ("opening",)
    told = opened("2026-01-05", performing=False, address=None).stuck()
    case = hold(told.case, "x", "why", "{}", noon("2026-01-06"), MISSOURI)
    assert needs_action(case) == ("address", "quarantine", "stuck", "stuck-records")


def test_needs_action_tells_an_unreachable_carrier_from_a_dead_database() -> None:  # ALL-3
    told = opened("2026-01-05", performing=False)
    letter = f"{CASE_ID}/letter/1"
    case = decide(told.case, IsStuck([letter], "OSError", told.case.now), MISSOURI).case
    assert needs_action(case) == ("stuck", "stuck-letters")
    assert needs_action(told.stuck().case) == ("stuck", "stuck-letters", "stuck-records")
    assert needs_action(told.perform([letter]).case) == ("stuck", "stuck-records")


def test_the_next_action_is_at_the_editions_hour_through_daylight_saving() -> None:  # ALL-7
    case = opened("2026-02-06", months_counted=1).after(contact("2026-02-07")).case
    assert next_action_at(case, MISSOURI) == datetime(2026, 3, 8, 14, tzinfo=UTC)


def test_a_closed_case_waits_for_nothing() -> None:  # MO-3
    case = opened("2026-01-05").after(exempted("2026-01-10")).case
    assert (next_action_at(case, MISSOURI), explain(case, MISSOURI)["letters"]) == (None, None)


def test_the_explanation_gives_each_rules_view_with_its_inputs() -> None:  # ALL-4
    case = opened("2026-02-10").after(two_good_weeks()[0]).case
    told = explain(case, MISSOURI)
    assert told["lift"] == {"missing": ("2 consecutive weeks of the required hours",)}
    assert [(str(one["week"]), one["hours"], one["required"]) for one in told["weeks"]] == [("2026-02-15", 30, 30)]
    assert (told["limit"]["last_month"], told["limit"]["counted_this_month"]) == ("2030-01", 13)
    assert told["rate"][0]["standing"] == "disregarded"
    assert told["letters"].what == "letter 2"


@pytest.mark.parametrize("case", [Case(CASE_ID), Told().on("2026-01-05").case])
def test_a_case_without_an_opening_can_say_so(case: Case) -> None:  # ALL-2
    assert "opening" in details(case, MISSOURI)
    assert "0001-01-01" not in details(case, MISSOURI)
    assert status(case, MISSOURI).phase == Phase.AWAITING_OPENING
    assert explain(case, MISSOURI)["phase"] == Phase.AWAITING_OPENING


def test_the_details_are_one_table_whatever_a_fact_says() -> None:  # ALL-4
    case = opened("2026-01-05", plan=("A | B",)).on("2026-03-02").case
    table = details(hold(case, "x|y", "a\nb", "{}", case.now, MISSOURI), MISSOURI)
    assert all(line.startswith("| ") or line == "|:--|:--|" for line in table.splitlines())
    assert {line.count("|") for line in table.splitlines()} == {3}
    assert "MO-11" in table
