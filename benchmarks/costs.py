"""Measure CPU time and disk space on PostgreSQL: ``python benchmarks/costs.py --help``.

The gateway, without its cache of responses, and PostgreSQL share one core, and wrk has another.
"""

import asyncio
from typing import Any

import asyncpg  # type: ignore[import-untyped,unused-ignore]  # without stubs
from data import operations
from environment import Environment
from load import WARM_UP_SECONDS, Load, run_wrk
from options import benchmark_parser
from processes import cpu_seconds
from server_process import Server, running
from servers import GATEWAY_POSTGRES
from tables import header, row
from workloads import MAX_CONNECTIONS, OPERATIONS

from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of
from schema.inputs import UpdateInviteParticipantsOperationInput

WORKLOADS = ("get", "list", "filter", "create")
TABLES = ("operations", "identities", "changes")
_SIZES = """
SELECT pg_table_size(name::regclass), pg_indexes_size(name::regclass)
FROM unnest($1::text[]) WITH ORDINALITY AS tables (name, position) ORDER BY position
"""
_UPDATES = """
SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'operations'
"""


def main() -> None:
    """Measure, and print tables."""
    parser = benchmark_parser("Measure CPU time and disk space on PostgreSQL.", seconds=5)
    options = parser.parse_args()
    environment = Environment.from_options(options)
    with running(GATEWAY_POSTGRES, environment) as server:
        _measure_requests(server, environment, options.seconds)
        asyncio.run(_measure_storage(server.database))


def _measure_requests(server: Server, environment: Environment, seconds: int) -> None:
    *postgres, gateway = server.process_ids
    print(header(("request", "requests/s", "gateway, CPU µs", "PostgreSQL, CPU µs")))
    for name in WORKLOADS:
        run_wrk(server, environment, Load(name, WARM_UP_SECONDS))
        server.wait_until_idle()
        before = cpu_seconds([gateway]), cpu_seconds(postgres)
        result = run_wrk(server, environment, Load(name, seconds))
        after = cpu_seconds([gateway]), cpu_seconds(postgres)
        cpu = [
            (end - begin) * 1e6 / result.requests for begin, end in zip(before, after, strict=True)
        ]
        cells = (name, *(f"{value:,.0f}" for value in (result.throughput, *cpu)))
        print(row(cells), flush=True)


async def _measure_storage(url: str) -> None:
    """Update every operation once; print the sizes of the tables before and after."""
    database = database_of(Settings(database=url))
    connection = await asyncpg.connect(url)
    try:
        for table in TABLES:
            await connection.execute(f"VACUUM ANALYZE {table}")
        count = await connection.fetchval("SELECT count(*) FROM operations")
        before = await connection.fetch(_SIZES, TABLES)
        wal = await _wal(connection)
        await _update(database)
        wal = await _wal(connection) - wal
        after = await connection.fetch(_SIZES, TABLES)
        await asyncio.sleep(1)  # until PostgreSQL has updated its statistics
        updates = tuple(await connection.fetchrow(_UPDATES))
    finally:
        await connection.close()
    print(f"\n{count:,} operations, {OPERATIONS:,} of them updated:\n")
    print(header(("table", "bytes", "of indexes", "after the updates", "of indexes")))
    for table, old, new in zip(TABLES, before, after, strict=True):
        print(row((table, *(f"{size:,}" for size in (*old, *new)))))
    print(
        f"\n{OPERATIONS:,} updates: {wal / OPERATIONS:,.0f} bytes of WAL each; rows updated, HOT "
        f"updates among them, and dead rows: {updates}"
    )


async def _wal(connection: Any) -> int:  # noqa: ANN401  asyncpg's, which has no stubs
    return int(await connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'"))


async def _update(database: Database) -> None:
    async with database.open() as store:
        ids = [operation["id"] for operation in operations(OPERATIONS)]
        for start in range(0, len(ids), MAX_CONNECTIONS):
            await asyncio.gather(
                *(
                    store.update(
                        UpdateInviteParticipantsOperationInput.model_validate(
                            {"id": id_, "clientContext": f"updated-{id_}"}
                        )
                    )
                    for id_ in ids[start : start + MAX_CONNECTIONS]
                )
            )


if __name__ == "__main__":
    main()
