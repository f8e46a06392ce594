"""How PostgreSQL finds rows: by an index, and in order, where SQLite does so too.

The table is so large that reading it as a whole, or all of what is newer than some day, costs more
than any of these: a plan is then chosen for what it costs, and not because there is little to read.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from support.engines import PostgresServer, execute
from support.indexed import ORDERS, SEARCHES, IndexedOrder
from support.strategies import JSONObject, order_key
from support.waiting import WITHIN

from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.store.overdue import Overdue
from gateway.store.postgres import pages
from gateway.store.postgres.compiler import compiled
from gateway.store.postgres.parts import parts
from gateway.store.postgres.store import arguments
from gateway.store.queries import Queries, Query
from gateway.store.reports import Report
from gateway.store.retention import Retention
from schema.changes import ChangeSlice
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.inputs import DeleteInviteParticipantsOperationInput as Delete
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import Keys, Slice

OPERATIONS = 4_000
COPIES = 25
"""How often the operations are copied, each time to another day."""

QUERIES = Queries(compiled, Overdue(), pages.select_page, literal_limits=True, parts=parts)
STATUSES = [*["Failed"] * 40, "Running", "NotStarted", *["Completed"] * 58]
"""Those of each hundred operations."""
EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON)"
MOST_OF_PAGE = 500
"""The maximum number of rows that are read for a page of 50."""


def operation(number: int) -> JSONObject:
    at = f"2026-01-01T{number // 200:02}:{number // 4 % 50:02}:00.{number:06}Z"
    status = STATUSES[number * 37 % 100]
    return {
        "id": f"operation-{number}",
        **({"callId": f"call-{number % 1_000}"} if number % 50 else {}),
        "clientContext": f"context-{number}",
        "status": status,
        "participants": [
            {"identity": {"user": {"id": f"user-{number % 1_000}"}}},
            {"identity": {"phone": {"id": f"+{number}"}}},
        ],
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        **({"endedAt": at} if status in {"Completed", "Failed"} else {}),
    }


_LATER = """to_char(({} AT TIME ZONE 'UTC')::timestamp + copy * interval '1 day',
  'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
COPY = f"""
INSERT INTO operations SELECT copied.*
FROM generate_series(1, {COPIES - 1}) AS copy, operations,
  jsonb_populate_record(operations, jsonb_build_object(
    'seq', seq + copy * {OPERATIONS},
    'id', id || '-' || copy,
    'call_id', call_id || '-' || copy,
    'created_at', {_LATER.format("created_at::timestamptz")},
    'updated_at', {_LATER.format("updated_at::timestamptz")},
    'ended_at', {_LATER.format("ended_at::timestamptz")}
  )) AS copied
"""  # noqa: S608  constants
COPY_IDENTITIES = f"""
INSERT INTO identities
SELECT CASE kind WHEN 'user' THEN id ELSE id || copy END, kind, operation_seq + copy * {OPERATIONS}
FROM generate_series(1, {COPIES - 1}) AS copy, identities
"""  # noqa: S608  constants

# A new operation has the number of its change, which is not to be that of a copy.
SHIFT = f"UPDATE changes SET position = position + {(COPIES - 1) * OPERATIONS}"  # noqa: S608  constants


@pytest.fixture(scope="module")
def filled(postgres: PostgresServer) -> str:
    """The URL of a database of some hundred thousand operations."""
    url = postgres.new_database()
    database = database_of(Settings(database=url))
    database.upgrade()

    async def fill() -> None:
        async with database.open() as store:
            await asyncio.gather(*(store.put(operation(number)) for number in range(OPERATIONS)))
        await execute(url, COPY, COPY_IDENTITIES, SHIFT)
        connection = await asyncpg.connect(url)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()

    asyncio.run(fill())
    return url


async def plan(url: str, query: Query) -> list[dict[str, Any]]:
    """Run a query and return the steps of its plan."""
    connection = await asyncpg.connect(url)
    try:
        explained = await connection.fetchval(f"{EXPLAIN} {query.statement.sql}", *arguments(query))
    finally:
        await connection.close()
    return [*_steps(json.loads(explained)[0]["Plan"])]


def _steps(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _steps(inner)


def scans(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the steps that read a large table sequentially."""
    return [
        step
        for step in steps
        if step["Node Type"] == "Seq Scan" and step["Relation Name"] != "change_log"
    ]


def rows_read(steps: list[dict[str, Any]]) -> int:
    """Return how many rows were read, including those that were then filtered out."""
    per_loop = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        round(sum(step.get(name, 0) for name in per_loop) * step["Actual Loops"])
        for step in steps
        if "Scan" in step["Node Type"] and step["Node Type"] != "Bitmap Index Scan"
    )


def indexes(steps: list[dict[str, Any]]) -> set[str]:
    """Return the names of the indexes that were used."""
    return {step["Index Name"] for step in steps if "Index Name" in step}


def of(where: JSONObject) -> InviteParticipantsOperationFilter:
    return InviteParticipantsOperationFilter.model_validate(where)


def by(order_by: list[JSONObject]) -> Order:
    return sort_keys([*map(InviteParticipantsOperationOrder.model_validate, order_by)])


@pytest.mark.parametrize(("where", "_sqlite", "index"), SEARCHES, ids=str)
async def test_filtering_searches_an_index(
    filled: str, where: JSONObject, _sqlite: str, index: str
) -> None:
    steps = await plan(filled, QUERIES.count(of(where)))

    assert any(index in name for name in indexes(steps)), steps
    assert not scans(steps)
    assert rows_read(steps) <= 2 * OPERATIONS


@pytest.mark.parametrize("order_by", [[], [order_key("createdAt", "DESC")]], ids=str)
@pytest.mark.parametrize(("where", "_sqlite", "_index"), SEARCHES, ids=str)
async def test_page_of_a_filtered_list_reads_few_rows(
    filled: str, where: JSONObject, order_by: list[JSONObject], _sqlite: str, _index: str
) -> None:
    steps = await plan(filled, QUERIES.page(of(where), by(order_by), Slice(50)))

    assert not scans(steps)
    assert rows_read(steps) <= 2 * OPERATIONS


@pytest.mark.parametrize("order_by", [[], [order_key("updatedAt", "ASC")]], ids=str)
async def test_page_of_most_operations_sorts_nothing(
    filled: str, order_by: list[JSONObject]
) -> None:
    where = of({"createdAt": {"gte": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}})
    steps = await plan(filled, QUERIES.page(where, by(order_by), Slice(50)))

    assert rows_read(steps) <= MOST_OF_PAGE


async def middle(url: str, order: Order) -> Keys:
    """Return the sort keys of an operation in the middle of the list."""
    one = f"SELECT to_json(operations) FROM operations WHERE seq = {COPIES * OPERATIONS // 2 + 3}"  # noqa: S608  constants
    ((row,),) = await execute(url, one)
    operation = json.loads(row)
    return (*(operation[key.field.attribute] for key in order), operation["seq"])


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_paging_searches_an_index_and_sorts_nothing(filled: str, order: IndexedOrder) -> None:
    keys = await middle(filled, by(order.order_by))
    for part in (Slice(50), Slice(50, after=keys), Slice(50, backward=True, before=keys)):
        steps = await plan(filled, QUERIES.page(None, by(order.order_by), part))

        assert {*order.postgresql} & indexes(steps), steps
        assert rows_read(steps) <= MOST_OF_PAGE


async def test_paging_by_time_through_one_status_reads_few_rows(filled: str) -> None:
    order = by([order_key("createdAt", "DESC")])
    steps = await plan(filled, QUERIES.page(of({"status": {"eq": "Failed"}}), order, Slice(50)))

    assert "operations_status_created_at" in indexes(steps)
    assert rows_read(steps) <= MOST_OF_PAGE


async def test_page_of_one_status_is_found_in_its_index_alone(filled: str) -> None:
    """So it is by a plan that is kept for rare statuses and frequent ones."""
    steps = await plan(filled, QUERIES.page(of({"status": {"eq": "Failed"}}), (), Slice(50)))
    scanned = {step["Node Type"] for step in steps if step.get("Index Name") == "operations_status"}

    assert scanned == {"Index Only Scan"}
    assert rows_read(steps) <= MOST_OF_PAGE


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
    where = of({"createdAt": {"gte": "2026-01-20T00:00:00Z"}})
    steps = await plan(filled, QUERIES.groups(keys, where, 50, with_duration=with_duration))

    scanned = {step["Node Type"] for step in steps if step.get("Relation Name") == "operations"}
    assert scanned == {"Index Only Scan"}


async def rows_scanned(url: str) -> dict[str, int]:
    """Return how many rows sequential scans have read, when no other connection is open."""
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
