"""Re-engagement letters: MO-1 (at once), MO-2 (what they say, from whom), MO-3 (every 30 days, until)."""

import itertools
from datetime import timedelta

import pytest

from domain.case import Phase
from domain.facts import CaseFact
from tests.unit.building import (
    AWAY,
    HOME,
    MISSOURI,
    Told,
    agreed,
    assessed,
    contact,
    document_received,
    document_requested,
    excluded,
    exempted,
    good_cause,
    hours_changed,
    iep_completed,
    inactive,
    lifted,
    moved,
    noon,
    on,
    opened,
    opening,
    refused,
    ta_closed,
    transfer_accepted,
    transfer_requested,
    two_good_weeks,
    withdrawn,
)


def test_re_engagement_begins_at_once_with_the_first_letter() -> None:  # MO-1
    case = opened("2026-01-05")
    assert case.letters == ["2026-01-05"]
    assert case.phase == Phase.REENGAGING
    assert case.decisions[0].reasons[0].rule == "MO-1"


def test_a_case_heard_of_late_begins_when_it_is_heard_of() -> None:  # MO-1
    assert opened("2026-01-05", recorded="2026-01-20").letters == ["2026-01-20"]


def test_the_mwa_system_shows_the_participant_as_sanctioned_from_the_opening() -> None:  # MO-1, MO-13
    record = opened("2026-01-05").given[0]
    assert record.kind == "open_case_record"
    assert (record.provider, record.work_status) == ("WEST", "SS")


def test_without_an_opening_nothing_is_sent() -> None:  # MO-1
    case = Told().after(contact("2026-01-05")).on("2026-03-01")
    assert (case.phase, case.given) == (Phase.AWAITING_OPENING, [])


def test_the_letter_goes_every_30_days() -> None:  # MO-3
    case = opened("2026-01-05").on("2026-05-01")
    assert case.letters == ["2026-01-05", "2026-02-04", "2026-03-06", "2026-04-05"]


def test_the_30_days_run_over_the_leap_day_and_the_years_end() -> None:  # MO-3, ALL-7
    case = opened("2027-12-15", months_counted=1).on("2028-03-14")
    assert case.letters == ["2027-12-15", "2028-01-14", "2028-02-13", "2028-03-14"]


def test_the_next_letter_goes_30_days_after_the_previous_one_was_sent_not_after_it_was_due() -> None:  # MO-3
    case = opened("2026-01-05").leaving_open().on("2026-02-11").perform()
    assert case.letters == ["2026-01-05", "2026-02-11"]  # due on the 4th, a week late
    assert ("letter 3", "2026-03-13") in case.waits_for()


def test_the_letter_is_not_sent_a_day_early() -> None:  # MO-3
    case = opened("2026-01-05").on("2026-02-03")
    assert case.letters == ["2026-01-05"]
    assert case.on("2026-02-04").letters == ["2026-01-05", "2026-02-04"]


def test_one_letter_is_on_its_way_at_a_time() -> None:  # MO-3, ALL-3
    case = opened("2026-01-05", performing=False).on("2026-04-20")
    assert case.gave("send_letter") == ["letter/1"]


@pytest.mark.parametrize(
    "until",
    [
        agreed("2026-02-02"),
        exempted("2026-02-01"),
        excluded("2026-02-01"),
        inactive("2026-02-01"),
        ta_closed("2026-02-01"),
        good_cause("2026-02-01"),
        lifted("2026-02-01"),
    ],
    ids=lambda fact: fact.kind,
)
def test_no_letter_goes_once_the_recipient_agrees_or_the_case_goes_inactive_for_any_reason(
    until: CaseFact,
) -> None:  # MO-3, MO-8
    assert opened("2026-01-05").after(until).on("2026-02-20").letters == ["2026-01-05"]


def test_letters_go_on_for_60_months_without_an_answer() -> None:  # MO-3
    case = opened("2026-01-05", time_limit_exempt=True).on("2031-01-05")
    sent = case.case.letters_sent()
    assert len(sent) == 61
    assert {later - earlier for earlier, later in itertools.pairwise(sent)} == {timedelta(days=30)}


def test_a_letter_on_its_way_is_void_once_the_recipient_agrees() -> None:  # MO-3, ALL-3
    case = opened("2026-01-05").on("2026-02-03").leaving_open().on("2026-02-04").after(agreed("2026-02-04"))
    assert f"{case.case.id}/letter/2" in case.decisions[-1].voided
    assert "letter/2" not in case.open()


