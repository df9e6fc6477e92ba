"""Run by alembic for every upgrade: inside the caller's connection and transaction, which hold the lock."""

from alembic import context

from activities.records.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
