"""The indexes that SQLite uses: the plans of the store's statements."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from support.documents import GET, GET_MANY
from support.indexed import DAY, ORDERS, SEARCHES, IndexedOrder, invited
from support.strategies import JSONObject, order_key

from gateway.store.sqlite.migrate import upgrade
from gateway.store.sqlite.store import open_sqlite_store
from schema import build_schema
from schema.context import Context

OPERATIONS = 3_000

PAGE = """
    query ($filter: InviteParticipantsOperationFilter, $after: String, $before: String,
           $orderBy: [InviteParticipantsOperationOrder!], $first: Int, $last: Int) {
      inviteParticipantsOperations(
        filter: $filter, orderBy: $orderBy,
        first: $first, last: $last, after: $after, before: $before
      ) { edges { cursor } }
    }
"""
COUNT = """
    query ($filter: InviteParticipantsOperationFilter!) {
      inviteParticipantsOperations(first: 0, filter: $filter) { totalCount }
    }
"""


def _operation(number: int) -> JSONObject:
    at = f"2026-01-{number % 28 + 1:02}T09:30:{number % 60:02}.{number:06}Z"
    return {
        "id": f"operation-{number}",
        "callId": f"call-{number % 300}",
        "clientContext": f"context-{number}",
        "status": ("NotStarted", "Running", "Completed", "Failed")[number % 4],
        "participants": [
            {"identity": {"user": {"id": f"user-{number % 700}"}}},
            {"identity": {"phone": {"id": f"+{number}"}}},
        ],
        "version": 1,
        "createdAt": at,
        "updatedAt": at,
        **({"endedAt": at} if number % 4 > 1 else {}),
    }


@dataclass(frozen=True)
class Planner:
    """Runs queries of a store, and returns SQLite's plans of them."""

    context: Context
    statements: list[str]
    explaining: sqlite3.Connection

    async def ask(self, query: str, **variables: object) -> JSONObject:
        """Execute a query, and record its statements."""
        self.statements.clear()
        result = await build_schema().execute(
            query, variable_values=dict(variables), context_value=self.context
        )
        assert not result.errors
        assert result.data is not None
        return result.data

    async def plans(self, query: str, **variables: object) -> list[list[str]]:
        """Return the plan of each statement: its steps in SQLite's words."""
        await self.ask(query, **variables)
        return [
            self._steps(statement)
            for statement in self.statements
            if statement.startswith("SELECT") and not statement.endswith("FROM change_log")
        ]

    def _steps(self, statement: str) -> list[str]:
        """Return the steps that find rows, without those that aggregate a page's rows."""
        steps = [row[3] for row in self.explaining.execute(f"EXPLAIN QUERY PLAN {statement}")]
        return [step for step in takewhile("SCAN row".__ne__, steps) if step != "CO-ROUTINE row"]

    async def plan(self, query: str, **variables: object) -> list[str]:
        """Return the plan of the only statement."""
        (plan,) = await self.plans(query, **variables)
        return plan

    async def cursor(self, order_by: list[JSONObject]) -> str:
        """Return a cursor from the middle of the list."""
        data = await self.ask(PAGE, orderBy=order_by, first=500)
        cursor: str = data["inviteParticipantsOperations"]["edges"][-1]["cursor"]
        return cursor


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of some thousands of operations."""
    path = tmp_path_factory.mktemp("indexes") / "operations.db"
    upgrade(path)

    async def fill() -> None:
        async with open_sqlite_store(path) as store:
            await asyncio.gather(*(store.put(_operation(number)) for number in range(OPERATIONS)))

    asyncio.run(fill())
    return path


@pytest.fixture
async def planner(filled: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Planner]:
    """A planner, which records every statement of the store's connections."""
    connect = sqlite3.connect
    statements: list[str] = []

    def connect_and_trace(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  as connect
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_trace)
    with closing(connect(filled)) as explaining:
        async with open_sqlite_store(filled, readers=1) as store:
            yield Planner(Context(store=store, log=store.log), statements, explaining)


def scans(plan: list[str]) -> list[str]:
    """Return the steps that scan a table, or sort."""
    return [
        step
        for step in plan
        if step.startswith(("SCAN operations", "SCAN identities"))
        or (step.startswith("USE TEMP B-TREE") and "ORDER BY" in step)
    ]


async def test_getting_by_id_searches_the_index(planner: Planner) -> None:
    one = await planner.plan(GET, id="operation-7")
    many = await planner.plan(GET_MANY, ids=["operation-7", "operation-8"])

    assert one == ["SEARCH operations USING INDEX operations_id (id=?)"]
    assert many[0] == one[0]
    assert not scans(many)


@pytest.mark.parametrize(("where", "search", "_postgresql"), SEARCHES, ids=str)
async def test_filtering_searches_an_index(
    planner: Planner, where: JSONObject, search: str, _postgresql: str
) -> None:
    page = await planner.plan(PAGE, filter=where)
    counting = await planner.plans(COUNT, filter=where)

    for plan in (page, *counting):
        assert any(re.search(search, step) for step in plan), plan
        assert not [step for step in plan if step.startswith("SCAN operations")]


