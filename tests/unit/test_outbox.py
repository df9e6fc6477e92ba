"""ALL-3: the outbox sends each letter exactly once, whoever asks, however often, and whatever breaks."""

import hashlib
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from activities.outbox import Delivered, Letter, Outbox, Revoked

LETTER = Letter("case-7/letter/1", "case-7", 1, date(2026, 1, 5), b"%PDF first")
ANOTHER_DAY = replace(LETTER, dated=date(2026, 1, 6), pdf=b"%PDF second attempt")

DELIVER = """
import sys
from datetime import date
from pathlib import Path
from activities.outbox import Letter, Outbox
day = int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(1, 21):
    letter = Letter(f"case-7/letter/{number}", "case-7", number, date(2026, 1, day), b"%PDF " + sys.argv[2].encode())
    print(Outbox(Path(sys.argv[1])).deliver(letter))
"""

ON_A_FULL_DISK = """
import resource, sys
from datetime import date
from pathlib import Path
from activities.outbox import Letter, Outbox
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    Outbox(Path(sys.argv[1])).deliver(Letter("case-7/letter/2", "case-7", 2, date(2026, 1, 5), bytes(int(sys.argv[3]))))
except OSError as error:
    print("OSError", error)
"""

CRASH = """
import os, sys
from datetime import date
from pathlib import Path
from activities import outbox
whole = outbox._write
def write_and_die(file, content):
    whole(file, content)
    os._exit(9)
outbox._write = write_and_die
outbox.Outbox(Path(sys.argv[1])).deliver(
    outbox.Letter("case-7/letter/1", "case-7", 1, date(2026, 1, 1), b"%PDF before the crash")
)
"""


def files_in(outbox: Outbox) -> list[str]:
    return sorted(
        path.relative_to(outbox.directory).as_posix()
        for path in outbox.directory.rglob("*")
        if path.is_file() and not path.name.startswith("index.sqlite")
    )


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def test_a_delivered_letter_lies_whole_where_the_carrier_says(outbox: Outbox):
    delivered = outbox.deliver(LETTER)

    assert (outbox.directory / delivered.where).read_bytes() == LETTER.pdf
    assert delivered == Delivered(
        LETTER.effect, date(2026, 1, 5), hashlib.sha256(LETTER.pdf).hexdigest(), delivered.where
    )
    assert files_in(outbox) == [delivered.where]


def test_a_second_delivery_of_an_effect_returns_the_first_and_leaves_one_letter(outbox: Outbox):
    first = outbox.deliver(LETTER)

    assert outbox.deliver(ANOTHER_DAY) == first
    assert Outbox(outbox.directory).deliver(ANOTHER_DAY) == first
    assert (outbox.directory / first.where).read_bytes() == LETTER.pdf
    assert outbox.letters() == [first]


def test_a_revoked_letter_is_never_sent(outbox: Outbox):
    assert outbox.revoke(LETTER.effect) is None
    assert outbox.revoke(LETTER.effect) is None
    with pytest.raises(Revoked, match="case-7/letter/1"):
        outbox.deliver(LETTER)
    assert (outbox.letters(), files_in(outbox)) == ([], [])
    outbox.deliver(replace(LETTER, effect="case-7/letter/1/2"))


def test_a_letter_that_was_sent_is_owned_up_to_when_it_is_revoked(outbox: Outbox):
    sent = outbox.deliver(LETTER)

    assert outbox.revoke(LETTER.effect) == sent
    assert outbox.deliver(ANOTHER_DAY) == sent


def test_an_outbox_from_before_letters_could_be_revoked_is_used_as_it_is(outbox: Outbox):
    sent = outbox.deliver(LETTER)
    with closing(sqlite3.connect(outbox.directory / "index.sqlite")) as index:
        index.execute("DROP TABLE revoked")

    assert outbox.revoke(LETTER.effect) == sent


