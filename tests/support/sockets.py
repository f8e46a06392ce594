"""A client of graphql-transport-ws that can also violate the protocol."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import WSMsgType

from support.waiting import WITHIN

SUBPROTOCOL = "graphql-transport-ws"


@dataclass(frozen=True)
class Socket:
    """A WebSocket to a gateway."""

    ws: aiohttp.ClientWebSocketResponse

    async def send(self, **message: Any) -> None:  # noqa: ANN401  JSON
        """Send a message."""
        await self.ws.send_json(message)

    async def message(self) -> dict[str, Any]:
        """Return the next message."""
        message: dict[str, Any] = await self.ws.receive_json(timeout=WITHIN)
        return message

    async def subscribe(self, query: str, id_: str = "1", **variables: Any) -> None:  # noqa: ANN401
        """Send an operation."""
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def payload(self, id_: str = "1") -> dict[str, Any]:
        """Return the payload of the next message, which must be of this operation."""
        message = await self.message()
        assert (message["type"], message["id"]) == ("next", id_), message
        payload: dict[str, Any] = message["payload"]
        return payload

    async def change(self, id_: str = "1") -> dict[str, Any]:
        """Return the next change."""
        payload = await self.payload(id_)
        assert "errors" not in payload, payload
        change: dict[str, Any] = payload["data"]["changes"]
        return change

    async def wait_closed(self) -> tuple[int, str | None]:
        """Return the code and the reason of the close, which must be next."""
        frame = await asyncio.wait_for(self.ws.receive(), WITHIN)
        assert frame.type is WSMsgType.CLOSE, frame
        return frame.data, frame.extra


@asynccontextmanager
async def connected(
    session: aiohttp.ClientSession, url: str, *, init: bool = True
) -> AsyncIterator[Socket]:
    """Connect to the gateway at a base URL and, by default, wait for ``connection_ack``."""
    async with session.ws_connect(f"{url}/graphql", protocols=[SUBPROTOCOL], max_msg_size=0) as ws:
        socket = Socket(ws)
        if init:
            await socket.send(type="connection_init")
            assert await socket.message() == {"type": "connection_ack"}
        yield socket
