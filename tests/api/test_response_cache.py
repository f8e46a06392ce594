"""The response cache: repeated queries come from it until something changes."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from support.documents import CREATE, DELETE, UPDATE
from support.gateways import Client, Command, Gateway, running

pytestmark = pytest.mark.each_database

LISTED = "inviteParticipantsOperations"
LIST = """query ($first: Int = 5) {
  inviteParticipantsOperations(first: $first) {
    changeCursor totalCount nodes { id version clientContext } } }"""
GET = "query ($id: ID!) { inviteParticipantsOperation(id: $id) { id version } }"


async def cache_hits(client: Client) -> int:
    """Return the number of responses that came from the cache."""
    async with client.session.get(f"{client.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    (count,) = [line for line in lines if line.startswith("invite_gateway_remembered_operations_")]
    return int(float(count.rsplit(" ", 1)[1]))


async def test_repeated_list_comes_from_the_cache(client: Client) -> None:
    await client.create()
    first = await client.data(LIST, first=3)

    assert [await client.data(LIST, first=3) for _ in range(3)] == [first] * 3
    assert await cache_hits(client) == 3


async def test_each_change_makes_the_list_new(client: Client) -> None:
    id_, seen = str(uuid4()), [await client.data(LIST)]
    for mutation, variables in (
        (CREATE, {"input": {"id": id_}}),
        (UPDATE, {"input": {"id": id_, "clientContext": "standup"}}),
        (DELETE, {"id": id_}),
    ):
        await client.data(mutation, **variables)
        seen.append(await client.data(LIST))

    lists = [data["inviteParticipantsOperations"] for data in seen]
    assert [[node["version"] for node in found["nodes"]] for found in lists] == [[], [1], [2], []]
    assert len({found["changeCursor"] for found in lists}) == 4
    assert await cache_hits(client) == 0


async def test_change_by_another_process_makes_the_list_new(
    client: Client, command: Command
) -> None:
    before = await client.data(LIST)
    command("import", "-", stdin=json.dumps({"id": "1", "participants": []}))
    after = await client.data(LIST)

    assert before["inviteParticipantsOperations"]["nodes"] == []
    assert [node["id"] for node in after["inviteParticipantsOperations"]["nodes"]] == ["1"]


async def test_other_variables_have_another_answer(client: Client) -> None:
    for _ in range(3):
        await client.create()
    sizes = [
        len((await client.data(LIST, first=first))["inviteParticipantsOperations"]["nodes"])
        for first in (1, 2, 1, 2, 0)
    ]

    assert sizes == [1, 2, 1, 2, 0]
    assert await cache_hits(client) == 2


async def test_operation_by_id_is_not_remembered(client: Client) -> None:
    await client.create(id="1")
    answers = [await client.data(GET, id="1") for _ in range(2)]

    assert answers == [{"inviteParticipantsOperation": {"id": "1", "version": 1}}] * 2
    assert await cache_hits(client) == 0


@pytest.mark.parametrize("room", [0, 6_000])
async def test_responses_are_right_when_the_cache_is_full(
    tmp_path: Path, client: Client, room: int
) -> None:
    with running(tmp_path, "--answer-cache-bytes", str(room)) as server:
        small = Client(client.session, server.url)
        for _ in range(30):
            await small.create()
        for first in (*range(31), *range(31)):
            data = await small.data(LIST, first=first)

            assert len(data["inviteParticipantsOperations"]["nodes"]) == first
        await small.data(LIST, first=0)
        await small.data(LIST, first=0)

        assert (await cache_hits(small) > 0) is (room > 0)


@pytest.mark.usefixtures("gateway")
async def test_broken_page_is_refused_again(client: Client, gateway: Gateway) -> None:
    answers = [await client.answer(LIST, first=1_000) for _ in range(2)]

    assert answers[0] == answers[1]
    assert answers[0]["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert gateway.process.poll() is None


async def test_long_variables_count_towards_the_cache(http: ClientSession, tmp_path: Path) -> None:
    query = f"query ($id: ID) {{ {LISTED}(filter: {{ id: {{ eq: $id }} }}) {{ nodes {{ id }} }} }}"
    ids = [str(number).ljust(50_000) for number in range(30)]
    with running(tmp_path, "--answer-cache-bytes", "1000000") as gateway:
        client = Client(http, gateway.url)
        for id_ in (*ids, ids[0], ids[-1]):
            await client.data(query, id=id_)

        assert await cache_hits(client) == 1
