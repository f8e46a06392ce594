"""Gateways that let in those with a token, and the tokens."""

from pathlib import Path
from typing import Any

import aiohttp
from typer.testing import CliRunner

from gateway.cli import app
from support.gateways import Client

READ = "InviteParticipantsOperation.Read.All"
WRITE = "InviteParticipantsOperation.ReadWrite.All"


def token(folder: Path, command: str, name: str, *options: str) -> str:
    """Run ``invite-gateway token`` for the tokens in a folder, and give what it prints."""
    file = ("--tokens-file", str(folder / "tokens.json"))
    done = CliRunner().invoke(app, ["token", command, name, *options, *file])
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


def bearing(token: str | None) -> dict[str, str]:
    """Give the headers that carry a token."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


async def answer(
    client: Client,
    token: str | None,
    query: str,
    **variables: Any,  # noqa: ANN401  JSON
) -> tuple[int, dict[str, Any]]:
    """Send a document with a token, and give the status and the answer."""
    body = {"query": query, "variables": variables}
    async with client.session.post(
        f"{client.url}/graphql", json=body, headers=bearing(token)
    ) as response:
        return response.status, await response.json()


async def status(client: Client, token: str | None) -> int:
    """Tell how a request with a token is answered."""
    return (await answer(client, token, "{ __typename }"))[0]


def codes(answer: dict[str, Any]) -> set[str]:
    """Give the codes of an answer's errors."""
    return {error["extensions"]["code"] for error in answer["errors"]}


async def ended(response: aiohttp.ClientResponse) -> bytes:
    """Read a response that goes on to its end."""
    return await response.content.read()