async def test_filtering_by_an_identity_searches_the_identities(planner: Planner) -> None:
    of_kind = await planner.plan(PAGE, filter=invited(user={"id": {"eq": "user-7"}}))
    of_any = await planner.plan(PAGE, filter=invited(any={"id": {"in": ["user-7", "+7"]}}))

    assert "SEARCH identities USING PRIMARY KEY (id=? AND kind=?)" in of_kind
    assert "SEARCH identities USING PRIMARY KEY (id=?)" in of_any
    assert not scans(of_kind)


@pytest.mark.parametrize("paging", [{"first": 10}, {"last": 10}])
async def test_paging_by_a_participant_reads_in_order(planner: Planner, paging: JSONObject) -> None:
    where = {**invited(user={"id": {"eq": "user-7"}}), "status": {"eq": "Completed"}}
    plan = await planner.plan(PAGE, filter=where, **paging)

    assert plan[:2] == [
        "SEARCH identities USING PRIMARY KEY (id=? AND kind=?)",
        "SEARCH operations USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    assert not [step for step in plan if "TEMP B-TREE" in step or "LIST SUBQUERY" in step]


@pytest.mark.parametrize("field", ["createdAt", "updatedAt", "endedAt"])
@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
async def test_counting_from_or_up_to_a_time_searches_an_index(
    planner: Planner, field: str, operator: str
) -> None:
    (counting,) = await planner.plans(COUNT, filter={field: {operator: DAY["gte"]}})

    assert re.search(rf"_at[{operator[0].translate({103: '>', 108: '<'})}]\?\)", counting[0])


@pytest.mark.parametrize("order", ORDERS, ids=str)
async def test_paging_searches_an_index_and_sorts_nothing(
    planner: Planner, order: IndexedOrder
) -> None:
    cursor = await planner.cursor(order.order_by)
    start = await planner.plan(PAGE, orderBy=order.order_by)
    after = await planner.plan(PAGE, orderBy=order.order_by, after=cursor)
    before = await planner.plan(PAGE, orderBy=order.order_by, last=50, before=cursor)
    begins = rf"SEARCH .*\({order.sqlite}\)?[<>]\(?\?.*\)" if order.sqlite else ".* USING INDEX .*"

    for plan in (start, after, before):
        assert len(plan) == 1
        assert "TEMP" not in plan[0]
    for plan in (after, before):
        assert re.fullmatch(begins, plan[0]), plan


@pytest.mark.parametrize(
    "where",
    [{"status": {"eq": "Running"}}, {"callId": {"eq": "call-7"}}],
    ids=["status", "callId"],
)
async def test_paging_through_a_filtered_list_sorts_nothing(
    planner: Planner, where: JSONObject
) -> None:
    after = await planner.cursor([])

    assert not scans(await planner.plan(PAGE, filter=where))
    assert not scans(await planner.plan(PAGE, filter=where, after=after))


async def test_paging_by_time_through_one_status_sorts_nothing(planner: Planner) -> None:
    order_by = [order_key("createdAt", "DESC")]
    after = await planner.cursor(order_by)
    plan = await planner.plan(
        PAGE, orderBy=order_by, after=after, filter={"status": {"eq": "Running"}}
    )

    assert not scans(plan)


GROUPS = """
    query ($by: [InviteParticipantsOperationGroupKey!]!,
           $filter: InviteParticipantsOperationFilter!) {
      inviteParticipantsOperationGroups(by: $by, filter: $filter) { count }
    }
"""
DURATIONS = GROUPS.replace("count", "count duration { median }")


@pytest.mark.parametrize("query", [GROUPS, DURATIONS])
@pytest.mark.parametrize(
    "by",
    [
        ["CREATED_HOUR"],
        ["CREATED_MINUTE"],
        ["RESULT_CODE", "RESULT_SUBCODE", "RESULT_DIAG_CODE"],
        ["IDENTITY_KIND"],
    ],
    ids=" ".join,
)
async def test_grouping_operations_since_a_time_reads_an_index_alone(
    planner: Planner, query: str, by: list[str]
) -> None:
    plan = await planner.plan(query, by=by, filter={"createdAt": {"gte": DAY["gte"]}})

    assert [step for step in plan if re.match(r"SEARCH operations USING COVERING INDEX ", step)]
    assert not [step for step in plan if step.startswith("SCAN operations")]


async def test_following_changes_searches_by_position(planner: Planner) -> None:
    changes, present = await planner.plans("{ changes { nodes { kind } } }")
    history = await planner.plans(
        "query ($id: ID!) { inviteParticipantsOperation(id: $id) { history { nodes { kind } } } }",
        id="operation-7",
    )

    assert changes == ["SEARCH changes USING INTEGER PRIMARY KEY (rowid>?)"]
    assert any(step.startswith("SEARCH operations USING INDEX") for step in present)
    assert history[1][0] == (
        "SEARCH changes USING INDEX changes_operation_seq (operation_seq=? AND rowid>?)"
    )
    assert "SEARCH changes USING INDEX changes_deleted (operation_id=?)" in history[1]
    assert not scans(history[1])
