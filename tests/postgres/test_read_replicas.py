"""Reads from a hot standby: each answer of one moment, and none older than what a client has seen.

Replay on the standby is paused, so that it is behind for as long as a test needs it to be.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest
from support.documents import COUNT, CREATE, FOLLOW, GET, LIST
from support.engines import PostgresServer, StandbyServer, execute, postgres_server, standby_server
from support.gateways import Client, running
from support.metrics import values
from support.sockets import connected
from support.strategies import JSONObject
from support.waiting import WITHIN, wait_until_async

from gateway.settings import Settings
from gateway.store import read_sessions
from gateway.store.interface import Store
from gateway.store.opening import database_of
from gateway.store.postgres import standby as standby_module
from gateway.store.read_sessions import READ_SESSION, ReadSessions
from schema.inputs import CreateInviteParticipantsOperationInput as Create

GROUPS = "{ inviteParticipantsOperationGroups(by: []) { count } }"
CHANGES = """query ($after: String) {
  changes(after: $after) { nodes { operationId } pageInfo { endCursor } } }"""
PAGE = "{ inviteParticipantsOperations { changeCursor nodes { id } } }"


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    """A server with a standby."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def standby(primary: PostgresServer) -> Iterator[StandbyServer]:
    """Its standby."""
    with standby_server(primary) as server:
        yield server


@dataclass(frozen=True)
class Replicated:
    """A gateway that reads from a standby, and another client's store on the primary."""

    client: Client
    others: Store
    primary: str
    standby: str

    async def create_elsewhere(self, id_: str) -> str:
        """Create an operation by another client, and return the end of the log after it."""
        await self.others.create(Create(id=id_))
        return (await self.others.log.position()).cursor()

    async def wait_for_replay(self) -> None:
        """Wait until the gateway knows that the standby has replayed the whole log."""
        position = (await self.others.log.position()).number

        async def is_there() -> bool:
            return await end_of_log(self.standby) >= position and await self.is_read_from()

        await wait_until_async(is_there)

    async def is_read_from(self) -> bool:
        """Return whether a read goes to the standby."""
        before = await values(self.client, "database_reads", suffix="_total")
        await self.client.data(LIST)
        after = await values(self.client, "database_reads", suffix="_total")
        return after.get("standby", 0) > before.get("standby", 0)

    @asynccontextmanager
    async def replay_paused(self) -> AsyncIterator[None]:
        """Pause the standby's replay during the block."""
        await execute(self.standby, "SELECT pg_wal_replay_pause()")
        try:
            await wait_until_async(partial(is_paused, self.standby))
            yield
        finally:
            await execute(self.standby, "SELECT pg_wal_replay_resume()")

    async def ids(self, *, after: str = "") -> list[str]:
        """List the ids of operations, as of a cursor at least if one is given."""
        headers = {"Change-Cursor": after} if after else {}
        answer = await self.fetch(LIST, headers)
        return [node["id"] for node in answer["inviteParticipantsOperations"]["nodes"]]

    async def has_second(self) -> bool:
        """Return whether the second operation is listed."""
        return await self.ids() == ["second", "first"]

    async def fetch(self, query: str, headers: dict[str, str]) -> dict[str, Any]:
        """Send a document with some headers and return its data."""
        url = f"{self.client.url}/graphql"
        async with self.client.session.post(
            url, json={"query": query}, headers=headers
        ) as response:
            data: dict[str, Any] = (await response.json())["data"]
            return data


async def end_of_log(url: str) -> int:
    """Return the position of the newest change in a database; -1 if it has no tables yet."""
    try:
        ((position,),) = await execute(url, "SELECT coalesce(max(position), 0) FROM changes")
    except (asyncpg.InvalidCatalogNameError, asyncpg.UndefinedTableError):
        return -1
    return int(position)


async def is_paused(url: str) -> bool:
    """Return whether a standby's replay is paused."""
    return await execute(url, "SELECT pg_get_wal_replay_pause_state()") == [("paused",)]


