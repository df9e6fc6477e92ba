"""The archive keeps what it was given, writes nothing over, and its chain of links can't be changed unseen. ALL-8."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from obstore.store import MemoryStore

from activities.archive.links import Link, genuine, hash_of, hash_of_history, marks_of
from activities.archive.store import Archive
from signing import NotGenuine, signed

KEY = Ed25519PrivateKey.generate()
HISTORY = {"events": [{"eventId": "1"}, {"eventId": "2"}]}
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(params=["directory", "memory"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    return Archive(MemoryStore()) if request.param == "memory" else Archive.open(f"file://{tmp_path}/archive")


def link(number: int, previous: str | None, **other: Any) -> Link:
    said = {
        **{"case": "c", "number": number, "previous": previous, "workflow_id": "c", "workflow_type": "T"},
        **{"run_id": f"r{number}", "first_run_id": "r1", "continued_from": None, "continued_as": None},
        **{"reset_from": None, "status": "completed", "started_at": NOW, "closed_at": NOW, "archived_at": NOW},
        **{"events": 2, "history_sha256": hash_of_history(HISTORY), "event_marks": marks_of(HISTORY)},
        **{"build_ids": (), "editions": (), "letters": {}},
    }
    return Link.model_validate(said | other)


def texts(count: int = 3, key: Ed25519PrivateKey = KEY) -> list[str]:
    made: list[str] = []
    for number in range(1, count + 1):
        previous = hash_of(made[-1].encode()) if made else None
        made.append(signed(link(number, previous).model_dump(mode="json"), key))
    return made


def exchanged(made: list[str]) -> list[str]:
    return [made[1], made[0], *made[2:]]


def taken_out(made: list[str]) -> list[str]:
    return [made[0], *made[2:]]


def changed(made: list[str]) -> list[str]:
    return [made[0], made[1].replace('"completed"', '"terminated"'), *made[2:]]


def of_another_chain(made: list[str]) -> list[str]:
    return [*made[:2], signed(link(3, None).model_dump(mode="json"), KEY)]


def of_another_case(made: list[str]) -> list[str]:
    other = link(3, hash_of(made[1].encode()), case="another")
    return [*made[:2], signed(other.model_dump(mode="json"), KEY)]


def by_another_key(made: list[str]) -> list[str]:
    return [*made[:2], texts(3, Ed25519PrivateKey.generate())[2]]


def test_a_chain_that_nobody_changed_is_genuine() -> None:
    assert [one.number for one in genuine(texts(), KEY.public_key())] == [1, 2, 3]


@pytest.mark.parametrize(
    ("tampering", "names"),
    [
        (exchanged, "link 1"),
        (taken_out, "link 2"),
        (changed, "link 2"),
        (of_another_chain, "link 3"),
        (of_another_case, "link 3: is of another case"),
        (by_another_key, "link 3: signed_by"),
    ],
)
def test_a_change_of_the_chain_is_found_and_named(tampering: Callable[[list[str]], list[str]], names: str) -> None:
    with pytest.raises(NotGenuine, match=names):
        genuine(tampering(texts()), KEY.public_key())


def test_what_is_kept_is_not_written_over(archive: Archive) -> None:
    archive.keep_history("c", "r1", HISTORY)
    archive.keep_history("c", "r1", {"events": []})
    assert archive.history("c", "r1") == HISTORY
    assert archive.add_link("c", 1, "first")
    assert not archive.add_link("c", 1, "second")
    assert archive.manifest("c") == ["first"]
    assert (archive.folders(), archive.runs("c")) == (["c"], {"r1"})


def test_links_come_in_the_order_of_their_numbers(archive: Archive) -> None:
    for number in (10, 9, 11, 100):
        archive.add_link("c", number, str(number))
    assert archive.manifest("c") == ["9", "10", "11", "100"]


@pytest.mark.parametrize("case", ["..", ".", "a/b", "../../etc", "a b", "é", "x" * 300, ""])
def test_any_case_id_has_a_folder_of_its_own_inside_the_archive(archive: Archive, case: str) -> None:
    archive.keep_history(case, "r1", HISTORY)
    archive.add_link(case, 1, "link")
    [folder] = archive.folders()
    assert folder.startswith("digest-")
    assert archive.manifest(case) == archive.manifest(folder) == ["link"]


def test_a_damaged_history_is_an_error_that_names_the_run(tmp_path: Path) -> None:
    archive = Archive.open(f"file://{tmp_path}")
    archive.keep_history("c", "r1", HISTORY)
    file = tmp_path / "c" / "runs" / "r1.json.gz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(ValueError, match="run r1 is damaged"):
        archive.history("c", "r1")


def test_object_storage_is_named_by_its_url() -> None:
    Archive.open("s3://bucket/prefix?region=us-east-1")
    with pytest.raises(ValueError, match="archive URL"):
        Archive.open("nowhere://bucket")


def test_an_archive_that_can_not_be_reached_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    archive = Archive.open(f"file://{tmp_path}/archive")
    (tmp_path / "archive" / "c").write_text("a file where a folder ought to be")
    with pytest.raises(OSError, match="archive"):
        archive.keep_history("c", "r1", HISTORY)
