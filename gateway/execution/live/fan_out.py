"""Many subscribers to one log: behind, each reads on by itself; at the live edge all are pushed to.

A subscriber is a place in the log. One whose client takes no more leaves the live edge, waits until
the client does, and reads on from its place: from the tail in memory, or from the store when it is
further behind. So nothing is queued for anybody.

Nor does anybody wait for whoever's filter takes long to ask: all to whom such a filter matters
leave the live edge as well, and it is asked while they read on, in turns of the loop.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.operation_info import OperationInfo
from gateway.execution.live.tail import TURN, Tail
from gateway.execution.live.view import Events, Follower, View
from gateway.execution.subscription import Sink
from schema.changes import Change, ChangePage
from schema.feeds import Feed
from schema.paging import Position
from schema.ports import ChangeLog


class FanOut:
    """The subscriptions to a log, by what they see."""

    def __init__(self, log: ChangeLog) -> None:
        self.tail = Tail(log, self._push, self._dismiss_all)
        self.run = self.tail.run
        self.events = Events()
        self.turns = CooperativeLock()
        """Those in which changes are shown to who is behind."""
        self._to_come: frozenset[View] = frozenset()
        """The views that the newest changes in the tail still go to."""
        self._before = Position(0, 0)
        """The place before those changes."""
        self._views: dict[Hashable, View] = {}
        self._by_operation: defaultdict[str | None, dict[View, None]] = defaultdict(dict)
        """The views of one operation by its id, so that a change is only shown to those it may
        concern; under None all others."""

    @contextmanager
    def view(self, key: Hashable, make: Callable[[], View]) -> Iterator[View]:
        """Share a view with all who have the same ``key``, as long as the block lasts."""
        view = self._views.get(key) or self._add(key, make())
        view.subscribers += 1
        try:
            with self.tail.listening():
                yield view
        finally:
            view.subscribers -= 1
            if not view.subscribers:
                self._remove(key, view)

    def _add(self, key: Hashable, view: View) -> View:
        self._views[key] = view
        self._by_operation[view.followed.operation_id][view] = None
        return view

    def _remove(self, key: Hashable, view: View) -> None:
        del self._views[key]
        operation_id = view.followed.operation_id
        alike = self._by_operation[operation_id]
        del alike[view]
        if not alike:
            del self._by_operation[operation_id]

    def place(self, view: View, follower: Follower) -> Position | None:
        """Return the place up to which a follower has been sent everything."""
        if not view.pushes_to(follower):
            return follower.position
        if view in self._to_come and follower.position.number <= self._before.number:
            return self._before
        return self.tail.end

    async def _push(self, changes: Sequence[Change], before: Position) -> int:
        """Show changes to the views they may concern, with others' turns in between."""
        concerned: defaultdict[str | None, list[Change]] = defaultdict(list, {None: [*changes]})
        for change in changes:
            concerned[change.operation_id].append(change)
        pushes = [
            (view, several)
            for operation_id, several in concerned.items()
            for view in self._by_operation.get(operation_id, ())
        ]
        time = asyncio.get_running_loop().time
        audience, turn_over = 0, time() + TURN
        for number, (view, several) in enumerate(pushes):
            if time() > turn_over:
                self._before = before
                self._to_come = frozenset(view for view, _ in pushes[number:])
                await asyncio.sleep(0)
                self._to_come = frozenset()
                turn_over = time() + TURN
            audience += view.push(several, before)
        return audience

    def _dismiss_all(self) -> None:
        if self.tail.end is not None:
            for view in tuple(self._views.values()):
                view.dismiss_all(self.tail.end)


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
        self._following: tuple[View, Follower] | None = None

    @property
    def place(self) -> Position | None:
        """The place up to which everything has been sent, or None before there is one."""
        if self._following is None:
            return None if self._feed.first else self._feed.position
        return self._fan_out.place(*self._following)

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
            if not sink.send(view.first(value, position)):
                await sink.drained()
        follower = Follower(sink.send, position)
        follower.over = self._feed.over
        self._following = (view, follower)
        while not follower.over:
            await self._catch_up(view, sink, follower)
            if not follower.over:
                await _live(view, follower)
                await sink.drained()

    async def _catch_up(self, view: View, sink: Sink, follower: Follower) -> None:
        """Send what there is; return without a pause after having come to the live edge.

        Changes of before the subscription are read from the log, which gives their operations as
        they are now: the tail has them as they were when it read the changes. Once the log has
        been read, it is read to its end, since the tail may have older operations.
        """
        tail = self._fan_out.tail
        while not follower.over:
            end = await tail.reach(follower.position)
            if follower.position.number >= end.number:
                follower.replays = False
                return
            page = None if follower.replays else tail.since(follower.position)
            if page is None:
                page = await view.followed.read(follower.position)
                follower.replays = page.more
            await self._send(page, view, sink, follower)

    async def _send(self, page: ChangePage, view: View, sink: Sink, follower: Follower) -> None:
        turns = self._fan_out.turns
        async with aclosing(turns.iterate(page.changes)) as changes:
            async for change in changes:
                if event := await view.event_in_turns(change, turns):
                    taken = sink.send(event)
                    follower.position = change.position
                    if not taken:
                        await sink.drained()
                    if view.followed.ends(change):
                        follower.over = True
                        return
        follower.position = page.end


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
