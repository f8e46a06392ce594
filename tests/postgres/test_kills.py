"""Killing gateways and PostgreSQL while many write: nothing is lost, doubled or passed over."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from support.engines import PostgresServer, execute, postgres_server
from support.gateways import LONGER, UNTRACED, Gateway, running
from support.queries import NOW
from support.sockets import FOLLOW, connected

WITHIN = 120
KILLS = 6
WRITERS = 8
CREATE = """
    mutation ($input: CreateInviteParticipantsOperationInput!) {
      payload: createInviteParticipantsOperation(input: $input) { operation { version } }
    }
"""
UPDATE = """
    mutation ($id: ID!) {
      payload: updateInviteParticipantsOperation(
        input: { id: $id, ifVersion: 1, status: Running }
      ) { operation { version } errors { code } }
    }
"""
PASSING = {"OVERLOADED", "TIMEOUT"}
CHANGED = {"operation": {"version": 2}, "errors": []}
CONFLICT = {"operation": None, "errors": [{"code": "CONFLICT"}]}


@dataclass
class Cluster:
    """Gateways on one database, each of which may be killed at any time."""

    server: PostgresServer
    folder: Path
    url: str
    gateways: list[Gateway] = field(default_factory=list)
    acknowledged: list[tuple[str, int]] = field(default_factory=list)
    """The operations and versions that clients were told of."""
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def start(self, stack: AsyncExitStack, place: int) -> None:
        """Start a gateway at a place, where none is or another was."""
        variables = UNTRACED | {"INVITE_GATEWAY_DATABASE": self.url}
        self.gateways[place : place + 1] = [
            await asyncio.to_thread(stack.enter_context, running(self.folder, **variables))
        ]

    async def kill(self, stack: AsyncExitStack, chance: random.Random) -> None:
        """Kill a gateway, or the database, and start another, or it again."""
        victim = chance.randrange(3)
        if victim == 2:
            await asyncio.to_thread(self.server.stop)
            await asyncio.to_thread(self.server.start)
            return
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
        """Send a mutation, to a place after the other, until it is answered.

        Give what came of it, and whether it was sent once.
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
                assert codes <= PASSING, answer
                if not codes:
                    return answer["data"]["payload"], once
            once = False
            await asyncio.sleep(0.05)

    async def acknowledge(self, id_: str, version: int) -> None:
        """Take note of what a client was told."""
        async with self.progress:
            self.acknowledged.append((id_, version))
            self.progress.notify_all()

    async def reached(self, count: int) -> None:
        """Wait until so much was acknowledged."""
        async with self.progress:
            await self.progress.wait_for(lambda: len(self.acknowledged) >= count)


async def write(cluster: Cluster, http: aiohttp.ClientSession, name: str) -> None:
    """Create operations one after another, and change each, for ever."""
    number = 0
    while True:
        number += 1
        id_ = f"{name}-{number}"
        new = {"id": id_, "idempotencyKey": id_, "participants": []}
        await cluster.send(http, number % 2, CREATE, input=new)
        await cluster.acknowledge(id_, 1)
        payload, once = await cluster.send(http, number % 2, UPDATE, id=id_)
        assert payload == CHANGED or (payload == CONFLICT and not once), payload
        await cluster.acknowledge(id_, 2)


async def follow(
    cluster: Cluster,
    http: aiohttp.ClientSession,
    after: str,
    heard: list[tuple[str, int]],
    is_last: Callable[[], bool],
) -> None:
    """Follow all changes, at a gateway after the other, from where it was cut off."""
    place = 0
    while not is_last():
        place = 1 - place
        with suppress(aiohttp.ClientError, ConnectionError, TypeError, TimeoutError, KeyError):
            async with connected(http, cluster.gateways[place].url) as socket:
                await socket.subscribe(FOLLOW, after=after)
                while not is_last():
                    change = (await socket.payload())["data"]["changes"]
                    heard.append((change["operationId"], change["version"]))
                    after = change["cursor"]
        await asyncio.sleep(0.05)


async def test_killing_gateways_and_the_database_loses_and_doubles_nothing(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    chance = random.Random(7)  # noqa: S311  nothing is secret here
    heard: list[tuple[str, int]] = []
    logged: list[tuple[Any, ...]] = []
    async with AsyncExitStack() as stack, asyncio.timeout(WITHIN * LONGER):
        server = stack.enter_context(postgres_server())
        cluster = Cluster(server, tmp_path, server.new_database())
        for place in range(2):
            await cluster.start(stack, place)
        async with http.post(f"{cluster.gateways[0].url}/graphql", json={"query": NOW}) as response:
            start = (await response.json())["data"]["inviteParticipantsOperations"]["changeCursor"]
        following = asyncio.create_task(
            follow(cluster, http, start, heard, lambda: bool(logged) and len(heard) == len(logged))
        )
        writing = [
            asyncio.create_task(write(cluster, http, f"w{number}")) for number in range(WRITERS)
        ]
        for kill in range(KILLS * LONGER):
            await cluster.reached((kill + 1) * chance.randint(50, 150))
            await cluster.kill(stack, chance)
        await cluster.reached(len(cluster.acknowledged) + 100)
        for writer in writing:
            writer.cancel()
        ended = await asyncio.gather(*writing, return_exceptions=True)
        await cluster.send(http, 0, CREATE, input={"id": "last"})
        logged += await execute(
            cluster.url, "SELECT operation_id, version FROM changes ORDER BY position"
        )
        await following
        found = await execute(cluster.url, "SELECT id, version FROM operations")
        (positions,) = await execute(
            cluster.url, "SELECT count(*), min(position), max(position) FROM changes"
        )

    assert {type(error) for error in ended} == {asyncio.CancelledError}
    assert set(cluster.acknowledged) <= set(logged)
    assert len(set(logged)) == len(logged) == positions[2] - positions[1] + 1
    assert heard == logged
    assert dict(found) == dict(sorted(logged))
