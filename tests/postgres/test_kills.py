"""Killing gateways and PostgreSQL during writes: nothing is lost, duplicated or skipped."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
from support.clusters import Cluster, check, under_load
from support.engines import execute, postgres_server, standby_server
from support.gateways import LONGER
from support.waiting import WITHIN, wait_until_async

KILLS = 6
DATABASE = 2
"""What is killed besides the gateways 0 and 1."""


async def started(stack: AsyncExitStack, folder: Path, url: str) -> Cluster:
    """Start two gateways on a database."""
    cluster = Cluster(folder, url)
    for place in range(2):
        await cluster.start(stack, place)
    return cluster


async def test_killing_gateways_and_the_database_loses_and_doubles_nothing(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    chance = random.Random(7)  # noqa: S311  nothing is secret here
    async with AsyncExitStack() as stack, asyncio.timeout(WITHIN * LONGER):
        server = stack.enter_context(postgres_server())
        cluster = await started(stack, tmp_path, server.new_database())
        async with under_load(cluster, http):
            for kill in range(KILLS * LONGER):
                await cluster.wait_for_writes((kill + 1) * chance.randint(50, 150))
                victim = chance.randrange(3)
                if victim == DATABASE:
                    await asyncio.to_thread(server.stop)
                    await asyncio.to_thread(server.start)
                else:
                    await cluster.kill(stack, victim)
            await cluster.wait_for_writes(len(cluster.acknowledged) + 100)
        await check(cluster)


async def wait_for_standby(url: str) -> None:
    """Wait until commits wait for a standby."""

    async def is_synchronous() -> bool:
        return await execute(url, "SELECT sync_state FROM pg_stat_replication") == [("sync",)]

    await wait_until_async(is_synchronous)


async def test_promoting_a_synchronous_standby_loses_and_doubles_nothing(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(WITHIN):
        primary = stack.enter_context(postgres_server())
        standby = stack.enter_context(standby_server(primary))
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")
        await wait_for_standby(primary.url("postgres"))
        hosts = f"{primary.folder},{standby.folder}"
        url = f"postgresql:///test?user=postgres&host={hosts}&target_session_attrs=read-write"
        primary.new_database("test")
        cluster = await started(stack, tmp_path, url)
        async with under_load(cluster, http):
            await cluster.wait_for_writes(300)
            await asyncio.to_thread(primary.stop)
            await asyncio.to_thread(standby.promote)
            await cluster.wait_for_writes(len(cluster.acknowledged) + 300)
        await check(cluster)
        logs = [gateway.log for gateway in cluster.gateways]

    assert not [line for log in logs for line in log if "The change log has a new id" in line]
