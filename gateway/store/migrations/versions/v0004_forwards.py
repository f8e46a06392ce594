"""The queue of what is to be passed on to a bot, and identities of kinds that are not declared."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the queue, empty."""
    op.create_table(
        "forwards",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("calls", sa.Text, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("forwards_due_at", "forwards", ["due_at"])
