"""Equal reads that wait for a connection are executed once, as if each had been alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import asyncpg
import pytest
from support.strategies import JSONObject
from support.waiting import WITHIN, wait_until_async

from gateway.store.deadline import DEADLINE
from gateway.store.interface import Database, Store
from schema.errors import RequestError, TimedOut
from schema.filters import InviteParticipantsOperationFilter as Filter
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.paging import Page, Slice

pytestmark = pytest.mark.postgresql

INVITATIONS = [("ana", "ben"), ("ben", "ana"), *[("eva", "eva")] * 3]
"""The user and the message of each operation."""
PAGE = Slice(3)
WAITING_FOR_LOCK = """
SELECT count(*) FROM pg_locks
WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class BlockedReads:
    """A store whose only connection for long reads waits for a lock of the test's."""

    store: Store
    locking: asyncpg.Connection
    busy: "asyncio.Task[int]"

    @property
    def executions(self) -> int:
        """How many statements or shared reads were executed."""
        *_, (_, count) = self.store.workers["read"].sizes.buckets()
        return count

    async def page(
        self,
        part: Slice = PAGE,
        seconds: float = 0,
        where: JSONObject | None = None,
        fields: tuple[str, ...] | None = None,
    ) -> "asyncio.Task[Page]":
        """Start a read of a page, and return when it waits."""
        wanted = Filter.model_validate(where) if where else None

        async def read() -> Page:
            if seconds:
                DEADLINE.set(monotonic() + seconds)
            return await self.store.page(wanted, (), part, fields)

        async def waits() -> bool:
            return self.store.workers["read"].waiting > before

        before = self.store.workers["read"].waiting
        task = asyncio.create_task(read())
        await wait_until_async(waits)
        return task

    async def unlock(self) -> None:
        """Let the reads run, and wait for the one that has the connection."""
        await self.locking.execute("COMMIT")
        assert await self.busy >= 0


@pytest.fixture
async def blocked(database: Database, database_url: str) -> AsyncIterator[BlockedReads]:
    """A store with some operations and blocked reads."""
    async with database.open(1, seconds=WITHIN) as store, other_connection(database_url) as other:
        for number, (user, message) in enumerate(INVITATIONS):
            fields = {
                "id": f"{number}",
                "resultInfo": {"code": 200, "subcode": 0, "message": message},
                "participants": [{"identity": {"user": {"id": user}}}],
            }
            await store.create(Create.model_validate(fields))
        await other.execute("BEGIN")
        await other.execute("LOCK TABLE operations IN ACCESS EXCLUSIVE MODE")
        busy = asyncio.create_task(store.count(None))

        async def is_busy() -> bool:
            return bool(await other.fetchval(WAITING_FOR_LOCK))

        await wait_until_async(is_busy)
        yield BlockedReads(store, other, busy)


@asynccontextmanager
async def other_connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection of another client."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def of_user(user: str) -> JSONObject:
    """Return the filter for operations with a user among the participants."""
    return {"participants": {"some": {"identity": {"user": {"id": {"eq": user}}}}}}


def with_message(message: str) -> JSONObject:
    """Return the filter for operations with a message."""
    return {"resultInfo": {"message": {"eq": message}}}


def ids(page: Page) -> list[str]:
    """Return the ids of a page's operations."""
    return [operation.id for operation in page.operations]


async def test_equal_reads_are_executed_once(blocked: BlockedReads) -> None:
    before = blocked.executions
    equal = [await blocked.page() for _ in range(10)]
    others = [await blocked.page(Slice(2)), await blocked.page(Slice(3, backward=True))]
    await blocked.unlock()
    pages = [ids(page) for page in await asyncio.gather(*equal)]

    assert pages == [["4", "3", "2"]] * 10
    assert [ids(await other) for other in others] == [["4", "3"], ["2", "1", "0"]]
    assert blocked.executions - before == 4  # the one that had the connection, and three kinds


async def test_filters_with_exchanged_values_are_not_equal(blocked: BlockedReads) -> None:
    said_by_ana: JSONObject = {**of_user("ana"), **with_message("ben")}
    said_by_ben: JSONObject = {"and": [with_message("ana")], **of_user("ben")}
    reads = [await blocked.page(where=where) for where in (said_by_ana, said_by_ben)]
    await blocked.unlock()

    assert [ids(page) for page in await asyncio.gather(*reads)] == [["0"], ["1"]]


async def test_fields_in_another_order_are_read_once(blocked: BlockedReads) -> None:
    before = blocked.executions
    reads = [await blocked.page(fields=fields) for fields in (("id", "version"), ("version", "id"))]
    await blocked.unlock()
    pages = await asyncio.gather(*reads)

    assert [ids(page) for page in pages] == [["4", "3", "2"]] * 2
    assert blocked.executions - before == 2  # the one that had the connection, and this


async def test_reads_begin_after_what_was_written_before_them(blocked: BlockedReads) -> None:
    first = await blocked.page()
    await blocked.locking.execute("DELETE FROM operations WHERE id = '4'")
    second = await blocked.page()
    await blocked.unlock()

    assert ids(await first) == ids(await second) == ["3", "2", "1"]


async def test_read_that_was_sent_is_not_joined(blocked: BlockedReads) -> None:
    first = await blocked.page()
    await blocked.unlock()
    await first
    await blocked.store.create(Create(id="new"))

    assert ids(await blocked.store.page(None, (), PAGE)) == ["new", "4", "3"]


async def test_others_are_answered_if_the_first_is_cancelled(blocked: BlockedReads) -> None:
    first, *others = [await blocked.page() for _ in range(3)]
    first.cancel()
    await asyncio.wait([first])
    await blocked.unlock()

    assert first.cancelled()
    assert [ids(page) for page in await asyncio.gather(*others)] == [["4", "3", "2"]] * 2


async def test_others_are_answered_if_one_that_joined_is_cancelled(blocked: BlockedReads) -> None:
    first, joined, other = [await blocked.page() for _ in range(3)]
    joined.cancel()
    await asyncio.wait([joined])
    await blocked.unlock()

    assert joined.cancelled()
    assert [ids(await first), ids(await other)] == [["4", "3", "2"]] * 2


async def test_others_have_their_own_time(blocked: BlockedReads) -> None:
    first = await blocked.page(seconds=0.2)
    other = await blocked.page()
    with pytest.raises(TimedOut):
        await first
    await blocked.unlock()

    assert ids(await other) == ["4", "3", "2"]


async def test_read_with_less_time_does_not_wait_for_one_with_more(blocked: BlockedReads) -> None:
    first = await blocked.page()
    hurried = await blocked.page(seconds=0.2)
    with pytest.raises(TimedOut):
        await hurried
    assert not first.done()
    await blocked.unlock()

    assert ids(await first) == ["4", "3", "2"]


async def test_error_of_the_first_is_the_error_of_all(blocked: BlockedReads) -> None:
    before = blocked.executions
    reads = [await blocked.page() for _ in range(5)]
    await blocked.locking.execute("ALTER TABLE operations RENAME TO moved")
    await blocked.locking.execute("COMMIT")
    outcomes = await asyncio.gather(blocked.busy, *reads, return_exceptions=True)

    assert all(isinstance(outcome, RequestError) for outcome in outcomes), outcomes
    assert blocked.executions == before
