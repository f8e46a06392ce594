"""Copying a store to another database: clients continue there."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.database_proxy import Proxy
from support.documents import FOLLOW
from support.engines import ENGINES, PostgresServer, execute
from support.gateways import COMMAND, Client, Command, running
from support.sockets import connected
from support.waiting import WITHIN

from gateway.settings import Settings
from gateway.store.forwards import Forward
from gateway.store.interface import Database
from gateway.store.opening import database_of
from gateway.store.postgres import exclusive as postgres_exclusive
from gateway.store.sqlite import exclusive as sqlite_exclusive
from gateway.store.sqlite import migrate
from schema.changes import ChangeSlice
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.inputs import DeleteInviteParticipantsOperationInput as Delete

WAYS = [(one, other) for one in ENGINES for other in ENGINES]
OPERATIONS = 1_500

ALL = """callId clientContext status version createdAt updatedAt
  participants { identity { user { id displayName } phone { id } } }
  resultInfo { code message } additionalProperties"""
LIST = (
    "{ inviteParticipantsOperations(first: 4) {"
    "  totalCount changeCursor pageInfo { endCursor } edges { cursor node { id " + ALL + " } } } }"
)
NEXT = """query ($after: String) {
  inviteParticipantsOperations(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } }"""
CHANGES = (
    "{ changes {  nodes { cursor kind at version state { " + ALL + " } } pageInfo { endCursor } } }"
)
QUERIES = (
    LIST,
    CHANGES,
    """{ inviteParticipantsOperations(orderBy: [{ status: ASC }, { updatedAt: DESC }]) {
      edges { cursor node { id } } } }""",
    """{ inviteParticipantsOperations(
      filter: { participants: { some: { identity: { user: { id: { eq: "user-3" } } } } } }
    ) { nodes { id } } }""",
    """{ inviteParticipantsOperations(
      filter: { clientContext: { contains: "STRASSE", ignoreCase: true } }
    ) { nodes { id } } }""",
    '{ inviteParticipantsOperation(id: "again") { id history { nodes { cursor kind version } } } }',
    "{ inviteParticipantsOperationGroups(by: [STATUS]) { status count earliest } }",
)


def url_of(engine: str, folder: Path, postgres: PostgresServer, name: str) -> str:
    """Return the URL of a database that does not exist yet, or is empty."""
    return f"sqlite:///{folder / name}.db" if engine == "sqlite" else postgres.new_database()


@pytest.fixture(params=WAYS, ids="-to-".join)
def urls(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer
) -> tuple[str, str]:
    """A source and a target."""
    source, target = request.param
    return url_of(source, tmp_path, postgres, "source"), url_of(
        target, tmp_path, postgres, "target"
    )


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """A source of SQLite."""
    return f"sqlite:///{tmp_path / 'source.db'}"


async def create_database(url: str) -> Database:
    """Return a database with its tables."""
    database = database_of(Settings(database=url))
    await asyncio.to_thread(database.upgrade)
    return database


def operation_input(number: int) -> dict[str, Any]:
    """Return the input of an operation."""
    return {
        "id": f"operation-{number:06}",
        "callId": f"call-{number % 3}",
        "clientContext": ["Straße \N{PILE OF POO}", "x", None][number % 3],
        "status": ["NotStarted", "Running", "Completed"][number % 3],
        "participants": [
            {"identity": {"user": {"id": f"user-{number}", "displayName": "Zoë"}}},
            {"identity": {"phone": {"id": f"+{number}"}}},
        ],
        "resultInfo": {"code": number, "subcode": 0, "message": "ok"},
        "additionalProperties": {"ratio": 1.0, "big": 10**30, "tags": [number]},
        "idempotencyKey": f"key-{number}",
    }


async def answers(client: Client) -> list[bytes]:
    """Return the responses to all queries, as they are sent."""
    found = []
    for query in QUERIES:
        async with client.session.post(f"{client.url}/graphql", json={"query": query}) as response:
            found.append(await response.read())
        assert b'"errors"' not in found[-1], found[-1]
    return found


async def etag(client: Client, known: str = "") -> tuple[int, str]:
    """Request the list by GET; return the status and the ETag."""
    async with client.session.get(
        f"{client.url}/graphql", params={"query": LIST}, headers={"If-None-Match": known}
    ) as response:
        return response.status, response.headers["ETag"]


async def test_clients_continue_after_a_copy(
    urls: tuple[str, str], run_in_process: Command, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    source, target = urls
    with running(tmp_path, "--database", source) as gateway:
        client = Client(http, gateway.url)
        for number in range(8):
            await client.create(**operation_input(number))
        await client.create(id="again")
        await client.delete("again")
        seen: str = await client.change_cursor()
        await client.create(id="again")
        await client.update(id="operation-000001", clientContext="later")
        before = await answers(client)
        page = (await client.data(NEXT))["inviteParticipantsOperations"]["pageInfo"]["endCursor"]
        rest = await client.data(NEXT, after=page)
        _, tag = await etag(client)
    output = await copy_database(run_in_process, source, target)
    with running(tmp_path, "--database", target) as gateway:
        client = Client(http, gateway.url)
        after = await answers(client)
        unchanged = await etag(client, tag)
        rest_after = await client.data(NEXT, after=page)
        repeated = await client.create(**operation_input(3))
        async with connected(http, gateway.url) as socket:
            await socket.subscribe(FOLLOW, after=seen)
            await client.create(id="new")
            followed = [await socket.change() for _ in range(3)]
        newest = await client.data(NEXT)

    assert "9 operations, 12 changes, 8 idempotency keys" in output
    assert after == before
    assert unchanged == (304, tag)
    assert rest_after == rest
    assert repeated == operation_input(3)["id"]
    assert [change["operationId"] for change in followed] == ["again", "operation-000001", "new"]
    assert newest["inviteParticipantsOperations"]["nodes"][0] == {"id": "new"}


async def test_keys_and_pending_notifications_are_copied(
    urls: tuple[str, str], run_in_process: Command
) -> None:
    source, target = urls
    forwards = [Forward([f"call-{number}"], [("a", "b")], bytes(range(256))) for number in range(2)]
    first, long = Create(id="1", idempotency_key="k"), Create(id="2", idempotency_key="k" * 900)
    async with (await create_database(source)).open() as store:
        for each in (first, long):
            await store.create(each)
        for forward in forwards:
            await store.apply([], forward=forward, max_forwards=10)
        exchanged = await store.forwards.exchange([], 1, 3_600)
    await copy_database(run_in_process, source, target)
    async with database_of(Settings(database=target)).open() as store:
        untaken = await store.forwards.exchange([], 10, 60)
        repeated = [await store.create(each) for each in (first, long)[: 1 + knows_long(urls)]]

    assert [each.body for each in (*exchanged, *untaken)] == [each.body for each in forwards]
    assert {operation.version for operation in repeated} == {1}


def knows_long(urls: tuple[str, str]) -> bool:
    """Whether keys of more than 500 characters are copied: PostgreSQL has only their digests."""
    return urls[0].startswith("sqlite") or urls[1].startswith("postgres")


async def copy_database(run_in_process: Command, source: str, target: str) -> str:
    """Copy a database and return the output."""
    done = await asyncio.to_thread(run_in_process, "copy", "--from", source, "--to", target)
    assert done.returncode == 0, done.stderr
    return done.stderr


async def test_pruned_log_continues_at_its_position(
    urls: tuple[str, str], run_in_process: Command
) -> None:
    source, target = urls
    async with (await create_database(source)).open() as store:
        for id_ in ("kept", "deleted"):
            await store.create(Create(id=id_))
        await store.delete(Delete(id="deleted"))
        before = await store.log.position()
    await execute(source, "DELETE FROM changes", "UPDATE change_log SET pruned = 3")
    await copy_database(run_in_process, source, target)
    async with database_of(Settings(database=target)).open() as store:
        bounds = await store.log.bounds()
        await store.create(Create(id="new"))
        page = await store.log.changes(None, ChangeSlice(10, before))
    numbers = await execute(target, "SELECT id, seq FROM operations ORDER BY seq")

    assert (bounds.pruned, bounds.newest, bounds.end) == (3, 3, before)
    assert [(each.operation_id, each.position.number) for each in page.changes] == [("new", 4)]
    assert numbers[0] == ("kept", 1)
    assert numbers[1][1] > 2


async def test_copy_of_a_backup_has_a_log_of_its_own(
    sqlite: str, tmp_path: Path, run_in_process: Command, postgres: PostgresServer
) -> None:
    await create_database(sqlite)
    backup = f"sqlite:///{tmp_path / 'backup.db'}"
    await asyncio.to_thread(run_in_process, "backup", "backup.db", "--database", sqlite)
    copies = [postgres.new_database() for _ in range(2)]
    for copy in copies:
        await copy_database(run_in_process, backup, copy)
    logs = {await log_id(url) for url in (sqlite, *copies)}

    assert await log_id(backup) == 0
    assert len(logs - {0}) == 3


async def log_id(url: str) -> int:
    """Return the id of a database's change log."""
    ((id_,),) = await execute(url, "SELECT id FROM change_log")
    return int(id_)


