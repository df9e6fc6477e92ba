"""The migrations make exactly the tables the code expects, whoever runs them, and however many at once."""

from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerContext
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from activities.records import database
from activities.records.database import connect
from activities.records.schema import Base
from activities.records.store import Records

pytest_plugins = ["tests.unit.postgres"]


def differences(url: str) -> list[Any]:
    engine = connect(url)
    with engine.connect() as connection:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    return found


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def execute(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_an_empty_database_becomes_what_the_schema_says(records_url: str) -> None:
    assert differences(records_url) == []
    assert tables(records_url) == {*Base.metadata.tables, "alembic_version"}


def test_the_comparison_sees_a_column_that_is_missing(records_url: str) -> None:
    connect(records_url).dispose()
    execute(records_url, "ALTER TABLE staff_task DROP COLUMN month")
    assert [(what, table) for what, _, table, _ in differences(records_url)] == [("add_column", "staff_task")]


def test_running_the_migrations_again_is_harmless(records_url: str) -> None:
    connect(records_url).dispose()
    execute(records_url, "INSERT INTO mwa_case (case_id) VALUES ('kept')")
    connect(records_url).dispose()
    engine = create_engine(records_url)
    with engine.connect() as connection:
        assert connection.scalars(text("SELECT case_id FROM mwa_case")).all() == ["kept"]
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == ["0002"]
    engine.dispose()


@pytest.mark.parametrize("table", ["staff_task", "one_update"])
def test_a_migration_that_fails_midway_leaves_nothing_behind(records_url: str, table: str) -> None:
    execute(records_url, f"CREATE TABLE {table} (in_the_way INTEGER)")
    with pytest.raises(DBAPIError):
        connect(records_url)
    assert tables(records_url) == {table}
    execute(records_url, f"DROP TABLE {table}")
    assert differences(records_url) == []


def bring_to(url: str, step: str) -> None:
    """Run the migrations up to a step, as the software of that time did."""
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, step)
    engine.dispose()


def test_a_database_of_the_first_step_keeps_its_rows_and_becomes_what_the_schema_says(records_url: str) -> None:
    bring_to(records_url, "0001")
    assert tables(records_url) == {*Base.metadata.tables, "alembic_version"} - {
        "pdp_update", "tracs_page", "one_update",
    }  # fmt: skip
    execute(records_url, "INSERT INTO applied_effect VALUES ('task', 'case', 'open_task', '2024-02-28')")
    execute(
        records_url,
        "INSERT INTO staff_task (effect, case_id, topic, rule, text, opened_on)"
        " VALUES ('task', 'case', 'contact', 'MO-11', 'Make a contact', '2024-02-28')",
    )
    assert differences(records_url) == []
    records = Records.open(records_url)
    assert [task.text for task in records.tasks("case")] == ["Make a contact"]
    assert [read("case") for read in (records.pdp_updates, records.tracs_pages, records.one_updates)] == [[], [], []]
    records.close()


def test_threads_opening_fresh_databases_at_once_is_harmless(records_url: str, tmp_path: Path) -> None:
    urls = [records_url, records_url, *(f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(2))]
    together = Barrier(len(urls), timeout=20)

    def open_it(url: str) -> None:
        together.wait()
        connect(url).dispose()

    with ThreadPoolExecutor(len(urls)) as pool:
        list(pool.map(open_it, urls))
    assert [differences(url) for url in urls] == [[], [], [], []]


def open_in_a_process(urls: list[str], together: Any) -> None:
    for url in urls:
        together.wait()
        connect(url).dispose()


def test_processes_opening_a_fresh_database_at_once_is_harmless(
    records_url: str, tmp_path: Path, processes: ForkServerContext
) -> None:
    urls = [records_url, *(f"sqlite:///{tmp_path / f'{number}.db'}" for number in range(12))]
    together = processes.Barrier(3, timeout=20)
    started = [processes.Process(target=open_in_a_process, args=(urls, together), daemon=True) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert differences(records_url) == []
