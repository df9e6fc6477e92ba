"""While disqualified: OR-8. Contacts at least monthly, and the ways out, under both editions."""

import pytest

from domain.case import Outcome, Phase
from domain.facts import CaseFact, EditionAdopted
from domain.policy import Policy
from domain.rules.lift import missing
from tests.unit.building import (
    CASE_ID,
    Told,
    agreed,
    asked,
    contact,
    document_received,
    document_requested,
    envelope,
    excluded,
    exempted,
    inactive,
    lifted,
    months,
    refused,
    ta_closed,
    task_done,
    week,
    withdrawn,
)
from tests.unit.staffings import GUIDE, OREGON, disqualified, finds, in_oregon, informed, said_no

BOTH = pytest.mark.parametrize("policy", [GUIDE, OREGON], ids=lambda policy: policy.id)
ALERT, GOES_ON, TRIAL = Phase.LIFT_RECOMMENDED, Phase.REENGAGING, Phase.TRIAL
TWO_WEEKS = [week("2026-01-25", 30), week("2026-02-01", 30)]
"""The first two whole weeks after January 20."""


def contacts_asked_for(told: Told) -> list[str]:
    return [task for task in told.tasks() if task.startswith("contact/")]


def by_good_cause(case: Told, day: str = "2026-02-12") -> Told:
    return case.after(informed("2026-02-10"), finds("good_cause", day, 2))


# Contacts, MO-11's clock


@BOTH
@pytest.mark.parametrize(("day", "tasks"), [("2026-02-28", []), ("2026-03-01", ["contact/2026-02"])])
def test_a_month_without_a_contact_while_disqualified_is_a_task(policy: Policy, day: str, tasks: list[str]) -> None:
    """OR-8: the first whole month after the decision of January 20 is February."""
    assert contacts_asked_for(disqualified(policy=policy).on(day)) == tasks


def test_disqualified_on_the_first_of_a_month_that_month_is_judged() -> None:  # OR-8
    assert contacts_asked_for(disqualified("2026-02-01").on("2026-03-01")) == ["contact/2026-02"]


def test_before_there_is_a_disqualification_nobody_is_asked_for_contacts() -> None:  # OR-8
    assert contacts_asked_for(in_oregon().on("2026-06-30")) == []
    assert contacts_asked_for(in_oregon().after(contact("2026-02-01")).on("2026-06-30")) == []


def test_the_clock_starts_with_the_disqualification_not_with_the_case() -> None:  # OR-8
    case = in_oregon().on("2026-04-10").after(*disqualification("2026-04-15"))
    assert contacts_asked_for(case.on("2026-05-31")) == []
    assert contacts_asked_for(case.on("2026-06-01")) == ["contact/2026-05"]


def disqualification(day: str, number: int = 1) -> list[CaseFact]:
    return [finds("no_good_cause", day, number)]


@pytest.mark.parametrize(
    ("told", "tasks"),
    [
        ([contact("2026-02-10")], []),
        ([contact("2026-02-10", "home_visit")], []),
        ([contact("2026-02-10", "letter")], ["contact/2026-02"]),  # the offer of resources is none either
        ([asked("2026-02-10")], []),
        ([refused("2026-02-10")], []),
        ([contact("2026-01-25")], ["contact/2026-02"]),
    ],
)
def test_a_contact_other_than_a_letter_counts_for_its_month(told: list[CaseFact], tasks: list[str]) -> None:  # OR-8
    assert contacts_asked_for(disqualified().after(*told).on("2026-03-01")) == tasks


def test_the_task_done_or_a_contact_moves_the_clock_on() -> None:  # OR-8
    case = disqualified().on("2026-03-01").after(task_done("2026-03-05", f"{CASE_ID}/task/contact/2026-02"))
    assert contacts_asked_for(case.on("2026-04-30")) == []
    assert contacts_asked_for(case.on("2026-05-01")) == ["contact/2026-04"]
    assert contacts_asked_for(case.after(contact("2026-05-02"))) == []


