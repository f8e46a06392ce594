"""Connections that break during a commit: the outcome is determined before a response."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
from support.database_proxy import Proxy, once

from gateway.store.forwards import Forward
from gateway.store.interface import Database, Store
from schema.changes import ChangeSlice
from schema.errors import MutationFailure
from schema.inputs import CreateInviteParticipantsOperationInput as Create
from schema.inputs import UpdateInviteParticipantsOperationInput as Update
from schema.paging import Slice

pytestmark = pytest.mark.postgresql

COMMIT = b"COMMIT\0"
PARSE_COMPLETE = b"1\0\0\0\4"


@dataclass(frozen=True)
class Broken:
    """A store behind a proxy."""

    store: Store
    proxy: Proxy

    async def log(self) -> list[tuple[str, str, int]]:
        """Return the changes in the log."""
        page = await self.store.log.changes(None, ChangeSlice(500))
        return [(c.kind.name, c.operation_id, c.version) for c in page.changes]


@pytest.fixture
async def broken(database: Database, database_url: str) -> AsyncIterator[Broken]:
    """A store whose connections the test can break."""
    assert database.file is None
    proxy = Proxy(database_url)
    async with proxy.running(), proxy.database().open() as store:
        await store.create(Create(id="first"))
        yield Broken(store, proxy)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_write_is_done_once_when_its_commit_is_cut_off(broken: Broken, moment: str) -> None:
    setattr(broken.proxy, moment, once(COMMIT))
    created = await broken.store.create(Create(id="a"))

    assert broken.proxy.cuts == 1
    assert created.version == 1
    assert await broken.log() == [("CREATED", "first", 1), ("CREATED", "a", 1)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_writes_committed_together_are_each_answered_as_it_was(
    broken: Broken, moment: str
) -> None:
    setattr(broken.proxy, moment, once(COMMIT))
    guarded = Update.model_validate({"id": "first", "ifVersion": 1, "status": "Running"})
    outcomes = await asyncio.gather(
        *(broken.store.create(Create(id="same")) for _ in range(3)),
        *(broken.store.update(guarded) for _ in range(3)),
        return_exceptions=True,
    )
    failures = [outcome for outcome in outcomes if isinstance(outcome, MutationFailure)]

    assert broken.proxy.cuts == 1
    assert len(failures) == 4
    assert await broken.log() == [
        ("CREATED", "first", 1),
        ("CREATED", "same", 1),
        ("UPDATED", "first", 2),
    ]


@pytest.mark.parametrize("sent", [b"FOR UPDATE", b"clock_timestamp", b"INSERT INTO operations"])
async def test_write_is_done_once_when_cut_off_before_its_commit(
    broken: Broken, sent: bytes
) -> None:
    broken.proxy.before = once(sent)
    await broken.store.create(Create(id="a", idempotency_key="k"))
    again = await broken.store.create(Create(id="a", idempotency_key="k"))

    assert again.id == "a"
    assert await broken.log() == [("CREATED", "first", 1), ("CREATED", "a", 1)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_notification_that_changes_nothing_is_queued_once(
    broken: Broken, moment: str
) -> None:
    queued = Forward(calls=["call"], headers=[], body=b"{}")
    setattr(broken.proxy, moment, once(COMMIT))
    applied = await broken.store.apply([], forward=queued, max_forwards=5)
    length = await broken.store.forwards.length()

    assert broken.proxy.cuts == 1
    assert applied.is_queued
    assert length == 1
    assert await broken.log() == [("CREATED", "first", 1)]


async def test_read_is_carried_out_again_when_cut_off(broken: Broken) -> None:
    broken.proxy.after = once(b"id = ANY")
    found = await broken.store.get("first")

    assert found
    assert broken.proxy.cuts == 1


async def test_refused_transaction_affects_only_its_own_read(broken: Broken) -> None:
    broken.proxy.refuse = once(b"BEGIN")
    with pytest.raises(asyncpg.FeatureNotSupportedError):
        await broken.log()

    assert [await broken.log() for _ in range(3)] == [[("CREATED", "first", 1)]] * 3


async def test_statement_cancelled_while_it_is_prepared_affects_only_its_own_read(
    broken: Broken,
) -> None:
    loop = asyncio.get_running_loop()
    read = asyncio.create_task(broken.store.page(None, (), Slice(1)))

    def cancel(data: bytes) -> None:
        """Cancel the read when it has received the columns, and before it sends the arguments."""
        if data.startswith(PARSE_COMPLETE):
            loop.call_soon(lambda: loop.call_soon(read.cancel))

    broken.proxy.passed_on = cancel
    await asyncio.wait([read])

    assert read.cancelled()
    assert await broken.log() == [("CREATED", "first", 1)]
