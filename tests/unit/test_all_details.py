"""What staff read in the Temporal UI: where a case stands, what to do, what comes next, what happened. ALL-4, ALL-6."""

import pytest

from domain.details import details
from domain.intake import hold
from domain.staffing.views import details as staffing_details
from domain.tables import code, plain, workflow
from domain.views import next_letter_at
from tests.unit.building import (
    CASE_ID,
    MISSOURI,
    Told,
    agreed,
    contact,
    document_requested,
    exempted,
    good_cause,
    lifted,
    noon,
    opened,
    refused,
    two_good_weeks,
    week,
)
from tests.unit.staffings import EVIDENCE, GUIDE, answered, came, disqualified, in_oregon, screening, staffing


def rows(table: str) -> list[tuple[str, str]]:
    """The rows of a table, each with its name, also where that is not repeated."""
    found: list[tuple[str, str]] = []
    for line in table.splitlines():
        name, says = (cell.replace("\u00a0", " ").strip() for cell in line.strip("|").split("|"))
        if name != ":--":
            found.append((name or found[-1][0], says))
    return found


def shown(told: Told) -> list[tuple[str, str]]:
    return rows(details(told.case, told.policy))


def of(name: str, told: Told) -> list[str]:
    """What a table says under a name."""
    return [says for row, says in shown(told) if row == name]


def test_it_begins_with_where_the_case_stands_why_and_what_to_do() -> None:
    task = f"`{CASE_ID}/task/contact/2026-02`"
    assert shown(opened("2026-01-05").on("2026-03-02"))[:3] == [
        ("Stands", "Re-engaging since 2026-01-05"),
        ("Why", "re-engagement starts at once (MO-1)"),
        ("To do", f"No contact other than a letter in 2026-02: contact the participant (MO-11) · {task}"),
    ]


def test_it_says_on_which_date_what_comes_next() -> None:
    told = opened("2026-01-05").on("2026-02-05")
    assert of("Next", told) == ["**2026-03-01** contact in 2026-02: a task, if there was none (MO-11)"]
    assert of("Then", told)[0] == "**2026-03-06** letter 3: no agreement since the last letter (MO-3)"


def test_it_says_why_no_letter_comes() -> None:
    told = opened("2026-01-05").after(agreed("2026-01-10"))
    assert of("No letter", told) == ["the recipient agreed to comply (MO-4)"]
    assert of("No letter", opened("2026-01-05")) == []


def test_it_shows_the_weeks_so_far_and_what_a_lift_needs() -> None:  # MO-6
    told = opened("2026-01-05").after(document_requested("2026-01-07", "a doctor's note"))
    assert of("Weeks", told) == ["none recorded (MO-6)"]
    told.after(agreed("2026-01-20"), week("2026-01-25", 30.5), week("2026-02-01", 12))
    assert of("Weeks", told) == [
        "week of 2026-01-25: 30.5 of 30 hours, enough (MO-6)",
        "week of 2026-02-01: 12 of 30 hours, too few (MO-6)",
    ]
    assert of("Lift needs", told) == ["2 consecutive weeks of the required hours, 1 document (MO-6)"]
    told.after(*two_good_weeks())
    assert of("Lift needs", told) == ["1 document (MO-6)"]


def test_it_shows_letters_sent_and_months_toward_the_limit() -> None:  # MO-3, MO-12
    told = opened("2026-01-05").on("2026-03-02")
    assert of("Letters", told) == ["2 sent, the last on 2026-02-04"]
    assert of("Months", told) == ["15 of 60, the last is 2029-12 (MO-12)"]


def test_it_tells_the_last_five_events_in_words_the_latest_first() -> None:
    told = opened("2026-01-05").after(agreed("2026-01-20", "GED"), contact("2026-01-21"), refused("2026-01-22"))
    assert of("Happened", told) == [
        "2026-01-22 placement in the MWA System ended (MO-9)",
        "2026-01-22 Re-engaging: the participant withdrew (MO-10)",
        "2026-01-22 response: answer refuses (MO-5)",
        "2026-01-21 contact made: type phone (MO-11)",
        "2026-01-20 placement in the MWA System made (MO-9)",
    ]


