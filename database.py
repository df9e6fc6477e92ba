"""A database of ours: SQLite in a file, or PostgreSQL by URL, brought to its present shape on opening."""

import sqlite3
import time
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

READS_ONLY = {"reads_only": True}

_PATIENCE = 30  # seconds one writer waits for another; operational
_PAUSE = 0.02
_MIGRATION_LOCK = 290_040  # any number, the same in every worker: the advisory lock of PostgreSQL
_in_this_process = Lock()  # alembic keeps the running migration in module globals


def connect(url: str, migrations: Path) -> Engine:
    """An engine on a database that has every table of `migrations`; several workers may call it at the same time.

    Raises ValueError for a URL of another kind; the errors of the database without the values they concern. ALL-6.
    """
    parsed = _checked(url)
    engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    event.listen(engine, "handle_error", _conceal_values)
    if engine.dialect.name == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _migrate(engine, migrations)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _checked(url: str) -> URL:
    wanted = "a database URL must be 'sqlite:///<file>' or 'postgresql+psycopg://<user>@<host>/<database>'"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(f"{wanted}; the one given is not a database URL") from None
    match parsed.drivername, parsed.database:
        case (("sqlite" | "sqlite+pysqlite"), (None | "" | ":memory:")):
            raise ValueError(f"{wanted}; a database in memory can't be shared by the threads of a worker")
        case (("sqlite" | "sqlite+pysqlite" | "postgresql+psycopg"), _):
            return parsed
        case drivername, _:
            raise ValueError(f"{wanted}, not {drivername!r}")


def _migrate(engine: Engine, migrations: Path) -> None:
    """Run the migrations that are missing, in one transaction, while every other worker waits for it."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    with _in_this_process, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction of its own: _begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # Temporal is told it is done: it must stay so
    connection.execute("PRAGMA secure_delete = ON")  # a key destroyed is overwritten, not only forgotten
    _write_ahead(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers don't wait for a writer. While another process switches the same file, SQLite refuses at once."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock at the start: to take it midway fails at once where another writer was faster."""
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _conceal_values(context: ExceptionContext) -> None:
    """Keep the first line of an error: PostgreSQL quotes the row that failed in the ones below. ALL-6."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            first_line, *_ = str(error.args[0]).partition("\n")
            error.args = (first_line, *error.args[1:])
