"""Case file transfers and the provider displayed: MO-14."""

from itertools import permutations

import pytest

from domain.rules.transfer import displayed_provider, transfers
from tests.unit.building import (
    HOME,
    Told,
    heard_at_once,
    moved,
    noon,
    on,
    opened,
    opening,
    task_done,
    transfer_accepted,
    transfer_declined,
    transfer_requested,
    transfer_withdrawn,
    withdrawn,
)


def displayed(told: Told) -> str | None:
    return displayed_provider(told.case)


def shown(told: Told) -> list[str]:
    """What the MWA System displayed, in order."""
    return [command.provider for command in told.given if command.kind == "display_provider"]


def test_moving_out_of_the_providers_area_opens_a_transfer() -> None:  # MO-14
    case = opened("2026-01-05").after(moved("2026-01-20", area="EAST"))
    (request,) = [command for command in case.given if command.kind == "request_transfer"]
    assert (request.provider, request.requested_on) == ("EAST", on("2026-01-20"))
    assert displayed(case) == "WEST"


def test_a_move_within_the_area_opens_none() -> None:  # MO-14
    case = opened("2026-01-05").after(moved("2026-01-20", area="WEST"), moved("2026-01-22", to=HOME))
    assert case.gave("request_transfer") == []


def test_a_transfer_requested_by_staff_is_not_requested_again() -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"), moved("2026-01-21", area="EAST"))
    assert case.gave("request_transfer") == []
    assert transfers(case.case).requested_on == on("2026-01-20")


@pytest.mark.parametrize(
    ("day", "task"),
    [
        ("2026-02-02", None),
        ("2026-02-03", "transfer-overdue/EAST/2026-01-20/1"),
        ("2026-02-16", "transfer-overdue/EAST/2026-01-20/1"),
        ("2026-02-17", "transfer-overdue/EAST/2026-01-20/2"),
        ("2026-03-03", "transfer-overdue/EAST/2026-01-20/3"),
    ],
)
def test_not_accepted_within_two_weeks_of_the_request_that_provider_is_contacted_and_again_every_two_weeks(
    day: str, task: str | None
) -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST")).on(day)
    assert [one for one in case.tasks() if "transfer" in one] == ([task] if task else [])


def test_a_contact_task_done_comes_again_after_two_more_weeks() -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST")).on("2026-02-03")
    case.after(task_done("2026-02-04", f"{case.case.id}/task/transfer-overdue/EAST/2026-01-20/1"))
    assert not any("transfer" in one for one in case.tasks())
    assert "transfer-overdue/EAST/2026-01-20/2" in case.on("2026-02-17").tasks()


def test_until_it_is_accepted_the_displayed_provider_stays_and_then_changes() -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST")).on("2026-03-01")
    assert (displayed(case), shown(case)) == ("WEST", [])
    case.after(transfer_accepted("2026-03-02", by="EAST"))
    assert (displayed(case), shown(case)) == ("EAST", ["EAST"])
    assert not any("transfer" in one for one in case.tasks())


def test_accepted_by_a_provider_that_was_not_asked_changes_nothing() -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"))
    case.after(transfer_accepted("2026-01-21", by="NORTH"), transfer_declined("2026-01-21", by="NORTH"))
    assert (displayed(case), transfers(case.case).pending) == ("WEST", "EAST")


def test_a_declined_transfer_leaves_the_provider_and_opens_a_task_until_another_is_asked() -> None:  # MO-14
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-20", to="EAST"), transfer_declined("2026-01-25", by="EAST")
    )
    assert (displayed(case), case.tasks()) == ("WEST", ["transfer-declined/EAST/2026-01-25"])
    case.after(transfer_requested("2026-01-28", to="NORTH"))
    assert case.tasks() == []


def test_a_withdrawn_transfer_is_over() -> None:  # MO-14
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-20", to="EAST"),
        transfer_withdrawn("2026-01-25", to="EAST"),
        transfer_accepted("2026-01-26", by="EAST"),
    )
    assert (displayed(case), transfers(case.case).pending) == ("WEST", None)
    assert not any("transfer" in one for one in case.on("2026-03-01").tasks())


