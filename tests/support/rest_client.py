"""A client of Graph's REST interface, without an SDK."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from yarl import URL

JSONObject = dict[str, Any]

TYPE = "#microsoft.graph.inviteParticipantsOperation"


@dataclass(frozen=True)
class Answer:
    """A response that was read as a whole."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> JSONObject:
        """The error object."""
        error: JSONObject = self.body["error"]
        return error


@dataclass(frozen=True)
class Rest:
    """One call of a gateway, by default one that no other test uses."""

    http: aiohttp.ClientSession
    url: str
    call: str = field(default_factory=lambda: str(uuid4()))

    @property
    def operations(self) -> str:
        """The path of the call's operations."""
        return f"/v1.0/communications/calls/{quote(self.call, safe='')}/operations"

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request; underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.url + path
        async with self.http.request(
            method, URL(url, encoded=True), json=body, headers=named
        ) as response:
            is_json = "json" in response.headers.get("Content-Type", "")
            read = await response.json() if is_json else await response.text()
            return Answer(response.status, response.headers, read)

    async def get(self, path: str = "", **headers: str) -> Answer:
        """Read a path below the call's operations."""
        return await self.send("GET", self.operations + path, **headers)

    async def list(self, **options: str) -> Answer:
        """List the call's operations by query options."""
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
        return await self.get(f"?{query}")

    async def create(self, **properties: Any) -> JSONObject:  # noqa: ANN401  JSON
        """Create an operation and return it."""
        answer = await self.send("POST", self.operations, {"@odata.type": TYPE, **properties})
        assert answer.status == 201, answer.body
        body: JSONObject = answer.body
        return body


def invited(**identity: Any) -> JSONObject:  # noqa: ANN401  JSON
    """Return a participant with an identity."""
    return {
        "@odata.type": "#microsoft.graph.invitationParticipantInfo",
        "identity": {"@odata.type": "#microsoft.graph.communicationsIdentitySet", **identity},
    }


def properties(entity: JSONObject) -> JSONObject:
    """Return an entity without its own annotations."""
    return {name: value for name, value in entity.items() if not name.startswith("@odata.")}
