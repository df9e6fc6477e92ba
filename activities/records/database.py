"""The database behind the records."""

from pathlib import Path

from sqlalchemy import Engine

import database

_MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str) -> Engine:
    """An engine on a database that has every table of the records. Raises ValueError for a URL of another kind."""
    return database.connect(url, _MIGRATIONS)