def test_when_the_disqualification_is_taken_back_the_clock_stops() -> None:  # OR-8, OR-3
    case = disqualified().on("2026-03-10")
    assert contacts_asked_for(case) == ["contact/2026-02"]
    case.after(informed("2026-03-11"), finds("good_cause", "2026-03-12", 2))
    assert contacts_asked_for(case.on("2026-08-01")) == []


def test_applied_again_the_clock_starts_again() -> None:  # OR-8, OR-3
    case = by_good_cause(disqualified()).after(informed("2026-05-01"), *disqualification("2026-05-10", 3))
    assert contacts_asked_for(case.on("2026-06-30")) == []
    assert contacts_asked_for(case.on("2026-07-01")) == ["contact/2026-06"]


def test_a_review_that_changes_nothing_does_not_start_it_again() -> None:  # OR-8, OR-3
    case = disqualified().after(informed("2026-02-20"), *disqualification("2026-02-25", 2))
    assert contacts_asked_for(case.on("2026-03-01")) == ["contact/2026-02"]


# Participation: two consecutive weeks, or the agreement


@pytest.mark.parametrize(
    ("told", "guide", "text_of_2024"),
    [
        (TWO_WEEKS, ALERT, GOES_ON),
        (TWO_WEEKS[:1], GOES_ON, GOES_ON),
        ([week("2026-01-25", 30), week("2026-02-01", 29)], GOES_ON, GOES_ON),
        ([week("2026-01-25", 30), week("2026-02-08", 30)], GOES_ON, GOES_ON),  # not consecutive
        ([week("2026-01-18", 30), week("2026-01-25", 30)], GOES_ON, GOES_ON),  # the first began before DQ1
        ([week("2026-01-04", 30), week("2026-01-11", 30)], GOES_ON, GOES_ON),
        ([agreed("2026-01-25")], TRIAL, ALERT),
        ([agreed("2026-01-20")], TRIAL, ALERT),  # on the day of the decision
        ([agreed("2026-01-19", recorded="2026-01-25")], GOES_ON, GOES_ON),  # before it
        ([agreed("2026-01-25"), refused("2026-01-28")], GOES_ON, GOES_ON),
        ([agreed("2026-01-25"), refused("2026-01-28"), agreed("2026-01-30")], TRIAL, ALERT),
        ([refused("2026-01-22"), agreed("2026-01-25")], TRIAL, ALERT),
        ([agreed("2026-01-25"), refused("2026-01-22", recorded="2026-01-27")], TRIAL, ALERT),
        ([agreed("2026-01-25", id="a"), withdrawn("2026-01-27", "a")], GOES_ON, GOES_ON),
        ([asked("2026-01-25")], GOES_ON, GOES_ON),
        ([agreed("2026-01-22"), *TWO_WEEKS], ALERT, ALERT),
    ],
)
def test_the_way_out_by_participation_is_the_editions(told: list[CaseFact], guide: Phase, text_of_2024: Phase) -> None:
    """OR-8: OAR 461-130-0335(4)(a), before 2024 'two consecutive weeks', since then 'agrees to engage'."""
    assert disqualified(policy=GUIDE).after(*told).phase == guide
    assert disqualified(policy=OREGON).after(*told).phase == text_of_2024


@BOTH
def test_an_agreement_before_the_disqualification_does_not_lift_it(policy: Policy) -> None:  # OR-8
    case = in_oregon(policy=policy).after(agreed("2026-01-12", "life skills class"))
    assert case.phase == Phase.STAFFING
    assert case.gave("update_pdp") == ["pdp/2026-01-12"]  # what was agreed goes into the plan all the same
    case.after(*disqualification("2026-01-20"))
    assert case.phase == GOES_ON
    assert "explain/2026-01-12" not in case.tasks()


@BOTH
def test_an_agreement_is_explained_and_goes_into_the_pdp(policy: Policy) -> None:  # OR-8
    case = disqualified(policy=policy).after(agreed("2026-01-25", "life skills class", changes="a new telephone"))
    [update] = [one for one in case.given if one.kind == "update_pdp" and one.entry == "agreement"]
    assert (update.activities, update.changes) == (("life skills class",), "a new telephone")
    assert "explain/2026-01-25" in case.tasks()
    assert case.gave("update_iep") == case.gave("place") == []


