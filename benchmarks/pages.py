"""Measure pages of lists on PostgreSQL: ``python benchmarks/pages.py --help``.

The store reads first pages and later pages, one at a time. The medians are taken once PostgreSQL
uses a generic plan for the statement.
"""

import asyncio
from itertools import product
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg  # type: ignore[import-untyped,unused-ignore]  # without stubs
from data import host_id
from databases import DatabaseKind, Databases, postgres
from options import benchmark_parser
from tables import header, row

from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.store.opening import database_of
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import Slice

LIMIT = 50
TIMES = 15
WARM_UP_EXECUTIONS = 9
"""Until a statement has a generic plan, and the table is in memory."""
Where = InviteParticipantsOperationFilter | None

BEGIN = "2025-01-01T00:00:00Z"
"""The creation time of the first operation; one is created each second."""
SPANS = {"the first hour": "2025-01-01T01:00:00Z", "the first day": "2025-01-02T00:00:00Z"}
FIELDS = ("createdAt", "updatedAt")
FILTERS: dict[str, dict[str, Any] | None] = {
    "none": None,
    "status": {"status": {"eq": "Failed"}},
    "several statuses": {"status": {"in": ["NotStarted", "Running"]}},
    "callId": {"callId": {"eq": "call-00000001"}},
    "user": {"participants": {"some": {"identity": {"user": {"id": {"eq": host_id(1)}}}}}},
    **{
        f"{title} of {field}": {field: {"gte": BEGIN, "lt": end}}
        for (title, end), field in product(SPANS.items(), FIELDS)
    },
}
ORDERS: dict[str, list[dict[str, str]]] = {
    "creation": [],
    **{
        f"{field} {direction}": [{field: direction}]
        for field in ("createdAt", "updatedAt", "endedAt", "status", "callId", "id")
        for direction in ("ASC", "DESC")
    },
}


async def measure(url: str) -> None:
    """Print a table of the milliseconds that pages take."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM ANALYZE")  # as autovacuum will have done
    await connection.close()
    print(header(("filter", "order", "first page, ms", "later page, ms")))
    async with database_of(Settings(database=url)).open() as store:
        for filter_name, order_name in product(FILTERS, ORDERS):
            if filter_name != "none" and order_name not in {"creation", "createdAt DESC"}:
                continue
            value = FILTERS[filter_name]
            where = value and InviteParticipantsOperationFilter.model_validate(value)
            keys = map(InviteParticipantsOperationOrder.model_validate, ORDERS[order_name])
            order = sort_keys([*keys])
            first = await _milliseconds(store, where or None, order, Slice(LIMIT))
            page = await store.page(where or None, order, Slice(500))
            middle = Slice(LIMIT, after=page.keys[-1]) if page.more else None
            later = await _milliseconds(store, where or None, order, middle) if middle else None
            cells = ("" if each is None else f"{each:.2f}" for each in (first, later))
            print(row((filter_name, order_name, *cells)), flush=True)


async def _milliseconds(store: Store, where: Where, order: Order, part: Slice) -> float:
    milliseconds = []
    for _ in range(WARM_UP_EXECUTIONS + TIMES):
        begin = perf_counter()
        await store.page(where, order, part)
        milliseconds.append((perf_counter() - begin) * 1_000)
    return median(milliseconds[WARM_UP_EXECUTIONS:])


def main() -> None:
    """Measure on a database with a number of operations, built if needed."""
    parser = benchmark_parser("Measure pages of lists on PostgreSQL.")
    parser.add_argument("--operations", type=int, default=1_000_000)
    options = parser.parse_args()
    databases = Databases(options.data, options.python)
    with postgres(databases.base(DatabaseKind.GATEWAY_POSTGRES, options.operations)) as (url, _):
        asyncio.run(measure(url))


if __name__ == "__main__":
    main()