async def is_slow(url: str) -> bool:
    """Return whether a database has the slow view."""
    return await execute(url, "SELECT to_regclass('stored') IS NOT NULL") == [(True,)]


async def is_sleeping(url: str) -> bool:
    """Return whether a client reads from the slow view."""
    return await execute(url, SLEEPING) != [(0,)]


@pytest.fixture
async def replicated(
    primary: PostgresServer, standby: StandbyServer, tmp_path: Path, http: aiohttp.ClientSession
) -> AsyncIterator[Replicated]:
    """A gateway on a database of the test's own that has an operation, and on its standby."""
    url = primary.new_database()
    database = database_of(Settings(database=url))
    await asyncio.to_thread(database.upgrade)
    replica = standby.url(urlsplit(url).path[1:])
    with running(
        tmp_path, "--database", url, "--read-database", replica, "--read-lag-seconds", "60"
    ) as gateway:
        async with database.open() as others:
            given = Replicated(Client(http, gateway.url), others, url, replica)
            await given.create_elsewhere("first")
            await given.wait_for_replay()
            yield given


async def test_reads_are_as_of_the_standby(replicated: Replicated) -> None:
    client = replicated.client
    start = (await client.data(PAGE))["inviteParticipantsOperations"]["changeCursor"]
    async with replicated.replay_paused():
        await replicated.create_elsewhere("second")
        page = (await client.data(PAGE))["inviteParticipantsOperations"]
        got = await client.data(GET, id="second")
        counted = await client.data(COUNT)
        grouped = await client.data(GROUPS)
        changes = (await client.data(CHANGES))["changes"]

    assert page == {"changeCursor": start, "nodes": [{"id": "first"}]}
    assert got["inviteParticipantsOperation"] is None
    assert counted["inviteParticipantsOperations"] == {"totalCount": 1}
    assert grouped["inviteParticipantsOperationGroups"] == [{"count": 1}]
    assert changes["nodes"] == [{"operationId": "first"}]


async def test_client_reads_its_own_writes(replicated: Replicated) -> None:
    client = replicated.client
    async with replicated.replay_paused():
        await client.create(id="second")
        listed = await replicated.ids()
        got = await client.data(GET, id="second")
        counted = await client.data(COUNT)
        async with connected(client.session, client.url) as socket:
            await socket.subscribe(GET, id="second")
            by_socket = (await socket.payload())["data"]

    assert listed == ["second", "first"]
    assert got == by_socket == {"inviteParticipantsOperation": {"id": "second"}}
    assert counted["inviteParticipantsOperations"] == {"totalCount": 2}


async def test_cursor_ahead_of_the_standby_is_read_from_the_primary(
    replicated: Replicated,
) -> None:
    client = replicated.client
    async with replicated.replay_paused():
        after = await replicated.create_elsewhere("second")
        await replicated.others.create(Create(id="third"))
        changes = (await client.data(CHANGES, after=after))["changes"]

    assert changes["nodes"] == [{"operationId": "third"}]


async def test_answer_is_not_older_than_the_cursor_of_its_request(replicated: Replicated) -> None:
    async with replicated.replay_paused():
        old = (await replicated.others.log.position()).cursor()
        after = await replicated.create_elsewhere("second")
        before = await replicated.ids(after=old)
        listed = await replicated.ids(after=f"{after}, {old}")
        afterwards = await replicated.ids()

    assert before == ["first"]
    assert listed == afterwards == ["second", "first"]


@pytest.mark.parametrize(
    ("cursors", "message_part"), [("none", "'Change-Cursor'"), ("a," * 8, "limit is 8")]
)
async def test_header_that_holds_no_cursors_is_refused(
    replicated: Replicated, cursors: str, message_part: str
) -> None:
    client = replicated.client
    async with client.session.post(
        f"{client.url}/graphql", json={"query": LIST}, headers={"Change-Cursor": cursors}
    ) as refused:
        message = (await refused.json())["errors"][0]["message"]

    assert refused.status == 400
    assert message_part in message


