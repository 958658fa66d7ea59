"""What rules did and cost, by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTED = ("hits", "excepted", "dropped", "timed", "nanoseconds")


def upgrade() -> None:
    op.create_table(
        "rule_daily",
        sa.Column("rule_id", sa.String(length=128), nullable=False),
        sa.Column("enterprise_id", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTED),
        sa.PrimaryKeyConstraint("rule_id", "enterprise_id", "day"),
    )
    with op.batch_alter_table("rule_daily", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rule_daily_day"), ["day"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rule_daily", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rule_daily_day"))
    op.drop_table("rule_daily")
