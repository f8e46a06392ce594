"""How PostgreSQL finds rows: by an index, and in order, where SQLite does so too."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from support.engines import PostgresServer, execute
from support.strategies import JSONObject
from support.waiting import WITHIN

from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.store.overdue import Overdue
from gateway.store.postgres import pages
from gateway.store.postgres.compiler import compiled
from gateway.store.postgres.store import arguments
from gateway.store.queries import Queries, Query
from gateway.store.reports import Report
from gateway.store.retention import Retention
from schema.changes import ChangeSlice
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.inputs import DeleteInviteParticipantsOperationInput as Delete
from schema.ordering import Order, SortField, SortKey
from schema.paging import Keys, Slice

OPERATIONS = 20_000

QUERIES = Queries(compiled, Overdue(), pages.arranged, literal_limits=True)
AT: Keys = ("2026-01-05T09:30:00.000000Z", 7_000)
DAY = {"gte": "2026-01-05T00:00:00Z", "lt": "2026-01-06T00:00:00Z"}


def operation(number: int) -> JSONObject:
    at = f"2026-01-{number % 28 + 1:02}T09:30:{number % 60:02}.{number:06}Z"
    return {
        "id": f"operation-{number}",
        "callId": f"call-{number % 2_000}",
        "clientContext": f"context-{number}",
        "status": "Failed" if number % 50 == 0 else "Completed",
        "participants": [
            {"identity": {"user": {"id": f"user-{number % 1_000}"}}},
            {"identity": {"phone": {"id": f"+{number}"}}},
        ],
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        "endedAt": at,
    }


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer) -> str:
    """The URL of a database of some thousands of operations."""
    url = postgres.new_database()
    database = database_of(Settings(database=url))
    database.upgrade()

    async def fill() -> None:
        async with database.open() as store:
            await asyncio.gather(*(store.put(operation(number)) for number in range(OPERATIONS)))
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()

    asyncio.run(fill())
    return url


async def plan(url: str, query: Query) -> list[dict[str, Any]]:
    """Give the steps of a plan."""
    connection = await asyncpg.connect(url)
    try:
        explained = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) {query.statement.sql}", *arguments(query)
        )
    finally:
        await connection.close()
    return [*_steps(json.loads(explained)[0]["Plan"])]


def _steps(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _steps(inner)


def scans(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the steps that read a whole table that is large."""
    return [
        step
        for step in steps
        if step["Node Type"] == "Seq Scan" and step["Relation Name"] != "change_log"
    ]


