"""``invite-gateway demo``."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.cli.terminal import (
    DatabaseOption,
    errors,
    fail,
    progress,
    reporting_database_errors,
    settings_from,
)
from gateway.demo.invitations import MARK, Generator
from gateway.demo.live import Live
from gateway.demo.past import DAYS, execute, past_writes
from gateway.serving import stop_signal
from gateway.store.interface import Database, Store
from gateway.store.opening import database_of
from schema.filters import InviteParticipantsOperationFilter
from schema.groups import GroupKey

BATCH_SIZE = 200
"""How many writes are executed before the progress bar is updated."""

_SAMPLES = InviteParticipantsOperationFilter.model_validate({"clientContext": {"startsWith": MARK}})


def demo(
    database: DatabaseOption = None,
    *,
    operations: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many past operations to create.")
    ] = 300,
    seed: Annotated[int, typer.Option(help="The same seed gives the same operations.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="Create past operations, and exit.")] = False,
    add: Annotated[
        bool, typer.Option("--add", help="Add to a database that has other operations.")
    ] = False,
) -> None:
    """Fill the database with sample operations of four weeks, then create more until stopped.

    They have all statuses, various results, and histories; their client context starts with
    "demo: ". The gateway can serve the database meanwhile. If there are sample operations already,
    no past ones are added.

    Example: invite-gateway demo --database sqlite:///demo.db
    """
    target = database_of(settings_from(database=database))
    with reporting_database_errors():
        target.upgrade()
        asyncio.run(_run(target, operations, seed, once=once, add=add))


async def _run(database: Database, count: int, seed: int, *, once: bool, add: bool) -> None:
    stop = stop_signal()
    async with database.open() as store:
        total, own = await store.count(None), await store.count(_SAMPLES)
        if total > own and not add:
            fail(
                f"The database {database.name} has operations that were not made by this command: "
                f"{total - own:,}. Name another with --database, or add to them with --add."
            )
        if own:
            message = f"{database.name} has {own:,} sample operations; no past ones are added."
            errors.print(message, markup=False)
        else:
            await _fill(store, database.name, count, seed, stop)
        if not once and not stop.is_set():
            await _run_live(store, Generator(f"{seed} {total}"), stop)


async def _fill(store: Store, name: str, count: int, seed: int, stop: asyncio.Event) -> None:
    writes = past_writes(seed, count, datetime.now(UTC))
    with progress() as bar:
        task = bar.add_task("Writing", total=len(writes))
        for start in range(0, len(writes), BATCH_SIZE):
            if stop.is_set():
                break
            batch = writes[start : start + BATCH_SIZE]
            await execute(store, batch)
            bar.advance(task, len(batch))
    errors.print(f"{name} has {await _summary(store)}, of the last {DAYS} days.", markup=False)


async def _summary(store: Store) -> str:
    """Return the number of sample operations, in all and by status, as text."""
    groups = await store.groups([GroupKey.STATUS], _SAMPLES, 10)
    total = sum(group.count for group in groups)
    by_status = ", ".join(
        f"{group.count:,} {group.status.value}" for group in groups if group.status
    )
    return f"{total:,} sample operations ({by_status})"


async def _run_live(store: Store, generator: Generator, stop: asyncio.Event) -> None:
    errors.print("Creating and changing operations until stopped (Ctrl-C).")
    with errors.status("Created: 0, changed: 0.") as line:
        live = Live(store, generator, lambda: line.update(_counts(live)))
        await live.run(stop)
    errors.print(f"Stopped. {_counts(live)}")


def _counts(live: Live) -> str:
    return f"Created: {live.created:,}, changed: {live.changed:,}."