def test_what_was_given_up_is_told() -> None:  # ALL-3
    told = opened("2026-01-05", performing=False).after(exempted("2026-01-06"))
    assert "2026-01-06 letter 1 given up: its ground is gone (MO-1)" in of("Happened", told)


def test_a_closed_case_says_how_it_ended_and_waits_for_nothing() -> None:  # MO-8
    told = opened("2026-01-05").after(good_cause("2026-01-20"), lifted("2026-01-22"))
    assert shown(told)[0] == ("Stands", "Closed: sanction lifted, by good cause since 2026-01-22")
    assert not {"Next", "Then", "Lift needs", "Months"} & {name for name, _ in shown(told)}


def test_what_is_stuck_and_what_is_in_quarantine_is_told_with_the_rule() -> None:  # ALL-2, ALL-3
    told = opened("2026-01-05", performing=False).stuck("OSError")
    assert f"`{CASE_ID}/letter/1`: OSError; it is tried again (ALL-3)" in of("Stuck", told)
    for number in range(7):
        told.case = hold(told.case, "hoorah", "kind: must be one of many", f"{number}", noon("2026-01-06"), MISSOURI)
    *held, more = of("Quarantine", told)
    assert len(held) == 5
    assert held[0].startswith("hoorah: kind: must be one of many (ALL-2) · `")
    assert more == "and 2 more (ALL-2)"


def test_a_disqualification_shows_its_steps_and_leads_to_the_staffing() -> None:  # OR-5
    told = disqualified()
    assert "copy of the PDP given to the participant: waits for the family coach (OR-5)" in of("DQ1 steps", told)
    [link] = of("Staffing 1", in_oregon())
    assert link.endswith("/namespaces/{namespace}/workflows/mo-mwa-case-7-1-staffing-1)")


def test_a_staffing_shows_what_is_open_before_what_is_answered() -> None:  # OR-1, OR-2
    one = staffing(screening(), answered("mental_health", "yes", id="a-1"), came())
    table = rows(staffing_details(one, GUIDE))
    assert table[0] == ("Stands", "Undecided: 7 unanswered")
    names = list(dict.fromkeys(name for name, _ in table))
    assert names == ["Stands", "Why", "Unanswered", "Missing", "Answered", "Happened", "Case", "Policy"]
    assert ("Answered", "Participant or household: ongoing mental health? · `a-1`") in table


def test_a_staffing_says_nothing_that_a_person_wrote() -> None:  # ALL-6
    table = staffing_details(staffing(screening(), answered("exempt", "yes"), came()), GUIDE)
    for words in (EVIDENCE, "learning needs screening", "staff", "exempt yes"):
        assert words not in table.replace("staffing", "")


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("a | b", "a ¦ b"),
        ("two\nlines\tand\u2028three", "two lines and three"),
        ("*bold* and _slanted_, months_counted", r"\*bold\* and \_slanted\_, months_counted"),
        ("<b>&amp;</b>", r"\<b\>\&amp;\</b\>"),
        ("![i](http://x.example/i.png)", r"!\[i\](http\://x.example/i.png)"),
        ("`code` ~gone~ www.x.example", r"\`code\` \~gone\~ www\.x.example"),
        ("\\| it", r"\\¦ it"),
        ("to the\u202e left\x00", "to the left"),
    ],
)
def test_a_text_in_a_cell_stays_text(written: str, cell: str) -> None:  # ALL-2
    assert plain(written) == cell


def test_an_id_can_neither_leave_its_cell_nor_its_link() -> None:  # ALL-2
    assert code("a`b|c\nd") == "`a´b¦c d`"
    assert workflow("a](x) b|c").endswith("(/namespaces/{namespace}/workflows/a%5D%28x%29%20b%7Cc)")


def test_the_next_letter_has_an_instant_of_its_own_while_letters_run() -> None:  # MO-3, ALL-7
    told = opened("2026-02-10")
    assert str(next_letter_at(told.case, MISSOURI)) == "2026-03-12 14:00:00+00:00"
    assert next_letter_at(told.after(agreed("2026-02-11")).case, MISSOURI) is None
    assert next_letter_at(opened("2026-02-10", address=None).case, MISSOURI) is None
