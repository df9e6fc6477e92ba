"""Who may request a staffing: OR-4, 'community partner (with MCS 3010)'."""

from typing import get_args

import pytest
from pydantic import ValidationError

from domain.case import Phase
from domain.commands import OpenStaffing, OpenTask
from domain.facts import CaseFact, StaffingRequested
from domain.views import status
from tests.unit.building import Told, agreed, on, withdrawn
from tests.unit.staffings import (
    GUIDE,
    OREGON,
    commands,
    decided,
    disqualified,
    finds,
    in_oregon,
    release,
    requested,
    said_no,
)

PARTNER = "Neighbors United"
NOT_ON_FILE = "partner: no MCS 3010 of this community partner is on file (OR-4)"
ROLES = get_args(StaffingRequested.model_fields["role"].annotation)


def by_partner(day: str = "2026-02-10", partner: str = PARTNER, **told: object) -> StaffingRequested:
    return requested(day, "community_partner", partner, **told)


def second(told: Told) -> OpenStaffing:
    return commands(told, OpenStaffing)[1]


def test_the_roles_are_those_of_the_guide() -> None:  # OR-4
    assert ROLES == ("family_coach", "department", "contractor", "participant", "community_partner")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "community_partner"])
def test_at_any_time_they_may_request_a_new_staffing(role: str) -> None:  # OR-4
    case = disqualified()
    request = requested("2026-02-10", role)
    assert said_no(case, request) is None
    opened = second(case.after(request))
    assert (opened.number, opened.why, opened.role, opened.partner) == (2, "request", role, None)
    assert (opened.reviews, opened.called_on) == (1, on("2026-02-10"))
    [reason] = [one for one in case.decisions[-1].reasons or case.decisions[-2].reasons if "requested" in one.says]
    assert reason.rule == "OR-4"
    assert "staffing/2" in case.tasks()


@pytest.mark.parametrize(
    ("told", "because"),
    [
        ([], NOT_ON_FILE),
        ([release("2026-02-01")], None),
        ([release("2026-02-10")], None),
        ([release("2026-02-11")], NOT_ON_FILE),
        ([release("2026-01-05", until=on("2026-02-10"))], None),
        ([release("2026-01-05", until=on("2026-02-09"))], NOT_ON_FILE),
        ([release("2026-02-01", "Another House")], NOT_ON_FILE),
        ([release("2026-02-01", id="r"), withdrawn("2026-02-05", "r")], NOT_ON_FILE),
        ([release("2026-01-05", id="r"), release("2026-02-01"), withdrawn("2026-02-05", "r")], None),
        ([release("2026-01-05"), release("2026-02-01", id="r"), withdrawn("2026-02-05", "r")], None),
        ([release("2026-01-05", until=on("2026-01-31")), release("2026-02-05")], None),
    ],
)
@pytest.mark.parametrize("policy", [GUIDE, OREGON])
def test_a_partner_may_with_a_release_on_file(told: list[CaseFact], because: str | None, policy: object) -> None:
    """OR-4: on the date of the request; refused, with the reason, without one."""
    case = disqualified(policy=policy).after(*told)
    case.on("2026-02-11")
    assert said_no(case, by_partner()) == because
    case.after(by_partner())  # and one that gets in all the same, as from quarantine, opens none
    assert len(case.gave("open_staffing")) == (1 if because else 2)
    if because is None:
        assert (second(case).role, second(case).partner) == ("community_partner", PARTNER)


def test_a_partner_refused_once_may_when_the_release_is_on_file() -> None:  # OR-4
    case = disqualified()
    assert said_no(case, by_partner("2026-02-10")) == NOT_ON_FILE
    assert said_no(case.after(release("2026-02-11")), by_partner("2026-02-11")) is None


def test_a_request_stands_by_the_release_that_was_on_file_then() -> None:  # OR-4
    """It ends in March; the staffing requested in February goes on."""
    case = disqualified().after(release("2026-01-06", until=on("2026-02-28")), by_partner())
    case.on("2026-03-05")
    assert case.gave("end_staffing") == []
    assert "staffing/2" in case.tasks()


def test_a_release_that_was_recorded_in_error_carries_no_request() -> None:  # OR-4, ALL-1
    filed = release("2026-02-01")
    case = disqualified().after(filed, by_partner(), withdrawn("2026-02-12", filed))
    assert case.gave("end_staffing") == ["undo/staffing/2/1"]
    assert "staffing/2" not in case.tasks()


@pytest.mark.parametrize(("role", "partner"), [("community_partner", None), ("participant", PARTNER)])
def test_a_partner_is_named_and_nobody_else(role: str, partner: str | None) -> None:  # OR-4
    with pytest.raises(ValidationError, match="names the organisation of a community partner"):
        requested("2026-02-10", role, partner)


