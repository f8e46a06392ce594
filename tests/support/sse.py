"""Server-sent events: a stream and its events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from support.gateways import Client
from support.waiting import WITHIN

EVENT_STREAM = "text/event-stream"

JSON = "application/json"

RESPONSE = "application/graphql-response+json"


@dataclass
class Event:
    """A message as a client parses it; of a heartbeat, only the id is set."""

    event: str = ""
    id: str = ""
    data: str = ""

    @property
    def payload(self) -> Any:  # noqa: ANN401  JSON
        """The parsed data."""
        return json.loads(self.data)


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """Read the messages of a stream, heartbeats included; lines end in LF alone."""
    event = Event()
    async for line in response.content:
        assert line.endswith(b"\n"), line
        assert b"\r" not in line
        name, _, value = line.decode().rstrip("\n").partition(":")
        if line == b"\n":
            yield event
            event = Event()
        elif name:
            setattr(event, name, value.strip())


@asynccontextmanager
async def stream(
    client: Client,
    query: str,
    headers: dict[str, str] | None = None,
    **variables: Any,  # noqa: ANN401
) -> AsyncIterator[tuple[aiohttp.ClientResponse, AsyncIterator[Event]]]:
    """Open a stream; return the response, and the messages without heartbeats."""
    body = {"query": query, "variables": variables}
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers={"Accept": EVENT_STREAM, **(headers or {})}
    ) as response:
        assert response.status == 200, await response.text()
        messages = events(response)
        yield response, (message async for message in messages if message.event)


async def next_event(messages: AsyncIterator[Event]) -> Event:
    """Return the next message, within a time limit."""
    return await asyncio.wait_for(anext(messages), WITHIN)
