"""Gateways that are killed during writes; what was acknowledged, logged and received."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from support.documents import CHANGE_CURSOR, CREATE, FOLLOW, UPDATE
from support.engines import execute
from support.gateways import UNTRACED, Gateway, running
from support.sockets import connected

WRITERS = 8
TRANSIENT_CODES = {"OVERLOADED", "TIMEOUT"}


@dataclass
class Cluster:
    """Two gateways on one database, each of which may be killed at any time."""

    folder: Path
    url: str
    gateways: list[Gateway] = field(default_factory=list)
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    """The operations and versions that were acknowledged to clients."""
    received: list[tuple[str, int]] = field(default_factory=list)
    """Those of the changes that the subscriber received."""
    logged: list[tuple[str, int]] = field(default_factory=list)
    """Those of all changes in the log, at the end."""
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self, stack: AsyncExitStack, place: int) -> None:
        """Start a gateway at an index, where there is none or the previous one has ended."""
        variables = UNTRACED | {"INVITE_GATEWAY_DATABASE": self.url}
        self.gateways[place : place + 1] = [
            await asyncio.to_thread(stack.enter_context, running(self.folder, **variables))
        ]

    async def kill(self, stack: AsyncExitStack, victim: int) -> None:
        """Kill a gateway and start another."""
        self.gateways[victim].process.kill()
        await asyncio.to_thread(self.gateways[victim].process.wait)
        await self.start(stack, victim)

    async def send(
        self,
        http: aiohttp.ClientSession,
        place: int,
        query: str,
        **variables: Any,  # noqa: ANN401
    ) -> tuple[Any, bool]:
        """Send a mutation, to one gateway after the other, until it is answered.

        Return the result, and whether it was sent only once.
        """
        once = True
        while True:
            place = 1 - place
            url = f"{self.gateways[place].url}/graphql"
            with suppress(aiohttp.ClientError, ConnectionError):
                body = {"query": query, "variables": variables}
                async with http.post(url, json=body) as response:
                    answer = await response.json()
                codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
                assert codes <= TRANSIENT_CODES, answer
                if not codes:
                    (payload,) = answer["data"].values()
                    return payload, once
            once = False
            await asyncio.sleep(0.05)

    async def acknowledge(self, id_: str, version: int) -> None:
        """Record what was acknowledged to a client."""
        async with self.progress:
            self.acknowledged.append((id_, version))
            self.progress.notify_all()

    async def wait_for_writes(self, count: int) -> None:
        """Wait until a number of writes was acknowledged."""
        async with self.progress:
            await self.progress.wait_for(lambda: len(self.acknowledged) >= count)


async def write(cluster: Cluster, http: aiohttp.ClientSession, name: str) -> None:
    """Create operations one after another, and change each, until cancelled."""
    number = 0
    while True:
        number += 1
        id_ = f"{name}-{number}"
        new = {"id": id_, "idempotencyKey": id_, "participants": []}
        await cluster.send(http, number % 2, CREATE, input=new)
        await cluster.acknowledge(id_, 1)
        payload, once = await cluster.send(
            http, number % 2, UPDATE, input={"id": id_, "ifVersion": 1, "status": "Running"}
        )
        is_applied_before = [error["code"] for error in payload["errors"]] == ["CONFLICT"]
        assert payload["operation"] == {"id": id_, "version": 2} or (
            is_applied_before and not once
        ), payload
        await cluster.acknowledge(id_, 2)


async def follow(cluster: Cluster, http: aiohttp.ClientSession, after: str) -> None:
    """Follow all changes, resuming at the other gateway after a disconnection."""
    place, received, logged = 0, cluster.received, cluster.logged
    while not logged or len(received) < len(logged):
        place = 1 - place
        with suppress(aiohttp.ClientError, ConnectionError, TypeError, TimeoutError, KeyError):
            async with connected(http, cluster.gateways[place].url) as socket:
                await socket.subscribe(FOLLOW, after=after)
                while not logged or len(received) < len(logged):
                    message = await socket.message()
                    if message["type"] == "error":  # the database was not available
                        codes = {error["extensions"]["code"] for error in message["payload"]}
                        assert codes <= TRANSIENT_CODES, message
                        break
                    change = message["payload"]["data"]["changes"]
                    received.append((change["operationId"], change["version"]))
                    after = change["cursor"]
        await asyncio.sleep(0.05)


@asynccontextmanager
async def under_load(cluster: Cluster, http: aiohttp.ClientSession) -> AsyncIterator[None]:
    """Run writers and a subscriber during the block; then wait until it has received all."""
    async with http.post(
        f"{cluster.gateways[0].url}/graphql", json={"query": CHANGE_CURSOR}
    ) as response:
        start = (await response.json())["data"]["inviteParticipantsOperations"]["changeCursor"]
    following = asyncio.create_task(follow(cluster, http, start))
    writing = [asyncio.create_task(write(cluster, http, f"w{number}")) for number in range(WRITERS)]
    yield
    for writer in writing:
        writer.cancel()
    ended = await asyncio.gather(*writing, return_exceptions=True)
    assert {type(error) for error in ended} == {asyncio.CancelledError}
    await cluster.send(http, 0, CREATE, input={"id": "last"})
    cluster.logged += await execute(
        cluster.url, "SELECT operation_id, version FROM changes ORDER BY position"
    )
    await following


async def check(cluster: Cluster) -> None:
    """Check that nothing was lost, duplicated or skipped."""
    logged = cluster.logged
    found = await execute(cluster.url, "SELECT id, version FROM operations")
    ((count, first, last),) = await execute(
        cluster.url, "SELECT count(*), min(position), max(position) FROM changes"
    )
    assert set(cluster.acknowledged) <= set(logged)
    assert len(set(logged)) == len(logged) == count == last - first + 1
    assert cluster.received == logged
    assert dict(found) == dict(sorted(logged))
