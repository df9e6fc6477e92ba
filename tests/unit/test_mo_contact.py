"""At least one contact a month, a letter not being the only type: MO-11."""

import pytest

from domain.facts import CaseFact
from tests.unit.building import (
    agreed,
    asked,
    contact,
    good_cause,
    mail_returned,
    opened,
    refused,
    task_done,
    withdrawn,
)


def contact_tasks(told: object) -> list[str]:
    return [task for task in told.tasks() if task.startswith("contact")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("day", "tasks"), [("2026-02-28", []), ("2026-03-01", ["contact/2026-02"])])
def test_a_month_without_a_contact_opens_a_task_when_it_is_over(day: str, tasks: list[str]) -> None:  # MO-11
    assert contact_tasks(opened("2026-01-05").on(day)) == tasks


def test_opened_on_the_first_of_a_month_that_month_is_the_first_to_be_judged() -> None:  # MO-11
    assert contact_tasks(opened("2026-01-01").on("2026-02-01")) == ["contact/2026-01"]


@pytest.mark.parametrize("type", ["phone", "text", "email", "home_visit", "office_visit", "community_partner", "other"])
def test_contacts_are_of_various_types(type: str) -> None:  # MO-11
    assert contact_tasks(opened("2026-01-05").after(contact("2026-02-10", type)).on("2026-03-31")) == []


def test_a_letter_is_not_the_only_type_of_contact() -> None:  # MO-11
    assert contact_tasks(opened("2026-01-05").after(contact("2026-02-10", "letter")).on("2026-03-01"))


@pytest.mark.parametrize("answer", [refused("2026-02-10"), asked("2026-02-10"), agreed("2026-02-10")])
def test_an_answer_is_a_contact(answer: CaseFact) -> None:  # MO-11
    assert contact_tasks(opened("2026-01-05").after(answer).on("2026-03-15")) == []


def test_returned_mail_is_no_contact() -> None:  # MO-11
    assert contact_tasks(opened("2026-01-05").after(mail_returned("2026-02-10")).on("2026-03-15"))


def test_the_next_month_is_judged_after_a_contact() -> None:  # MO-11
    case = opened("2026-01-05").after(contact("2026-02-10")).on("2026-04-01")
    assert contact_tasks(case) == ["contact/2026-03"]


def test_the_task_stands_until_there_is_a_contact() -> None:  # MO-11
    case = opened("2026-01-05").on("2026-05-20")
    assert contact_tasks(case) == ["contact/2026-02"]
    assert contact_tasks(case.after(contact("2026-05-21"))) == []
    assert contact_tasks(case.on("2026-07-01")) == ["contact/2026-06"]


def test_a_contact_recorded_late_closes_the_task_of_its_month() -> None:  # MO-11, ALL-1
    case = opened("2026-01-05").on("2026-03-05").after(contact("2026-02-20", recorded="2026-03-06"))
    assert contact_tasks(case) == []


def test_a_contact_withdrawn_counts_no_more() -> None:  # MO-11, ALL-1
    made = contact("2026-02-20")
    assert contact_tasks(opened("2026-01-05").after(made, withdrawn("2026-03-05", made))) == ["contact/2026-02"]


def test_the_task_done_makes_the_next_month_the_one_to_judge() -> None:  # MO-11
    case = opened("2026-01-05").on("2026-03-05")
    case.after(task_done("2026-03-06", f"{case.case.id}/task/contact/2026-02")).on("2026-04-30")
    assert contact_tasks(case) == []
    assert contact_tasks(case.on("2026-05-01")) == ["contact/2026-04"]


def test_the_plans_organisations_appear_in_the_task() -> None:  # MO-11
    case = opened("2026-01-05", plan=("Community Table", "Legal Aid")).on("2026-03-01")
    (text,) = [one.text for one in case.given if one.kind == "open_task"]
    assert text.endswith("enlist Community Table, Legal Aid")
    (reason,) = case.decisions[-1].reasons or case.decisions[-3].reasons
    assert reason.rule == "MO-11"


def test_contacts_go_on_while_a_lift_is_recommended_for_the_sanction_does() -> None:  # MO-11, MO-8
    assert contact_tasks(opened("2026-01-05").after(good_cause("2026-01-10")).on("2026-03-01")) == ["contact/2026-02"]