async def test_cursor_of_a_write_holds_at_another_gateway(
    replicated: Replicated, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with replicated.replay_paused():
        with running(
            tmp_path, "--database", replicated.primary, "--read-database", replicated.standby
        ) as other:
            body = {"query": CREATE, "variables": {"input": {"id": "second"}}}
            async with http.post(f"{other.url}/graphql", json=body) as response:
                cursor = response.headers["Change-Cursor"]
        without = await replicated.ids()
        listed = await replicated.ids(after=cursor)

    assert without == ["first"]
    assert listed == ["second", "first"]


@pytest.mark.parametrize("wrap", [lambda headers: headers, lambda headers: {"headers": headers}])
async def test_cursor_of_a_write_holds_for_a_websocket(
    replicated: Replicated, wrap: Callable[[JSONObject], JSONObject]
) -> None:
    client = replicated.client
    async with replicated.replay_paused():
        after = await replicated.create_elsewhere("second")
        read = []
        for payload in ({}, wrap({"change-cursor": after})):
            async with connected(client.session, client.url, init=False) as socket:
                await socket.send(type="connection_init", payload=payload)
                assert await socket.message() == {"type": "connection_ack"}
                for id_ in ("1", "2"):
                    await socket.subscribe(GET, id_, id="second")
                    read.append((await socket.payload(id_))["data"]["inviteParticipantsOperation"])
                    assert (await socket.message())["type"] == "complete"

    assert read == [None, None, {"id": "second"}, {"id": "second"}]


@pytest.mark.parametrize(
    ("cursors", "message_part"),
    [("none", "'Change-Cursor'"), ("a," * 8, "limit is 8"), (7, "not a string")],
)
async def test_websocket_with_no_cursors_is_closed(
    replicated: Replicated, cursors: object, message_part: str
) -> None:
    client = replicated.client
    async with connected(client.session, client.url, init=False) as socket:
        await socket.send(type="connection_init", payload={"Change-Cursor": cursors})
        code, reason = await socket.wait_closed()

    assert code == 4400
    assert message_part in str(reason)


async def test_subscriber_reads_received_changes(replicated: Replicated) -> None:
    client = replicated.client
    start = await client.change_cursor()
    async with replicated.replay_paused(), connected(client.session, client.url) as socket:
        await socket.subscribe(FOLLOW, after=start)
        await replicated.create_elsewhere("second")
        async with asyncio.timeout(WITHIN):
            received_id = (await socket.change())["operationId"]
        listed = await replicated.ids()

    assert received_id == "second"
    assert listed == ["second", "first"]


async def test_cached_answer_is_never_older_than_one_before(replicated: Replicated) -> None:
    client = replicated.client
    url = f"{client.url}/graphql"
    async with replicated.replay_paused():
        async with client.session.get(url, params={"query": LIST}) as response:
            old = response.headers["ETag"]
        after = await replicated.create_elsewhere("second")
        answers = [
            await replicated.ids(),
            await replicated.ids(after=after),
            await replicated.ids(),
            await replicated.ids(),
        ]
        async with client.session.get(
            url, params={"query": LIST}, headers={"If-None-Match": old}
        ) as response:
            fresh = response.status, response.headers["ETag"]

    assert answers == [["first"], *[["second", "first"]] * 3]
    assert fresh[0] == 200
    assert fresh[1] != old


async def test_unavailable_standby_is_skipped_and_used_again(
    replicated: Replicated, standby: StandbyServer
) -> None:
    client = replicated.client
    await asyncio.to_thread(standby.stop)
    listed = await replicated.ids()
    async with client.session.get(f"{client.url}/health/ready") as response:
        ready = response.status
    usable = await values(client, "standby_usable")
    await asyncio.to_thread(standby.start)
    await replicated.wait_for_replay()

    assert listed == ["first"]
    assert ready == 200
    assert usable == {}
    assert list((await values(client, "standby_usable")).values()) == [1]


SLOW_ON_STANDBYS = (
    "ALTER TABLE operations RENAME TO stored",
    """CREATE VIEW operations AS SELECT * FROM stored
       WHERE NOT pg_is_in_recovery() OR pg_sleep(30) IS NOT NULL""",
)
SLOW_NO_MORE = ("DROP VIEW operations", "ALTER TABLE stored RENAME TO operations")
SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


async def test_read_that_recovery_cancels_is_answered_by_the_primary(
    replicated: Replicated,
) -> None:
    await replicated.create_elsewhere("second")
    await execute(replicated.primary, *SLOW_ON_STANDBYS)
    await wait_until_async(partial(is_slow, replicated.standby))
    async with asyncio.timeout(WITHIN):
        reading = asyncio.create_task(replicated.ids())
        await wait_until_async(partial(is_sleeping, replicated.standby))
        await execute(replicated.primary, *SLOW_NO_MORE)
        listed = await reading

    assert listed == ["second", "first"]


@asynccontextmanager
async def open_store(replicated: Replicated) -> AsyncIterator[Store]:
    """Open a store that reads from the standby."""
    settings = Settings(
        database=replicated.primary, read_database=(replicated.standby,), read_lag_seconds=60
    )
    async with database_of(settings).open(seconds=WITHIN) as store, asyncio.timeout(WITHIN):
        READ_SESSION.set(ReadSessions(60).session("somebody"))
        await wait_until_async(partial(is_read_from_standby, store))
        yield store


async def is_read_from_standby(store: Store) -> bool:
    """Return whether a read goes to the standby."""
    before = store.reads_by_role["standby"]
    await store.get("first")
    return store.reads_by_role["standby"] > before


@pytest.mark.parametrize(("max_clients", "others_find"), [(2, False), (1, True)])
async def test_other_clients_read_from_the_standby_up_to_a_limit(
    replicated: Replicated,
    monkeypatch: pytest.MonkeyPatch,
    max_clients: int,
    *,
    others_find: bool,
) -> None:
    monkeypatch.setattr(read_sessions, "MAX_CLIENTS", max_clients)
    sessions = ReadSessions(60)
    async with open_store(replicated) as store, replicated.replay_paused():
        READ_SESSION.set(sessions.session("writer"))
        await store.create(Create(id="second"))
        own = await store.get("second")
        READ_SESSION.set(sessions.session("other"))
        of_other = await store.get("second")

    assert own
    assert (of_other is not None) is others_find


async def test_hanging_standby_is_skipped(
    replicated: Replicated, standby: StandbyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standby_module, "TIMEOUT_SECONDS", 0.3)
    async with open_store(replicated) as store:
        with standby.stopped():
            found = await store.get("first")
            usable = [each.is_usable for each in store.standbys]
        await wait_until_async(partial(is_read_from_standby, store))

    assert found
    assert usable == [False]


def test_standby_may_have_several_hosts_in_one_url() -> None:
    one, other = "postgresql://a,b/operations", "postgres://c/operations"
    settings = Settings(database="postgresql:///operations", read_database=f"{one}, {other}")

    assert settings.read_database == (one, other)


async def test_standby_too_far_behind_is_skipped_and_used_again(
    replicated: Replicated, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(
        tmp_path,
        *("--database", replicated.primary),
        *("--read-database", replicated.standby),
        *("--read-lag-seconds", "0.5"),
    ) as gateway:
        other = Replicated(
            Client(http, gateway.url), replicated.others, replicated.primary, replicated.standby
        )
        await other.wait_for_replay()
        async with replicated.replay_paused():
            await other.create_elsewhere("second")
            await wait_until_async(other.has_second)
            lags = await values(other.client, "standby_lag_seconds")
        await other.wait_for_replay()

    assert min(lags.values()) > 0.5
