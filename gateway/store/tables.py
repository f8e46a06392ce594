"""The tables as the migrations leave them, for building queries.

An operation is one JSON document. All other columns of its row except ``seq``, and its rows in
``identities``, are derived from it when it is written.
"""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from schema.constraints import IDENTITY_KINDS

metadata = MetaData()

operations = Table(
    "operations",
    metadata,
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, nullable=False),
    Column("call_id", Text),
    Column("client_context", Text),
    Column("status", BigInteger, nullable=False),
    Column("result_code", BigInteger),
    Column("result_subcode", BigInteger),
    Column("result_message", Text),
    Column("result_diag_code", Text),
    Column("participant_count", BigInteger, nullable=False),
    Column("identity_kinds", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("ended_at", Text),
    # From creation to the end, in microseconds.
    Column("duration", BigInteger),
    Column("document", Text, nullable=False),
    # Only in PostgreSQL: texts with their case folded, if that differs, and the participants.
    Column("client_context_folded", Text),
    Column("result_message_folded", Text),
    Column("participants", JSONB),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("operation_seq", BigInteger, primary_key=True),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary),
    Column("operation_id", Text),
    Column("document", Text),
    Column("created_at", Text),
)

changes = Table(
    "changes",
    metadata,
    Column("position", BigInteger, primary_key=True),
    Column("operation_seq", BigInteger),
    Column("operation_id", Text),
    Column("kind", BigInteger),
    Column("at", Text),
    Column("version", BigInteger),
    Column("before", Text),
    Column("document", Text),
)

change_log = Table("change_log", metadata, Column("id", BigInteger), Column("pruned", BigInteger))

STATUS_RANKS = {"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 3}
"""The statuses as stored in their column: numbers, which sort as the statuses do."""

STATUS_NAMES = tuple(STATUS_RANKS)

NO_IDENTITY = 1
IDENTITY_KIND_BITS = {kind: 2 << place for place, kind in enumerate(IDENTITY_KINDS)}
OTHER_IDENTITY = 2 << len(IDENTITY_KINDS)
"""The column of kinds of identities has a bit for each kind, and one for all undeclared kinds."""
