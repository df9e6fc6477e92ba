"""Applying DQ1: OR-5. Each step is tracked; the TRACS page is finalised only when every one of them is done."""

from datetime import date
from itertools import permutations

import pytest

from domain.commands import (
    FinaliseTracs,
    OfferResources,
    OpenTask,
    Performed,
    ReopenTracs,
    SelectOnTracs,
    UpdateOne,
    UpdatePdp,
)
from domain.decide import WasPerformed
from domain.rules.sanction import steps
from tests.unit.building import AWAY, CASE_ID, HOME, Told, contact, moved, noon, on, task_done, withdrawn
from tests.unit.staffings import (
    GUIDE,
    OREGON,
    commands,
    decided,
    disqualified,
    in_oregon,
    stands,
    taken_back,
)

COPY, ATTEMPT = f"{CASE_ID}/task/pdp-copy/1", f"{CASE_ID}/task/attempt/1"
STEPS = ("pdp", "copy", "tracs", "one", "attempt", "resources")
CARRIED_OUT = {"pdp": "dq1/1/pdp", "tracs": "tracs/1", "one": "dq1/1/one", "resources": "resources/1"}


def take(case: Told, step: str, day: str) -> Told:
    """One step is done on a day; nothing else is carried out."""
    case.on(day)
    if step == "copy":
        return case.after(task_done(day, COPY))
    if step == "attempt":
        return case.after(contact(day))
    case._decide(WasPerformed([Performed(effect=f"{CASE_ID}/{CARRIED_OUT[step]}", on=on(day))], case.case.now))
    return case


def at_hand() -> Told:
    """DQ1 is decided on January 20, nothing of it is done but that the tasks are open."""
    case = in_oregon().leaving_open().after(decided("2026-01-20"))
    case._decide(WasPerformed([Performed(effect=one, on=on("2026-01-20")) for one in (COPY, ATTEMPT)], case.case.now))
    return case


def dated(case: Told) -> dict[str, date | None]:
    return dict(zip(STEPS, (step.done_on for step in steps(case.case, case.policy)), strict=True))


def finals(case: Told) -> list[FinaliseTracs]:
    return commands(case, FinaliseTracs)


@pytest.mark.parametrize("policy", [GUIDE, OREGON])
def test_the_re_step_of_the_same_day_with_one_hour_of_attendance(policy: object) -> None:  # OR-5
    """'Show the RE step (same day as re-engagement)', 'Add 1-hour attendance'; recorded later, it is the same day."""
    case = in_oregon(policy=policy).after(decided("2026-01-20", recorded="2026-01-23"))
    [pdp] = commands(case, UpdatePdp)
    assert (pdp.entry, pdp.dated, pdp.attendance_hours) == ("re_step", on("2026-01-20"), 1)


def test_the_outcome_is_selected_on_the_tracs_page() -> None:  # OR-5
    [page] = commands(disqualified(), SelectOnTracs)
    assert (page.selection, page.staffing, page.dated) == ("DQ1 – JOBS Disqualification", 1, on("2026-01-20"))


def test_one_is_updated_with_a_case_note_on_the_action() -> None:  # OR-5
    [one] = commands(disqualified(), UpdateOne)
    assert (one.action, one.dated) == ("apply_dq1", on("2026-01-20"))
    assert "DQ1 JOBS disqualification will be applied" in one.case_note


def test_the_resources_are_offered_by_letter() -> None:  # OR-5
    [offer] = commands(disqualified(provider="ODHS-1", language="es"), OfferResources)
    assert offer.resources == ("State Family Pre-SSI Program", "Family Support and Connections")
    assert (offer.address, offer.provider, offer.language) == (HOME, "ODHS-1", "es")
    assert (offer.staffing_held_on, offer.citation) == (on("2026-01-20"), "OR DQ1 Guide")


def test_staff_give_a_copy_of_the_plan_and_go_on_attempting() -> None:  # OR-5
    case = disqualified()
    assert case.tasks() == ["attempt/1", "pdp-copy/1"]
    texts = {one.text: one.rule for one in commands(case, OpenTask)}
    assert texts["Give the participant a copy of the updated PDP"] == "OR-5"
    assert texts["Go on attempting to engage: make the next contact, and record it"] == "OR-5"


def test_each_step_says_who_does_it() -> None:  # OR-5
    shown = steps(at_hand().case, GUIDE)
    by_staff = [step.effect for step in shown if step.who == "family coach"]
    assert by_staff == [COPY, ATTEMPT]
    assert {step.who for step in shown if step.effect not in by_staff} == {"software"}
    assert [step.effect.removeprefix(f"{CASE_ID}/") for step in shown] == [
        *("dq1/1/pdp", "task/pdp-copy/1", "tracs/1", "dq1/1/one", "task/attempt/1", "resources/1")
    ]


@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_tracked_to_the_date_it_was_done(step: str) -> None:  # OR-5
    case = at_hand()
    assert set(dated(case).values()) == {None}
    case = take(case, step, "2026-01-22")
    assert dated(case) == {**dict.fromkeys(STEPS), step: on("2026-01-22")}


ORDERS = list(permutations(STEPS))[::41]  # every step comes last in some of them


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_the_page_is_finalised_when_every_step_is_done_in_whatever_order(order: tuple[str, ...]) -> None:  # OR-5
    case = at_hand()
    for number, step in enumerate(order):
        assert finals(case) == []
        take(case, step, f"2026-01-{21 + number}")
    [final] = finals(case)
    assert final.dated == on("2026-01-26")
    assert final.page == f"{CASE_ID}/tracs/1"
    assert final.narration.endswith("The Re-engagement Page was updated and finalized on 01/26/2026.")