@pytest.mark.parametrize(
    ("case", "phase"),
    [
        (disqualified, Phase.REENGAGING),
        (lambda: disqualified().after(agreed("2026-02-02")), Phase.TRIAL),
        (lambda: disqualified(policy=OREGON).after(agreed("2026-02-02")), Phase.LIFT_RECOMMENDED),
        (lambda: disqualified(months_counted=60, months_through="2025-12"), Phase.LIMIT_REACHED),
        (lambda: in_oregon(sanction_began="2026-01-05"), Phase.REENGAGING),
    ],
)
def test_a_new_staffing_may_be_requested_in_every_open_phase(case: object, phase: Phase) -> None:  # OR-4
    told = case()
    assert told.phase == phase
    before = len(told.gave("open_staffing"))
    assert said_no(told, requested("2026-02-10")) is None
    assert len(told.after(requested("2026-02-10")).gave("open_staffing")) == before + 1


def test_while_a_staffing_is_open_it_is_the_one_that_was_asked_for() -> None:  # OR-4
    case = in_oregon().after(requested("2026-01-08"), requested("2026-01-09", "participant"))
    assert case.gave("open_staffing") == ["staffing/1"]
    case.after(decided("2026-01-20"))
    assert case.gave("open_staffing") == ["staffing/1"]


def test_a_request_recorded_after_the_decision_opens_one_whenever_it_was_made() -> None:  # OR-4, ALL-1
    case = disqualified().after(requested("2026-01-12", "participant", recorded="2026-01-25"))
    assert case.gave("open_staffing") == ["staffing/1", "staffing/2"]


def test_a_requested_staffing_makes_a_new_determination() -> None:  # OR-4, OR-3
    case = disqualified().after(requested("2026-02-10", "participant"), finds("good_cause", "2026-02-12", 2))
    assert case.phase == Phase.LIFT_RECOMMENDED


def test_each_request_after_a_decision_is_a_staffing() -> None:  # OR-4
    case = disqualified()
    for number, day in ((2, "2026-02-10"), (3, "2026-03-10"), (4, "2026-04-10")):
        case.after(requested(day), finds("no_good_cause", day[:-2] + "12", number))
    assert case.gave("open_staffing") == [f"staffing/{number}" for number in (1, 2, 3, 4)]
    assert [one.reviews for one in commands(case, OpenStaffing)] == [None, 1, 2, 3]


def test_a_request_withdrawn_before_the_decision_opens_the_next_under_an_id_of_its_own() -> None:  # OR-4, ALL-3
    asked = requested("2026-02-10")
    case = disqualified().after(asked, withdrawn("2026-02-11", asked), requested("2026-02-12", "participant"))
    assert case.gave("open_staffing") == ["staffing/1", "staffing/2", "staffing/2/2"]
    assert case.gave("end_staffing") == ["undo/staffing/2/1"]


def test_a_request_withdrawn_after_the_decision_leaves_the_decision() -> None:  # OR-4, OR-3
    asked = requested("2026-02-10")
    case = disqualified().after(asked, finds("good_cause", "2026-02-12", 2), withdrawn("2026-02-14", asked))
    assert case.phase == Phase.LIFT_RECOMMENDED
    case.after(requested("2026-02-20", "participant"))
    assert case.gave("open_staffing")[-1] == "staffing/3"


def test_a_staffing_that_was_requested_says_so_in_its_task() -> None:  # OR-4
    case = disqualified().after(requested("2026-02-10"))
    texts = [one.text for one in commands(case, OpenTask) if one.effect.endswith("task/staffing/2")]
    assert texts == ["Hold re-engagement staffing 2: record what is unanswered, and decide"]


def test_a_renewed_release_leaves_the_staffing_that_the_partner_requested() -> None:  # OR-4
    """On file from January to March, and again from March 25: on March 20 it was."""
    case = disqualified().after(release("2026-01-06", until=on("2026-03-31")), by_partner("2026-03-20"))
    case.after(release("2026-03-25"))
    assert case.gave("end_staffing") == []
    assert "staffing/2" in case.tasks()


def test_a_decision_that_stands_is_listed_though_the_request_for_its_staffing_was_withdrawn() -> None:  # OR-4, OR-3
    """That staffing was held, and nothing is left to end."""
    asked = requested("2026-02-10")
    case = disqualified().after(asked, finds("good_cause", "2026-02-12", 2), withdrawn("2026-02-14", asked))
    results = [(one["number"], one["result"]) for one in status(case.case, GUIDE).staffings]
    assert results == [(1, "disqualified"), (2, "good_cause")]
    assert case.gave("end_staffing") == []


def test_a_release_cannot_end_before_it_is_filed() -> None:  # OR-4, ALL-2
    with pytest.raises(ValidationError, match="before the date on which it was filed"):
        release("2026-03-01", until=on("2026-02-01"))


def test_a_staffing_says_who_requested_it_and_in_what_role() -> None:  # OR-4
    """The name is told by the staffing; the case's timeline has the role alone (ALL-6)."""
    asked = requested("2026-02-10", "contractor").model_copy(update={"requester": "Wilhelmina Contractor"})
    case = disqualified().after(asked)
    [opened] = [one for one in commands(case, OpenStaffing) if one.number == 2]
    assert (opened.role, opened.requester) == ("contractor", "Wilhelmina Contractor")
    assert "Wilhelmina" not in " ".join(entry.says for entry in case.case.timeline)
