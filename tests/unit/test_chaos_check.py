"""The checker of the chaos knows what belongs together: an effect, its next issue, and what takes each back. ALL-3."""

import pytest

from chaos.check import hangs_on, taken_back


@pytest.mark.parametrize(
    ("undo", "effect"),
    [("c/undo/staffing/2/1", "c/staffing/2"), ("c/undo/staffing/2/2", "c/staffing/2/2")],
)
def test_what_is_taken_back_is_that_very_issue(undo: str, effect: str) -> None:
    assert taken_back(undo) == effect


def test_on_what_was_made_void_hang_its_next_issue_and_what_takes_them_back() -> None:
    assert hangs_on("c/staffing/2") >= {"c/staffing/2", "c/staffing/2/2", "c/undo/staffing/2/1", "c/undo/staffing/2/2"}
    assert hangs_on("c/staffing/2/2") >= {"c/staffing/2/2", "c/staffing/2/3", "c/undo/staffing/2/3"}


def test_on_one_letter_hangs_no_other() -> None:
    assert not hangs_on("c/letter/1") & {"c/letter/2", "c/letter/3", "c/undo/letter/2/1"}
