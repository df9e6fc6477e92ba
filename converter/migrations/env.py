"""Run by alembic for every upgrade: inside the caller's connection and transaction, which hold the lock."""

from alembic import context

from converter.keys import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table="data_key_version",  # where keys and records share a database, each keeps its own
)
with context.begin_transaction():
    context.run_migrations()
