"""Hourly counts of techniques, and bursts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "burst",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("technique", sa.String(length=32), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("alarm_at", sa.Float(precision=53), nullable=False),
        sa.Column("last_at", sa.Float(precision=53), nullable=False),
        sa.Column("peak", sa.Float(precision=53), nullable=False),
        sa.Column("threshold", sa.Float(precision=53), nullable=False),
        sa.Column("observed", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Float(precision=53), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("burst", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_burst_last_at"), ["last_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_burst_region"), ["region"], unique=False)
        batch_op.create_index(batch_op.f("ix_burst_started_at"), ["started_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_burst_technique"), ["technique"], unique=False)

    op.create_table(
        "burst_count",
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("technique", sa.String(length=32), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("enterprises", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "technique", "region", "industry"),
    )


def downgrade() -> None:
    op.drop_table("burst_count")
    with op.batch_alter_table("burst", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_burst_technique"))
        batch_op.drop_index(batch_op.f("ix_burst_started_at"))
        batch_op.drop_index(batch_op.f("ix_burst_region"))
        batch_op.drop_index(batch_op.f("ix_burst_last_at"))

    op.drop_table("burst")
