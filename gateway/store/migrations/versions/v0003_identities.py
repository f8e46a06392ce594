"""The identities are written by who writes the operation: triggers took five times as long."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Drop the triggers that kept the table of identities."""
    if op.get_context().dialect.name == "postgresql":  # which never had them
        return
    op.execute("DROP TRIGGER IF EXISTS operations_inserted")
    op.execute("DROP TRIGGER IF EXISTS operations_updated")
