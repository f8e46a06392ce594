"""The queue of what is to be passed on to a bot, and identities of kinds that are not declared."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the queue, empty, and find the identities of operations by other kinds as well."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    text = sa.Text() if is_sqlite else sa.Text(collation="C")
    op.create_table(
        "forwards",
        # SQLite takes no other type for a number that it gives by itself.
        sa.Column("number", sa.Integer if is_sqlite else sa.BigInteger, primary_key=True),
        sa.Column("calls", text, nullable=False),
        sa.Column("headers", text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("forwards_due_at", "forwards", ["due_at"])
    if not is_sqlite:
        return
    op.execute(
        """
        INSERT OR IGNORE INTO identities (id, kind, operation_seq)
        SELECT json_extract(other.value, '$.id'), other.key, operations.seq
        FROM operations,
             json_each(operations.document, '$.participants') AS participant,
             json_each(participant.value, '$.identity.additionalProperties') AS other
        WHERE other.type = 'object' AND json_type(other.value, '$.id') = 'text'
          AND coalesce(json_type(other.value, '$.displayName'), 'null') IN ('text', 'null')
        """
    )
