"""What is proposed beside a decision: OR-7 (enhanced case management, co-management)."""

from itertools import combinations

import pytest

from domain.commands import OpenTask
from domain.staffing.deciding import CHALLENGES, challenges
from domain.staffing.views import status
from tests.unit.building import Told, on, opened, withdrawn
from tests.unit.staffings import (
    DUE_PROCESS,
    GUIDE,
    REASON,
    answered,
    commands,
    decided,
    disqualified,
    finds,
    in_oregon,
    knowing,
    release,
    requested,
    staffing,
    the_team,
)

AREAS = sorted(CHALLENGES)


def texts(told: Told, key: str) -> list[str]:
    return [one.text for one in commands(told, OpenTask) if f"/task/{key}/" in one.effect]


def enhanced(told: Told) -> list[str]:
    assert {one.rule for one in commands(told, OpenTask) if "-management" in one.effect} <= {"OR-7"}
    return texts(told, "case-management")


MANY = ["Enhanced case management is recommended: multiple challenges"]
STABILITY = ["Enhanced case management is recommended: ongoing family stability issues"]


def test_the_areas_of_challenges_are_those_of_the_guide() -> None:  # OR-7
    assert AREAS == ["domestic_violence", "learning_or_disability", "mental_health", "physical_health", "substance_use"]


@pytest.mark.parametrize("two", list(combinations(AREAS, 2)), ids="+".join)
def test_two_challenges_recommend_enhanced_case_management(two: tuple[str, str]) -> None:  # OR-7
    record = knowing(**dict.fromkeys(two, "yes"))
    assert enhanced(in_oregon().after(decided("2026-01-20", record=record, reason=REASON))) == MANY


@pytest.mark.parametrize(
    "answers",
    [
        {},
        *({area: "yes"} for area in AREAS),
        {"mental_health": "yes", "substance_use": "unknown"},
        {"mental_health": "yes", "exempt": "yes", "outside_control": "yes", "department_failed": "yes"},
    ],
)
def test_fewer_do_not(answers: dict[str, str]) -> None:  # OR-7
    assert enhanced(in_oregon().after(decided("2026-01-20", record=knowing(**answers), reason=REASON))) == []


def test_ongoing_family_stability_issues_do() -> None:  # OR-7
    case = in_oregon().after(decided("2026-01-20", family_stability_issues=True))
    assert enhanced(case) == STABILITY
    assert "case-management/1" in case.tasks()


def test_all_five_are_counted_once_each() -> None:  # OR-7
    assert challenges(knowing(**dict.fromkeys(AREAS, "yes"))) == 5
    assert challenges((*DUE_PROCESS, answered("mental_health", "yes"), answered("mental_health", "yes"))) == 1


def test_the_staffing_itself_recommends_it_before_the_decision() -> None:  # OR-7
    assert status(staffing(*knowing(mental_health="yes", substance_use="yes")), GUIDE).recommended == (
        "enhanced case management",
    )
    assert status(staffing(*knowing(mental_health="yes")), GUIDE).recommended == ()
    one = staffing(*DUE_PROCESS, the_team(family_stability_issues=True))
    assert status(one, GUIDE).recommended == ("enhanced case management",)


def test_a_later_decision_recommends_by_what_is_known_then() -> None:  # OR-7, OR-3
    first = decided("2026-01-20", record=knowing(mental_health="yes", physical_health="yes"), reason=REASON)
    case = in_oregon().after(first, requested("2026-02-01"), finds("no_good_cause", "2026-02-05", 2))
    assert not [task for task in case.tasks() if "case-management" in task]


def test_with_a_release_on_file_co_management_with_the_partner_is_proposed() -> None:  # OR-7
    case = in_oregon().after(release("2026-01-08"), decided("2026-01-20"))
    assert texts(case, "co-management") == ["Propose co-management with Neighbors United: MCS 3010 on file"]


def test_every_partner_is_named() -> None:  # OR-7
    case = in_oregon().after(release("2026-01-08", "Neighbors United"), release("2026-01-09", "Legal Aid"))
    case.after(decided("2026-01-20"))
    assert texts(case, "co-management") == ["Propose co-management with Legal Aid, Neighbors United: MCS 3010 on file"]


def test_a_release_that_comes_later_is_proposed_when_it_comes() -> None:  # OR-7
    case = disqualified()
    assert texts(case, "co-management") == []
    assert "co-management/1" in case.after(release("2026-02-01")).tasks()


@pytest.mark.parametrize("told", [[], [release("2026-01-06", until=on("2026-01-19"))]])
def test_without_one_it_is_not(told: list[object]) -> None:  # OR-7
    assert texts(in_oregon().after(*told).after(decided("2026-01-20")), "co-management") == []


def test_nor_when_the_release_has_ended_or_was_none() -> None:  # OR-7
    filed = release("2026-01-06", until=on("2026-01-31"))
    case = in_oregon().after(filed, decided("2026-01-20"))
    assert "co-management/1" in case.tasks()
    assert "co-management/1" not in case.on("2026-02-01").tasks()
    filed = release("2026-01-06")
    case = in_oregon().after(filed, decided("2026-01-20"), withdrawn("2026-01-25", filed))
    assert "co-management/1" not in case.tasks()


def test_before_a_decision_nothing_is_proposed_and_in_missouri_nothing_at_all() -> None:  # OR-7
    assert not [task for task in in_oregon().after(release("2026-01-08")).tasks() if "management" in task]
    case = opened("2026-01-05").after(release("2026-01-08"), requested("2026-01-10"))
    case.after(decided("2026-01-20", family_stability_issues=True))
    assert not [task for task in case.tasks() if "management" in task]