@pytest.mark.parametrize(
    ("went", "letters", "next_one"),
    [
        pytest.param(True, ["2026-01-05", "2026-02-05"], [], id="it went"),
        pytest.param(False, ["2026-01-05"], ["letter/2/2"], id="it never will, and another takes its place"),
    ],
)
def test_a_letter_made_void_after_it_was_handed_over_is_in_doubt_until_the_carrier_says_whether_it_went(
    *, went: bool, letters: list[str], next_one: list[str]
) -> None:
    """MO-3, ALL-3: until that is known no other letter goes, though the participant refuses after all."""
    case = opened("2026-01-05").leaving_open().on("2026-02-04").handed().after(agreed("2026-02-04"))
    assert [issue.effect for issue in case.case.in_doubt()] == [f"{case.case.id}/letter/2"]
    assert letters_given_out(case.after(refused("2026-02-05"))) == []

    case.revoked(went=[f"{case.case.id}/letter/2"] if went else [])
    assert (case.letters, letters_given_out(case), case.case.in_doubt()) == (letters, next_one, [])


def letters_given_out(case: Told) -> list[str]:
    return [effect for effect in case.open() if effect.startswith("letter/")]


def test_a_letter_to_another_address_waits_until_the_one_that_was_handed_over_is_revoked() -> None:  # MO-2, ALL-3
    case = opened("2026-01-05").leaving_open().on("2026-02-04").handed().after(moved("2026-02-04"))
    assert (case.open(), len(case.case.in_doubt())) == ([], 1)
    case.revoked(went=[])
    assert (case.open(), case.letter.address) == (["letter/2/2"], AWAY)


def test_an_alert_that_went_with_its_answer_lost_is_withdrawn_when_its_ground_is_gone() -> None:  # MO-8, ALL-3
    weeks = two_good_weeks()
    case = opened("2026-01-05").leaving_open().after(*weeks).handed().after(withdrawn("2026-03-02", weeks[1]))
    case.revoked(went=[f"{case.case.id}/alert/lift"])
    assert case.gave("withdraw_alert") == ["undo/alert/lift/1"]


def test_a_letter_that_went_out_all_the_same_counts_as_sent() -> None:  # MO-3, ALL-3
    case = opened("2026-01-05").leaving_open().on("2026-02-04").after(agreed("2026-02-04"))
    assert case.perform([f"{case.case.id}/letter/2"]).letters == ["2026-01-05", "2026-02-04"]


def test_the_letter_comes_from_the_provider_displayed_at_that_moment() -> None:  # MO-2, MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST")).on("2026-02-04")
    assert case.letter.provider == "WEST"
    case.after(transfer_accepted("2026-02-10", by="EAST")).on("2026-03-06")
    assert case.letter.provider == "EAST"


def test_a_letter_not_sent_yet_comes_from_the_provider_displayed_now() -> None:  # MO-2, ALL-3
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"))
    case.leaving_open().on("2026-02-04").after(transfer_accepted("2026-02-04", by="EAST"))
    assert (case.letter.number, case.letter.provider) == (2, "EAST")
    assert case.open().count("letter/2") == 1


def test_the_letter_says_how_to_begin_to_comply() -> None:  # MO-2
    case = opened("2026-01-05", required_hours=25, language="es").after(document_requested("2026-01-20"))
    case.after(document_requested("2026-01-21", "lease"), document_received("2026-01-22", "lease")).on("2026-02-04")
    letter = case.letter
    assert (letter.required_hours, letter.good_weeks, letter.language) == (25, 2, "es")
    assert letter.documents_needed == ("pay stub",)
    assert letter.citation == "MO 0290.040.00"
    assert (letter.sanction_began, letter.name) == (on("2026-01-05"), "Frida Example")


@pytest.mark.parametrize(("answered", "needed"), [(True, False), (False, True), (None, True)])
def test_the_letter_asks_for_the_assessment_of_one_not_known_to_have_answered_the_call_in_letter(
    answered: bool | None, needed: bool
) -> None:  # MO-2, MO-6
    assert opened("2026-01-05", call_in_answered=answered).letter.assessment_needed is needed


