"""The data keys of cases, in a database of their own outside Temporal. Destroying a case's keys ends its readability.

ALL-6. A case has one key it writes with, and keeps those it wrote with before. Every key is wrapped by a master key,
with its own id as associated data. A key made for a message whose case nobody knew (the UI does not say) belongs to the
first case that reads it, and is destroyed with that case's.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column
from sqlalchemy.types import DateTime, LargeBinary

import database
from converter.master_keys import MasterKeyMissing, MasterKeys

_MIGRATIONS = Path(__file__).parent / "migrations"
_KEY_BYTES = 32
_REWRAPPED_AT_ONCE = 500


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The tables of the key database."""


class DataKey(Base):
    """A data key, wrapped; of a destroyed one all but the key stays, so that its id is never anything else."""

    __tablename__ = "data_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str | None] = mapped_column(index=True)
    writes_for: Mapped[str | None] = mapped_column(unique=True)
    master: Mapped[str] = mapped_column(index=True)
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    destroyed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)


@dataclass(frozen=True)
class Key:
    """A data key, unwrapped: for memory only."""

    id: str
    case: str | None
    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.id})"


@dataclass(frozen=True)
class MasterInUse:
    """A master key, and how many data keys it wraps."""

    id: str
    wraps: int


class KeyDestroyed(RuntimeError):
    """A case whose keys were destroyed can't be written to any more; names the case."""


