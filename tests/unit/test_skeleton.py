"""The skeleton of a case says what was decided by which rule, and nothing personal; nobody can change it. ALL-6."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.skeleton import skeleton
from domain.case import Case
from domain.ledger import Entry
from domain.views import status
from policy.load import edition
from signing import NotGenuine, public_key, signed, signing_key, verified

NAME = "Annabel Quillfeather"
AT, ON = datetime(2026, 3, 2, 16, tzinfo=UTC), date(2026, 3, 1)
TIMELINE = (
    Entry(AT, ON, "fact", f"opened: provider MWA-STL-01, {NAME}", ("MO-1",), f"{NAME}-1"),
    Entry(AT, ON, "decision", "reengaging: re-engagement starts at once", ("MO-1",)),
    Entry(AT, ON, "decision", f"send letter: {NAME}", ("MO-2",), "case-1/letter/1"),
    Entry(AT, ON, "effect", "carried out: letter/1", ("MO-2",), "case-1/letter/1"),
    Entry(AT, ON, "quarantine", f"held: {NAME}", ("ALL-2",), NAME),
    Entry(AT, ON, "decision", "closed (exempt): an exemption was reported", ("MO-16",)),
    Entry(AT, ON, "fact", NAME, ("MO-5",), NAME),
)
WRITTEN = skeleton(status(Case("case-1"), edition("mo-mwa/2014-01-27")), ["run-1"], TIMELINE, AT)
KEY = Ed25519PrivateKey.generate()
SIGNED = signed(WRITTEN.model_dump(mode="json"), KEY)


def test_it_says_what_was_heard_decided_and_done_under_which_rule() -> None:
    assert [(step.what, step.of, step.rules) for step in WRITTEN.steps] == [
        ("fact", "opened", ("MO-1",)),
        ("decision", "reengaging", ("MO-1",)),
        ("decision", "letter/1", ("MO-2",)),
        ("effect", "letter/1", ("MO-2",)),
        ("quarantine", None, ("ALL-2",)),
        ("decision", "closed/exempt", ("MO-16",)),
        ("fact", None, ("MO-5",)),
    ]


def test_it_holds_no_text_that_came_from_outside() -> None:
    assert NAME not in SIGNED


def test_what_was_signed_verifies() -> None:
    assert verified(SIGNED, KEY.public_key()) == WRITTEN.model_dump(mode="json")


@given(where=st.integers(0, len(SIGNED) - 1), character=st.characters(codec="ascii"))
def test_one_character_that_was_changed_is_found(where: int, character: str) -> None:
    changed = SIGNED[:where] + character + SIGNED[where + 1 :]
    if _said(changed) != _said(SIGNED):
        with pytest.raises(NotGenuine):
            verified(changed, KEY.public_key())


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"document": {"case": "another"}}, "signature: is not of this document"),
        ({"signed_by": "0" * 16}, "signed_by: 0000000000000000, wanted is"),
        ({"signature": "AAAA"}, "signature: is not of this document"),
        ({"signature": "?"}, "is no signed document"),
        ({"more": 1}, "is not written as it was signed: something was added, or put otherwise"),
    ],
)
def test_a_change_is_named(change: dict[str, Any], because: str) -> None:
    with pytest.raises(NotGenuine, match=because):
        verified(json.dumps({**json.loads(SIGNED), **change}), KEY.public_key())


def test_another_key_does_not_vouch_for_it() -> None:
    with pytest.raises(NotGenuine, match="signed_by"):
        verified(SIGNED, Ed25519PrivateKey.generate().public_key())


def test_the_signing_key_is_made_once_with_its_public_key_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    text = signed({"a": 1}, signing_key(path))
    assert signing_key(path).private_bytes_raw() == signing_key(path).private_bytes_raw()
    assert verified(text, public_key(tmp_path / "signing.pub")) == {"a": 1}


def _said(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
