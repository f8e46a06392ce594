"""Stopping under load: no request fails, nothing acknowledged is lost, clients are notified."""

import asyncio
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from support.documents import CREATE, FOLLOW
from support.gateways import Client, Gateway, running
from support.sockets import Socket, connected
from support.waiting import WITHIN

WRITERS = 8
EACH = 20


class Writer:
    """A client that stops the gateway, and writes until its connection is to be closed."""

    def __init__(self, client: Client, gateway: Gateway, name: str) -> None:
        self._client = client
        self._gateway = gateway
        self._name = name
        self.acknowledged: list[str] = []

    async def write(self) -> None:
        """Write until the gateway says that it closes the connection; nothing may fail."""
        closes = False
        while not closes:
            id_ = f"{self._name}-{len(self.acknowledged)}"
            body = {"query": CREATE, "variables": {"input": {"id": id_}}}
            async with self._client.session.post(f"{self._client.url}/graphql", json=body) as sent:
                answer = await sent.json()
                closes = sent.headers.get("Connection") == "close"
            payload = answer["data"]["createInviteParticipantsOperation"]
            assert payload["operation"] == {"id": id_, "version": 1}
            self.acknowledged.append(id_)
            if len(self.acknowledged) == EACH:
                self._gateway.process.send_signal(signal.SIGTERM)


async def closed(socket: Socket) -> int:
    """Return the code with which a socket is closed, and discard the messages before it."""
    async for _ in socket.ws:
        pass
    return socket.ws.close_code or 0


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_stopping_under_load_fails_nothing_that_is_under_way(
    tmp_path: Path, http: aiohttp.ClientSession, workers: str
) -> None:
    with running(tmp_path, "--workers", workers) as gateway:
        client = Client(http, gateway.url)
        writers = [Writer(client, gateway, f"writer-{number}") for number in range(WRITERS)]
        async with (
            connected(http, gateway.url) as idle,
            connected(http, gateway.url) as following,
        ):
            await following.subscribe(FOLLOW)
            codes = asyncio.gather(closed(idle), closed(following))
            await asyncio.gather(*(writer.write() for writer in writers))

            assert [*await codes] == [1001, 1001]
        assert await asyncio.to_thread(gateway.process.wait, WITHIN) == 0
    with closing(sqlite3.connect(tmp_path / "operations.db")) as database:
        found = {id_ for (id_,) in database.execute("SELECT id FROM operations")}
    assert found == {id_ for writer in writers for id_ in writer.acknowledged}
    assert "Traceback" not in "".join(gateway.log)


async def test_readiness_fails_while_requests_are_still_accepted(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    with running(tmp_path, "--drain-seconds", "600") as gateway:
        client = Client(http, gateway.url)
        gateway.process.send_signal(signal.SIGTERM)
        status = 200
        while status == 200:
            async with http.get(f"{gateway.url}/health/ready") as response:
                status, reported = response.status, await response.json()

        assert (status, reported) == (
            503,
            {"status": "unavailable", "reason": "The gateway is stopping."},
        )
        assert await client.create()
        async with connected(http, gateway.url, init=False) as late:
            assert (await late.wait_closed())[0] == 1001
        gateway.process.kill()
