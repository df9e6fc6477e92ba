from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.lives import BadLives, Script, read_lives
from domain.case import Outcome
from domain.facts import KINDS
from domain.staffing.facts import STAFFING_KINDS
from policy.load import edition

LIVES = [life for name in ("lives", "lives-oregon") for life in read_lives(Path(f"samples/{name}.yaml"))]
OREGON = [life for life in LIVES if (life.edition or "").startswith("or-jobs/")]


def test_the_sample_lives_come_to_every_outcome_and_use_every_fact() -> None:
    assert len(LIVES) >= 24
    assert {life.ends for life in LIVES} == set(Outcome)
    told = {happening.kind for life in LIVES for happening in life.facts if not happening.staffing}
    assert told == set(KINDS) - {"staffing_decided"}, "which the staffings tell themselves"
    recorded = {happening.kind for life in LIVES for happening in life.facts if happening.staffing}
    assert recorded == set(STAFFING_KINDS) - {"ended"}, "which the case tells"


def test_the_sample_lives_of_oregon_come_to_every_outcome() -> None:  # OR-8
    assert {life.ends for life in OREGON} == set(Outcome)


def test_a_life_is_dated_from_the_day_its_case_opens() -> None:
    moves = next(life for life in LIVES if life.name == "returned-mail")
    script = Script("case-1", moves, edition("mo-mwa/2014-01-27"), datetime(2026, 1, 7, 18, tzinfo=UTC))
    assert script.opening()["sanction_began"] == "2025-12-18"
    assert script.opening()["months_through"] == "2025-12"
    assert script.fact(0)["happened_on"] == "2026-01-16"
    assert script.fact(1)["task"] == "case-1/task/returned-mail/2026-01-16"


def test_a_sunday_is_the_first_from_that_day_on() -> None:
    life = next(life for life in LIVES if life.name == "two-good-weeks")
    script = Script("case-1", life, edition("mo-mwa/2014-01-27"), datetime(2026, 1, 6, 18, tzinfo=UTC))
    assert script.fact(1)["week"] == "2026-01-18"  # day 12 is that Sunday itself


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {name: a, about: b, opened: {}, facts: [{day: 1, kind: fax}]}", "life a: facts.0.kind"),
        ("- {name: a, about: b, opened: {}, facts: [{day: -1, kind: response}]}", "life a: facts.0.day"),
        ("- {name: A B, about: b, opened: {}}", "name"),
        ("- {name: a, about: b, opened: {}, ends: happily}", "life a: ends"),
        ("a: b", "must be a list"),
        ("- [", "line"),
    ],
)
def test_lives_that_cannot_be_rehearsed_are_refused_by_name(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "lives.yaml"
    file.write_text(text)
    with pytest.raises(BadLives, match=says):
        read_lives(file)
