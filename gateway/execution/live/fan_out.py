"""Many subscribers to one log: changes are pushed to those up to date, the others read on.

A subscriber is a position in the log. One whose client is slow is detached, waits until the client
has drained, and reads on from its position: from the tail in memory, or from the store if it is
further behind. So nothing is queued for any subscriber.

All subscribers to a filter that is slow for a change are detached as well. They evaluate it while
they read on, and yield to the event loop, so that no other subscriber waits.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.operation_info import OperationInfo
from gateway.execution.live.tail import SLICE_SECONDS, Tail
from gateway.execution.live.view import EventCache, Subscriber, View
from gateway.execution.subscription import Sink
from schema.changes import Change, ChangePage
from schema.feeds import Feed
from schema.paging import Position
from schema.ports import ChangeLog


class FanOut:
    """The views of a log that have subscribers."""

    def __init__(self, log: ChangeLog) -> None:
        self.tail = Tail(log, self._push, self._detach_all)
        self.run = self.tail.run
        self.events = EventCache()
        self.lock = CooperativeLock()
        """Held while subscribers that are behind evaluate their filters."""
        self._pending: frozenset[View] = frozenset()
        """The views that the newest chunk of changes was not pushed to yet."""
        self._before = Position(0, 0)
        """The position before that chunk."""
        self._views: dict[Hashable, View] = {}
        self._by_operation: defaultdict[str | None, dict[View, None]] = defaultdict(dict)
        """The views of one operation by its id, which see no other changes; the rest under None."""

    @contextmanager
    def view(self, key: Hashable, make: Callable[[], View]) -> Iterator[View]:
        """Return, for the block, the view shared by all subscribers with an equal ``key``."""
        view = self._views.get(key) or self._add(key, make())
        view.subscriber_count += 1
        try:
            with self.tail.subscribed():
                yield view
        finally:
            view.subscriber_count -= 1
            if not view.subscriber_count:
                self._remove(key, view)

    def _add(self, key: Hashable, view: View) -> View:
        self._views[key] = view
        self._by_operation[view.source.operation_id][view] = None
        return view

    def _remove(self, key: Hashable, view: View) -> None:
        del self._views[key]
        operation_id = view.source.operation_id
        views = self._by_operation[operation_id]
        del views[view]
        if not views:
            del self._by_operation[operation_id]

    def position_of(self, view: View, subscriber: Subscriber) -> Position | None:
        """Return the position up to which a subscriber was sent everything."""
        if not view.is_live(subscriber):
            return subscriber.position
        if view in self._pending and subscriber.position.number <= self._before.number:
            return self._before
        return self.tail.end

    async def _push(self, changes: Sequence[Change], before: Position) -> int:
        """Push changes to the views they may concern, and yield to the loop now and then."""
        by_operation: defaultdict[str | None, list[Change]] = defaultdict(list, {None: [*changes]})
        for change in changes:
            by_operation[change.operation_id].append(change)
        pushes = [
            (view, concerned)
            for operation_id, concerned in by_operation.items()
            for view in self._by_operation.get(operation_id, ())
        ]
        time = asyncio.get_running_loop().time
        recipient_count, slice_end = 0, time() + SLICE_SECONDS
        for index, (view, concerned) in enumerate(pushes):
            if time() > slice_end:
                self._before = before
                self._pending = frozenset(view for view, _ in pushes[index:])
                await asyncio.sleep(0)
                self._pending = frozenset()
                slice_end = time() + SLICE_SECONDS
            recipient_count += view.push(concerned, before)
        return recipient_count

    def _detach_all(self) -> None:
        if self.tail.end is not None:
            for view in tuple(self._views.values()):
                view.detach_all(self.tail.end)


class LiveSubscription:
    """A subscription that shares a view with others."""

    info: OperationInfo | None = None

    def __init__(
        self, fan_out: FanOut, key: Hashable, feed: Feed[Any], make_view: Callable[[], View]
    ) -> None:
        self._fan_out = fan_out
        self._key = key
        self._feed = feed
        self._make_view = make_view
        self._subscribed: tuple[View, Subscriber] | None = None

    @property
    def position(self) -> Position | None:
        """The position up to which everything was sent, or None before there is one."""
        if self._subscribed is None:
            return None if self._feed.first else self._feed.position
        return self._fan_out.position_of(*self._subscribed)

    async def run(self, sink: Sink) -> None:
        """Send all events until the subscription ends or the client disconnects."""
        with self._fan_out.view(self._key, self._make_view) as view:
            try:
                await self._follow(view, sink)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001  sent to the client
                sink.send(view.error_event(error))

    async def _follow(self, view: View, sink: Sink) -> None:
        position = self._feed.position
        for value in self._feed.first:
            if not sink.send(view.first_event(value, position)):
                await sink.drain()
        subscriber = Subscriber(sink.send, position)
        subscriber.is_complete = self._feed.is_complete
        self._subscribed = (view, subscriber)
        while not subscriber.is_complete:
            await self._catch_up(view, sink, subscriber)
            if not subscriber.is_complete:
                await _receive_pushes(view, subscriber)
                await sink.drain()

    async def _catch_up(self, view: View, sink: Sink, subscriber: Subscriber) -> None:
        """Send what the log has; return as soon as the subscriber is up to date, without a pause.

        Changes from before the subscription are read from the log, which has their operations as
        they are now; the tail has them as of when it read the changes. Once begun, the log is read
        to its end, since the operations in the tail may be older.
        """
        tail = self._fan_out.tail
        while not subscriber.is_complete:
            end = await tail.reach(subscriber.position)
            if subscriber.position.number >= end.number:
                subscriber.is_replaying = False
                return
            page = None if subscriber.is_replaying else tail.since(subscriber.position)
            if page is None:
                page = await view.source.read(subscriber.position)
                subscriber.is_replaying = page.more
            await self._send(page, view, sink, subscriber)

    async def _send(self, page: ChangePage, view: View, sink: Sink, subscriber: Subscriber) -> None:
        lock = self._fan_out.lock
        async with aclosing(lock.iterate(page.changes)) as changes:
            async for change in changes:
                if event := await view.event_cooperatively(change, lock):
                    is_writable = sink.send(event)
                    subscriber.position = change.position
                    if not is_writable:
                        await sink.drain()
                    if view.source.is_last(change):
                        subscriber.is_complete = True
                        return
        subscriber.position = page.end


async def _receive_pushes(view: View, subscriber: Subscriber) -> None:
    """Have changes pushed, until the sink is full or the subscription ends."""
    subscriber.detached = asyncio.get_running_loop().create_future()
    view.attach(subscriber)
    try:
        await subscriber.detached
    finally:
        view.discard(subscriber)
    if subscriber.error:
        raise subscriber.error
