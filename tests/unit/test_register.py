"""The register says what the archive ever had, so that nothing can be taken out of it unseen. ALL-8."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.archive.links import hash_of
from activities.archive.register import enter
from activities.archive.store import REGISTER, Archive
from audit.register import newest_entry, register
from signing import NotGenuine

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def archive(directory: Path) -> Archive:
    """Two cases of two links, entered as they came."""
    archive = Archive.open(f"file://{directory}")
    for number in (1, 2):
        for case in ("one", "other"):
            archive.add_link(case, number, f"{case} {number}")
        enter(archive, newest(archive, "one", "other"), KEY)
    return archive


def newest(archive: Archive, *cases: str) -> dict[str, tuple[int, str]]:
    manifests = {case: archive.manifest(case) for case in cases}
    return {case: (len(texts), hash_of(texts[-1].encode())) for case, texts in manifests.items()}


def faults(archive: Archive, noted: str | None = None) -> tuple[str, ...]:
    return register(archive, KEY.public_key(), noted).faults


def test_an_archive_from_which_nothing_was_taken_is_whole(archive: Archive) -> None:
    assert archive.folders() == ["one", "other"]
    assert faults(archive, newest_entry(archive)) == ()


def test_what_is_entered_already_is_not_entered_again(archive: Archive) -> None:
    enter(archive, newest(archive, "one"), KEY)
    enter(archive, {}, KEY)
    assert len(archive.register()) == 2
    archive.add_link("one", 3, "one 3")
    enter(archive, newest(archive, "one"), KEY)
    assert len(archive.register()) == 3


def test_a_case_that_was_taken_out_whole_is_named(archive: Archive, directory: Path) -> None:
    shutil.rmtree(directory / "one")
    assert faults(archive) == ("one: the whole case was taken out",)


def test_a_newest_link_that_was_taken_out_is_named(archive: Archive, directory: Path) -> None:
    (directory / "other" / "manifest" / "000002.json").unlink()
    assert faults(archive) == ("other: link 2 was taken out, or is another",)


def test_a_whole_chain_signed_anew_is_not_what_was_entered(archive: Archive, directory: Path) -> None:
    for number in (1, 2):
        (directory / "one" / "manifest" / f"00000{number}.json").write_text(f"another {number}")
    enter(archive, newest(archive, "one"), KEY)
    assert faults(archive) == tuple(f"one: link {number} was taken out, or is another" for number in (1, 2))


def test_an_entry_that_was_changed_or_taken_out_is_named(archive: Archive, directory: Path) -> None:
    first = directory / REGISTER / "0000001.json"
    kept = first.read_text()
    first.write_text(kept.replace("other", "nobody"))
    assert faults(archive)[0].startswith("link 1: signature")
    first.unlink()
    assert faults(archive)[0].startswith("link 1: does not follow")


def test_newest_entries_that_were_taken_out_are_missed_by_who_noted_one(archive: Archive, directory: Path) -> None:
    noted = newest_entry(archive)
    (directory / REGISTER / "0000002.json").unlink()
    assert faults(archive) == ()
    [fault] = faults(archive, noted)
    assert f"entry {noted}, which was noted, is not there" in fault


def test_a_register_that_was_taken_out_whole_is_missed(archive: Archive, directory: Path) -> None:
    shutil.rmtree(directory / REGISTER)
    assert faults(archive) == ("the register is gone, or the first archiving is under way",)


def test_nothing_is_entered_after_what_somebody_else_has_signed(archive: Archive) -> None:
    with pytest.raises(NotGenuine):
        enter(archive, {"one": (3, "x")}, Ed25519PrivateKey.generate())


def test_a_case_that_is_not_entered_yet_is_noted(archive: Archive) -> None:
    archive.add_link("late", 1, "late 1")
    step = register(archive, KEY.public_key())
    assert (step.faults, step.notes) == ((), ("late: is not entered yet",))
