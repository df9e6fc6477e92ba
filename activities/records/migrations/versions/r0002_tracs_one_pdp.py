"""The systems of record of Oregon JOBS: PDP, TRACS and ONE."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create their tables; what is recorded stays as it is."""
    op.create_table(
        "pdp_update",
        *_effect(),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("attendance_hours", sa.Double()),
        sa.Column("activities", sa.JSON(), nullable=False),
        sa.Column("changes", sa.String()),
        sa.Column("updated_on", sa.Date(), nullable=False),
        *_mark("corrected"),
    )
    op.create_table(
        "tracs_page",
        *_effect(),
        sa.Column("staffing", sa.Integer(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("selection", sa.String(), nullable=False),
        sa.Column("narration", sa.String(), nullable=False),
        sa.Column("selected_on", sa.Date(), nullable=False),
        *_mark("finalised"),
        *_mark("cleared"),
    )
    op.create_table(
        "one_update",
        *_effect(),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("case_note", sa.String(), nullable=False),
        sa.Column("updated_on", sa.Date(), nullable=False),
        *_mark("reversed"),
    )


def _effect() -> list[sa.Column[str]]:
    return [
        sa.Column("effect", sa.String(), sa.ForeignKey("applied_effect.effect"), primary_key=True),
        sa.Column("case_id", sa.String(), nullable=False, index=True),
    ]


def _mark(verb: str) -> list[sa.Column[object]]:
    return [
        sa.Column(f"{verb}_on", sa.Date()),
        sa.Column(f"{verb}_by_effect", sa.String(), sa.ForeignKey("applied_effect.effect")),
    ]
