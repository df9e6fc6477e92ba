"""Where letters are carried: an interface, and the embedded carrier that keeps them in a directory. ALL-3."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

_SCHEMA = """
CREATE TABLE letters (
    effect TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    sent_on TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    file TEXT NOT NULL
) STRICT
"""
_REVOKED = "CREATE TABLE IF NOT EXISTS revoked (effect TEXT PRIMARY KEY) STRICT"
_LONGEST_WAIT = 30.0
"""Seconds one delivery waits for another to end."""


@dataclass(frozen=True)
class Letter:
    """A letter ready to go; its `effect` is the id that the carrier keeps unique."""

    effect: str
    case_id: str
    number: int
    dated: date
    pdf: bytes = field(repr=False)


@dataclass(frozen=True)
class Delivered:
    """What became of a letter: the date it was first sent on, and where the carrier keeps it."""

    effect: str
    sent_on: date
    sha256: str
    where: str


class Revoked(RuntimeError):
    """An effect that was made void for good is not carried out; the message is its id."""


class Carrier(Protocol):
    """Sends letters on, each exactly once; one that was revoked, never."""

    def deliver(self, letter: Letter) -> Delivered:
        """Send a letter; one whose effect was delivered before is not sent again, and the first delivery returned.

        ALL-3. Raises OSError where the letter can't be sent now, when trying again is safe; Revoked for one that was
        revoked.
        """
        ...

    def revoke(self, effect: str) -> Delivered | None:
        """Never send the letter of an effect; answers with its delivery where it was sent before. ALL-3.

        Raises OSError where that can't be said now; asking again is safe.
        """
        ...


class Outbox:
    """A carrier that keeps letters as PDF files, for the mail room to print, and an index of them in SQLite.

    The row in the index is the truth: a file without a row was never sent, and is overwritten when it is. Names of
    folders and files are digests, so that any case id is safe and none can be read from a listing (ALL-6).
    Safe to share between threads, and between processes on one machine; the directory must be on a local disk.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def deliver(self, letter: Letter) -> Delivered:
        """Keep a letter, unless its effect is in the index; `where` is the file's path inside the directory.

        ALL-3. Raises OSError when the directory can't be written or is full; then nothing was delivered. Raises Revoked
        for a letter that was revoked.
        """
        with self._writing() as index:
            if index.execute("SELECT effect FROM revoked WHERE effect = ?", (letter.effect,)).fetchone():
                raise Revoked(letter.effect)
            first = _find(index, letter.effect)
            return first or self._send(index, letter)

    def revoke(self, effect: str) -> Delivered | None:
        """Never keep the letter of an effect, if it is not in the index. ALL-3. Raises OSError as `deliver` does."""
        with self._writing() as index:
            gone = _find(index, effect)
            if not gone:
                index.execute("INSERT OR IGNORE INTO revoked (effect) VALUES (?)", (effect,))
                index.execute("COMMIT")
            return gone

    def letters(self, case_id: str | None = None) -> list[Delivered]:
        """The letters sent, of one case or of all, in order of case and number. Raises OSError when unreadable."""
        if not self._index_file.exists():
            return []
        with self._index() as index:
            rows = index.execute(
                "SELECT effect, sent_on, sha256, file FROM letters WHERE ?1 IS NULL OR case_id = ?1"
                " ORDER BY case_id, number, effect",
                (case_id,),
            )
            return [_delivered(*row) for row in rows]

    @property
    def _index_file(self) -> Path:
        return self.directory / "index.sqlite"

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each call, so that threads share none. Leaving it rolls back what is open."""
        try:
            with closing(sqlite3.connect(self._index_file, timeout=_LONGEST_WAIT, isolation_level=None)) as index:
                index.execute("PRAGMA synchronous = FULL")
                yield index
        except sqlite3.Error as error:
            raise OSError(f"the outbox index {self._index_file} can't be used: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time, over all processes: no two can both find an effect missing."""
        self._make_index()
        with self._index() as index:
            index.execute(_REVOKED)
            index.execute("BEGIN IMMEDIATE")
            yield index

    def _make_index(self) -> None:
        """Make the index aside and link it into place whole: processes that switch one file to WAL at the same time
        find it locked, whatever the timeout. The first link wins, and the others use that index.
        """
        if self._index_file.exists():
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.directory, prefix="new-") as aside:
            fresh = Path(aside, self._index_file.name)
            try:
                with closing(sqlite3.connect(fresh, isolation_level=None)) as index:
                    index.execute("PRAGMA journal_mode = WAL")
                    index.execute(_SCHEMA)
            except sqlite3.Error as error:
                raise OSError(f"the outbox index {self._index_file} can't be made: {error}") from error
            with suppress(FileExistsError):
                os.link(fresh, self._index_file)
        _sync(self.directory)

    def _send(self, index: sqlite3.Connection, letter: Letter) -> Delivered:
        file = Path(_digest(letter.case_id), f"letter-{letter.number:04d}-{_digest(letter.effect)}.pdf")
        sent = Delivered(letter.effect, letter.dated, hashlib.sha256(letter.pdf).hexdigest(), file.as_posix())
        try:
            _write(self.directory / file, letter.pdf)
            index.execute(
                "INSERT INTO letters (effect, case_id, number, sent_on, sha256, file) VALUES (?, ?, ?, ?, ?, ?)",
                (sent.effect, letter.case_id, letter.number, sent.sent_on.isoformat(), sent.sha256, sent.where),
            )
            index.execute("COMMIT")
        except (OSError, sqlite3.Error):
            with suppress(sqlite3.Error):
                self._remove_unsent(index, letter.effect, self.directory / file)
            raise
        return sent

    def _remove_unsent(self, index: sqlite3.Connection, effect: str, file: Path) -> None:
        """Remove a file that no row speaks for. A failed commit gives up the lock, and another process may have sent
        the letter since; so the index is asked again, under the lock."""
        index.rollback()
        index.execute("BEGIN IMMEDIATE")
        if _find(index, effect) is None:
            file.unlink(missing_ok=True)


def _find(index: sqlite3.Connection, effect: str) -> Delivered | None:
    row = index.execute("SELECT effect, sent_on, sha256, file FROM letters WHERE effect = ?", (effect,)).fetchone()
    return _delivered(*row) if row else None


def _delivered(effect: str, sent_on: str, sha256: str, file: str) -> Delivered:
    return Delivered(effect, date.fromisoformat(sent_on), sha256, file)


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all, and durably: on disk before the index says that it is there."""
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    try:
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, file)
        _sync(file.parent)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make a rename in a folder survive a power failure, where the system lets a folder be opened for that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