def sorts(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the steps that sort."""
    return [step for step in steps if step["Node Type"] == "Sort"]


def indexes(steps: list[dict[str, Any]]) -> set[str]:
    """Give the indexes that are used."""
    return {step["Index Name"] for step in steps if "Index Name" in step}


def invited(**identity: JSONObject) -> JSONObject:
    return {"participants": {"some": {"identity": identity}}}


def of(where: JSONObject) -> InviteParticipantsOperationFilter:
    return InviteParticipantsOperationFilter.model_validate(where)


SEARCHES: list[tuple[JSONObject, str]] = [
    ({"id": {"eq": "operation-7"}}, "operations_id"),
    ({"id": {"in": ["operation-7", "none"]}}, "operations_id"),
    ({"callId": {"eq": "call-7"}}, "operations_call_id"),
    ({"callId": {"in": ["call-7", "call-8"]}}, "operations_call_id"),
    ({"callId": {"isNull": True}}, "operations_no_call"),
    ({"createdAt": {"eq": DAY["gte"]}}, "operations_created_at"),
    ({"updatedAt": {"eq": DAY["gte"]}}, "operations_updated_at"),
    ({"endedAt": {"eq": DAY["gte"]}}, "operations_ended_at"),
    (invited(user={"id": {"eq": "user-7"}}), "identities_pkey"),
    (invited(any={"id": {"eq": "+7"}}), "identities_pkey"),
    (invited(any={"id": {"in": ["+7", "user-7"]}}), "identities_pkey"),
    ({"callId": {"eq": "call-7"}, "createdAt": DAY}, "operations_call_id"),
]


@pytest.mark.parametrize(("where", "index"), SEARCHES, ids=str)
async def test_filtering_searches_an_index(filled: str, where: JSONObject, index: str) -> None:
    for query in (QUERIES.page(of(where), (), Slice(50)), QUERIES.count(of(where))):
        steps = await plan(filled, query)

        assert index in indexes(steps), steps
        assert not scans(steps)


def by(field: SortField, *, descending: bool = False) -> Order:
    return (SortKey(field, descending=descending, nulls_first=not descending),)


ORDERS: list[tuple[Order, Keys, str]] = [
    ((), (7_000,), "operations_pkey"),
    (by(SortField.ID), ("operation-7", 7), "operations_id"),
    (by(SortField.CREATED_AT), AT, "operations_created_at"),
    (by(SortField.CREATED_AT, descending=True), AT, "operations_created_at"),
    (by(SortField.UPDATED_AT, descending=True), AT, "operations_updated_at"),
    (by(SortField.ENDED_AT), AT, "operations_ended_at"),
    (by(SortField.ENDED_AT, descending=True), AT, "operations_ended_at"),
]


@pytest.mark.parametrize(("order", "keys", "index"), ORDERS, ids=lambda value: str(value)[-40:])
async def test_paging_searches_an_index_and_sorts_nothing(
    filled: str, order: Order, keys: Keys, index: str
) -> None:
    for part in (Slice(50), Slice(50, after=keys), Slice(50, backward=True, before=keys)):
        steps = await plan(filled, QUERIES.page(None, order, part))

        assert index in indexes(steps), steps
        assert not scans(steps)
        assert not sorts(steps)


async def test_paging_by_time_through_one_status_sorts_nothing(filled: str) -> None:
    order = by(SortField.CREATED_AT, descending=True)
    where = of({"status": {"eq": "Failed"}})
    steps = await plan(filled, QUERIES.page(where, order, Slice(50)))

    assert "operations_status_created_at" in indexes(steps)
    assert not sorts(steps)


@pytest.mark.parametrize("with_duration", [False, True])
@pytest.mark.parametrize(
    "keys",
    [
        (GroupKey.CREATED_HOUR,),
        (GroupKey.RESULT_CODE, GroupKey.RESULT_SUBCODE, GroupKey.RESULT_DIAG_CODE),
        (GroupKey.IDENTITY_KIND,),
    ],
)
async def test_grouping_operations_since_a_time_reads_an_index_alone(
    filled: str, keys: tuple[GroupKey, ...], *, with_duration: bool
) -> None:
    where = of({"createdAt": {"gte": "2026-01-28T00:00:00Z"}})
    steps = await plan(filled, QUERIES.groups(keys, where, 50, with_duration=with_duration))

    scanned = {step["Node Type"] for step in steps if step.get("Relation Name") == "operations"}
    assert scanned == {"Index Only Scan"}


async def rows_scanned(url: str) -> dict[str, int]:
    """Give how many rows were read of whole tables, once nobody else is connected."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with asyncio.timeout(WITHIN):
        connected = await execute(url, others)
        while connected != [(1,)]:
            await asyncio.sleep(0.05)
            connected = await execute(url, others)
    read = "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE relname = ANY ('{%s}')"
    return dict(await execute(url, read % "operations,identities,changes"))


async def test_writes_and_the_change_log_read_no_table_as_a_whole(filled: str) -> None:
    before = await rows_scanned(filled)
    async with database_of(Settings(database=filled)).open(1, Retention(0, OPERATIONS)) as store:
        place = await store.log.position()
        await store.get_many(["operation-7", "operation-8", "none"])
        await store.create(Create(id="one", call_id="call-1", client_context="context"))
        await store.create(Create(idempotency_key="key"))
        content = {"clientContext": "context", "status": "Completed"}
        await store.apply([Report(None, "call-1", content), Report("operation-9", None)])
        await store.delete(Delete(id="one"))
        changes = await store.log.changes(None, ChangeSlice(50, place))
        history = await store.log.history("one", ChangeSlice(50))

    assert [len(changes.changes), len(history.changes)] == [4, 3]
    assert await rows_scanned(filled) == before
