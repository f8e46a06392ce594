"""Subscriptions over HTTP by common clients: graphql-sse, urql and Apollo's."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from support.documents import CREATE, FOLLOW
from support.gateways import Client, running
from support.node import NODE, run
from support.paths import TOOLS
from support.waiting import WITHIN


@pytest.fixture(scope="module")
def beating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that sends heartbeats often."""
    folder = tmp_path_factory.mktemp("beating")
    with running(folder, "--heartbeat-seconds", "0.02") as gateway:
        yield gateway.url


@pytest.mark.parametrize("name", ["graphql-sse", "urql", "apollo"])
async def test_client_resumes_after_a_disconnection(
    http: aiohttp.ClientSession, beating: str, name: str
) -> None:
    after = await Client(http, beating).change_cursor()
    given = json.dumps({"follow": FOLLOW, "after": after, "create": CREATE})
    url = f"{beating}/graphql"
    printed = await asyncio.to_thread(run, "node", "follow_over_http.mjs", name, url, given)
    found = json.loads(printed)

    assert found["contexts"] == ["0", "1", "2", "3", "4", "5"]
    assert found["refused"][0]["extensions"]["reason"] == "CURSOR_INVALID"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_graphql_sse_resumes_after_a_restart(
    tmp_path: Path, http: aiohttp.ClientSession, how: signal.Signals
) -> None:
    async def create_and_read(client: Client, contexts: list[str]) -> list[str]:
        for context in contexts:
            await client.create(clientContext=context)
        assert following.stdout is not None
        return [(await following.stdout.readline()).decode().strip() for _ in contexts]

    with running(tmp_path) as gateway:
        client = Client(http, gateway.url)
        arguments = (f"{client.url}/graphql", FOLLOW, await client.change_cursor())
        path = f"{NODE}{os.pathsep}{os.environ['PATH']}"
        following = await asyncio.create_subprocess_exec(
            "node",
            "follow_on.mjs",
            *arguments,
            cwd=TOOLS,
            env=os.environ | {"PATH": path},
            stdout=PIPE,
        )
        try:
            async with asyncio.timeout(WITHIN):
                before = await create_and_read(client, ["a", "b", "c"])
                await asyncio.to_thread(gateway.stop, how)
                with running(tmp_path, "--port", gateway.url.rpartition(":")[2]) as again:
                    after = await create_and_read(Client(http, again.url), ["d", "e", "f"])
        finally:
            following.kill()
            await following.wait()

    assert (before, after) == (["a", "b", "c"], ["d", "e", "f"])
