"""Connections release their memory at once, without the garbage collector."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession
from support.bearers import auth_headers, token
from support.documents import CHANGE_CURSOR, FOLLOW
from support.gateways import Client
from support.sockets import Socket, connected
from support.waiting import WITHIN

from gateway.documents.manifests import trusted_documents
from gateway.execution.live.fan_out import LiveSubscription
from gateway.logs import logging_to_stderr
from gateway.serving import answering
from gateway.settings import Settings
from gateway.store.sqlite.migrate import upgrade
from gateway.transports.websocket.connection import WebSocketConnection
from gateway.transports.websocket.writer import FrameWriter


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a gateway in this process, with the garbage collector disabled."""
    headers = auth_headers(token(tmp_path, "create", "support", "--scope", "write"))
    settings = Settings(
        port=0,
        database=f"sqlite:///{tmp_path}/operations.db",
        auth="tokens",
        tokens_file=str(tmp_path / "tokens.json"),
    )
    upgrade(settings.database_path)
    with logging_to_stderr("warning", "readable") as logs:
        async with (
            answering(settings, logs, trusted_documents(settings)) as url,
            ClientSession(headers=headers) as session,
        ):
            gc.disable()
            try:
                yield Client(session, url.removesuffix("/graphql"))
            finally:
                gc.enable()
                gc.unfreeze()


def objects_in_memory() -> list[object]:
    """Return how many sockets, connections and subscriptions are in memory."""
    kinds = (WebSocketConnection, FrameWriter, LiveSubscription)
    return [each for each in gc.get_objects() if type(each) in kinds]


async def _leaves(socket: Socket) -> None:
    await socket.ws.close()


async def _is_lost(socket: Socket) -> None:
    writer = socket.ws._writer  # noqa: SLF001  nothing else ends it without a word
    assert writer.transport is not None
    writer.transport.abort()


async def _sends_what_is_no_message(socket: Socket) -> None:
    await socket.ws.send_str("{")
    assert (await socket.wait_closed())[0] == 4400


async def _is_forbidden(socket: Socket) -> None:
    await socket.send(type="ping", payload=auth_headers("wrong"))
    assert (await socket.wait_closed())[0] == 4403


@pytest.mark.parametrize("end", [_leaves, _is_lost, _sends_what_is_no_message, _is_forbidden])
async def test_socket_that_was_closed_is_gone(
    client: Client, end: Callable[[Socket], Awaitable[None]]
) -> None:
    async with connected(client.session, client.url) as socket:
        await socket.subscribe(CHANGE_CURSOR, "query")
        now = (await socket.payload("query"))["data"]["inviteParticipantsOperations"]
        await socket.message()
        await socket.subscribe(FOLLOW, after=now["changeCursor"])
        await client.create()
        await socket.change()
        assert len(objects_in_memory()) == 3
        await end(socket)
    async with asyncio.timeout(WITHIN):
        while objects_in_memory():
            await client.data(CHANGE_CURSOR)
