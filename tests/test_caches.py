"""Normalised caches of clients: past states do not overwrite the operation as it is now."""

import asyncio
import json
from typing import Any

import pytest
from conftest import Client
from sockets import CREATE, UPDATE
from test_tools import run

STATES = [("NotStarted", "one"), ("Running", "two"), ("Completed", "three")]


def participants(name: str) -> list[dict[str, Any]]:
    """Give a participant whose identity has the same id whatever its name is."""
    return [{"identity": {"user": {"id": "u", "displayName": name}}}]


def described(values: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Give each value's status and the name of its participant."""
    return [
        (value["status"], value["participants"][0]["identity"]["user"]["displayName"])
        for value in values
    ]


@pytest.mark.parametrize("name", ["apollo", "urql"])
async def test_cache_shows_the_present_after_reading_the_past(client: Client, name: str) -> None:
    await client.data(CREATE, input={"id": "a", "participants": participants("one")})
    for status, display_name in STATES[1:]:
        fields = {"status": status, "participants": participants(display_name)}
        await client.data(UPDATE, input={"id": "a", **fields})
    url = f"{client.url}/graphql"
    found = json.loads(await asyncio.to_thread(run, "node", "cache.mjs", name, url, "a"))

    assert set(described(found["shown"])) == {STATES[-1]}
    for changes in (found["history"], found["changes"]):
        assert described([change["state"] for change in changes]) == STATES
        assert {change["operation"]["status"] for change in changes} == {"Completed"}
