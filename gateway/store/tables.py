"""The tables as the migrations leave them, for building queries.

An operation is one JSON document; every other column of its row but ``seq`` is generated from it by
the database. The rows of ``identities`` are written with it.
"""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

operations = Table(
    "operations",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("id", Text),
    Column("call_id", Text),
    Column("client_context", Text),
    Column("status", Integer),
    Column("result_code", Integer),
    Column("result_subcode", Integer),
    Column("result_message", Text),
    Column("participant_count", Integer),
    Column("version", Integer),
    Column("created_at", Text),
    Column("updated_at", Text),
    Column("document", Text),
)

identities = Table(
    "identities",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("operation_seq", Integer, primary_key=True),
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
    Column("position", Integer, primary_key=True),
    Column("operation_seq", Integer),
    Column("operation_id", Text),
    Column("kind", Integer),
    Column("at", Text),
    Column("version", Integer),
    Column("before", Text),
    Column("document", Text),
)

change_log = Table("change_log", metadata, Column("id", Integer), Column("pruned", Integer))

STATUS_RANKS = {"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 3}
"""A status as its column holds it: a number that sorts as the statuses do."""

STATUS_NAMES = tuple(STATUS_RANKS)
