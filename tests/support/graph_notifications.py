"""Microsoft Graph as seen by a bot: notifications, and a client that posts them."""

from dataclasses import dataclass
from typing import Any

import aiohttp

Json = Any

INVITE = "#microsoft.graph.inviteParticipantsOperation"
CALL = "11111111-2222-4333-8444-555555555555"
ID = "66666666-7777-4888-8999-aaaaaaaaaaaa"
BARE_CALL, BARE_ID = CALL.replace("-", ""), ID.replace("-", "")
URL = f"/communications/calls/{CALL}/operations/{ID}"


def notification(change: Json = "deleted", url: Json = URL, **data: Json) -> Json:
    """Return a notification of an invitation."""
    return {
        "@odata.type": "#microsoft.graph.commsNotification",
        "changeType": change,
        "resourceUrl": url,
        "resourceData": {"@odata.type": INVITE, **data},
    }


def envelope(*items: Json) -> Json:
    """Return an envelope with notifications."""
    return {"@odata.type": "#microsoft.graph.commsNotifications", "value": list(items)}


@dataclass(frozen=True)
class Graph:
    """Posts notifications to a gateway."""

    http: aiohttp.ClientSession
    url: str

    async def post(self, body: Json, token: str | None = None) -> int:
        """Post a body, as JSON unless it is bytes already, and return the status."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        given: Json = {"data": body} if isinstance(body, bytes) else {"json": body}
        url = f"{self.url}/graph/notifications"
        async with self.http.post(url, headers=headers, **given) as response:
            await response.read()
            return response.status

    async def notify(self, *items: Json) -> None:
        """Post notifications that must be accepted."""
        assert await self.post(envelope(*items)) == 202
