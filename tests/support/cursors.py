"""Positions in the change log."""

from support.gateways import Client
from support.queries import NOW


async def now(client: Client) -> str:
    """Return the current position of the change log."""
    listed = await client.data(NOW)
    cursor: str = listed["inviteParticipantsOperations"]["changeCursor"]
    return cursor
