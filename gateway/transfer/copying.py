"""Copying of a database to another one."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from gateway.store.copying import CopiedTable, ExclusiveStore, Row, begin_or_resume
from gateway.store.errors import UnusableDatabaseError
from gateway.store.interface import Database
from gateway.store.migrate import new_log_id

BATCH_ROWS = 500
BATCH_BYTES = 4_000_000
"""The size of a transaction, which has at least one row."""
_DIGEST_BYTES = 16

Advance = Callable[[int], None]
"""Called with a number of rows that were copied or verified."""
Begin = Callable[[str, int], Advance]
"""Called with the name of a step and its number of rows."""


class Checksum(NamedTuple):
    """The number of rows, and the sum of their digests, which does not depend on their order."""

    rows: int
    digests: int


async def copy(source: Database, target: Database, begin: Begin) -> dict[CopiedTable, int]:
    """Copy a database to an empty one, or resume an unfinished copy, and verify it.

    Return the number of rows of each table. Both databases are locked for other writers. Raises
    ``UnusableDatabaseError``.
    """
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(source.exclusive())
        new = await stack.enter_async_context(target.exclusive())
        state = await old.log_state()
        await begin_or_resume(new, target.name, state)
        await new.clear(CopiedTable.FORWARDS)  # it can differ although the log state is the same
        counts = {table: await old.count(table) for table in CopiedTable}
        advance = begin("Copying", sum(counts.values()))
        for table in CopiedTable:
            await _copy_table(old, new, table, advance)
        advance = begin("Verifying", sum(counts.values()))
        for table in CopiedTable:
            await _verify(old, new, table, target.name, advance)
        # A backup has no log id, so that the logs of several copies of it get different ids.
        await new.finish(state._replace(log=state.log or new_log_id()))
    return counts


async def _copy_table(
    source: ExclusiveStore, target: ExclusiveStore, table: CopiedTable, advance: Advance
) -> None:
    done = await target.count(table)  # the first ones, as they are copied in their order
    advance(done)
    async with aclosing(source.rows(table, done)) as rows:
        async for batch in _batches(rows):
            await target.insert(table, [target.stored(table, row) for row in batch])
            advance(len(batch))


async def _batches(rows: AsyncGenerator[Row, None]) -> AsyncGenerator[Sequence[Row], None]:
    batch: list[Row] = []
    size = 0
    async for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, bytes))
        if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _verify(
    source: ExclusiveStore, target: ExclusiveStore, table: CopiedTable, name: str, advance: Advance
) -> None:
    """Raise ``UnusableDatabaseError`` unless both have the same rows."""
    expected = await _checksum(source, target, table, advance)
    found = await _checksum(target, target, table, lambda _count: None)
    if found != expected:
        raise UnusableDatabaseError(
            f"The table {table.value} of {name}, of {found.rows:,} rows, is not the same as the "
            f"source's, of {expected.rows:,}. Somebody else wrote to it, or it is damaged. Empty "
            "it, or name another target, and copy again."
        )


async def _checksum(
    store: ExclusiveStore, target: ExclusiveStore, table: CopiedTable, advance: Advance
) -> Checksum:
    """Return the checksum of a table, with its rows as the target stores them."""
    count = total = 0
    async with aclosing(store.rows(table)) as rows:
        async for row in rows:
            packed = msgspec.msgpack.encode(target.stored(table, row))
            digest = blake2b(packed, digest_size=_DIGEST_BYTES).digest()
            total = (total + int.from_bytes(digest)) % 2 ** (8 * _DIGEST_BYTES)
            count += 1
            advance(1)
    return Checksum(count, total)
