"""Checks of what several clients see of each other's writes."""

import asyncio

import aiohttp

from support.documents import FOLLOW, UPDATE
from support.gateways import Client
from support.sockets import connected
from support.waiting import WITHIN


async def assert_one_update_wins(client: Client, rivals: int) -> None:
    """Update an operation ten times, each version by several concurrent requests."""
    await client.create(id="contended")
    for version in range(1, 11):
        guarded = {"id": "contended", "ifVersion": version}
        updates = (
            client.data(UPDATE, input={**guarded, "clientContext": f"{version}-{rival}"})
            for rival in range(rivals)
        )
        payloads = [
            data["updateInviteParticipantsOperation"] for data in await asyncio.gather(*updates)
        ]

        won = [payload["operation"] for payload in payloads if payload["operation"]]
        assert won == [{"id": "contended", "version": version + 1}]
        codes = [error["code"] for payload in payloads for error in payload["errors"]]
        assert codes == ["CONFLICT"] * (rivals - 1)


async def assert_creations_are_received(
    http: aiohttp.ClientSession, subscriber: Client, writer: Client
) -> None:
    """Create operations by one client, each after a subscriber has received the previous one."""
    start = await subscriber.change_cursor()
    async with asyncio.timeout(WITHIN), connected(http, subscriber.url) as socket:
        await socket.subscribe(FOLLOW, after=start)
        for number in range(20):
            await writer.create(id=f"{number}")
            assert (await socket.change())["operationId"] == f"{number}"