class Killing(Proxy):
    """A proxy that kills a process when it sends certain bytes, which are not forwarded."""

    process: asyncio.subprocess.Process | None = None

    def kill_at(self, sought: bytes) -> None:
        """Kill the process that sends these bytes."""

        def cut(data: bytes) -> bool:
            if sought not in data or self.process is None:
                return False
            self.process.send_signal(signal.SIGKILL)
            return True

        self.before = cut


@pytest.mark.parametrize(
    ("engines", "sought", "left"),
    [
        (("sqlite", "postgresql"), b"operation-0010", 1_000),
        (("postgresql", "sqlite"), b"FROM changes ORDER BY position OFFSET", OPERATIONS),
    ],
)
async def test_killed_copy_resumes_where_it_stopped(  # noqa: PLR0913, PLR0917  fixtures
    run_in_process: Command,
    tmp_path: Path,
    postgres: PostgresServer,
    engines: tuple[str, str],
    sought: bytes,
    left: int,
) -> None:
    source, target = (url_of(engine, tmp_path, postgres, engine) for engine in engines)
    async with (await create_database(source)).open() as store:
        inputs = [Create.model_validate(operation_input(number)) for number in range(OPERATIONS)]
        await store.create_many(inputs, atomic=True)
    await create_database(target)
    proxy = Killing(source if source.startswith("postgres") else target)
    async with proxy.running():
        through = [proxy.url if url.startswith("postgres") else url for url in (source, target)]
        process = await asyncio.create_subprocess_exec(
            COMMAND, "copy", "--from", through[0], "--to", through[1], cwd=tmp_path
        )
        proxy.process = process
        proxy.kill_at(sought)
        async with asyncio.timeout(WITHIN):
            status = await process.wait()
    ((reached,),) = await execute(target, "SELECT count(*) FROM operations")
    checked = await asyncio.to_thread(run_in_process, "db", "check", "--database", target)
    served = await asyncio.to_thread(run_in_process, "export", "-", "--database", target)
    output = await copy_database(run_in_process, source, target)
    again = await asyncio.to_thread(run_in_process, "copy", "--from", source, "--to", target)
    exports = [
        (await asyncio.to_thread(run_in_process, "export", "-", "--database", url)).stdout
        for url in (source, target)
    ]

    assert (status, reached) == (-signal.SIGKILL, left)
    assert (checked.returncode, served.returncode) == (1, 2)
    for refused in (checked, served):
        assert "unfinished copy" in refused.stderr
    assert f"{OPERATIONS:,} operations, {OPERATIONS:,} changes" in output
    assert exports[0] == exports[1]
    assert (again.returncode, "not empty" in again.stderr) == (2, True)