def test_threads_that_deliver_one_effect_at_once_send_one_letter(outbox: Outbox):
    start = threading.Barrier(8)
    answers: list[Delivered] = []

    def deliver(day: int) -> None:
        start.wait()
        answers.append(outbox.deliver(replace(LETTER, dated=date(2026, 1, day), pdf=b"%PDF " + bytes([day]))))

    threads = [threading.Thread(target=deliver, args=(day,)) for day in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 8
    assert len(set(answers)) == 1
    content = (outbox.directory / answers[0].where).read_bytes()
    assert hashlib.sha256(content).hexdigest() == answers[0].sha256
    assert files_in(outbox) == [answers[0].where]


def test_two_processes_that_deliver_the_same_effects_at_once_send_each_letter_once(outbox: Outbox):
    processes = [python(DELIVER, outbox.directory, day) for day in (1, 2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    one, other = (process.communicate(timeout=30)[0] for process in processes)

    assert one.splitlines() == other.splitlines()
    assert len(one.splitlines()) == 20
    assert files_in(outbox) == sorted(letter.where for letter in outbox.letters("case-7"))
    for letter in outbox.letters():
        content = (outbox.directory / letter.where).read_bytes()
        assert hashlib.sha256(content).hexdigest() == letter.sha256


def test_a_crash_between_the_file_and_the_index_counts_as_not_sent_and_leaves_one_letter_in_the_end(outbox: Outbox):
    crashed = python(CRASH, outbox.directory)
    crashed.communicate(timeout=30)
    assert crashed.returncode == 9
    assert len(files_in(outbox)) == 1
    assert outbox.letters() == []

    delivered = outbox.deliver(LETTER)

    assert delivered.sent_on == LETTER.dated
    assert files_in(outbox) == [delivered.where]
    assert (outbox.directory / delivered.where).read_bytes() == LETTER.pdf


@pytest.mark.parametrize(
    ("case_id", "effect"),
    [
        ("../../etc", "../../etc/letter/1"),
        ("/absolute", "/absolute/letter/1"),
        (
            ".",
            "..",
        ),
        ("", ""),
        ("x" * 1000, "x" * 1000 + "/letter/1"),
        ("case\n\x00 'quoted' \u202e é", "effect\n\x00"),
        ("Ana-Lopez", "Ana-Lopez/letter/1"),
    ],
)
def test_any_case_id_gives_a_short_name_inside_the_outbox_that_tells_nothing(outbox: Outbox, case_id: str, effect: str):
    delivered = outbox.deliver(replace(LETTER, case_id=case_id, effect=effect))

    folder, file = delivered.where.split("/")
    assert len(folder) == 32
    assert set(folder) <= set("0123456789abcdef")
    assert set(file.removeprefix("letter-0001-").removesuffix(".pdf")) <= set("0123456789abcdef")
    assert files_in(outbox) == [delivered.where]
    assert outbox.letters(case_id) == [delivered]


def test_letters_are_listed_by_case_and_number_as_they_were_delivered(outbox: Outbox):
    sent = {
        (case, number): outbox.deliver(replace(LETTER, effect=f"{case}/letter/{number}", case_id=case, number=number))
        for case, number in [("b", 1), ("a", 10), ("a", 9)]
    }

    assert outbox.letters() == [sent["a", 9], sent["a", 10], sent["b", 1]]
    assert outbox.letters("a") == [sent["a", 9], sent["a", 10]]
    assert outbox.letters("c") == []


def test_an_outbox_never_used_lists_no_letters_and_makes_no_directory(outbox: Outbox):
    assert outbox.letters() == []
    assert not outbox.directory.exists()


NO_ROOM_BEYOND = 40_000
"""Bytes; more than SQLite needs to open an index, less than its write-ahead log holds after ten letters."""


@pytest.mark.parametrize(
    ("size", "sent_before"),
    [
        pytest.param(100_000, 1, id="no room for the letter"),
        pytest.param(1_000, 10, id="no room for the index row"),
    ],
)
def test_a_full_disk_raises_oserror_and_leaves_nothing_half_made(outbox: Outbox, size: int, sent_before: int):
    outbox.deliver(replace(LETTER, effect="case-1/letter/1"))
    with closing(sqlite3.connect(outbox.directory / "index.sqlite")) as reader:
        reader.execute("SELECT * FROM letters").fetchall()  # while someone reads, the log is kept and grows
        for case in range(sent_before):
            outbox.deliver(replace(LETTER, effect=f"case-{case}/letter/3", number=3))
        before = files_in(outbox), outbox.letters()

        answer, _ = python(ON_A_FULL_DISK, outbox.directory, NO_ROOM_BEYOND, size).communicate(timeout=30)

    assert answer.startswith("OSError")
    assert (files_in(outbox), outbox.letters()) == before
    assert outbox.deliver(replace(LETTER, effect="case-7/letter/2", number=2)).effect == "case-7/letter/2"


def test_a_directory_that_can_not_be_made_raises_oserror(tmp_path: Path):
    (tmp_path / "taken").write_text("a file, not a directory")

    with pytest.raises(OSError, match="taken"):
        Outbox(tmp_path / "taken" / "outbox").deliver(LETTER)


def test_an_index_that_is_not_a_database_raises_oserror_and_sends_nothing(outbox: Outbox):
    outbox.directory.mkdir()
    (outbox.directory / "index.sqlite").write_bytes(b"not a database" * 100)

    with pytest.raises(OSError, match=r"index\.sqlite"):
        outbox.deliver(LETTER)
    assert files_in(outbox) == []


def test_a_letter_shown_in_a_log_line_does_not_show_what_it_says():
    assert "PDF" not in repr(LETTER)
