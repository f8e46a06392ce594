"""The same operations on SQLite and on PostgreSQL: every answer is the same.

Left out are times of writing, ids made by the gateway, and what cursors hold besides keys.
"""

import asyncio
import re
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engines import PostgresServer, execute
from support.gateways import LONGER
from support.pipelines import compiled_pipeline
from support.random_documents import requests
from support.random_mutations import mutations
from support.random_tests import RANDOM
from support.strategies import JSONObject

from gateway.documents.json import encode
from gateway.documents.request import GraphQLRequest, Variables
from gateway.execution.pipeline import Pipeline
from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.store.opening import database_of
from schema import build_schema
from schema.context import Context
from schema.paging import Keys

TABLES = ("identities", "operations", "changes", "idempotency_keys")
WRITTEN = re.compile(r'"20(?!26-0[12])\d\d-\d\d-\d\dT[^"]+Z"')
MADE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
TOOK = re.compile(r":[0-9]+\.[0-9]{1,6}(?=[,}])")
CURSOR = re.compile(r'"([A-Za-z0-9_-]{4,})"')


class Two(NamedTuple):
    """A store of each kind, and their URLs."""

    stores: tuple[Store, Store]
    urls: tuple[str, str]

    async def clear(self) -> None:
        """Empty both, and give their logs the same id and position."""
        for url in self.urls:
            await execute(url, *(f"DELETE FROM {table}" for table in TABLES))  # noqa: S608
            await execute(url, "UPDATE change_log SET id = 1, pruned = 0")
        await execute(self.urls[0], "DELETE FROM sqlite_sequence")


@pytest.fixture
async def two(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Two]:
    """A store of each kind."""
    urls = f"sqlite:///{tmp_path / 'operations.db'}", postgres.new_database()
    sqlite, postgresql = (database_of(Settings(database=url)) for url in urls)
    for database in (sqlite, postgresql):
        await asyncio.to_thread(database.upgrade)
    async with sqlite.open() as one, postgresql.open() as other:
        yield Two((one, other), urls)


def without_seq(cursor: re.Match[str]) -> str:
    """Leave out of a list's cursor the row's number, which databases choose in their own way."""
    text = cursor[1]
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        fingerprint, keys = msgspec.msgpack.decode(packed, type=tuple[int, Keys])
    except ValueError:
        return cursor[0]
    return f"{fingerprint} {encode(list(keys[:-1])).decode()}"


async def answered(pipeline: Pipeline, store: Store, query: str, variables: JSONObject) -> str:
    """Return a response, without what differs between databases."""
    answer = await pipeline.execute(
        GraphQLRequest(query, None, Variables(encode(variables))), Context(store, store.log)
    )
    text = encode(answer.payload()).decode()
    text = WRITTEN.sub('"now"', CURSOR.sub(without_seq, text))
    return MADE.sub("made", TOOK.sub(":0", text))


@settings(RANDOM, max_examples=60 * LONGER)
@given(data=st.data(), writes=st.lists(mutations, min_size=5, max_size=25))
async def test_both_databases_answer_alike(
    two: Two, data: st.DataObject, writes: list[tuple[str, JSONObject]]
) -> None:
    pipeline, _ = compiled_pipeline(build_schema())
    await two.clear()
    for query, variables in writes:
        one, other = [await answered(pipeline, each, query, variables) for each in two.stores]

        assert one == other
    for _ in range(8):
        query, variables = data.draw(requests([None, ""]))
        one, other = [await answered(pipeline, each, query, variables) for each in two.stores]

        assert one == other
