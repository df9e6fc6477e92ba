"""The data keys, wrapped, and whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the one table."""
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), index=True),
        sa.Column("writes_for", sa.String(), unique=True),
        sa.Column("master", sa.String(), nullable=False, index=True),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True)),
    )
