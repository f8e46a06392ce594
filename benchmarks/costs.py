"""What a request costs on PostgreSQL, and what it leaves on disk: ``python benchmarks/costs.py``.

The gateway and PostgreSQL share one core, and wrk has another. Answers are not remembered.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped,unused-ignore]  # without stubs
from data import operations
from databases import Databases, Kind
from load import Load, drive
from processes import cpu_seconds
from servers import GATEWAY_POSTGRES, Server, Tools, running
from workloads import MOST, OPERATIONS

from gateway.settings import Settings
from gateway.store.interface import Database
from gateway.store.opening import database_of
from schema.inputs import UpdateInviteParticipantsOperationInput

WORKLOADS = ("get", "list", "filter", "create")
TABLES = ("operations", "identities", "changes")
_SIZES = """
SELECT pg_table_size(name::regclass), pg_indexes_size(name::regclass)
FROM unnest($1::text[]) WITH ORDINALITY AS each (name, place) ORDER BY place
"""
_UPDATES = """
SELECT n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'operations'
"""


def main() -> None:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="how long each is timed")
    options = parser.parse_args()
    tools = Tools.here(sys.executable)
    databases = Databases(Path(tempfile.gettempdir()) / "invite-gateway-benchmarks", tools.python)
    with (
        databases.copy(Kind.GATEWAY_POSTGRES, OPERATIONS) as folder,
        running(GATEWAY_POSTGRES, tools, databases, folder) as server,
    ):
        _requests(server, tools, options.seconds)
        asyncio.run(_storage(f"postgresql://postgres:@/postgres?host={folder}"))


def _requests(server: Server, tools: Tools, seconds: int) -> None:
    *postgres, gateway = server.process_ids
    print("| request | a second | gateway, CPU µs | PostgreSQL, CPU µs |\n|---|---|---|---|")
    for name in WORKLOADS:
        load = Load(name, MOST, seconds, (str(OPERATIONS), "", ""))
        drive(server, tools, Load(name, MOST, 1, load.arguments))
        server.settle()
        before = cpu_seconds([gateway]), cpu_seconds(postgres)
        done = drive(server, tools, load)
        after = cpu_seconds([gateway]), cpu_seconds(postgres)
        costs = [
            (end - begin) * 1e6 / done.requests for begin, end in zip(before, after, strict=True)
        ]
        print(f"| {name} | {done.rate:,.0f} | {costs[0]:,.0f} | {costs[1]:,.0f} |", flush=True)


async def _storage(url: str) -> None:
    """Update every operation once, and tell what the tables take before and after."""
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
        await asyncio.sleep(1)  # until the statistics are there
        updates = tuple(await connection.fetchrow(_UPDATES))
    finally:
        await connection.close()
    print(f"\n{count:,} operations, {OPERATIONS:,} of them updated:\n")
    print("| table | bytes | indexes | after the updates | indexes |\n|---|---|---|---|---|")
    for table, old, new in zip(TABLES, before, after, strict=True):
        print(f"| {table} | {old[0]:,} | {old[1]:,} | {new[0]:,} | {new[1]:,} |")
    print(
        f"\n{OPERATIONS:,} updates: {wal / OPERATIONS:,.0f} bytes of WAL each; updated, of these "
        f"HOT, dead rows: {updates}"
    )


async def _wal(connection: Any) -> int:  # noqa: ANN401  asyncpg's, which has no stubs
    return int(await connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'"))


async def _update(database: Database) -> None:
    async with database.open() as store:
        ids = [operation["id"] for operation in operations(OPERATIONS)]
        for start in range(0, len(ids), MOST):
            await asyncio.gather(
                *(
                    store.update(
                        UpdateInviteParticipantsOperationInput.model_validate(
                            {"id": id_, "clientContext": f"updated-{id_}"}
                        )
                    )
                    for id_ in ids[start : start + MOST]
                )
            )


if __name__ == "__main__":
    main()
