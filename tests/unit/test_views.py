"""The lists of operations staff: their queries, the attributes these rest on, and the links in the documentation."""

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from typer.testing import CliRunner

from settings import Settings
from starter import app
from workflows.attributes import KEYS
from workflows.views import views

SUNDAY = date(2026, 11, 22)
ROOM = {
    "KEYWORD": 10,
    "INT": 3,
    "DOUBLE": 3,
    "BOOL": 3,
    "DATETIME": 3,
    "TEXT": 3,
    "KEYWORD_LIST": 3,
}
"""How many attributes of a type SQLite and PostgreSQL have room for."""


def query(name: str, today: date = SUNDAY) -> str:
    return next(view.query for view in views(today) if view.name == name)


def test_the_search_attributes_fit_into_sqlite_and_postgresql() -> None:
    types = Counter(IndexedValueType.Name(int(key.indexed_value_type)) for key in KEYS)
    used = {name.removeprefix("INDEXED_VALUE_TYPE_"): count for name, count in types.items()}
    assert sum(used.values()) == len({key.name for key in KEYS})
    assert all(count <= ROOM[name] for name, count in used.items()), used


def test_no_query_asks_for_an_attribute_that_is_not_there() -> None:
    known = {key.name for key in KEYS} | {"ExecutionStatus"}
    for view in views(SUNDAY):
        asked = re.findall(r"(?:^|AND )(\w+) ", re.sub(r"BETWEEN \S+ AND", "BETWEEN", view.query))
        assert asked
        assert set(asked) <= known, view.query


@pytest.mark.parametrize(
    ("today", "from_sunday", "to_sunday"),
    [
        ("2026-11-22", "2026-11-22", "2026-11-29"),
        ("2026-11-28", "2026-11-22", "2026-11-29"),
        ("2026-12-31", "2026-12-27", "2027-01-03"),
    ],
)
def test_this_week_is_from_sunday_to_saturday(today: str, from_sunday: str, to_sunday: str) -> None:  # MO-3
    between = f"NextLetterAt BETWEEN '{from_sunday}T00:00:00Z' AND '{to_sunday}T00:00:00Z'"
    assert between in query("letters", date.fromisoformat(today))


def test_near_the_limit_is_six_months_with_this_one() -> None:  # MO-12
    assert "LimitMonth <= '2027-04'" in query("limit")
    assert "LimitMonth <= '2027-05'" in query("limit", date(2026, 12, 1))


def test_earlier_runs_of_a_case_are_in_no_view() -> None:
    """They keep the attributes they had when the case went on in another run."""
    for view in views(SUNDAY):
        assert "ExecutionStatus" in view.query


def test_a_link_opens_the_query_in_the_ui() -> None:
    for view in views(SUNDAY):
        address = urlsplit(view.link("https://ui.example", "reengagement"))
        assert address.path == "/namespaces/reengagement/workflows"
        assert parse_qs(address.query) == {"query": [view.query]}


def test_the_documentation_links_to_every_view_that_does_not_hang_on_the_date() -> None:
    known = Settings(home=Path("nowhere"))
    links = re.findall(r"\((http://127.0.0.1\S+\?query=\S+)\)", Path("docs/ui.md").read_text("utf-8"))
    ui = f"http://127.0.0.1:{known.ui_port}"
    assert links == [view.link(ui, known.namespace) for view in views(SUNDAY) if not view.dated]


def test_the_command_line_prints_the_links_for_todays_date() -> None:
    asked = ["views", "--json", "--ui", "https://ui.example", "--namespace", "elsewhere"]
    printed = json.loads(CliRunner().invoke(app, asked).stdout)
    today = datetime.now().astimezone().date()
    assert [view["link"] for view in printed] == [view.link("https://ui.example", "elsewhere") for view in views(today)]
