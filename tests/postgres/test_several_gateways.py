"""Several gateways on one database: clients may use any of them."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from support.documents import UPDATE
from support.engines import PostgresServer, execute
from support.gateways import COMMAND, Client, running
from support.several_clients import assert_creations_are_received
from support.waiting import WITHIN

from gateway.store.interface import Database

pytestmark = [pytest.mark.postgresql, pytest.mark.each_postgresql]


@pytest.fixture
def urls(tmp_path: Path, database_url: str) -> Iterator[list[str]]:
    """The URLs of two gateways on an empty database."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(running(tmp_path, INVITE_GATEWAY_DATABASE=database_url)).url
            for _ in range(2)
        ]


@pytest.fixture
def clients(http: aiohttp.ClientSession, urls: list[str]) -> list[Client]:
    """A client of each gateway."""
    return [Client(http, url) for url in urls]


async def test_subscriber_at_one_receives_writes_to_the_other(
    http: aiohttp.ClientSession, clients: list[Client]
) -> None:
    one, other = clients
    await assert_creations_are_received(http, one, other)


async def test_writes_by_one_are_read_by_the_other_at_once(clients: list[Client]) -> None:
    one, other = clients
    for number in range(10):
        await one.create(id=f"{number}")
        listed = await other.data("{ inviteParticipantsOperations(first: 1) { nodes { id } } }")
        got = await other.data(f'{{ inviteParticipantsOperation(id: "{number}") {{ id }} }}')

        assert listed["inviteParticipantsOperations"]["nodes"] == [{"id": f"{number}"}]
        assert got["inviteParticipantsOperation"] == {"id": f"{number}"}


async def test_idempotency_key_used_at_one_is_known_to_the_other(clients: list[Client]) -> None:
    given = {"clientContext": "x", "idempotencyKey": "k"}
    ids = await asyncio.gather(*(client.create(**given) for client in clients * 5))

    assert len(set(ids)) == 1


async def test_version_guards_against_changes_by_the_other(clients: list[Client]) -> None:
    await clients[0].create(id="1")
    guarded = {"id": "1", "ifVersion": 1, "status": "Running"}
    outcomes = await asyncio.gather(*(client.data(UPDATE, input=guarded) for client in clients))
    payloads = [data["updateInviteParticipantsOperation"] for data in outcomes]

    assert sorted(payload["operation"] is None for payload in payloads) == [False, True]


def test_tables_are_made_once_when_several_start(tmp_path: Path, postgres: PostgresServer) -> None:
    named = os.environ | {"INVITE_GATEWAY_DATABASE": postgres.new_database()}
    upgrades = [
        subprocess.Popen(
            [COMMAND, "db", "upgrade"], cwd=tmp_path, env=named, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    outputs = [upgrade.communicate(timeout=WITHIN)[1] for upgrade in upgrades]

    assert [upgrade.returncode for upgrade in upgrades] == [0] * 4, outputs
    logs = asyncio.run(execute(named["INVITE_GATEWAY_DATABASE"], "SELECT count(*) FROM change_log"))
    assert logs == [(1,)]


async def test_store_closes_at_any_moment_of_its_first_notification(database: Database) -> None:
    async with asyncio.timeout(WITHIN):
        for turns in range(60):
            async with database.open() as store:
                await store.get("none")
                for _ in range(turns):
                    await asyncio.sleep(0)
