"""The checker of the chaos knows what belongs together: an effect, its next issue, and what takes each back. ALL-3."""

import pytest

from chaos.check import hangs_on, taken_back


@pytest.mark.parametrize(
    ("undo", "effect"),
    [("c/undo/staffing/2/1", "c/staffing/2"), ("c/undo/staffing/2/2", "c/staffing/2/2")],
)
def test_what_is_taken_back_is_that_very_issue(undo: str, effect: str) -> None:
    assert taken_back(undo) == effect


@pytest.mark.parametrize(
    ("void", "effect", "hangs"),
    [
        ("c/staffing/2", "c/staffing/2", True),
        ("c/staffing/2", "c/staffing/2/2", True),
        ("c/staffing/2", "c/undo/staffing/2/1", True),
        ("c/staffing/2", "c/undo/staffing/2/2", True),
        ("c/staffing/2/2", "c/staffing/2/3", True),
        ("c/staffing/2/2", "c/undo/staffing/2/3", True),
        ("c/tracs/2", "c/tracs/2/final/2", True),
        ("c/tracs/2", "c/undo/tracs/2/final/1", True),
        ("c/staffing/2", "c/staffing/3", False),
        ("c/letter/1", "c/letter/2", False),
        ("c/letter/1", "c/undo/letter/2/1", False),
        ("c/letter/1", "c/letter/11", False),
    ],
)
def test_what_was_made_void_takes_with_it_what_hangs_on_it_and_nothing_else(
    void: str, effect: str, hangs: bool
) -> None:
    assert hangs_on(effect, void) is hangs
