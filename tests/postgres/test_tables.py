"""The tables: created by the gateway, or by another role from the printed statements."""

import asyncio
from pathlib import Path

import pytest
from support.engines import PostgresServer, execute
from support.gateways import Command

from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.migrate import DatabaseState
from gateway.store.opening import database_of
from schema.changes import ChangeSlice
from schema.errors import CursorExpired
from schema.inputs import CreateInviteParticipantsOperationInput as Create

pytestmark = pytest.mark.postgresql

STATISTICS = "SELECT reltuples, relallvisible FROM pg_class WHERE relname = 'operations'"
CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def empty(postgres: PostgresServer) -> str:
    """The URL of a database without tables."""
    return postgres.new_database()


async def role(url: str, *rights: str) -> str:
    """Create a role that may not create tables, and return its URL."""
    name = url.partition("/test_")[2].partition("?")[0]
    await execute(
        url,
        f"CREATE ROLE limited_{name} LOGIN",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        *(f"GRANT {right} TO limited_{name}" for right in rights),
    )
    return url.replace("postgres:@", f"limited_{name}@")


async def test_role_that_may_not_create_tables_gets_the_statements(
    empty: str, run_in_process: Command
) -> None:
    limited = await role(empty)
    refused = await asyncio.to_thread(run_in_process, "db", "upgrade", "--database", limited)
    printed = await asyncio.to_thread(
        run_in_process, "db", "upgrade", "--sql", "--database", limited
    )
    await execute(empty, *filter(str.strip, printed.stdout.split(";\n")))
    tables = "operations, identities, idempotency_keys, changes, change_log, alembic_version"
    grantee = limited.partition("//")[2].partition("@")[0]
    await execute(empty, f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {grantee}")
    checked = await asyncio.to_thread(run_in_process, "db", "check", "--database", limited)
    again = await asyncio.to_thread(run_in_process, "db", "upgrade", "--sql", "--database", limited)
    async with database_of(Settings(database=limited)).open() as store:
        created = await store.create(Create(id="1"))

    assert refused.returncode == 2
    assert "db upgrade --sql" in refused.stderr
    assert printed.returncode == checked.returncode == again.returncode == 0
    assert again.stdout == ""
    assert created.version == 1


OTHER = {"id": "8:acs:A", "displayName": "Ada", "additionalProperties": {"x": [1]}}
LONG = {"id": "i" * 600, "n": 1}
PARTICIPANTS = [
    {"identity": {"user": {"id": "u"}, "additionalProperties": {"acsUser": OTHER, "no": "id"}}},
    {"identity": {}},
    {"identity": {"additionalProperties": {"acsUser": LONG, "odd": {"id": 7}}}},
]
DERIVED = """
SELECT (SELECT json_agg(identities ORDER BY operation_seq, kind, id)::text FROM identities),
       (SELECT json_agg(participants ORDER BY seq)::text FROM operations)
"""


async def test_upgrade_finds_identities_of_kinds_that_are_not_declared(empty: str) -> None:
    """What an older version did not derive of an operation is as if it was written anew."""
    database = database_of(Settings(database=empty))
    await asyncio.to_thread(database.upgrade)
    async with database.open() as store:
        for id_, participants in (("1", PARTICIPANTS), ("2", PARTICIPANTS[1:2]), ("3", [])):
            await store.create(Create.model_validate({"id": id_, "participants": participants}))
    wanted = await execute(empty, DERIVED)
    await execute(
        empty,
        "DELETE FROM identities WHERE kind = 'acsUser'",
        "UPDATE operations SET participants = (SELECT jsonb_agg(jsonb_set("
        "value, '{identity}', (value -> 'identity') - 'acsUser')) "
        "FROM jsonb_array_elements(participants)) WHERE id = '1'",
        "DROP TABLE forwards",
        "DROP INDEX operations_created_at",
        "ALTER TABLE operations DROP ended_at, DROP duration, DROP result_diag_code,"
        " DROP identity_kinds",
        "CREATE INDEX operations_created_at ON operations (created_at, seq)",
        "UPDATE alembic_version SET version_num = '0003'",
    )
    assert await execute(empty, DERIVED) != wanted

    await asyncio.to_thread(database.upgrade)

    assert await execute(empty, DERIVED) == wanted


async def test_tables_are_in_the_schema_named(empty: str) -> None:
    await execute(empty, "CREATE SCHEMA gateway")
    settings = Settings(database=empty, database_schema="gateway")
    database = database_of(settings)
    await asyncio.to_thread(database.upgrade)
    async with database.open() as store:
        await store.create(Create(id="1"))

    assert await execute(empty, "SELECT id FROM gateway.operations") == [("1",)]


@pytest.mark.parametrize(
    ("statements", "state", "reason"),
    [
        (
            ["CREATE TABLE operations (id int)"],
            DatabaseState.FOREIGN,
            "tables that are not the gateway's",
        ),
        (
            [
                "CREATE TABLE operations (id int)",
                "CREATE TABLE alembic_version (version_num text)",
                "INSERT INTO alembic_version VALUES ('9999')",
            ],
            DatabaseState.NEWER,
            "newer version",
        ),
    ],
)
async def test_tables_of_others_are_left_alone(
    empty: str, run_in_process: Command, statements: list[str], state: DatabaseState, reason: str
) -> None:
    await execute(empty, *statements)
    database = database_of(Settings(database=empty))
    found = await asyncio.to_thread(database.state)
    refused = await asyncio.to_thread(run_in_process, "db", "upgrade", "--database", empty)

    assert found is state
    assert refused.returncode == 2
    assert reason in refused.stderr


CUT_SHORT = ("DELETE FROM changes WHERE position > 1", "DELETE FROM operations WHERE id <> '0'")
REPLACED = ("UPDATE changes SET operation_id = 'other', at = 'later' WHERE position = 3",)


@pytest.mark.parametrize("statements", [CUT_SHORT, REPLACED])
async def test_log_that_lost_changes_gets_a_new_id(
    database: Database, database_url: str, statements: tuple[str, ...]
) -> None:
    async with database.open() as store:
        for number in range(3):
            await store.create(Create(id=f"{number}"))
        before = await store.log.position()
        await execute(database_url, *statements, CUT_OFF)
        for number in range(3, 6):
            await store.create(Create(id=f"{number}"))
        after = await store.log.position()
        with pytest.raises(CursorExpired):
            await store.log.changes(None, ChangeSlice(1, before))

    assert after.number > before.number
    assert after.log != before.log


async def test_complete_log_keeps_its_id(database: Database, database_url: str) -> None:
    async with database.open() as store:
        await store.create(Create(id="1"))
        before = await store.log.position()
        await execute(database_url, CUT_OFF)
        await store.create(Create(id="2"))
        after = await store.log.position()

    assert (after.log, after.number) == (before.log, before.number + 1)


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_log_restored_elsewhere_gets_a_new_id(
    database: Database, database_url: str, *, elsewhere: bool
) -> None:
    async with database.open() as store:
        await store.create(Create(id="1"))
        before = await store.log.position()
    if elsewhere:
        await execute(database_url, "UPDATE change_log SET origin = 'another/1/00000001'")
    async with database.open() as store:
        await store.create(Create(id="2"))
        after = await store.log.position()

    assert (after.log != before.log) is elsewhere


async def test_import_and_copy_leave_tables_vacuumed_and_analyzed(
    postgres: PostgresServer, run_in_process: Command, tmp_path: Path
) -> None:
    first, second = postgres.new_database(), postgres.new_database()
    operations = tmp_path / "operations.ndjson"
    operations.write_text("".join(f'{{"id": "{number}"}}\n' for number in range(100)))
    await asyncio.to_thread(run_in_process, "import", str(operations), "--database", first)
    await asyncio.to_thread(run_in_process, "copy", "--from", first, "--to", second)

    for url in (first, second):
        ((rows, visible_pages),) = await execute(url, STATISTICS)
        assert rows == 100
        assert visible_pages > 0
