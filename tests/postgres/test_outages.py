"""A database that is temporarily unavailable: requests fail at once, and everything recovers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from support.documents import CREATE, FOLLOW, GET, LIST
from support.engines import PostgresServer, postgres_server
from support.gateways import Client, Gateway, running
from support.sockets import connected
from support.waiting import WITHIN

from gateway.http import eager
from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.paging import Page, Slice


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, server: PostgresServer) -> Iterator[Gateway]:
    """A gateway on it."""
    with running(tmp_path, INVITE_GATEWAY_DATABASE=server.new_database()) as gateway:
        yield gateway


async def error_of(client: Client, query: str, **variables: Any) -> tuple[str, bool]:  # noqa: ANN401
    """Return the code of a document's error, and whether there is a Retry-After."""
    body = {"query": query, "variables": variables}
    async with client.session.post(f"{client.url}/graphql", json=body) as response:
        answer = await response.json()
        return answer["errors"][0]["extensions"]["code"], "Retry-After" in response.headers


async def status(client: Client, path: str) -> int:
    """Return the status of a health check."""
    async with client.session.get(f"{client.url}/health/{path}") as response:
        return response.status


async def test_requests_fail_during_an_outage_and_succeed_afterwards(
    client: Client, server: PostgresServer
) -> None:
    await client.create(id="1")
    await asyncio.to_thread(server.stop)
    refusals = [
        await error_of(client, GET, id="1"),
        await error_of(client, LIST),
        await error_of(client, CREATE, input={"id": "2"}),
    ]
    checks = [await status(client, "ready"), await status(client, "live")]
    await asyncio.to_thread(server.start)
    async with asyncio.timeout(WITHIN):
        ready = await status(client, "ready")
        while ready != 200:
            await asyncio.sleep(0.1)
            ready = await status(client, "ready")
    await client.create(id="3")
    listed = await client.data(LIST)

    assert refusals == [("OVERLOADED", True)] * 3
    assert checks == [503, 200]
    assert [node["id"] for node in listed["inviteParticipantsOperations"]["nodes"]] == ["3", "1"]


async def test_subscription_resumes_after_an_outage(
    http: aiohttp.ClientSession, client: Client, server: PostgresServer
) -> None:
    start = await client.change_cursor()
    async with asyncio.timeout(WITHIN), connected(http, client.url) as socket:
        await socket.subscribe(FOLLOW, after=start)
        await client.create(id="1")
        received = [(await socket.payload())["data"]["changes"]["operationId"]]
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        answer = await client.answer(CREATE, input={"id": "2"})
        while "errors" in answer:
            await asyncio.sleep(0.1)
            answer = await client.answer(CREATE, input={"id": "2"})
        received.append((await socket.payload())["data"]["changes"]["operationId"])

    assert received == ["1", "2"]


async def test_log_of_the_gateway_has_the_failure_and_advice(
    client: Client, gateway: Gateway, server: PostgresServer
) -> None:
    await asyncio.to_thread(server.stop)
    for _ in range(3):
        await error_of(client, LIST)
    gateway.stop()
    lines = [line for line in gateway.log if "cannot be read" in line]

    assert len(lines) == 1
    assert "it cannot be reached" in lines[0]
    assert "Check that it runs" in lines[0]


@pytest.fixture
async def silent() -> AsyncIterator[Path]:
    """The folder of a server that accepts connections and never responds."""
    connections: list[asyncio.StreamWriter] = []
    with TemporaryDirectory() as folder:
        place = Path(folder)
        async with await asyncio.start_unix_server(
            lambda _, writer: connections.append(writer), place / ".s.PGSQL.5432"
        ):
            yield place
            for writer in connections:
                writer.close()


@pytest.mark.parametrize("wanted", ["read-write", "prefer-standby"])
async def test_host_that_does_not_answer_is_passed_over(
    server: PostgresServer, silent: Path, wanted: str
) -> None:
    hosts = f"{silent},{server.folder}" if wanted == "read-write" else server.folder
    server.new_database("test")
    url = f"postgresql:///test?user=postgres&host={hosts}&target_session_attrs={wanted}"
    database = database_of(Settings(database=url))
    await asyncio.to_thread(database.upgrade)
    async with asyncio.timeout(WITHIN), database.open() as store:
        created = await store.create(Create(id="1"))
        found = await store.get("1")

    assert found == created


async def test_gateway_stops_while_the_database_hangs(
    gateway: Gateway, client: Client, server: PostgresServer
) -> None:
    await client.data(LIST)
    with server.stopped():
        status = await asyncio.to_thread(gateway.stop)

    assert status == 0


@pytest.mark.postgresql
async def test_page_after_a_cancelled_one_is_read_outside_of_a_task(database: Database) -> None:
    loop = asyncio.get_running_loop()
    part = Slice(1)
    async with asyncio.timeout(WITHIN), database.open(readers=1) as store:
        await store.page(None, (), part)  # which opens the connection
        for _ in range(20):
            cancelled = asyncio.create_task(store.page(None, (), part))
            await asyncio.sleep(0)  # until it has sent its statement
            cancelled.cancel()
            await asyncio.wait([cancelled])
            started = loop.create_future()
            loop.call_soon(_start, loop, store.page(None, (), part), started)
            page = await (await started)

            assert not page.operations


def _start(
    loop: asyncio.AbstractEventLoop, read: Coroutine[Any, Any, Page], started: asyncio.Future[Any]
) -> None:
    try:
        started.set_result(eager.start(loop, read))
    except RuntimeError as error:
        started.set_exception(error)