@pytest.mark.parametrize(("policy", "told"), [(GUIDE, TWO_WEEKS), (OREGON, [agreed("2026-01-25")])])
def test_one_alert_and_the_confirmation_ends_it(policy: Policy, told: list[CaseFact]) -> None:  # OR-8
    case = disqualified(policy=policy).after(*told)
    assert (case.gave("send_alert"), case.case.phase_reason.rule) == (["alert/lift"], "OR-8")
    case.after(lifted("2026-02-12"))
    assert (case.phase, case.outcome) == (Phase.CLOSED, Outcome.LIFTED_BY_PARTICIPATION)
    assert case.gave("set_work_status") == []
    assert {"correct_pdp", "reverse_one", "clear_tracs"}.isdisjoint(one.kind for one in case.given)


def test_an_unconfirmed_lift_is_a_task_after_ten_days() -> None:  # OR-8
    case = disqualified(policy=OREGON).after(agreed("2026-01-25"))
    assert not [task for task in case.on("2026-02-03").tasks() if "unconfirmed" in task]
    assert "lift-unconfirmed/1/1" in case.on("2026-02-04").tasks()


@pytest.mark.parametrize(
    ("policy", "told", "back"),
    [
        (OREGON, [agreed("2026-01-25")], refused("2026-01-30")),
        (OREGON, [agreed("2026-01-25", id="a")], withdrawn("2026-01-30", "a")),
        (GUIDE, TWO_WEEKS, week("2026-02-01", 3, "2026-02-15")),
    ],
)
def test_when_the_ground_falls_away_the_alert_is_withdrawn(
    policy: Policy, told: list[CaseFact], back: CaseFact
) -> None:  # OR-8
    case = disqualified(policy=policy).after(*told, back)
    assert (case.phase, case.gave("withdraw_alert")) == (GOES_ON, ["undo/alert/lift/1"])


def test_what_a_lift_still_needs_is_said_by_edition() -> None:  # OR-8
    assert missing(in_oregon().case, GUIDE) is None
    assert missing(disqualified(policy=GUIDE).case, GUIDE) == ("2 consecutive weeks of the required hours",)
    assert missing(disqualified(policy=OREGON).case, OREGON) == ("agreement to engage in an activity of the plan",)
    assert missing(disqualified(policy=OREGON).after(agreed("2026-01-25")).case, OREGON) == ()


def test_no_call_in_letter_is_known_so_neither_assessment_nor_iep_is_asked_for() -> None:  # OR-8
    assert disqualified(policy=GUIDE, call_in_answered=None).after(*TWO_WEEKS).phase == ALERT


def test_documents_asked_for_are_provided_in_oregon_too() -> None:  # OR-8, MO-6
    case = disqualified(policy=GUIDE).after(document_requested("2026-01-22"), *TWO_WEEKS)
    assert case.phase == GOES_ON
    assert case.after(document_received("2026-02-10")).phase == ALERT


def test_a_trial_lapses_when_a_week_is_short() -> None:  # OR-8
    case = disqualified(policy=GUIDE).after(agreed("2026-01-22"), week("2026-01-25", 10))
    assert case.phase == GOES_ON


def test_an_agreement_counts_when_the_case_takes_on_the_text_of_2024() -> None:  # OR-8, ALL-5
    """Its trial had lapsed under the text before; nobody withdrew it."""
    case = disqualified(policy=GUIDE).after(agreed("2026-01-25"), week("2026-01-25", 3))
    assert case.phase == GOES_ON
    case.after(EditionAdopted(**envelope("2026-03-01"), edition=OREGON, why="in force"))
    assert (case.phase, case.gave("send_alert")) == (ALERT, ["alert/lift"])


# Good cause, exemption, inactivity, the limit


