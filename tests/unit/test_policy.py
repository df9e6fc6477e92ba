"""ALL-5: editions are data, dated and cited; a bad one gets an error that names the field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from domain.policy import Policy
from policy.load import EDITIONS, BadEdition, edition, edition_ids, parse_edition, read_edition

TEXT = (EDITIONS / "mo-mwa/2014-01-27.yaml").read_text("utf-8")


def values_of(part: BaseModel) -> Iterator[Any]:
    for _, value in part:
        if hasattr(value, "cites"):
            yield value
        elif isinstance(value, BaseModel):
            yield from values_of(value)


@pytest.mark.parametrize("edition_id", edition_ids())
def test_every_value_of_a_shipped_edition_is_cited(edition_id: str) -> None:  # ALL-5
    policy = read_edition(edition_id)
    cited = list(values_of(policy))
    assert len(cited) > 10
    for value in (*cited, *policy.rules.values()):
        assert value.cites.strip()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("letter_interval_days", 30),
        ("weeks_to_lift", 2),
        ("limit_months", 60),
        ("transfer_days", 14),
        ("rate_window_months", 12),
        ("rate_free_months", 3),
        ("week_report_days", 7),
        ("lift_confirmation_days", 10),
        ("opens_at_hour", 9),
        ("sanctioned_status", "SS"),
        ("lifted_status", "DD"),
        ("trial_placement", "MWA Trial Participation"),
        ("time_zone", "America/Chicago"),
    ],
)
def test_the_manuals_values_are_the_editions(field: str, value: object) -> None:  # ALL-5
    assert getattr(edition("mo-mwa/2014-01-27"), field).value == value


def test_an_edition_travels_in_a_cases_history_unchanged() -> None:  # ALL-5
    policy, adapter = edition("mo-mwa/2016-01-01"), TypeAdapter(Policy)
    assert adapter.validate_json(adapter.dump_json(policy)) == policy


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("{value: 9,", "{value: 24,", "opens_at_hour.value"),
        ("value: America/Chicago", "value: America/Saint_Louis", "time_zone"),
        ("  value: 30\n", "  value: 0\n", "letter_interval_days.value"),
        ("  value: 30\n", "", "letter_interval_days.value"),
        ("  letter: {id: MO-2", "  other: {id: MO-2", "rules"),
        ("title:", "titel:", "titel"),
        ("effective: 2014-01-27", "effective: some day", "effective"),
        ("id: mo-mwa/2014-01-27", "id: [", "is not YAML"),
    ],
)
def test_a_bad_edition_is_refused_by_the_name_of_its_field(old: str, new: str, names: str) -> None:  # ALL-5
    assert old in TEXT
    with pytest.raises(BadEdition, match=names.replace(".", r"\.")):
        parse_edition(TEXT.replace(old, new, 1))


def test_an_edition_without_a_rule_for_a_topic_is_refused() -> None:  # ALL-5
    lines = [line for line in TEXT.splitlines() if not line.startswith("  transfer:")]
    with pytest.raises(BadEdition, match="no rule for transfer"):
        parse_edition("\n".join(lines))


def test_an_edition_that_does_not_exist_is_refused_with_those_that_do() -> None:  # ALL-5
    with pytest.raises(BadEdition, match="mo-mwa/2014-01-27"):
        read_edition("mo-mwa/1999-01-01")


def test_an_edition_is_named_as_its_file(tmp_path: Path) -> None:  # ALL-5
    (tmp_path / "mo-mwa").mkdir()
    (tmp_path / "mo-mwa/2020-01-01.yaml").write_text(TEXT, "utf-8")
    with pytest.raises(BadEdition, match="must be mo-mwa/2020-01-01"):
        read_edition("mo-mwa/2020-01-01", tmp_path)


def test_a_reason_names_rule_citation_edition_and_the_values_used() -> None:  # ALL-4
    policy = edition("mo-mwa/2014-01-27")
    reason = policy.reason("letters", "no agreement", last_sent_on=policy.effective)
    assert (reason.rule, reason.edition) == ("MO-3", "mo-mwa/2014-01-27")
    assert reason.cites.startswith("MO 0290.040.00")
    assert reason.inputs == {"last_sent_on": "2014-01-27"}


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"a": "extends: x/b\nid: x/a", "b": "extends: x/a\nid: x/b"}, "extends: goes in a circle"),
        ({"a": "extends: x/a\nid: x/a"}, "extends: goes in a circle"),
        ({"a": "extends: x/other\nid: x/a"}, "extends: no edition of that id"),
        ({"a": "extends: x/b\nrules: [1]", "b": TEXT}, "rules"),
        ({"a": "extends: x/b\nrules:", "b": TEXT}, "rules"),
        ({"a": "extends: x/b", "b": "- a list"}, "edition"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_edition_that_extends_what_it_cannot_is_refused(tmp_path: Path, files: dict[str, str], names: str) -> None:
    """ALL-5: by name, also when it goes in a circle."""
    (tmp_path / "x").mkdir()
    for name, text in files.items():
        (tmp_path / f"x/{name}.yaml").write_text(text)
    with pytest.raises(BadEdition, match=names):
        read_edition("x/a", tmp_path)


def test_an_edition_that_extends_another_has_its_values_and_says_what_changed() -> None:  # ALL-5
    before, after = edition("mo-mwa/2014-01-27"), edition("mo-mwa/2016-01-01")
    assert (before.limit_months.value, after.limit_months.value) == (60, 45)
    changed = {name for name, value in after if value != getattr(before, name)}
    assert changed == {"id", "title", "effective", "limit_months", "rules"}
    assert {topic for topic, rule in after.rules.items() if rule != before.rules[topic]} == {"limit"}
