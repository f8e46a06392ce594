"""Identities are written by the gateway: triggers took five times as long."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Drop the triggers that filled the table of identities."""
    if op.get_context().dialect.name == "postgresql":  # it has no triggers
        return
    op.execute("DROP TRIGGER IF EXISTS operations_inserted")
    op.execute("DROP TRIGGER IF EXISTS operations_updated")
