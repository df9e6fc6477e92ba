"""The systems of record, and the ledger that keeps every effect unique."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table; the ledger first, because the others refer to it."""
    op.create_table(
        "applied_effect",
        sa.Column("effect", sa.String(), primary_key=True),
        sa.Column("case_id", sa.String(), nullable=False, index=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
    )
    op.create_table(
        "mwa_case",
        sa.Column("case_id", sa.String(), primary_key=True),
        sa.Column("program", sa.String()),
        sa.Column("displayed_provider", sa.String()),
        sa.Column("work_status", sa.String()),
        sa.Column("opened_on", sa.Date()),
    )
    op.create_table(
        "mwa_placement",
        *_effect(),
        sa.Column("activity", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=False),
        *_end("ended"),
    )
    op.create_table(
        "mwa_transfer_request",
        *_effect(),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
    )
    op.create_table(
        "iep_update",
        *_effect(),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("activities", sa.JSON(), nullable=False),
        sa.Column("changes", sa.String()),
        sa.Column("recorded_on", sa.Date(), nullable=False),
    )
    op.create_table(
        "eligibility_alert",
        *_effect(),
        sa.Column("alert", sa.String(), nullable=False),
        sa.Column("ground", sa.String(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        *_end("withdrawn"),
    )
    op.create_table(
        "staff_task",
        *_effect(),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("month", sa.String()),
        sa.Column("opened_on", sa.Date(), nullable=False),
        *_end("closed"),
    )


def _effect() -> list[sa.Column[str]]:
    return [
        sa.Column("effect", sa.String(), sa.ForeignKey("applied_effect.effect"), primary_key=True),
        sa.Column("case_id", sa.String(), nullable=False, index=True),
    ]


def _end(verb: str) -> list[sa.Column[object]]:
    return [
        sa.Column(f"{verb}_on", sa.Date()),
        sa.Column(f"{verb}_by_effect", sa.String(), sa.ForeignKey("applied_effect.effect")),
    ]