@pytest.mark.parametrize("left_out", STEPS)
def test_while_one_step_is_not_done_the_page_is_not_finalised(left_out: str) -> None:  # OR-5
    case = at_hand()
    for step in STEPS:
        if step != left_out:
            take(case, step, "2026-01-22")
    case.on("2026-12-01")
    assert finals(case) == []


@pytest.mark.parametrize(
    ("made", "counts"),
    [
        (contact("2026-01-20"), True),
        (contact("2026-01-25", "community_partner"), True),
        (contact("2026-01-25", "letter"), False),  # the offer of resources is one
        (contact("2026-01-19"), False),  # before the decision
        (contact("2026-01-22", recorded="2026-03-01"), True),
    ],
)
def test_attempts_go_on_after_the_decision_by_other_means_than_a_letter(made: object, counts: bool) -> None:  # OR-5
    case = disqualified().after(made)
    assert ("attempt/1" not in case.tasks()) is counts


def test_the_attempt_is_done_by_its_task_as_well() -> None:  # OR-5
    case = disqualified().after(task_done("2026-01-21", ATTEMPT), task_done("2026-01-22", COPY))
    assert [one.dated for one in finals(case)] == [on("2026-01-22")]
    assert case.tasks() == []


def test_a_contact_recorded_before_the_decision_is_heard_spares_the_task() -> None:  # OR-5, ALL-1
    case = in_oregon().after(contact("2026-01-21"), decided("2026-01-20", recorded="2026-01-22"))
    assert case.tasks() == ["pdp-copy/1"]


@pytest.mark.parametrize("taken", ["copy", "attempt"])
def test_a_step_that_was_not_done_after_all_reopens_the_page(taken: str) -> None:  # OR-5
    done = {"copy": task_done("2026-01-22", COPY), "attempt": contact("2026-01-23")}
    case = disqualified().after(*done.values())
    assert len(finals(case)) == 1
    case.after(withdrawn("2026-01-30", done[taken]))
    assert taken_back(case) == ["tracs/1/final"]
    assert commands(case, ReopenTracs)[0].undoes == f"{CASE_ID}/tracs/1/final"
    assert "tracs/1" in stands(case)  # the selection is as it was
    again = {"copy": task_done("2026-02-02", f"{COPY}/2"), "attempt": contact("2026-02-02")}
    case.after(again[taken])
    assert [one.effect.removeprefix(f"{CASE_ID}/") for one in finals(case)] == ["tracs/1/final", "tracs/1/final/2"]
    assert finals(case)[-1].dated == on("2026-02-02")


def test_a_contact_withdrawn_is_a_task_again() -> None:  # OR-5
    made = contact("2026-01-23")
    assert disqualified().after(made, withdrawn("2026-01-30", made)).tasks() == ["attempt/1/2", "pdp-copy/1"]


def test_a_finalised_page_stays_as_it_was_written() -> None:  # OR-5, ALL-3
    """An earlier date of a step that comes late does not finalise it again."""
    case = disqualified().after(contact("2026-01-25"), task_done("2026-01-22", COPY))
    case.after(contact("2026-01-21", recorded="2026-02-10"), contact("2026-03-10"))
    assert [one.dated for one in finals(case)] == [on("2026-01-25")]
    assert taken_back(case) == []


def test_without_an_address_a_task_asks_for_one_and_the_letter_goes_when_it_comes() -> None:  # OR-5
    case = disqualified(address=None).after(contact("2026-01-21"), task_done("2026-01-22", COPY))
    assert case.gave("offer_resources") == []
    assert case.tasks() == ["address/resources-1"]
    [task] = [one for one in commands(case, OpenTask) if "/address/" in one.effect]
    assert task.text == "No mailing address on file: find one; the offer of resources goes when it comes"
    assert (task.rule, finals(case)) == ("OR-5", [])
    case.after(moved("2026-02-03"))
    assert commands(case, OfferResources)[0].address == AWAY
    assert case.tasks() == []
    assert [one.dated for one in finals(case)] == [on("2026-02-03")]


def test_the_offer_goes_to_the_address_known_when_it_is_sent_and_once() -> None:  # OR-5, ALL-3
    case = in_oregon().leaving_open().after(decided("2026-01-20"), moved("2026-01-21"))
    assert case.open().count("resources/1") == 1
    assert commands(case, OfferResources)[-1].address == AWAY
    case.perform()
    offers = len(commands(case, OfferResources))
    case.after(moved("2026-02-10", to=HOME)).perform()
    assert len(commands(case, OfferResources)) == offers


def test_nothing_is_applied_before_the_team_decided_nor_where_it_found_good_cause() -> None:  # OR-5
    assert steps(in_oregon().case, GUIDE) == ()
    assert in_oregon().on("2026-06-01").gave("update_pdp") == []


def test_what_is_applied_depends_on_the_decision_not_on_when_it_is_heard() -> None:  # OR-5, ALL-7
    case = in_oregon().after(decided("2026-01-20", recorded="2026-01-31"), received="2026-02-02")
    assert {one.dated for one in commands(case, UpdatePdp)} == {on("2026-01-20")}
    assert case.case.now.date() == noon("2026-02-02").date()
    assert case.case.phase_since == on("2026-01-20")


def test_a_task_recorded_as_done_in_error_is_to_be_done_again() -> None:  # OR-5, ALL-3
    """The page is reopened, so somebody must be told what it waits for."""
    wrong = task_done("2026-01-22", COPY)
    case = disqualified().after(contact("2026-01-21"), wrong, withdrawn("2026-01-30", wrong))
    assert [task for task in case.tasks() if task.startswith("pdp-copy")]
