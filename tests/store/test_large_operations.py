"""Operations of the maximum size: the bytes that are read at once are limited."""

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.gateways import COMMAND, Client, Gateway, MakeDatabase, running

pytestmark = pytest.mark.each_database

COUNT = 20
PARTICIPANTS = 64
UPDATES = 10
PADDING = "x" * 15_000
PAGE_BYTES = 16 * 1_048_576
LARGE = {
    "identity": {"user": {"id": "ana", "additionalProperties": {"padding": PADDING}}},
}
IDS = [f"large-{number}" for number in range(COUNT)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the gateway."""
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def named(new_database: MakeDatabase) -> dict[str, str]:
    """The variables that name its database, unless it is in the folder."""
    return new_database()


@pytest.fixture(scope="module")
def gateway(folder: Path, named: dict[str, str]) -> Iterator[Gateway]:
    """A gateway that these tests share."""
    with running(folder, **named) as gateway:
        yield gateway


@pytest.fixture
async def large(http: aiohttp.ClientSession, gateway: Gateway) -> Client:
    """A client of a gateway with more bytes of operations than a page may have."""
    client = Client(http, gateway.url)
    found = await client.data("{ inviteParticipantsOperations(first: 0) { totalCount } }")
    if not found["inviteParticipantsOperations"]["totalCount"]:
        for id_ in IDS:
            await client.create(id=id_, participants=[LARGE] * PARTICIPANTS)
        for number in range(UPDATES):
            await client.update(id=IDS[0], clientContext=str(number))
    return client


def refusal(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the extensions of a response's only error."""
    (error,) = answer["errors"]
    assert "a smaller page" in error["message"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


@pytest.mark.parametrize(
    "query",
    [
        "{ inviteParticipantsOperations(first: 20) { nodes { id participants { region } } } }",
        (
            "query($a: Boolean = true) { inviteParticipantsOperations(last: 20) "
            "{ nodes { id @include(if: $a) participants { region } } } }"
        ),
        f"{{ nodes(ids: {json.dumps(IDS)}) {{ id }} }}",
    ],
)
async def test_page_of_too_many_bytes_is_refused(large: Client, query: str) -> None:
    assert refusal(await large.answer(query)) == {
        "code": "LIMIT_EXCEEDED",
        "limit": "pageBytes",
        "value": PAGE_BYTES,
        "requested": PAGE_BYTES + 1,
    }


@pytest.mark.parametrize(
    "selected",
    [
        "nodes { id __typename }",
        "edges { cursor node { key: id ... on CommsOperation { status } } }",
        "nodes { version } edges { node { updatedAt } }",
        "pageInfo { endCursor }",
    ],
)
async def test_page_of_columns_is_refused_only_where_documents_are_read(
    large: Client, engine: str, selected: str
) -> None:
    query = f"{{ inviteParticipantsOperations(first: 20) {{ __typename {selected} }} }}"
    answer = await large.answer(query)

    if engine == "sqlite":
        assert refusal(answer)["limit"] == "pageBytes"
    else:
        assert "errors" not in answer


async def test_operations_that_are_not_selected_are_not_read(large: Client) -> None:
    query = "{ inviteParticipantsOperations(first: 20) { totalCount changeCursor } }"
    found = (await large.data(query))["inviteParticipantsOperations"]

    assert found == {"totalCount": len(IDS), "changeCursor": await large.change_cursor()}


async def test_smaller_pages_give_all(large: Client) -> None:
    found: list[str] = []
    after = None
    while after or not found:
        page = (
            await large.data(
                "query($after: String) { inviteParticipantsOperations(first: 10, after: $after) "
                "{ nodes { id } pageInfo { hasNextPage endCursor } } }",
                after=after,
            )
        )["inviteParticipantsOperations"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None

    assert sorted(found) == sorted(IDS)


async def test_concurrent_large_reads_all_succeed(large: Client) -> None:
    fields = " ".join(
        f'a{number}: inviteParticipantsOperation(id: "{id_}") {{ id }}'
        for number, id_ in enumerate(IDS)
    )

    found = await large.data(f"{{ {fields} }}")

    assert [one["id"] for one in found.values()] == IDS


PAGE = "first: 500, after: $after) { nodes { version } pageInfo { hasNextPage endCursor } }"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        (f"{{ page: changes({PAGE} }}", COUNT + UPDATES),
        (
            f'{{ of: inviteParticipantsOperation(id: "large-0") {{ page: history({PAGE} }} }}',
            1 + UPDATES,
        ),
    ],
    ids=["changes", "history"],
)
async def test_changes_end_a_page_before_it_is_too_large(
    large: Client, query: str, total: int
) -> None:
    counts: list[int] = []
    after, more = None, True
    while more:
        found = await large.data(f"query($after: String) {query}", after=after)
        page = found.get("of", found)["page"]
        counts.append(len(page["nodes"]))
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert sum(counts) == total
    assert len(counts) > 1


@pytest.mark.usefixtures("large")
async def test_all_are_exported(folder: Path, named: dict[str, str]) -> None:
    exporting = await asyncio.create_subprocess_exec(
        COMMAND, "export", "-", cwd=folder, env=os.environ | named, stdout=PIPE, stderr=DEVNULL
    )
    exported, _ = await exporting.communicate()

    assert [json.loads(line)["id"] for line in exported.splitlines()] == IDS
