"""Hours by themselves, so that the oldest are found without reading all."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ledger_hour", "ledger", ["hour"])
    op.create_index("ix_risk_history_hour", "risk_history", ["hour"])


def downgrade() -> None:
    op.drop_index("ix_risk_history_hour", "risk_history")
    op.drop_index("ix_ledger_hour", "ledger")
