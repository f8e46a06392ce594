"""Many subscribers to one log: behind, each reads on by itself; at the live edge all are pushed to.

A subscriber is a place in the log. One whose client takes no more leaves the live edge, waits until
the client does, and reads on from its place: from the tail in memory, or from the store when it is
further behind. So nothing is queued for anybody.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from gateway.execution.facts import Facts
from gateway.execution.live.tail import Tail
from gateway.execution.live.view import Events, Follower, View
from gateway.execution.subscription import Event, Sink
from schema.changes import Change
from schema.feeds import Feed
from schema.ports import ChangeLog


class FanOut:
    """The subscriptions to a log, by what they see."""

    def __init__(self, log: ChangeLog) -> None:
        self.tail = Tail(log, self._push, self._dismiss_all)
        self.run = self.tail.run
        self.events = Events()
        self._views: dict[Hashable, View] = {}

    @contextmanager
    def view(self, key: Hashable, make: Callable[[], View]) -> Iterator[View]:
        """Share a view with all who have the same ``key``, as long as the block lasts."""
        view = self._views.get(key)
        if view is None:
            view = self._views[key] = make()
        view.subscribers += 1
        try:
            with self.tail.listening():
                yield view
        finally:
            view.subscribers -= 1
            if not view.subscribers:
                del self._views[key]

    def _push(self, change: Change) -> None:
        for view in tuple(self._views.values()):
            view.push(change)

    def _dismiss_all(self) -> None:
        if self.tail.end is not None:
            for view in tuple(self._views.values()):
                view.dismiss_all(self.tail.end)


class LiveSubscription:
    """A subscription that shares a view with others."""

    facts: Facts | None = None

    def __init__(
        self, fan_out: FanOut, key: Hashable, feed: Feed[Any], make_view: Callable[[], View]
    ) -> None:
        self._fan_out = fan_out
        self._key = key
        self._feed = feed
        self._make_view = make_view

    async def run(self, sink: Sink) -> None:
        """Send every event, until there are no more or the client is gone."""
        with self._fan_out.view(self._key, self._make_view) as view:
            try:
                await self._follow(view, sink)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001  it is shown
                sink.send(view.failure(error))

    async def _follow(self, view: View, sink: Sink) -> None:
        position = self._feed.position
        for value in self._feed.first:
            await _give(sink, view.first(value, position))
        follower = Follower(sink.send, position)
        follower.over = self._feed.over
        while not follower.over:
            await self._catch_up(view, sink, follower)
            if not follower.over:
                await _live(view, follower)
                await sink.drained()

    async def _catch_up(self, view: View, sink: Sink, follower: Follower) -> None:
        """Send what there is; return without a pause after having come to the live edge."""
        tail = self._fan_out.tail
        while not follower.over:
            end = await tail.reach(follower.position)
            if follower.position.number >= end.number:
                return
            page = tail.since(follower.position) or await view.followed.read(follower.position)
            for change in page.changes:
                if event := view.event(change):
                    await _give(sink, event)
                    if view.followed.ends(change):
                        follower.over = True
                        return
            follower.position = page.end
            await asyncio.sleep(0)


async def _give(sink: Sink, event: Event) -> None:
    if not sink.send(event):
        await sink.drained()


async def _live(view: View, follower: Follower) -> None:
    """Be pushed to, until the sink takes no more or there is no more to come."""
    follower.left = asyncio.get_running_loop().create_future()
    view.join(follower)
    try:
        await follower.left
    finally:
        view.part(follower)
    if follower.error:
        raise follower.error
