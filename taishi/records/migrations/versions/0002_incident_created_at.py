"""incident created_at"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incident", sa.Column("created_at", sa.Float(precision=53), nullable=False, server_default="0"))
    op.create_index("ix_incident_created_at", "incident", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_incident_created_at", table_name="incident")
    op.drop_column("incident", "created_at")