def test_without_an_address_a_task_is_opened_and_the_letter_goes_when_the_address_comes() -> None:  # MO-2, MO-3
    case = opened("2026-01-05", address=None).on("2026-01-20")
    assert (case.letters, case.tasks()) == ([], ["address/1"])
    case.after(moved("2026-01-21", to=AWAY))
    assert (case.letters, case.letter.address, case.tasks()) == (["2026-01-21"], AWAY, [])


def test_an_address_withdrawn_before_the_letter_goes_is_not_used() -> None:  # MO-2, ALL-1
    case, change = opened("2026-01-05"), moved("2026-01-10")
    case.after(change, withdrawn("2026-01-11", change)).on("2026-02-04")
    assert case.letter.address == HOME


def test_the_latest_address_on_file_is_the_one_that_counts_whatever_came_first() -> None:  # MO-2, ALL-1
    late, early = moved("2026-01-20", to=AWAY), moved("2026-01-10", to=HOME, recorded="2026-01-25")
    assert opened("2026-01-05").after(late, early).on("2026-02-04").letter.address == AWAY


def test_a_corrected_opening_corrects_the_letters_that_follow() -> None:  # MO-1, MO-2
    case = opened("2026-01-05").after(opening("2026-01-05", recorded="2026-01-09", language="es", provider="EAST"))
    case.on("2026-02-04")
    assert case.letters == ["2026-01-05", "2026-02-04"]
    assert (case.letter.language, case.letter.provider) == ("es", "EAST")


def test_the_mwa_system_shows_what_the_corrected_opening_says_and_what_stands_when_that_is_withdrawn() -> None:  # MO-1
    wrong = opening("2026-01-05", recorded="2026-01-09", provider="EAST")
    case = opened("2026-01-05").after(wrong, withdrawn("2026-01-10", wrong))
    shown = [command.provider for command in case.given if command.kind == "open_case_record"]
    assert shown == ["WEST", "EAST", "WEST"]
    assert case.gave("open_case_record") == ["case-record", "case-record/2", "case-record/3"]


def test_an_opening_withdrawn_and_told_anew_goes_on_with_the_letters() -> None:  # MO-1, ALL-1
    first = opening("2026-01-05")
    case = Told().after(first, withdrawn("2026-01-06", first))
    assert (case.phase, case.case.phase_reason.rule) == (Phase.AWAITING_OPENING, "MO-1")
    case.after(opening("2026-01-05", recorded="2026-01-07")).on("2026-02-04")
    assert case.letters == ["2026-01-05", "2026-02-04"]


def test_once_a_lift_is_recommended_nothing_is_left_to_begin_to_comply_with() -> None:  # MO-2, MO-8
    assert opened("2026-02-10").after(*two_good_weeks()).on("2026-04-01").letters == ["2026-02-10"]


def test_every_letter_names_its_reason() -> None:  # MO-3, ALL-4
    case = opened("2026-01-05").on("2026-02-04")
    letters = [reason for decision in case.decisions for reason in decision.reasons if reason.rule == "MO-3"]
    assert letters[-1].inputs == {"last_sent_on": "2026-01-05"}
    assert letters[-1].edition == MISSOURI.id


def test_a_case_opened_before_the_editions_hour_still_sends_its_letter_at_once() -> None:  # MO-1, ALL-7
    case = Told()
    case.after(opening("2026-03-01").model_copy(update={"recorded_at": noon("2026-03-01") - timedelta(hours=6)}))
    assert len(case.letters) == 1


def test_the_letter_says_the_hours_that_are_required_now() -> None:  # MO-2, MO-6
    case = opened("2026-01-05", required_hours=30).after(hours_changed("2026-01-25", 20, "2026-01-20"))
    assert case.on("2026-02-04").letter.required_hours == 20


def test_a_change_of_hours_that_lies_ahead_is_in_the_letter_once_it_holds() -> None:  # MO-2, MO-6
    case = opened("2026-01-05", required_hours=30).after(hours_changed("2026-02-22", 20, "2026-01-20"))
    assert case.on("2026-02-04").letter.required_hours == 30
    assert case.on("2026-03-06").letter.required_hours == 20


def test_the_letter_does_not_ask_again_for_what_is_completed() -> None:  # MO-2, MO-6
    case = opened("2026-01-05", call_in_answered=False)
    assert case.letter.assessment_needed
    case.after(assessed("2026-01-12"))
    assert case.on("2026-02-04").letter.assessment_needed  # the IEP is still to do
    case.after(iep_completed("2026-02-06"))
    assert not case.on("2026-03-06").letter.assessment_needed