def test_a_transfer_is_replaced_by_a_later_one_with_a_clock_of_its_own() -> None:  # MO-14
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-20", to="EAST"), transfer_requested("2026-01-30", to="NORTH")
    )
    assert not any("transfer" in one for one in case.on("2026-02-12").tasks())
    assert "transfer-overdue/NORTH/2026-01-30/1" in case.on("2026-02-13").tasks()
    case.after(transfer_accepted("2026-02-14", by="EAST"))
    assert displayed(case) == "WEST"


def test_moving_back_ends_the_pending_transfer() -> None:  # MO-14
    case = opened("2026-01-05").after(moved("2026-01-20", area="EAST"), moved("2026-01-25", area="WEST", to=HOME))
    assert transfers(case.case).pending is None


def test_an_answer_that_arrives_before_its_request_counts_by_its_date() -> None:  # MO-14, ALL-1
    case = opened("2026-01-05").after(
        transfer_accepted("2026-01-22", by="EAST"), transfer_requested("2026-01-20", to="EAST", recorded="2026-01-23")
    )
    assert displayed(case) == "EAST"


def test_a_request_and_its_answer_on_one_date() -> None:  # MO-14, ALL-1
    facts = [
        opening("2026-01-05"),
        transfer_requested("2026-01-20", to="EAST"),
        transfer_accepted("2026-01-20", by="EAST"),
    ]
    for order in permutations(facts):
        assert displayed_provider(heard_at_once(order, noon("2026-01-21"))) == "EAST"


@pytest.mark.parametrize("answer", [transfer_accepted, transfer_declined, transfer_withdrawn])
def test_an_answer_on_the_day_of_another_request_is_to_the_one_before(answer: object) -> None:  # MO-14
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"))
    case.after(transfer_requested("2026-01-30", to="NORTH"), answer("2026-01-30", "EAST"))  # type: ignore[operator]
    assert transfers(case.case).pending == "NORTH"
    assert displayed(case) == ("EAST" if answer is transfer_accepted else "WEST")


def test_every_move_of_a_life_counts_the_earlier_ones_too() -> None:  # MO-14
    case = opened("2026-01-05").after(
        moved("2026-01-20", area="EAST"), transfer_accepted("2026-01-25", by="EAST"), moved("2026-05-20", area="NORTH")
    )
    assert (displayed(case), transfers(case.case).pending) == ("EAST", "NORTH")
    case.after(transfer_accepted("2026-05-25", by="NORTH"))
    assert (displayed(case), shown(case)) == ("NORTH", ["EAST", "NORTH"])
    assert case.gave("display_provider") == ["provider", "provider/2"]


def test_an_acceptance_withdrawn_shows_the_provider_before_again() -> None:  # MO-14, ALL-1
    accepted = transfer_accepted("2026-01-25", by="EAST")
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"), accepted)
    case.after(withdrawn("2026-01-27", accepted))
    assert (displayed(case), shown(case)) == ("WEST", ["EAST", "WEST"])
    assert transfers(case.case).pending == "EAST"


def test_an_earlier_acceptance_withdrawn_leaves_the_later_provider_displayed() -> None:  # MO-14, ALL-1
    first = transfer_accepted("2026-01-25", by="EAST")
    case = opened("2026-01-05").after(transfer_requested("2026-01-20", to="EAST"), first)
    case.after(transfer_requested("2026-02-20", to="NORTH"), transfer_accepted("2026-02-25", by="NORTH"))
    case.after(withdrawn("2026-03-01", first))
    assert (displayed(case), shown(case)[-1]) == ("NORTH", "NORTH")


def test_a_transfer_back_shows_the_first_provider_again() -> None:  # MO-14
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-20", to="EAST"),
        transfer_accepted("2026-01-25", by="EAST"),
        transfer_requested("2026-02-20", to="WEST"),
        transfer_accepted("2026-02-25", by="WEST"),
    )
    assert (displayed(case), shown(case)) == ("WEST", ["EAST", "WEST"])
    assert case.case.timeline[-2].rules == ("MO-14",)


def test_a_corrected_opening_does_not_take_back_an_accepted_transfer() -> None:  # MO-14, ALL-1
    case = opened("2026-01-05").after(
        transfer_requested("2026-01-20", to="EAST"), transfer_accepted("2026-01-25", by="EAST")
    )
    case.after(opening("2026-01-05", recorded="2026-02-01", provider="SOUTH"))
    assert displayed(case) == "EAST"
    last = [one.provider for one in case.given if one.kind in ("open_case_record", "display_provider")]
    assert last[-1] == "EAST"
