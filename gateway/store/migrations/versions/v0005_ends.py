"""The end times of operations, and columns to group them by.

``endedAt`` is a field of the document: the time of the change to the last status if it is in the
change log, or else the time of the last change. Documents in the log are not changed.
"""

from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from gateway.store.columns import diag_code, duration, identity_kinds
from gateway.store.tables import IDENTITY_KIND_BITS, NO_IDENTITY, OTHER_IDENTITY

revision = "0005"
down_revision = "0004"

_COUNTED = (
    "status",
    "result_code",
    "result_subcode",
    "result_diag_code",
    "identity_kinds",
    "duration",
)
"""The columns by which operations are grouped, mostly those created since some time."""


def upgrade() -> None:
    """Add the columns, and fill them."""
    if op.get_context().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def _upgrade_postgresql() -> None:
    text = sa.Text(collation="C")
    op.add_column("operations", sa.Column("ended_at", text))
    op.add_column("operations", sa.Column("duration", sa.BigInteger))
    op.add_column("operations", sa.Column("result_diag_code", text))
    none = sa.text(str(NO_IDENTITY))
    op.add_column(
        "operations",
        sa.Column("identity_kinds", sa.Integer, nullable=False, server_default=none),
    )
    kinds = " ".join(f"WHEN '{kind}' THEN {bit}" for kind, bit in IDENTITY_KIND_BITS.items())
    op.execute(
        f"""
        UPDATE operations SET
          result_diag_code = substring(
            result_message FROM 'DiagCode:[ \\t\\n\\r\\f\\v]*([0-9]+#[0-9]+)'),
          identity_kinds = (
            SELECT coalesce(bit_or(CASE kind {kinds} ELSE {OTHER_IDENTITY} END), {NO_IDENTITY})
            FROM jsonb_array_elements(participants) AS participant,
                 jsonb_object_keys(participant -> 'identity') AS kind
          ),
          ended_at = ended.at,
          duration =
            extract(epoch FROM ended.at::timestamptz - created_at::timestamptz) * 1000000,
          document = CASE WHEN ended.at IS NULL THEN document
            ELSE substr(document, 1, length(document) - 1)
              || convert_to(concat(',"endedAt":"', ended.at, '"}}'), 'UTF8') END
        FROM (
          SELECT seq, CASE WHEN status IN (2, 3) THEN coalesce(
            (
              SELECT convert_from(changes.document, 'UTF8')::json ->> 'updatedAt' FROM changes
              WHERE operation_seq = seq
                AND (kind = 0 OR convert_from(before, 'UTF8')::json -> 'status' IS NOT NULL)
              ORDER BY position DESC LIMIT 1
            ),
            updated_at
          ) END AS at
          FROM operations
        ) AS ended
        WHERE ended.seq = operations.seq
        """  # noqa: S608  constants alone
    )
    first_open = sa.text("ended_at NULLS FIRST")
    op.create_index("operations_ended_at", "operations", [first_open, "seq"])
    op.drop_index("operations_created_at")
    op.create_index(
        "operations_created_at",
        "operations",
        ["created_at", "seq"],
        postgresql_include=_COUNTED,
    )


# SQLite reads a generated column from the row even if an index has it. So the table is created
# again, with columns that the gateway writes.
def _upgrade_sqlite() -> None:
    connection: Any = op.get_bind().connection.driver_connection
    for function in (diag_code, duration, _identity_kinds):
        parameters = function.__code__.co_argcount
        connection.create_function(function.__name__, parameters, function, deterministic=True)
    op.create_table(
        "operations_with_ends",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("client_context", sa.Text),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("result_code", sa.Integer),
        sa.Column("result_subcode", sa.Integer),
        sa.Column("result_message", sa.Text),
        sa.Column("result_diag_code", sa.Text),
        sa.Column("participant_count", sa.Integer, nullable=False),
        sa.Column("identity_kinds", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("ended_at", sa.Text),
        sa.Column("duration", sa.Integer),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.execute(
        """
        INSERT INTO operations_with_ends
        SELECT seq, id, call_id, client_context, status, result_code, result_subcode,
          result_message, diag_code(result_message), participant_count,
          _identity_kinds(json_extract(document, '$.participants')), version, created_at,
          updated_at, ended, duration(created_at, ended),
          CASE WHEN ended IS NULL THEN document
            ELSE substr(document, 1, length(document) - 1) || ',"endedAt":"' || ended || '"}' END
        FROM (
          SELECT *, CASE WHEN status IN (2, 3) THEN coalesce(
            (
              SELECT json_extract(changes.document, '$.updatedAt') FROM changes
              WHERE operation_seq = seq
                AND (kind = 0 OR json_type(before, '$.status') IS NOT NULL)
              ORDER BY position DESC LIMIT 1
            ),
            updated_at
          ) END AS ended
          FROM operations
        )
        """
    )
    # The number of an operation is not used again, even after the operation is deleted.
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'operations_with_ends'")
    op.execute("UPDATE sqlite_sequence SET name = 'operations_with_ends' WHERE name = 'operations'")
    op.execute("CREATE TEMPORARY TABLE statistics AS SELECT * FROM sqlite_stat1")
    op.drop_table("operations")
    op.rename_table("operations_with_ends", "operations")
    op.create_index("operations_id", "operations", ["id"], unique=True)
    for columns in (
        ("call_id",),
        ("status",),
        ("status", "created_at"),
        ("status", "updated_at"),
        ("updated_at",),
        ("ended_at",),
    ):
        op.create_index(f"operations_{'_'.join(columns)}", "operations", columns)
    op.create_index("operations_created_at", "operations", ["created_at", "seq", *_COUNTED])
    op.execute("DELETE FROM sqlite_stat1")
    op.execute("INSERT INTO sqlite_stat1 SELECT * FROM statistics")
    op.execute("DROP TABLE statistics")
    op.execute(
        "UPDATE sqlite_stat1 SET stat = '1000000 1 1 1 1 1 1 1 1'"
        " WHERE idx = 'operations_created_at'"
    )
    op.execute(
        "INSERT INTO sqlite_stat1 (tbl, idx, stat)"
        " VALUES ('operations', 'operations_ended_at', '1000000 1')"
    )


def _identity_kinds(participants: str) -> int:
    return identity_kinds(msgspec.json.decode(participants))
