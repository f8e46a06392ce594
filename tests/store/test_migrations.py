"""Migrations of the databases of older versions."""

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from support.engines import execute

from gateway.settings import Settings
from gateway.store.interface import Database, Store
from gateway.store.migrate import DatabaseState
from gateway.store.migrations.run import run, script
from gateway.store.opening import database_of
from gateway.store.sqlite.migrate import APPLICATION_ID
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey, InviteParticipantsOperationGroup
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.paging import Slice

pytestmark = pytest.mark.each_database

RANKS = {"NotStarted": 0, "Running": 1, "Completed": 2, "Failed": 3}
Json = dict[str, Any]


def at(seconds: int) -> str:
    """Return a time, in seconds after a fixed one."""
    return f"2026-01-31T09:30:{seconds:02}.000000Z"


def document(id_: str, status: str, updated: int, **more: Any) -> Json:  # noqa: ANN401  JSON
    """Return an operation as it was stored before it had an end time."""
    content = {"status": status, "participants": [], **more}
    return {"id": id_, **content, "version": 1, "createdAt": at(0), "updatedAt": at(updated)}


PHONE = {"identity": {"phone": {"id": "+1"}, "user": {}}}
ROBOT = {"identity": {"additionalProperties": {"robot": {"id": "r"}}}}
FAILURE = {"code": 412, "subcode": 9999, "message": "No dial out. DiagCode: 412#10073.@"}
NEWEST = [
    document("completed and changed", "Completed", 9, participants=[PHONE, ROBOT]),
    document("created as failed", "Failed", 3, resultInfo=FAILURE),
    document("before the log", "Completed", 7),
    document("running again", "Running", 8),
]
STATES: list[tuple[int, int, Json | None, Json]] = [
    (1, 0, None, document("completed and changed", "Running", 0)),
    (1, 1, {"status": "Running"}, document("completed and changed", "Completed", 5)),
    (1, 1, {"clientContext": None}, document("completed and changed", "Completed", 9)),
    (2, 0, None, document("created as failed", "Failed", 3)),
    (3, 1, {"clientContext": None}, document("before the log", "Completed", 7)),
    (4, 0, None, document("running again", "Failed", 0)),
    (4, 1, {"status": "Failed"}, document("running again", "Running", 8)),
]
"""The log: numbers of operations, kinds of changes, and states before and after."""


def make_sqlite(url: str) -> None:
    """Create a file as the version before left it."""
    file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    with closing(file) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        run(database, "0004")
        for operation in NEWEST:
            insert = "INSERT INTO operations (document) VALUES (?)"
            database.execute(insert, (json.dumps(operation),))
        # One that was deleted had the largest number.
        database.execute('INSERT INTO operations (document) VALUES (\'{"id": "9"}\')')
        database.execute("DELETE FROM operations WHERE id = '9'")
        for seq, kind, before, state in STATES:
            database.execute(
                "INSERT INTO changes (operation_seq, operation_id, kind, at, version, before,"
                " document) VALUES (?, ?, ?, ?, 1, ?, ?)",
                (
                    *(seq, state["id"], kind, state["updatedAt"]),
                    *(before and json.dumps(before), json.dumps(state)),
                ),
            )


def text(value: object) -> str:
    """Return a value as SQL."""
    written = value if isinstance(value, str) else json.dumps(value)
    return "'" + written.replace("'", "''") + "'"


def document_bytes(value: Json | None) -> str:
    """Return a document as SQL."""
    return "NULL" if value is None else f"convert_to({text(value)}, 'UTF8')"


async def make_postgres(url: str) -> None:
    """Create a database as the version before left it."""
    rows = [
        f"({seq}, {text(each['id'])}, {RANKS[each['status']]}, {len(each['participants'])}, 1,"
        f" {text(each['createdAt'])}, {text(each['updatedAt'])},"
        f" {text(each['resultInfo']['message']) if 'resultInfo' in each else 'NULL'},"
        f" {text([conditions(p) for p in each['participants']])}, {document_bytes(each)})"
        for seq, each in enumerate(NEWEST, 1)
    ]
    changes = [
        f"({position}, {seq}, {text(state['id'])}, {kind}, {text(state['updatedAt'])}, 1,"
        f" {document_bytes(before)}, {document_bytes(state)})"
        for position, (seq, kind, before, state) in enumerate(STATES, 1)
    ]
    await execute(
        url,
        *filter(str.strip, script(None, "0004").split(";\n")),
        "INSERT INTO operations (seq, id, status, participant_count, version, created_at,"  # noqa: S608  own data
        f" updated_at, result_message, participants, document) VALUES {', '.join(rows)}",
        "INSERT INTO changes (position, operation_seq, operation_id, kind, at, version, before,"  # noqa: S608  own data
        f" document) VALUES {', '.join(changes)}",
    )


def conditions(participant: Json) -> Json:
    """Return a participant as the column for conditions has it."""
    kinds = dict(participant["identity"])
    return {"identity": kinds | kinds.pop("additionalProperties", {})}


@pytest.fixture
def upgraded(database_url: str) -> Database:
    """An upgraded database of the version before, with operations and a log."""
    if database_url.startswith("sqlite"):
        make_sqlite(database_url)
    else:
        asyncio.run(make_postgres(database_url))
    database = database_of(Settings(database=database_url))
    assert database.upgrade() is DatabaseState.OLDER
    return database


async def groups(store: Store, by: GroupKey) -> list[InviteParticipantsOperationGroup]:
    return await store.groups([by], None, 9, with_duration=True)


async def test_upgrade_finds_when_operations_ended(upgraded: Database) -> None:
    ended = InviteParticipantsOperationFilter.model_validate({"endedAt": {"gte": at(5)}})
    async with upgraded.open() as store:
        page = await store.page(None, (), Slice(limit=9, backward=True))
        matching = await store.count(ended)
        (whole,) = await store.groups([], None, 9, with_duration=True)
    found = {
        operation.id: json.loads(operation.document).get("endedAt") for operation in page.operations
    }

    assert found == {
        "completed and changed": at(5),
        "created as failed": at(3),
        "before the log": at(7),
        "running again": None,
    }
    assert matching == 2
    assert whole.duration is not None
    assert (whole.duration.median, whole.duration.p95) == (5, 7)


async def test_upgrade_finds_causes_and_kinds_of_identities(upgraded: Database) -> None:
    async with upgraded.open() as store:
        causes = await groups(store, GroupKey.RESULT_DIAG_CODE)
        kinds = await groups(store, GroupKey.IDENTITY_KIND)

    assert [(group.result_diag_code, group.count) for group in causes] == [
        (None, 3),
        ("412#10073", 1),
    ]
    assert [
        (group.identity_kind and group.identity_kind.value, group.count) for group in kinds
    ] == [
        (None, 3),
        ("user", 1),
        ("phone", 1),
        ("other", 1),
    ]


async def test_upgraded_operation_keeps_its_log_and_number(upgraded: Database) -> None:
    async with upgraded.open() as store:
        created = await store.create(Create(id="new"))
        page = await store.page(None, (), Slice(limit=1))

    assert [*page.operations] == [created]
    ((seq,),) = page.keys
    assert isinstance(seq, int)
    assert seq > len(NEWEST) + 1
