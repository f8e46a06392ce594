"""Killing the gateway repeatedly during writes: nothing acknowledged is lost or duplicated."""

import asyncio
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from support.documents import CREATE, UPDATE
from support.gateways import LONGER, UNTRACED, Client, running

KILLS = 50
WRITERS = 8


class GatewaySequence:
    """One gateway after another; a request waits for the next one if none is running."""

    def __init__(self) -> None:
        self._client: asyncio.Future[Client] = asyncio.Future()
        self._left = 0
        self._enough = asyncio.Event()

    async def run_until(self, client: Client, acknowledged: int) -> None:
        """Send requests to a gateway until it has acknowledged a number of writes."""
        self._left = acknowledged
        self._enough.clear()
        self._client.set_result(client)
        await self._enough.wait()
        self._client = asyncio.Future()

    async def send(self, query: str, **variables: Any) -> tuple[dict[str, Any], bool]:  # noqa: ANN401  JSON
        """Send a mutation until it is answered; return the payload and whether it was sent once."""
        once = True
        while True:
            client = await self._client
            try:
                data = await client.data(query, **variables)
            except (aiohttp.ClientError, ConnectionError):
                once = False
                continue
            self._left -= 1
            if self._left <= 0:
                self._enough.set()
            (payload,) = data.values()
            return payload, once


@dataclass
class Written:
    """The acknowledged state of an operation."""

    key: str
    id: str
    version: int


async def write(sequence: GatewaySequence, name: str, written: list[Written]) -> None:
    """Create operations one after another, and update each, until cancelled."""
    number = 0
    while True:
        number += 1
        key = f"{name}-{number}"
        invited = [{"identity": {"user": {"id": key}}}]
        new = {"clientContext": key, "idempotencyKey": key, "participants": invited}
        payload, _ = await sequence.send(CREATE, input=new)
        one = Written(key, payload["operation"]["id"], 1)
        written.append(one)
        payload, once = await sequence.send(
            UPDATE, input={"id": one.id, "ifVersion": 1, "status": "Running"}
        )
        is_applied_before = [error["code"] for error in payload["errors"]] == ["CONFLICT"]
        assert payload["operation"] == {"id": one.id, "version": 2} or (
            is_applied_before and not once
        ), payload
        one.version = 2


async def crash(
    folder: Path, sequence: GatewaySequence, session: aiohttp.ClientSession, acks: int
) -> None:
    """Run the gateway until it has acknowledged a number of writes, and kill it."""
    with running(folder, **UNTRACED) as gateway:
        async with session.get(f"{gateway.url}/health/ready") as response:
            assert response.status == 200
        await sequence.run_until(Client(session, gateway.url), acks)
        gateway.process.kill()
        gateway.process.wait()


def assert_kept(path: Path, written: list[Written]) -> None:
    """Assert that a database has each acknowledged operation once, and few others."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = {
            key: (id_, version, seq)
            for key, id_, version, seq in database.execute(
                "SELECT client_context, id, version, seq FROM operations"
            )
        }
        rows = database.execute("SELECT count(*) FROM operations").fetchone()
        logged: dict[int, list[int]] = {}
        for seq, version in database.execute(
            "SELECT operation_seq, version FROM changes ORDER BY position"
        ):
            logged.setdefault(seq, []).append(version)
        invited = {*database.execute("SELECT id, operation_seq FROM identities")}
        keys = database.execute("SELECT key, operation_id FROM idempotency_keys").fetchall()
    assert rows == (len(found),)  # none is there twice
    for one in written:
        id_, version, _ = found[one.key]
        assert id_ == one.id
        assert version >= one.version
    assert len(found) - len(written) in range(WRITERS + 1)  # those that were not acknowledged
    assert logged == {seq: list(range(1, version + 1)) for _, version, seq in found.values()}
    assert invited == {(key, seq) for key, (_, _, seq) in found.items()}
    assert {*keys} == {(key, id_) for key, (id_, _, _) in found.items()}


async def test_killing_loses_and_doubles_nothing(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    acks = random.Random(5)  # noqa: S311  nothing is secret here
    sequence = GatewaySequence()
    written: list[Written] = []
    writing = [asyncio.create_task(write(sequence, f"w{n}", written)) for n in range(WRITERS)]
    for _ in range(KILLS * LONGER):
        await crash(tmp_path, sequence, http, acks.randint(1, 80))
    for writer in writing:
        writer.cancel()
    ended = await asyncio.gather(*writing, return_exceptions=True)

    assert {type(error) for error in ended} == {asyncio.CancelledError}
    assert len(written) >= KILLS
    assert_kept(tmp_path / "operations.db", written)
