"""Operations as documents, the identities in them, and idempotency keys."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def _generated(name: str, kind: sa.types.TypeEngine[Any], expression: str) -> sa.Column[Any]:
    return sa.Column(name, kind, sa.Computed(expression, persisted=True))


def _extract(path: str) -> str:
    return f"json_extract(document, '$.{path}')"


def upgrade() -> None:
    """Create the tables and the indexes."""
    if op.get_context().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def _text(name: str, *, nullable: bool = True, primary_key: bool = False) -> sa.Column[Any]:
    """Return a column of text that is compared and sorted by code point."""
    kind = sa.Text(collation="C")
    return sa.Column(name, kind, nullable=nullable, primary_key=primary_key)


# The gateway writes the columns of an operation and its identities in the same transaction. There
# are no foreign keys, since checking them takes time.
def _upgrade_postgresql() -> None:
    op.create_table(
        "operations",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        _text("id", nullable=False),
        _text("call_id"),
        _text("client_context"),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("result_code", sa.BigInteger),
        sa.Column("result_subcode", sa.BigInteger),
        _text("result_message"),
        sa.Column("participant_count", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _text("created_at", nullable=False),
        _text("updated_at", nullable=False),
        _text("client_context_folded"),
        _text("result_message_folded"),
        sa.Column("participants", JSONB, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
    )
    op.create_index("operations_id", "operations", ["id"], unique=True)
    # An index has the beginnings of ids, which may be too long for it, and another one the nulls.
    op.create_index("operations_call_id", "operations", [sa.text("left(call_id, 500)"), "seq"])
    without_call = sa.text("call_id IS NULL")
    op.create_index("operations_no_call", "operations", ["seq"], postgresql_where=without_call)
    for columns in (
        ("status",),
        ("status", "created_at"),
        ("status", "updated_at"),
        ("created_at",),
        ("updated_at",),
    ):
        op.create_index(f"operations_{'_'.join(columns)}", "operations", [*columns, "seq"])
    op.create_table(
        "identities",
        _text("id", primary_key=True),
        _text("kind", primary_key=True),
        sa.Column("operation_seq", sa.BigInteger, primary_key=True),
    )
    op.create_table(
        "idempotency_keys",
        _text("key", primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        _text("operation_id", nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        _text("created_at", nullable=False),
    )
    op.create_index("idempotency_keys_created_at", "idempotency_keys", ["created_at"])


# The columns of filters and orders are before the document, so that a scan of them does not read
# the overflow pages of long documents.
def _upgrade_sqlite() -> None:
    op.create_table(
        "operations",
        sa.Column("seq", sa.Integer, primary_key=True),
        _generated("id", sa.Text(), _extract("id")),
        _generated("call_id", sa.Text(), _extract("callId")),
        _generated("client_context", sa.Text(), _extract("clientContext")),
        _generated(
            "status",
            sa.Integer(),
            f"CASE {_extract('status')} WHEN 'NotStarted' THEN 0 WHEN 'Running' THEN 1 "
            "WHEN 'Completed' THEN 2 WHEN 'Failed' THEN 3 END",
        ),
        _generated("result_code", sa.Integer(), _extract("resultInfo.code")),
        _generated("result_subcode", sa.Integer(), _extract("resultInfo.subcode")),
        _generated("result_message", sa.Text(), _extract("resultInfo.message")),
        _generated(
            "participant_count", sa.Integer(), "json_array_length(document, '$.participants')"
        ),
        _generated("version", sa.Integer(), _extract("version")),
        _generated("created_at", sa.Text(), _extract("createdAt")),
        _generated("updated_at", sa.Text(), _extract("updatedAt")),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("operations_id", "operations", ["id"], unique=True)
    # SQLite adds seq, the row id, to each index. Those on two columns are for lists of one status
    # by time, which are long.
    for columns in (
        ("call_id",),
        ("status",),
        ("status", "created_at"),
        ("status", "updated_at"),
        ("created_at",),
        ("updated_at",),
    ):
        op.create_index(f"operations_{'_'.join(columns)}", "operations", columns)

    op.create_table(
        "identities",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column(
            "operation_seq",
            sa.Integer,
            sa.ForeignKey("operations.seq", ondelete="CASCADE"),
            primary_key=True,
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("identities_operation_seq", "identities", ["operation_seq"])
    collect = """
        INSERT OR IGNORE INTO identities (id, kind, operation_seq)
        SELECT json_extract(identity.value, '$.id'), identity.key, new.seq
        FROM json_each(new.document, '$.participants') AS participant,
             json_each(participant.value, '$.identity') AS identity
        WHERE identity.type = 'object' AND identity.key <> 'additionalProperties'
          AND json_extract(identity.value, '$.id') IS NOT NULL;
    """
    op.execute(
        "CREATE TRIGGER operations_inserted AFTER INSERT ON operations"
        f" WHEN new.participant_count > 0 BEGIN {collect} END"
    )
    forget = "DELETE FROM identities WHERE operation_seq = new.seq;"
    op.execute(
        "CREATE TRIGGER operations_updated AFTER UPDATE OF document ON operations"
        " WHEN json_extract(old.document, '$.participants')"
        f" <> json_extract(new.document, '$.participants') BEGIN {forget} {collect} END"
    )

    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("operation_id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("idempotency_keys_created_at", "idempotency_keys", ["created_at"])

    # The result of ANALYZE in a typical large store, rows and rows per key, so that a small store
    # has the same query plans.
    op.execute("ANALYZE sqlite_schema")
    op.execute(
        """
        INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
          ('operations', 'operations_id', '1000000 1'),
          ('operations', 'operations_call_id', '1000000 10'),
          ('operations', 'operations_status', '1000000 20000'),
          ('operations', 'operations_status_created_at', '1000000 20000 1'),
          ('operations', 'operations_status_updated_at', '1000000 20000 1'),
          ('operations', 'operations_created_at', '1000000 1'),
          ('operations', 'operations_updated_at', '1000000 1'),
          ('identities', 'identities', '3000000 30 30 1'),
          ('identities', 'identities_operation_seq', '3000000 3')
        """
    )
