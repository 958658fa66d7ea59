"""Campaigns and warning proposals across enterprises."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("criterion", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("indicators", sa.JSON(), nullable=False),
        sa.Column("techniques", sa.JSON(), nullable=False),
        sa.Column("enterprise_count", sa.Integer(), nullable=False),
        sa.Column("incident_count", sa.Integer(), nullable=False),
        sa.Column("at_risk_count", sa.Integer(), nullable=False),
        sa.Column("first_seen", sa.Float(precision=53), nullable=False),
        sa.Column("last_seen", sa.Float(precision=53), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=255), nullable=False),
        sa.Column("decided_at", sa.Float(precision=53), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_last_seen"), ["last_seen"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_status"), ["status"], unique=False)

    op.create_table(
        "campaign_exposure",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("enterprise_id", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("authority", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("campaign_exposure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_exposure_campaign_id"), ["campaign_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_exposure_enterprise_id"), ["enterprise_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_exposure_region"), ["region"], unique=False)

    op.create_table(
        "campaign_member",
        sa.Column("campaign_id", sa.String(length=64), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("enterprise_id", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("authority", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "incident_id"),
    )
    with op.batch_alter_table("campaign_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_member_enterprise_id"), ["enterprise_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_member_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_campaign_member_region"), ["region"], unique=False)

    op.create_table(
        "indicator_use",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("last_seen", sa.Float(precision=53), nullable=False),
        sa.Column("enterprise_id", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("authority", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("indicator_use", schema=None) as batch_op:
        batch_op.create_index("indicator_use_indicator", ["kind", "value"], unique=False)
        batch_op.create_index(batch_op.f("ix_indicator_use_enterprise_id"), ["enterprise_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_indicator_use_last_seen"), ["last_seen"], unique=False)
        batch_op.create_index(batch_op.f("ix_indicator_use_region"), ["region"], unique=False)

    op.create_table(
        "sighting",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("industry", sa.String(length=8), nullable=False),
        sa.Column("techniques", sa.JSON(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("first_seen", sa.Float(precision=53), nullable=False),
        sa.Column("last_seen", sa.Float(precision=53), nullable=False),
        sa.Column("enterprise_id", sa.String(length=255), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("authority", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sighting_enterprise_id"), ["enterprise_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_incident_id"), ["incident_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_last_seen"), ["last_seen"], unique=False)
        batch_op.create_index(batch_op.f("ix_sighting_region"), ["region"], unique=False)
        batch_op.create_index("sighting_indicator", ["kind", "value"], unique=False)

    op.create_table(
        "warning_proposal",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("source_id", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("colour", sa.String(length=8), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("industries", sa.JSON(), nullable=False),
        sa.Column("advice", sa.JSON(), nullable=False),
        sa.Column("at_risk_count", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=255), nullable=False),
        sa.Column("decided_at", sa.Float(precision=53), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("warning_proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_warning_proposal_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_warning_proposal_source_id"), ["source_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_warning_proposal_status"), ["status"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("warning_proposal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_warning_proposal_status"))
        batch_op.drop_index(batch_op.f("ix_warning_proposal_source_id"))
        batch_op.drop_index(batch_op.f("ix_warning_proposal_created_at"))

    op.drop_table("warning_proposal")
    with op.batch_alter_table("sighting", schema=None) as batch_op:
        batch_op.drop_index("sighting_indicator")
        batch_op.drop_index(batch_op.f("ix_sighting_region"))
        batch_op.drop_index(batch_op.f("ix_sighting_last_seen"))
        batch_op.drop_index(batch_op.f("ix_sighting_incident_id"))
        batch_op.drop_index(batch_op.f("ix_sighting_enterprise_id"))

    op.drop_table("sighting")
    with op.batch_alter_table("indicator_use", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_indicator_use_region"))
        batch_op.drop_index(batch_op.f("ix_indicator_use_last_seen"))
        batch_op.drop_index(batch_op.f("ix_indicator_use_enterprise_id"))
        batch_op.drop_index("indicator_use_indicator")

    op.drop_table("indicator_use")
    with op.batch_alter_table("campaign_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_member_region"))
        batch_op.drop_index(batch_op.f("ix_campaign_member_incident_id"))
        batch_op.drop_index(batch_op.f("ix_campaign_member_enterprise_id"))

    op.drop_table("campaign_member")
    with op.batch_alter_table("campaign_exposure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_exposure_region"))
        batch_op.drop_index(batch_op.f("ix_campaign_exposure_enterprise_id"))
        batch_op.drop_index(batch_op.f("ix_campaign_exposure_campaign_id"))

    op.drop_table("campaign_exposure")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_campaign_status"))
        batch_op.drop_index(batch_op.f("ix_campaign_last_seen"))

    op.drop_table("campaign")
