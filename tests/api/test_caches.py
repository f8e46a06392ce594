"""Normalised caches of clients: past states do not overwrite the current operation."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.gateways import Client
from support.node import PROGRAMS, run
from support.paths import SCHEMA, TOOLS

STATES = [("NotStarted", "one"), ("Running", "two"), ("Completed", "three")]


def participants(name: str) -> list[dict[str, Any]]:
    """Return participants with one identity, whose id does not depend on its name."""
    return [{"identity": {"user": {"id": "u", "displayName": name}}}]


def described(values: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the status and the participant's name of each value."""
    return [
        (value["status"], value["participants"][0]["identity"]["user"]["displayName"])
        for value in values
    ]


STATE = "status participants { identity { user { id displayName } } }"
CHANGE = f"id state {{ {STATE} }} operation {{ id status }}"
RELAY_DOCUMENTS = f"""
graphql`query PresentQuery($id: ID!) {{ inviteParticipantsOperation(id: $id) {{ id {STATE} }} }}`;
graphql`query HistoryQuery($id: ID!) {{
  inviteParticipantsOperation(id: $id) {{ id history {{ nodes {{ {CHANGE} }} }} }}
}}`;
graphql`query ChangesQuery {{ changes {{ nodes {{ {CHANGE} }} }} }}`;
"""


async def create_history(client: Client) -> str:
    """Change an operation through all states; return the URL to read it at."""
    await client.create(id="a", participants=participants("one"))
    for status, display_name in STATES[1:]:
        fields = {"status": status, "participants": participants(display_name)}
        await client.update(id="a", **fields)
    return f"{client.url}/graphql"


@pytest.mark.parametrize("name", ["apollo", "urql"])
async def test_cache_shows_the_present_after_reading_the_past(client: Client, name: str) -> None:
    url = await create_history(client)
    found = json.loads(await asyncio.to_thread(run, "node", "cache.mjs", name, url, "a"))

    assert_history_is_unchanged(found)


async def test_relay_shows_the_present_after_reading_the_past(client: Client) -> None:
    url = await create_history(client)
    with TemporaryDirectory(dir=TOOLS) as folder:
        found = await asyncio.to_thread(run_relay, Path(folder), url)

    assert_history_is_unchanged(found)


def run_relay(folder: Path, url: str) -> dict[str, Any]:
    """Compile the documents into a folder, and run Relay's store there."""
    for name in ("src", "compiled"):
        (folder / name).mkdir()
    (folder / "src" / "documents.js").write_text(RELAY_DOCUMENTS)
    (folder / "schema.graphql").write_text(SCHEMA.read_text())
    settings = {
        "src": "./src",
        "schema": "./schema.graphql",
        "language": "javascript",
        "eagerEsModules": True,
        "noSourceControl": True,
        "artifactDirectory": "./compiled",
    }
    (folder / "relay.config.json").write_text(json.dumps(settings))
    (folder / "package.json").write_text('{"type": "module"}')
    run(PROGRAMS / "relay-compiler", "relay.config.json", cwd=folder)
    found: dict[str, Any] = json.loads(run("node", TOOLS / "cache_relay.mjs", url, "a", cwd=folder))
    return found


def assert_history_is_unchanged(found: dict[str, Any]) -> None:
    """Check that the operation has its current state, and its history the earlier ones."""
    assert set(described(found["shown"])) == {STATES[-1]}
    for changes in (found["history"], found["changes"]):
        assert described([change["state"] for change in changes]) == STATES
        assert {change["operation"]["status"] for change in changes} == {"Completed"}
