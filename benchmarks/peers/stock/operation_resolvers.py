"""The resolvers, on SQLite.

Statements run in the event loop: they take less time than switching to a thread and back.
"""

# ruff: noqa: D101, D102  documented in the gateway's schema

import json
import sqlite3
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import strawberry
from operation_changes import ChangeKind, publish
from operation_inputs import (
    CreateInviteParticipantsOperationInput,
    InviteParticipantsOperationFilter,
    UpdateInviteParticipantsOperationInput,
)
from operation_types import (
    InviteParticipantsOperation,
    InviteParticipantsOperationConnection,
    MutationError,
    OperationStatus,
    PageInfo,
    Payload,
    operation,
)
from uuid_utils import uuid7

MAX_PAGE_SIZE = 500
COLUMNS = (
    "seq, operations.id, callId, clientContext, status, version, createdAt, updatedAt, resultInfo, "
    "additionalProperties, participants"
)


def _failed(code: str, message: str) -> Payload:
    error = MutationError(code=code, message=message, path=["input", "id"])
    return Payload(errors=[error])


database = sqlite3.connect(sys.argv[2], isolation_level=None, cached_statements=256)
database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")


def _find(operation_id: str) -> InviteParticipantsOperation | None:
    row = database.execute(
        f"SELECT {COLUMNS} FROM operations WHERE id = ?",  # noqa: S608  a constant
        (operation_id,),
    ).fetchone()
    return row and operation(row)


def _cursor(operation: InviteParticipantsOperation) -> str:
    return urlsafe_b64encode(str(operation.seq).encode()).decode()


@strawberry.type
class Query:
    @strawberry.field
    def invite_participants_operation(
        self,
        id: strawberry.ID,  # noqa: A002  GraphQL's name
    ) -> InviteParticipantsOperation | None:
        return _find(id)

    @strawberry.field
    def invite_participants_operations(
        self,
        first: int | None = 50,
        after: str | None = None,
        filter: InviteParticipantsOperationFilter | None = None,  # noqa: A002  GraphQL's name
    ) -> InviteParticipantsOperationConnection:
        limit = 50 if first is None else first
        if not 0 <= limit <= MAX_PAGE_SIZE:
            raise ValueError(f"first is {limit}: give 0 to {MAX_PAGE_SIZE}.")
        table, conditions, values = "operations", ["TRUE"], list[Any]()
        if filter and filter.participants:
            table = "identities AS identity CROSS JOIN operations USING (seq)"
            conditions.append("identity.kind = 'user' AND identity.id = ?")
            values.append(filter.participants.some.identity.user.id.eq)
        if filter and filter.status:
            conditions.append("status = ?")
            values.append(filter.status.eq.value)
        if after is not None:
            conditions.append("seq < ?")
            values.append(int(urlsafe_b64decode(after)))
        rows = database.execute(
            f"SELECT {COLUMNS} FROM {table} WHERE {' AND '.join(conditions)}"  # noqa: S608  bound
            " ORDER BY seq DESC LIMIT ?",
            (*values, limit + 1),
        ).fetchall()
        nodes = [operation(row) for row in rows[:limit]]
        return InviteParticipantsOperationConnection(
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=len(rows) > limit,
                has_previous_page=after is not None,
                start_cursor=_cursor(nodes[0]) if nodes else None,
                end_cursor=_cursor(nodes[-1]) if nodes else None,
            ),
        )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _document(value: Any) -> Any:  # noqa: ANN401  JSON
    """Return an input's dictionary in GraphQL's names, without nulls."""
    if isinstance(value, dict):
        return {_camel(name): _document(item) for name, item in value.items() if item is not None}
    return [_document(item) for item in value] if isinstance(value, list) else value


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _insert(given: CreateInviteParticipantsOperationInput) -> str:
    document = _document(asdict(given))
    operation_id = given.id or str(uuid7())
    participants = document.get("participants", [])
    now = _now()
    cursor = database.execute(
        "INSERT INTO operations (id, callId, clientContext, status, version, createdAt, updatedAt,"
        " resultInfo, additionalProperties, participants) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
        (
            operation_id,
            given.call_id,
            given.client_context,
            given.status.value if given.status else "NotStarted",
            now,
            now,
            document.get("resultInfo") and json.dumps(document["resultInfo"]),
            document.get("additionalProperties") and json.dumps(document["additionalProperties"]),
            json.dumps(participants),
        ),
    )
    database.executemany(
        "INSERT OR IGNORE INTO identities VALUES (?, ?, ?)",
        [
            (kind, identity["id"], cursor.lastrowid)
            for participant in participants
            for kind, identity in participant["identity"].items()
            if isinstance(identity, dict) and "id" in identity
        ],
    )
    return operation_id


def _published(kind: ChangeKind, operation_id: str) -> Payload:
    found = _find(operation_id)
    if found:
        publish(kind, found)
    return Payload(operation=found)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create_invite_participants_operation(
        self,
        input: CreateInviteParticipantsOperationInput,  # noqa: A002  GraphQL's name
    ) -> Payload:
        database.execute("BEGIN IMMEDIATE")
        try:
            operation_id = _insert(input)
        except sqlite3.IntegrityError:
            database.execute("ROLLBACK")
            return _failed("ALREADY_EXISTS", "An operation with the id exists.")
        database.execute("COMMIT")
        return _published(ChangeKind.CREATED, operation_id)

    @strawberry.mutation
    def update_invite_participants_operation(
        self,
        input: UpdateInviteParticipantsOperationInput,  # noqa: A002  GraphQL's name
    ) -> Payload:
        changes: dict[str, Any] = {"version = version + 1, updatedAt = ?": _now()}
        if input.client_context is not strawberry.UNSET:
            changes["clientContext = ?"] = input.client_context
        if isinstance(input.status, OperationStatus):
            changes["status = ?"] = input.status.value
        changed = database.execute(
            f"UPDATE operations SET {', '.join(changes)} WHERE id = ?",  # noqa: S608  bound
            (*changes.values(), input.id),
        )
        if not changed.rowcount:
            return _failed("NOT_FOUND", "No operation has the id.")
        return _published(ChangeKind.UPDATED, input.id)
