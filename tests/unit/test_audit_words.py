"""What an audit says: a life as a page, and what counts as a difference where another build worked. ALL-4, ALL-8."""

from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from audit.commands import Done
from audit.explain import Because, Line, Told
from audit.page import page

AT = datetime(2026, 3, 10, 15, tzinfo=UTC)
BECAUSE = Because("MO-3", "MO 0290.040.00: 'every 30 days' <i>", "mo-mwa/2014-01-27", {"last_sent_on": "2026-02-08"})


def line(what: str = "fact", happened: date = date(2026, 3, 1), says: str = "contact made") -> Line:
    return Line(AT, happened, what, says, (BECAUSE,), "m-1", "case-1")


class Page(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_has_both_dates_the_rule_its_citation_and_the_values() -> None:
    read = Page(page(Told("case-1", "reengaging", (line(),))))
    for said in ("2026-03-10 15:00", "2026-03-01", "9 days later", "MO-3", "every 30 days", "last_sent_on: 2026-02-08"):
        assert said in read.text


def test_a_page_can_be_read_aloud_and_needs_no_other_file() -> None:
    tags = Page(page(Told("case-1", "reengaging", (line(),)))).tags
    assert ("html", {"lang": "en"}) in tags
    assert {"main", "h1", "caption", "title"} <= {tag for tag, _ in tags}
    assert all(attributes["scope"] == "col" for tag, attributes in tags if tag == "th")
    assert not any({"src", "href"} & attributes.keys() for _, attributes in tags)


def test_no_text_of_a_case_is_taken_for_a_tag() -> None:
    read = Page(page(Told("<b>", "<script>", (line(says="<script>alert(1)</script>"),))))
    assert not {"script", "b", "i"} & {tag for tag, _ in read.tags}
    assert "<script>alert(1)</script>" in read.text


@pytest.mark.parametrize(("what", "late"), [("fact", 9), ("decision", 0), ("effect", 0)])
def test_only_what_happened_outside_can_be_known_late(what: str, late: int) -> None:
    assert line(what).late_days == late


@pytest.mark.parametrize(
    ("recorded", "computed", "by_this_build", "by_another"),
    [
        ({"after": "10 s"}, {"after": "10 s"}, [], []),
        ({"after": "10 s"}, {"after": "11 s"}, [("after", False)], [("after", False)]),
        ({"input": [{"a": 1}]}, {"input": [{"a": 1, "b": 2}]}, [("input[0].b", False)], [("input[0].b", True)]),
        ({"input": [{"a": 1, "b": 2}]}, {"input": [{"a": 1}]}, [("input[0].b", False)], [("input[0].b", False)]),
        ({"summary": "one"}, {"summary": "other"}, [("summary", False)], [("summary", True)]),
        ({"n": 1}, {"n": True}, [("n", False)], [("n", False)]),
    ],
)
def test_another_build_may_have_had_other_words_and_fewer_fields_and_nothing_else(
    recorded: dict[str, object],
    computed: dict[str, object],
    by_this_build: list[tuple[str, bool]],
    by_another: list[tuple[str, bool]],
) -> None:
    one, other = Done("timer", "timer 1", recorded), Done("timer", "timer 1", computed)
    assert list(one.differences(other, by_this_build=True)) == by_this_build
    assert list(one.differences(other, by_this_build=False)) == by_another