class CaseKeys:
    """The key database, for any number of threads and processes. Open it with `CaseKeys.open`."""

    def __init__(self, engine: Engine, masters: MasterKeys) -> None:
        self._engine = engine
        self._masters = masters

    @classmethod
    def open(cls, url: str, masters: MasterKeys) -> Self:
        """Open `sqlite:///<file>` or `postgresql+psycopg://...`. Raises ValueError for any other URL."""
        return cls(database.connect(url, _MIGRATIONS), masters)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def to_write(self, case: str) -> Key:
        """The key a case writes with, made where it has none. Raises KeyDestroyed."""
        with Session(self._engine.execution_options(**database.READS_ONLY)) as session:
            row = session.scalar(select(DataKey).where(DataKey.writes_for == case))
        if not row:
            return self._made(case)
        if row.wrapped is None:
            raise KeyDestroyed(f"the keys of {case} were destroyed")
        return self._unwrapped(row)

    def unbound(self) -> Key:
        """A fresh key for a message of which nobody says whose it is."""
        return self._added(None, None)

    def to_read(self, key: str, case: str | None) -> Key | None:
        """A key by its id; None where there is none, it was destroyed, or it is another case's.

        One that was nobody's is the case's from now on. Raises MasterKeyMissing.
        """
        with Session(self._engine.execution_options(**database.READS_ONLY)) as session:
            row = session.get(DataKey, key)
        if row and row.case_id is None and case:
            row = self._bound(key, case)
        if not row or row.wrapped is None or (case and row.case_id != case):
            return None
        return self._unwrapped(row)

    def case_of(self, key: str) -> str | None:
        """Whose key it is, if anybody's."""
        with Session(self._engine.execution_options(**database.READS_ONLY)) as session:
            return session.scalar(select(DataKey.case_id).where(DataKey.id == key))

    # What operations do with keys.

    def renew(self, cases: Iterable[str] | None = None) -> int:
        """Let cases, or all, take a fresh key with what they write next; answers how many. Old ones go on reading."""
        change = update(DataKey).where(DataKey.writes_for.is_not(None), DataKey.wrapped.is_not(None))
        if cases is not None:
            change = change.where(DataKey.writes_for.in_(list(cases)))
        with Session(self._engine) as session, session.begin():
            return session.connection().execute(change.values(writes_for=None)).rowcount

    def rewrap(self) -> Iterator[int]:
        """Wrap every data key with the newest master key, some at a time; yields how many each time."""
        self._wait_for_those_wrapping()
        while True:
            with self._wrapping() as session:
                stale = (
                    select(DataKey)
                    .where(DataKey.master != self._masters.newest(), DataKey.wrapped.is_not(None))
                    .order_by(DataKey.id)
                    .limit(_REWRAPPED_AT_ONCE)
                )
                rows = session.scalars(stale).all()
                for row in rows:
                    secret = self._masters.unwrap(row.master, row.wrapped or b"", row.id)
                    row.master, row.wrapped = self._masters.wrap(secret, row.id)
            if not rows:
                return
            yield len(rows)

    def masters(self) -> list[MasterInUse]:
        """The master keys that wrap data keys, and how many; the newest last, also where it wraps none yet."""
        counted = select(DataKey.master, func.count()).where(DataKey.wrapped.is_not(None)).group_by(DataKey.master)
        with Session(self._engine.execution_options(**database.READS_ONLY)) as session:
            wraps = dict(session.execute(counted).all())
        newest = self._masters.newest()
        return [MasterInUse(one, wraps.get(one, 0)) for one in (*sorted(wraps.keys() - {newest}), newest)]

    def destroy(self, case: str) -> int:
        """Destroy a case's keys for ever, and let it have no others; answers how many there were."""
        self._made_to_be_destroyed(case)
        gone = {"wrapped": None, "destroyed_at": datetime.now(UTC)}
        with Session(self._engine) as session, session.begin():
            change = update(DataKey).where(DataKey.case_id == case, DataKey.wrapped.is_not(None)).values(gone)
            count = session.connection().execute(change).rowcount
        self._forget()
        return count

    def _made_to_be_destroyed(self, case: str) -> None:
        """A case between two keys must not be given a fresh one after its others are gone."""
        try:
            self.to_write(case)
        except KeyDestroyed:
            return

    def _forget(self) -> None:
        """Overwrite what the file still holds of values that are gone; PostgreSQL does it by VACUUM (docs)."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        else:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM data_key"))

    def _made(self, case: str) -> Key:
        try:
            return self._added(case, case)
        except IntegrityError:  # another process was faster
            return self.to_write(case)

    def _added(self, case: str | None, writes_for: str | None) -> Key:
        key = Key(secrets.token_hex(8), case, secrets.token_bytes(_KEY_BYTES))
        now = datetime.now(UTC)
        with self._wrapping() as session:
            master, wrapped = self._masters.wrap(key.secret, key.id)
            session.add(
                DataKey(id=key.id, case_id=case, writes_for=writes_for, master=master, wrapped=wrapped, made_at=now)
            )
        return key

    @contextmanager
    def _wrapping(self) -> Iterator[Session]:
        """A transaction that holds the lock of a writer before it asks which master key is the newest."""
        with Session(self._engine) as session, session.begin():
            self._lock(session, "ROW EXCLUSIVE")
            yield session

    def _wait_for_those_wrapping(self) -> None:
        """Whoever wraps after this has seen the master key that is the newest now: none is lost when others go."""
        with Session(self._engine) as session, session.begin():
            self._lock(session, "SHARE")

    def _lock(self, session: Session, mode: str) -> None:
        session.connection()  # SQLite has one writer at a time, from the start of its transaction
        if self._engine.dialect.name == "postgresql":
            session.execute(text(f"LOCK TABLE data_key IN {mode} MODE"))

    def _bound(self, key: str, case: str) -> DataKey | None:
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            session.execute(update(DataKey).where(DataKey.id == key, DataKey.case_id.is_(None)).values(case_id=case))
            return session.get(DataKey, key)

    def _unwrapped(self, row: DataKey) -> Key:
        try:
            return Key(row.id, row.case_id, self._masters.unwrap(row.master, row.wrapped or b"", row.id))
        except MasterKeyMissing:
            with Session(self._engine.execution_options(**database.READS_ONLY)) as session:
                again = session.get(DataKey, row.id)
            if not again or again.master == row.master:
                raise
            return self._unwrapped(again)  # it was wrapped anew since it was read
