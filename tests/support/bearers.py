"""Gateways that require tokens, and the tokens."""

from pathlib import Path
from typing import Any

import aiohttp
from typer.testing import CliRunner

from gateway.cli import app
from support.gateways import Client

READ = "InviteParticipantsOperation.Read.All"
WRITE = "InviteParticipantsOperation.ReadWrite.All"


def token(folder: Path, command: str, name: str, *options: str) -> str:
    """Run ``invite-gateway token`` with the tokens of a folder, and return its output."""
    file = ("--tokens-file", str(folder / "tokens.json"))
    done = CliRunner().invoke(app, ["token", command, name, *options, *file])
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


def auth_headers(token: str | None) -> dict[str, str]:
    """Return the headers with a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


async def answer(
    client: Client,
    token: str | None,
    query: str,
    **variables: Any,  # noqa: ANN401  JSON
) -> tuple[int, dict[str, Any]]:
    """Send a document with a token; return the status and the decoded response."""
    body = {"query": query, "variables": variables}
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers=auth_headers(token)
    ) as response:
        return response.status, await response.json()


async def status(client: Client, token: str | None) -> int:
    """Return the status of a request with a token."""
    return (await answer(client, token, "{ __typename }"))[0]


def codes(answer: dict[str, Any]) -> set[str]:
    """Return the codes of a response's errors."""
    return {error["extensions"]["code"] for error in answer["errors"]}


async def read_to_end(response: aiohttp.ClientResponse) -> bytes:
    """Read a streamed response until it ends."""
    return await response.content.read()
