"""PgBouncer between gateways and PostgreSQL, which gives each transaction any connection."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from support.gateways import Client, free_port, running
from support.several_clients import assert_creations_are_received

pytestmark = pytest.mark.postgresql

CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
"""


@pytest.fixture
def pooled_url(database_url: str) -> Iterator[str]:
    """The URL of an empty database behind a pooler."""
    parts, port = urlsplit(database_url), free_port()
    server = parse_qs(parts.query)["host"][0]
    with TemporaryDirectory(prefix="invite-gateway-") as folder:
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(CONFIGURATION.format(server=server, port=port))
        Path(folder).chmod(0o755)
        command = ["/usr/sbin/pgbouncer", str(file)]
        if os.geteuid() == 0:  # which it will not run as
            command[1:1] = ["-u", Path(server).owner()]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as pooler:
            yield f"postgresql://postgres@127.0.0.1:{port}{parts.path}?sslmode=disable"
            pooler.terminate()


@pytest.fixture
def urls(tmp_path: Path, pooled_url: str) -> Iterator[list[str]]:
    """The URLs of two gateways."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running(tmp_path, "--no-database-sessions", INVITE_GATEWAY_DATABASE=pooled_url)
            ).url
            for _ in range(2)
        ]


@pytest.fixture
def clients(http: aiohttp.ClientSession, urls: list[str]) -> list[Client]:
    """A client of each gateway."""
    return [Client(http, url) for url in urls]


async def test_reads_and_writes_go_through_a_pooler(clients: list[Client]) -> None:
    ids = set(await asyncio.gather(*(client.create(clientContext="x") for client in clients * 40)))
    query = (
        '{ inviteParticipantsOperations(first: 100, filter: {clientContext: {in: ["x"]}})'
        " { nodes { id } } }"
    )
    lists = await asyncio.gather(*(client.data(query) for client in clients * 40))

    assert len(ids) == 80
    assert all(
        {node["id"] for node in data["inviteParticipantsOperations"]["nodes"]} == ids
        for data in lists
    )


async def test_subscriber_hears_through_a_pooler(
    http: aiohttp.ClientSession, clients: list[Client]
) -> None:
    one, other = clients
    await assert_creations_are_received(http, one, other)
