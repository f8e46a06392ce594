"""How long PostgreSQL takes for first pages and for pages in the middle: ``benchmarks/pages.py``.

One at a time, each for the store alone, as the median of several by the plan that PostgreSQL keeps.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import asyncpg  # type: ignore[import-untyped,unused-ignore]  # without stubs
from data import host_id
from databases import Databases, Kind

from gateway.settings import Settings
from gateway.store.interface import Store
from gateway.store.opening import database_of
from schema.filters import InviteParticipantsOperationFilter
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import Slice

LIMIT = 50
TIMES = 15
KEPT_AFTER = 9
"""Executions until a statement has its plan, and the table is in memory."""
Where = InviteParticipantsOperationFilter | None

BEGIN = "2025-01-01T00:00:00Z"
"""When the first of the operations was created, one each second."""
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
    "of creation": [],
    **{
        f"{field} {direction}": [{field: direction}]
        for field in ("createdAt", "updatedAt", "endedAt", "status", "callId", "id")
        for direction in ("ASC", "DESC")
    },
}


async def measure(url: str) -> None:
    """Print the milliseconds of pages as a table."""
    connection = await asyncpg.connect(url)
    await connection.execute("VACUUM ANALYZE")  # as autovacuum does in time
    await connection.close()
    print("| filter | order | first page | in the middle |\n|---|---|---|---|")
    async with database_of(Settings(database=url)).open() as store:
        for filtered, ordered in product(FILTERS, ORDERS):
            if filtered != "none" and ordered not in {"of creation", "createdAt DESC"}:
                continue
            given = FILTERS[filtered]
            where = given and InviteParticipantsOperationFilter.model_validate(given)
            keys = map(InviteParticipantsOperationOrder.model_validate, ORDERS[ordered])
            order = sort_keys([*keys])
            first = await _milliseconds(store, where or None, order, Slice(LIMIT))
            page = await store.page(where or None, order, Slice(500))
            middle = Slice(LIMIT, after=page.keys[-1]) if page.more else None
            later = await _milliseconds(store, where or None, order, middle) if middle else None
            cells = ("" if each is None else f"{each:.2f}" for each in (first, later))
            print(f"| {filtered} | {ordered} | {' | '.join(cells)} |", flush=True)


async def _milliseconds(store: Store, where: Where, order: Order, part: Slice) -> float:
    taken = []
    for _ in range(KEPT_AFTER + TIMES):
        began = perf_counter()
        await store.page(where, order, part)
        taken.append((perf_counter() - began) * 1_000)
    return median(taken[KEPT_AFTER:])


def main() -> None:
    """Measure on a database of so many operations, made if need be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000)
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    options = parser.parse_args()
    databases = Databases(options.data, Path(sys.executable))
    folder = databases.base(Kind.GATEWAY_POSTGRES, options.operations)
    with subprocess.Popen(
        databases.postgres_command(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout  # noqa: S101  it is a pipe
        asyncio.run(measure(server.stdout.readline().strip()))
        server.communicate()


if __name__ == "__main__":
    main()
