"""Clients that stop reading under load: nothing is buffered for them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from support.gateways import LONGER, Client, memory, running
from support.sockets import Socket, connected
from support.sse import Event, stream

FOLLOW = """
    subscription ($after: String) {
      changes(after: $after) { operation { id additionalProperties } }
    }
"""
TOGETHER, BYTES = 60, 15_000
KEPT_AT_MOST = 20_000_000


async def create_large(client: Client, part: int) -> list[str]:
    """Create large operations and return their ids."""
    ids = [f"{part}-{number}" for number in range(TOGETHER)]
    large = {"text": "x" * BYTES}
    await client.create_many([{"id": id_, "additionalProperties": large} for id_ in ids])
    return ids


async def read(socket: Socket, count: int) -> list[str]:
    """Read a number of changes and return the ids."""
    changes = [await socket.change() for _ in range(count)]
    return [change["operation"]["id"] for change in changes]


async def test_clients_that_stop_reading_cost_no_memory_and_miss_nothing(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    warm, parts = 30, 60 * LONGER
    with running(tmp_path, "--heartbeat-seconds", "3600") as gateway:
        client = Client(http, gateway.url)
        async with (
            connected(http, gateway.url) as reading,
            connected(http, gateway.url) as stalled,
            stream(client, FOLLOW) as (_, messages),
        ):
            after = await client.change_cursor()
            for socket in (reading, stalled):
                await socket.subscribe(FOLLOW, after=after)
            for part in range(warm):
                created = await create_large(client, part)
                assert await read(reading, TOGETHER) == created
                assert await read(stalled, TOGETHER) == created
                assert await listen(messages, TOGETHER) == created
            before = memory(gateway)
            created = []
            most = 0
            for part in range(warm, warm + parts):
                created += await create_large(client, part)
                assert await read(reading, TOGETHER) == created[-TOGETHER:]
                most = max(most, memory(gateway) - before)
            seen = await read(stalled, len(created))
            received = await listen(messages, len(created))

    assert most < KEPT_AT_MOST < parts * TOGETHER * BYTES
    assert seen == created
    assert received == created


async def listen(messages: AsyncIterator[Event], count: int) -> list[str]:
    """Receive a number of events and return the ids."""
    payloads: list[Any] = [(await anext(messages)).payload for _ in range(count)]
    return [payload["data"]["changes"]["operation"]["id"] for payload in payloads]
