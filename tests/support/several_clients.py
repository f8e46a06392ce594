"""What several clients see of each other's writes, whichever processes answer them."""

import asyncio

import aiohttp

from support.gateways import Client
from support.queries import CREATE_ID, NOW, UPDATE_IF
from support.sockets import CREATE, FOLLOW, WITHIN, connected


async def updates_are_won_by_one(client: Client, rivals: int) -> None:
    """Update an operation ten times, each version by several concurrent requests."""
    await client.data(CREATE_ID, id="contended")
    for version in range(1, 11):
        updates = (
            client.data(UPDATE_IF, id="contended", version=version, context=f"{version}-{rival}")
            for rival in range(rivals)
        )
        payloads = [
            data["updateInviteParticipantsOperation"] for data in await asyncio.gather(*updates)
        ]

        assert [p["operation"] for p in payloads if p["operation"]] == [{"version": version + 1}]
        losers = [p["errors"] for p in payloads if not p["operation"]]
        assert losers == [[{"code": "CONFLICT"}]] * (rivals - 1)


async def hears_of_creations(
    http: aiohttp.ClientSession, subscriber: Client, writer: Client
) -> None:
    """Create operations by one client, each after a subscriber has received the previous one."""
    start = (await subscriber.data(NOW))["inviteParticipantsOperations"]["changeCursor"]
    async with asyncio.timeout(WITHIN), connected(http, subscriber.url) as socket:
        await socket.subscribe(FOLLOW, after=start)
        for number in range(20):
            await writer.data(CREATE, input={"id": f"{number}"})
            assert (await socket.change())["operationId"] == f"{number}"