@BOTH
def test_good_cause_lifts_it(policy: Policy) -> None:  # OR-8, OR-3
    case = by_good_cause(disqualified(policy=policy))
    assert (case.phase, case.gave("send_alert")) == (ALERT, ["alert/lift"])
    assert case.after(lifted("2026-02-20")).outcome == Outcome.LIFTED_BY_GOOD_CAUSE


def test_where_the_disqualification_was_taken_back_no_agreement_lifts_it() -> None:  # OR-8, OR-3
    """What is lifted was lifted by good cause: the sanction the participant had agreed under is no more."""
    case = by_good_cause(disqualified(policy=OREGON).after(agreed("2026-01-25")))
    assert (case.phase, case.case.phase_reason.rule) == (ALERT, "OR-2")
    assert case.after(lifted("2026-02-20")).outcome == Outcome.LIFTED_BY_GOOD_CAUSE


@BOTH
@pytest.mark.parametrize("start", [in_oregon, disqualified], ids=["before DQ1", "disqualified"])
@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (exempted, Outcome.EXEMPT),
        (excluded, Outcome.EXCLUDED),
        (inactive, Outcome.INACTIVE),
        (ta_closed, Outcome.INACTIVE),
    ],
)
def test_an_exemption_or_inactivity_ends_the_case(
    policy: Policy, start: object, end: object, outcome: Outcome
) -> None:  # OR-8
    case = start(policy=policy).after(end("2026-02-03"))
    assert (case.phase, case.outcome) == (Phase.CLOSED, outcome)
    assert case.case.phase_reason.rule == "OR-8"
    assert case.tasks() == []
    assert case.waits_for() == []


@BOTH
@pytest.mark.parametrize("start", [in_oregon, disqualified], ids=["before DQ1", "disqualified"])
def test_at_60_months_closure_is_asked_for_and_ends_the_case(policy: Policy, start: object) -> None:
    """OR-8: ORS 412.079(1), 'more than a total of 60 months'; February 2026 is the sixtieth."""
    case = start(policy=policy, months_counted=58, months_through="2025-12").on("2026-02-28")
    assert case.phase in (GOES_ON, Phase.STAFFING)
    assert "alert/limit" not in case.gave("send_alert")
    case.on("2026-03-01")
    assert (case.phase, case.gave("send_alert")) == (Phase.LIMIT_REACHED, ["alert/limit"])
    assert case.case.phase_reason.cites.startswith("ORS 412.079")
    case.after(ta_closed("2026-03-05"))
    assert case.outcome == Outcome.LIFETIME_LIMIT


def test_a_corrected_count_takes_the_request_for_closure_back() -> None:  # OR-8
    case = disqualified(months_counted=58, months_through="2025-12").on("2026-03-05")
    case.after(months("2026-03-10", 40, "2026-02"))
    assert (case.phase, case.gave("withdraw_alert")) == (GOES_ON, ["undo/alert/limit/1"])


@BOTH
def test_a_confirmed_lift_without_a_ground_is_a_task(policy: Policy) -> None:  # OR-8
    case = disqualified(policy=policy).after(lifted("2026-02-12"))
    assert case.phase == GOES_ON
    assert "lift-without-ground/2026-02-12" in case.tasks()


def test_a_lift_from_before_the_disqualification_is_anothers() -> None:  # OR-8
    case = disqualified(policy=OREGON).after(lifted("2026-01-15", recorded="2026-01-21"), agreed("2026-01-25"))
    assert case.phase == ALERT


def test_no_reengagement_letters_go_out_in_oregon() -> None:  # OR-8
    case = disqualified().on("2026-06-30")
    assert case.gave("send_letter") == []
    assert case.letters == []


def test_every_way_out_stays_open_while_a_review_is_open() -> None:  # OR-8, OR-3
    case = disqualified(policy=OREGON).after(informed("2026-02-01"), agreed("2026-02-03"))
    assert case.phase == ALERT
    assert said_no(case, lifted("2026-02-05")) is None
    case.after(lifted("2026-02-05"))
    assert case.outcome == Outcome.LIFTED_BY_PARTICIPATION
    assert case.gave("end_staffing") == ["undo/staffing/2/1"]
