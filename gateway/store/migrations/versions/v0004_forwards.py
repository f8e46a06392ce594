"""The queue of requests to forward to a bot, and identities of kinds that are not declared."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SQLITE = (
    """
    INSERT OR IGNORE INTO identities (id, kind, operation_seq)
    SELECT json_extract(other.value, '$.id'), other.key, operations.seq
    FROM operations,
         json_each(operations.document, '$.participants') AS participant,
         json_each(participant.value, '$.identity.additionalProperties') AS other
    WHERE other.type = 'object' AND json_type(other.value, '$.id') = 'text'
      AND coalesce(json_type(other.value, '$.displayName'), 'null') IN ('text', 'null')
    """,
)
# An identity is written as ``gateway.store.postgres.columns`` does. Texts are folded by lower(),
# which differs from Python's casefold() in some characters, until the operation is written again.
_POSTGRESQL = (
    """
    CREATE TEMPORARY TABLE found_identities AS
    SELECT operations.seq, participant.number - 1 AS number, other.key AS kind,
           other.value ->> 'id' AS id, other.value - 'additionalProperties' - 'identity' AS value
    FROM operations,
         jsonb_array_elements(convert_from(operations.document, 'UTF8')::jsonb -> 'participants')
           WITH ORDINALITY AS participant (value, number),
         jsonb_each(participant.value -> 'identity' -> 'additionalProperties') AS other
    WHERE jsonb_typeof(other.value) = 'object' AND jsonb_typeof(other.value -> 'id') = 'string'
      AND coalesce(jsonb_typeof(other.value -> 'displayName'), 'null') IN ('string', 'null')
    """,
    """
    INSERT INTO identities (id, kind, operation_seq)
    SELECT CASE WHEN length(id) <= 500 THEN id
                ELSE repeat(encode(sha256(convert_to(id, 'UTF8')), 'hex'), 8) END, kind, seq
    FROM found_identities
    ON CONFLICT DO NOTHING
    """,
    """
    UPDATE operations SET participants = (
      SELECT jsonb_agg(jsonb_set(one.value, '{identity}', (one.value -> 'identity') || coalesce((
        SELECT jsonb_object_agg(found.kind, found.value || coalesce((
          SELECT jsonb_object_agg(text.name || '~', lower(text.value))
          FROM jsonb_each_text(found.value) AS text (name, value)
          WHERE jsonb_typeof(found.value -> text.name) = 'string'
            AND lower(text.value) <> text.value
        ), '{}'))
        FROM found_identities AS found
        WHERE found.seq = operations.seq AND found.number = one.number - 1
      ), '{}')) ORDER BY one.number)
      FROM jsonb_array_elements(operations.participants) WITH ORDINALITY AS one (value, number)
    )
    WHERE seq IN (SELECT seq FROM found_identities)
    """,
    "DROP TABLE found_identities",
)


def upgrade() -> None:
    """Create an empty queue, and insert the identities of undeclared kinds."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    text = sa.Text() if is_sqlite else sa.Text(collation="C")
    op.create_table(
        "forwards",
        # SQLite generates numbers only for this type.
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
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)