async def test_unfinished_copy_is_not_gone_on_with_once_the_source_has_changed(
    sqlite: str, tmp_path: Path, run_in_process: Command
) -> None:
    target = f"sqlite:///{tmp_path / 'target.db'}"
    database = await create_database(sqlite)
    await create_database(target)
    async with database.open() as store:
        await store.create(Create(id="1"))
    async with (
        (await create_database(target)).exclusive() as unfinished,
        database.exclusive() as source,
    ):
        await unfinished.begin(await source.log_state())
    async with database.open() as store:
        await store.create(Create(id="2"))
    done = await asyncio.to_thread(run_in_process, "copy", "--from", sqlite, "--to", target)
    source_too = await asyncio.to_thread(
        run_in_process, "copy", "--from", target, "--to", f"{target}2"
    )

    assert done.returncode == source_too.returncode == 2
    assert "it was changed" in done.stderr
    assert "unfinished copy" in source_too.stderr
    assert not (tmp_path / "target.db2").exists()


async def test_target_that_has_something_is_refused_and_left_alone(
    urls: tuple[str, str], run_in_process: Command
) -> None:
    source, target = urls
    await create_database(source)
    async with (await create_database(target)).open() as store:
        await store.create(Create(id="theirs"))
        await store.delete(Delete(id="theirs"))
    refused = await asyncio.to_thread(run_in_process, "copy", "--from", source, "--to", target)
    checked = await asyncio.to_thread(run_in_process, "db", "check", "--database", target)

    assert (refused.returncode, checked.returncode) == (2, 0)
    assert "is not empty" in refused.stderr


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [
        ("sqlite:///source.db", "sqlite:///./source.db", "both the source and the target"),
        ("sqlite:///missing.db", "sqlite:///target.db", "There is no database"),
        ("sqlite:///source.db", "sqlite:///missing/target.db", "does not exist"),
        ("sqlite:///source.db", "mysql://u:correct-horse@h/n", "--to: 'mysql'"),
        ("u:correct-horse@h", "sqlite:///target.db", "--from: The given text"),
        ("sqlite:///source.db", "postgresql://u:correct-horse@127.0.0.1:1/n", "cannot be reached"),
        ("postgresql://u:correct-horse@127.0.0.1:1/n", "sqlite:///target.db", "cannot be reached"),
    ],
)
def test_failed_copy_is_reported_without_a_password(
    run_in_process: Command, tmp_path: Path, source: str, target: str, word: str
) -> None:
    run_in_process("db", "upgrade", "--database", f"sqlite:///{tmp_path / 'source.db'}")
    done = run_in_process("copy", "--from", source, "--to", target)

    assert done.returncode == 2
    assert word in done.stderr
    assert "correct-horse" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert [*map(str, tmp_path.glob("target*"))] == []


