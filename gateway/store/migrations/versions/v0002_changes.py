"""The change log: the changes to operations, in order."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create an empty log, since earlier changes are not known."""
    if op.get_context().dialect.name == "postgresql":
        _create_on_postgresql()
        # Identifies the database and its timeline, to notice that a backup was restored.
        origin = [sa.Column("origin", sa.Text)]
    else:
        _create_on_sqlite()
        origin = []
    # One row: the id of the log, by which cursors of another log are refused, and the position up
    # to which its changes were pruned.
    log = op.create_table(
        "change_log",
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("pruned", sa.BigInteger, nullable=False),
        *origin,
    )
    op.bulk_insert(log, [{"id": secrets.randbits(32), "pruned": 0}])


def _create_on_postgresql() -> None:
    op.create_table(
        "changes",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("operation_seq", sa.BigInteger, nullable=False),
        sa.Column("operation_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("at", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("before", sa.LargeBinary),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("changes_operation_seq", "changes", ["operation_seq", "position"])
    op.create_index(
        "changes_deleted", "changes", ["operation_id"], postgresql_where=sa.text("kind = 2")
    )


def _create_on_sqlite() -> None:
    op.create_table(
        "changes",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("operation_seq", sa.Integer, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        # For an update, a merge patch from the document to the one before it.
        sa.Column("before", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    # By seq, and not by id: entries of new operations are then appended to the index, while those
    # of random ids would each be in a different page. The seq of a deleted operation is found by
    # its deletion.
    op.create_index("changes_operation_seq", "changes", ["operation_seq"])
    op.create_index(
        "changes_deleted", "changes", ["operation_id"], sqlite_where=sa.text("kind = 2")
    )
