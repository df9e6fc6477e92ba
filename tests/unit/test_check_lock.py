"""What the lock file installs is pinned by hash and not known to be vulnerable."""

from typing import Any

import pytest

from check_lock import LOCK, MENDED, faults, requirements, vulnerable

HASH = "--hash=sha256:" + "0" * 64


def test_our_lock_has_no_fault() -> None:
    lock = LOCK.read_text()
    assert faults(lock) == []
    assert len(list(requirements(lock))) == sum(line[:1].isalpha() for line in lock.splitlines())


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (f"requests==2.34.0 \\\n    {HASH}\n", None),
        (f"psycopg[binary]==3.3.0 ; python_version < '3.14' \\\n    {HASH} \\\n    {HASH}\n", None),
        ("requests==2.34.0\n", "no sha256 hash"),
        ("requests==2.34.0 --hash=sha256:0\n", "no sha256 hash"),
        (f"requests>=2.34.0 {HASH}\n", "NAME==VERSION"),
        (f"requests @ file:///tmp/requests.whl {HASH}\n", "NAME==VERSION"),
        (f"requests==2.30.0 {HASH}\n", MENDED["requests"][1]),
        (f"Requests==2.9.0 {HASH}\n", MENDED["requests"][1]),
        (f"markdown_it_py==2.1.9 {HASH}\n", MENDED["markdown-it-py"][1]),
    ],
)
def test_a_requirement_is_pinned_with_its_hash_and_newer_than_its_flaws(line: str, fault: str | None) -> None:
    found = faults(f"# a comment\n{line}")
    assert len(found) == (1 if fault else 0)
    assert (fault or "") in "".join(found)


@pytest.mark.parametrize(
    ("dependencies", "told"),
    [
        ([], (0, [])),
        ([{"name": "a", "skip_reason": "not found"}], (0, [])),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}], (1, [])),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}], (1, ["a: PYSEC-1"])),
    ],
)
def test_a_package_nobody_was_told_of_does_not_count_as_sound(
    dependencies: list[dict[str, Any]], told: tuple[int, list[str]]
) -> None:
    assert vulnerable({"dependencies": dependencies}) == told