@pytest.mark.parametrize("held", ["source", "target"])
async def test_copy_waits_for_those_that_write_only_for_a_while(
    urls: tuple[str, str], run_in_process: Command, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    for engine in (postgres_exclusive, sqlite_exclusive, migrate):
        monkeypatch.setattr(engine, "WAIT_SECONDS", 0.1)
    databases = {
        name: await create_database(url)
        for name, url in zip(("source", "target"), urls, strict=True)
    }
    async with databases[held].exclusive():
        done = await asyncio.to_thread(run_in_process, "copy", "--from", urls[0], "--to", urls[1])

    assert done.returncode == 2
    assert "Others have been writing" in done.stderr


async def test_operations_that_are_older_than_their_log_go_to_sqlite_alone(
    sqlite: str, tmp_path: Path, run_in_process: Command, postgres: PostgresServer
) -> None:
    async with (await create_database(sqlite)).open() as store:
        await store.create(Create(id="1"))
    await execute(
        sqlite, "DELETE FROM changes", "DELETE FROM sqlite_sequence WHERE name = 'changes'"
    )
    other = ("--to", postgres.new_database())
    refused = await asyncio.to_thread(run_in_process, "copy", "--from", sqlite, *other)
    await copy_database(run_in_process, sqlite, f"sqlite:///{tmp_path / 'target.db'}")

    assert refused.returncode == 2
    assert "`invite-gateway export` and `import`" in refused.stderr
