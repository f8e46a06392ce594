"""The change log: what happened to operations, in order."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the log, empty: what happened before it is not known."""
    if op.get_context().dialect.name == "postgresql":
        _create_on_postgresql()
        # Which database it was in last: one that was restored from a backup is another one.
        origin = [sa.Column("origin", sa.Text)]
    else:
        _create_on_sqlite()
        origin = []
    # One row: which log this is, so that a cursor of another one is told apart, and up to which
    # position its changes are gone.
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
        # Of an update, what to lay over the document to have the one before it.
        sa.Column("before", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    # By seq and not by id: what is appended then goes to the end of the index, while ids, being
    # random, would each go to a page of their own. Once an operation is deleted, its deletion alone
    # tells which seq it had.
    op.create_index("changes_operation_seq", "changes", ["operation_seq"])
    op.create_index(
        "changes_deleted", "changes", ["operation_id"], sqlite_where=sa.text("kind = 2")
    )
