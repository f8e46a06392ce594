"""Concurrent subscriptions to one log: what they share, and how each ends."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest
from support.engines import execute
from support.pipelines import compiled_pipeline

from gateway.documents.json import encode
from gateway.documents.request import Answer, GraphQLRequest, Variables
from gateway.execution.live import fan_out as fan_out_module
from gateway.execution.live.fan_out import FanOut
from gateway.execution.live.view import View
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Event, Subscription
from gateway.store.interface import Database, Store
from gateway.tasks import running
from schema import build_schema
from schema.changes import Change
from schema.context import Context
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)
from schema.paging import Position

pytestmark = pytest.mark.each_database

FOLLOW = """
    subscription ($after: String, $is: String) {
      changes(after: $after, filter: { clientContext: { neq: $is } }) { operationId }
    }
"""


class Reader:
    """A client that receives a number of events, and then no more until it is told to."""

    def __init__(self, takes: int = 1_000) -> None:
        self.takes = takes
        self.events: list[Event] = []
        self.goes_on = asyncio.Event()
        self.stalled = asyncio.Event()

    def send(self, *events: Event) -> bool:
        self.events += events
        if len(self.events) >= self.takes:
            self.stalled.set()
        return len(self.events) < self.takes

    def resume(self, *, takes: int) -> None:
        self.takes = takes
        self.stalled.clear()
        self.goes_on.set()

    async def drain(self) -> None:
        if len(self.events) >= self.takes:
            await self.goes_on.wait()


class Disconnecting(Reader):
    """A client that disconnects at the first event."""

    def send(self, *events: Event) -> bool:
        super().send(*events)
        raise ConnectionResetError("gone")


@asynccontextmanager
async def following(database: Database) -> AsyncIterator[tuple[Store, Pipeline]]:
    """Open a store, and an executor of subscriptions on it."""
    async with database.open() as store:
        fan_out = FanOut(store.log)
        async with running(fan_out.run()):
            pipeline, _ = compiled_pipeline(build_schema(), fan_out=fan_out)
            yield store, pipeline


async def open_subscription(
    executor: Pipeline, store: Store, query: str = FOLLOW, **variables: str
) -> Subscription:
    """Start a subscription, by default from the current position."""
    request = GraphQLRequest(query, None, Variables(encode({"is": "", **variables})))
    subscription = await executor.subscribe(request, Context(store, store.log))
    assert not isinstance(subscription, Answer), subscription.errors
    return subscription


async def create(store: Store, *ids: str) -> None:
    """Create operations, one after another."""
    for id_ in ids:
        await store.create(CreateInviteParticipantsOperationInput(id=id_))


def ids(reader: Reader) -> list[str]:
    """Return the ids of the operations whose changes were received."""
    payloads = [msgspec.json.decode(event.payload) for event in reader.events]
    return [payload["data"]["changes"]["operationId"] for payload in payloads]


async def test_subscribers_to_the_same_are_sent_the_same_event(database: Database) -> None:
    async with following(database) as (store, executor):
        after = (await store.log.position()).cursor()
        readers = [Reader(takes=2) for _ in range(3)]
        other = Reader(takes=2)
        subscriptions = [await open_subscription(executor, store, after=after) for _ in readers]
        subscriptions.append(
            await open_subscription(executor, store, **{"after": after, "is": "x"})
        )
        tasks = [
            asyncio.create_task(subscription.run(reader))
            for subscription, reader in zip(subscriptions, [*readers, other], strict=True)
        ]
        await create(store, "1", "2")
        await asyncio.gather(*(reader.stalled.wait() for reader in [*readers, other]))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    first, second = readers[0].events
    assert all(reader.events[0] is first for reader in readers)
    assert all(reader.events[1] is second for reader in readers)
    assert other.events == readers[0].events
    assert other.events[0] is not first


async def test_change_is_sent_only_to_subscribers_of_its_operation(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: set[tuple[str | None, str]] = set()
    push = View.push

    def recorded(self: View, changes: Sequence[Change], before: Position) -> int:
        shown.update((self.source.operation_id, change.operation_id) for change in changes)
        return push(self, changes, before)

    monkeypatch.setattr(View, "push", recorded)
    ids_created = [str(number) for number in range(50)]
    async with following(database) as (store, executor):
        await create(store, *ids_created)
        one = "subscription ($id: ID!) { inviteParticipantsOperation(id: $id) { version } }"
        same = "subscription ($id: ID!) { inviteParticipantsOperation(id: $id) { id version } }"
        readers = [Reader(takes=2) for _ in range(51)]
        subscriptions = [
            await open_subscription(executor, store, one, id=id_) for id_ in ids_created
        ]
        subscriptions.append(await open_subscription(executor, store, same, id="7"))
        tasks = [
            asyncio.create_task(subscription.run(reader))
            for subscription, reader in zip(subscriptions, readers, strict=True)
        ]
        for id_, followers in (("7", (7, 50)), ("9", (9,))):
            changed = {"id": id_, "clientContext": "changed"}
            await store.update(UpdateInviteParticipantsOperationInput.model_validate(changed))
            for number in followers:
                await readers[number].stalled.wait()
        for task in tasks:
            task.cancel()

    followed = {number for number, reader in enumerate(readers) if len(reader.events) > 1}
    states = [msgspec.json.decode(readers[number].events[1].payload) for number in (7, 50)]
    assert followed == {7, 9, 50}
    assert states == [
        {"data": {"inviteParticipantsOperation": {"version": 2}}},
        {"data": {"inviteParticipantsOperation": {"id": "7", "version": 2}}},
    ]
    assert shown - {("7", "7")} == {("9", "9")}


async def test_subscriber_that_goes_away_ends_alone(database: Database) -> None:
    async with following(database) as (store, executor):
        after = (await store.log.position()).cursor()
        gone, stays = Disconnecting(), Reader(takes=3)
        subscription = await open_subscription(executor, store, after=after)
        ending = asyncio.create_task(subscription.run(gone))
        staying = asyncio.create_task(
            (await open_subscription(executor, store, after=after)).run(stays)
        )
        await create(store, "1", "2", "3")
        await stays.stalled.wait()
        with pytest.raises(ConnectionResetError):
            await ending
        staying.cancel()

    assert ids(gone) == ["1", "2", "3"][: len(gone.events)]
    assert ids(stays) == ["1", "2", "3"]


async def test_stalled_subscriber_continues_from_its_cursor(database: Database) -> None:
    ids_created = [str(number) for number in range(50)]
    async with following(database) as (store, executor):
        after = (await store.log.position()).cursor()
        slow, fast = Reader(takes=7), Reader(takes=50)
        tasks = [
            asyncio.create_task((await open_subscription(executor, store, after=after)).run(reader))
            for reader in (slow, fast)
        ]
        await create(store, *ids_created[:10])
        await slow.stalled.wait()
        await create(store, *ids_created[10:])
        await fast.stalled.wait()
        behind = ids(slow)
        slow.resume(takes=50)
        await slow.stalled.wait()
        for task in tasks:
            task.cancel()

    assert ids_created[:7] == behind[:7]
    assert behind == ids_created[: len(behind)] != ids_created
    assert ids(slow) == ids_created


async def test_subscriber_behind_the_pruned_log_gets_an_error(
    database: Database, database_url: str
) -> None:
    async with following(database) as (store, executor):
        after = (await store.log.position()).cursor()
        await create(store, "1")
        slow = Reader(takes=1)
        task = asyncio.create_task(
            (await open_subscription(executor, store, after=after)).run(slow)
        )
        await slow.stalled.wait()
        inputs = [CreateInviteParticipantsOperationInput() for _ in range(2_300)]
        await store.create_many(inputs, atomic=True)
        pruned = (await store.log.position()).number - 1
        await execute(
            database_url,
            f"DELETE FROM changes WHERE position <= {pruned}",  # noqa: S608  a number
            f"UPDATE change_log SET pruned = {pruned}",  # noqa: S608  same
        )
        slow.resume(takes=1_000)
        await task

    last = msgspec.json.decode(slow.events[-1].payload)
    assert last["data"] is None
    assert last["errors"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_position_is_what_was_sent_while_changes_are_pushed_to_each_view(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out_module, "SLICE_SECONDS", -1)  # yield before each view
    ids_created = [str(number) for number in range(30)]
    async with following(database) as (store, executor):
        start = await store.log.position()
        readers = [*(Reader(takes=31) for _ in range(29)), Reader(takes=1)]
        first, last, slow = readers[0], readers[28], readers[29]
        views = [*range(29), 28]
        subscriptions = [
            await open_subscription(executor, store, **{"after": start.cursor(), "is": str(view)})
            for view in views
        ]
        tasks = [
            asyncio.create_task(subscription.run(reader))
            for subscription, reader in zip(subscriptions, readers, strict=True)
        ]
        creating = asyncio.create_task(create(store, *ids_created))
        while not all(len(reader.events) >= 30 for reader in readers):
            await asyncio.sleep(0)
            for subscription, reader in zip(subscriptions, readers, strict=True):
                if subscription.position:
                    assert subscription.position.number - start.number == len(reader.events)
            if len(first.events) > len(last.events) and slow.stalled.is_set():
                slow.resume(
                    takes=len(first.events) + 1
                )  # it resumes while others are being sent to
        await creating
        for task in tasks:
            task.cancel()

    assert all(ids(reader) == ids_created for reader in readers)
