"""wide decision numbers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":  # an INTEGER of SQLite has 64 bits already
        op.alter_column(
            "decision", "undone_by", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=True
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column(
            "decision", "undone_by", type_=sa.Integer(), existing_type=sa.BigInteger(), existing_nullable=True
        )
