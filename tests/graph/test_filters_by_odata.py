"""Random values of ``$filter``: they agree with GraphQL's filter and plain Python."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import oracle
from support.gateways import LONGER, Client, running
from support.odata_filters import Condition, JSONObject, broken, conditions
from support.random_tests import RANDOM
from support.rest_client import Answer, Rest
from support.strategies import stores

from gateway.store.sqlite.store import SQLiteStore, open_sqlite_store

LIST = """
    query ($filter: InviteParticipantsOperationFilter) {
      inviteParticipantsOperations(filter: $filter, first: 500) { nodes { id } }
    }
"""
PATH = "/v1.0/communications/inviteParticipantsOperations"


@dataclass(frozen=True)
class FilterClient:
    """Fills a gateway's database directly, and queries it in both languages."""

    client: Client
    store: SQLiteStore
    database: Path

    async def fill(self, documents: list[JSONObject]) -> list[JSONObject]:
        """Store these operations and no others; return the stored documents."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM operations")
        await asyncio.gather(*map(self.store.put, documents))
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute("SELECT document FROM operations ORDER BY seq").fetchall()
        return [json.loads(document) for (document,) in rows]

    async def by_graphql(self, where: JSONObject) -> list[str]:
        """Return the ids that GraphQL's filter finds."""
        data = await self.client.data(LIST, filter=where)
        return [node["id"] for node in data["inviteParticipantsOperations"]["nodes"]]

    async def by_odata(self, text: str) -> Answer:
        """List by a ``$filter``."""
        query = f"$filter={quote(text, safe='')}&$top=500&$select=id"
        return await Rest(self.client.session, self.client.url).send("GET", f"{PATH}?{query}")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A gateway for this module alone, which remembers nothing: its URL and its database."""
    folder = tmp_path_factory.mktemp("odata")
    with running(folder, "--answer-cache-bytes", "0") as gateway:
        yield gateway.url, folder / "operations.db"


@pytest.fixture
async def filter_client(
    http: aiohttp.ClientSession, filled: tuple[str, Path]
) -> AsyncIterator[FilterClient]:
    """Queries it in both languages."""
    url, database = filled
    async with open_sqlite_store(database, readers=1) as store:
        yield FilterClient(Client(http, url), store, database)


@settings(RANDOM, max_examples=20 * LONGER)
@given(data=st.data())
async def test_filter_agrees_with_graphql_and_the_oracle(
    filter_client: FilterClient, data: st.DataObject
) -> None:
    documents = await filter_client.fill(data.draw(stores))
    for one in data.draw(st.lists(conditions, min_size=8, max_size=8)):
        await check(filter_client, documents, one)


async def check(filter_client: FilterClient, documents: list[JSONObject], one: Condition) -> None:
    """Check that a filter has the same result, or exceeds a limit, in both languages."""
    answer = await filter_client.by_odata(one.text)
    assert answer.status == 200, (one, answer.body)
    found = [entity["id"] for entity in answer.body["value"]]
    assert found == await filter_client.by_graphql(one.where), one
    expected = [one_["id"] for one_ in documents if oracle.matches(one_, one.where)]
    assert found == expected[::-1], one


@settings(RANDOM, max_examples=20 * LONGER)
@given(texts=st.lists(broken(), min_size=10, max_size=10))
async def test_broken_filter_is_refused_with_its_position(
    filter_client: FilterClient, texts: list[str]
) -> None:
    for text in texts:
        answer = await filter_client.by_odata(text)
        if answer.status != 200:
            assert answer.status in {400, 501}, (text, answer.body)
            place = re.search(r"at position (\d+) of \$filter\.$", answer.error["message"])
            assert place, (text, answer.error)
            assert 1 <= int(place[1]) <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "status", "position"),
    [
        ("", 400, 1),
        ("status", 400, 1),
        ("status eq", 400, 10),
        ("status eq 'Done'", 400, 11),
        ("status eq Running", 501, 11),
        ("id eq 1", 400, 7),
        ("resultInfo/code eq '200'", 400, 20),
        ("resultInfo/code eq 99999999999", 400, 20),
        ("resultInfo/code eq 1.5", 400, 20),
        ("resultInfo/text eq 'a'", 400, 1),
        ("resultInfo/code gt null", 400, 20),
        ("createdDateTime gt 2026-01-31T09:30:00Z", 501, 1),
        ("clientContext gt 'a'", 501, 1),
        ("contains(id,'a')", 501, 10),
        ("contains(clientContext)", 400, 1),
        ("tolower(clientContext) eq 'a'", 501, 1),
        ("resultInfo/code add 1 eq 2", 501, 17),
        ("id eq clientContext", 501, 7),
        ("participants/all()", 400, 1),
        ("participants eq null", 501, 1),
        ("participants/any(p: status eq 'Running')", 501, 21),
        ("participants/any(p: p/identity/user/id eq 'a' and p/team eq 'b')", 501, 51),
        ("not (status eq 'Running'", 400, 25),
        ("status eq 'Running' status", 400, 21),
    ],
)
async def test_filter_that_cannot_be_is_refused(
    filter_client: FilterClient, text: str, status: int, position: int
) -> None:
    answer = await filter_client.by_odata(text)
    assert answer.status == status, answer.body
    assert answer.error["message"].endswith(f" at position {position} of $filter.")
    assert answer.error["target"] == "$filter"
