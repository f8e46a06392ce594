"""The events of equal subscriptions, evaluated and encoded once for all subscribers."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.request import Answer
from gateway.execution.compiled.completion import Run
from gateway.execution.compiled.plan import RootField
from gateway.execution.events import answer_event, error_event
from gateway.execution.subscription import Event
from gateway.lru_cache import LRUCache
from schema.changes import Change
from schema.feeds import SourceStream
from schema.paging import Position
from schema.resource.operation import StoredOperation

MAX_CACHED_BYTES = 8_000_000
"""The size of the cached events of all views, for subscribers that are a little behind."""
MAX_BLOCKING_COST = 1_000_000
"""Weight times bytes: a filter of this cost takes one to two milliseconds."""


class Subscriber:
    """A subscriber of a view; ``detached`` is done when it is no longer pushed to."""

    __slots__ = ("detached", "error", "is_complete", "is_replaying", "position", "send")

    def __init__(self, send: Callable[..., bool], position: Position) -> None:
        self.send = send
        self.position = position
        """Up to where it was sent everything; while it is pushed to, where that began."""
        self.is_complete = False
        self.is_replaying = True
        """Whether it still reads changes from before it subscribed, or has begun to read."""
        self.error: Exception | None = None
        """What its sink raised."""
        self.detached: asyncio.Future[None] = asyncio.get_running_loop().create_future()


_Key = tuple[object, int, StoredOperation | None]


def _key(view: object, change: Change) -> _Key:
    """Return what an event depends on: a change read again may have a newer operation."""
    return view, change.position.number, change.operation


class EventCache:
    """The events made last, by view and change; None for a change that does not match."""

    def __init__(self) -> None:
        self._events = LRUCache[_Key, Event | None](max_size=MAX_CACHED_BYTES, size_of=_size)

    def has(self, view: object, change: Change) -> bool:
        """Return whether the event of a change in a view is cached."""
        return _key(view, change) in self._events

    def get(
        self, view: object, change: Change, make: Callable[[Change], Event | None]
    ) -> Event | None:
        """Return the event of a change in a view; call ``make`` if it is not cached."""
        key = _key(view, change)
        if key in self._events:
            return self._events[key]
        event = make(change)
        self._events.put(key, event)
        return event


def _size(key: _Key, event: Event | None) -> int:
    operation = key[-1]
    operation_bytes = 0 if operation is None else len(operation.document)
    return operation_bytes + (200 if event is None else 400 + len(event.payload))


class View:
    """The events of a subscription, for all subscribers with an equal one."""

    def __init__(
        self, source: SourceStream[Any], events: EventCache, root: RootField, run: Run
    ) -> None:
        self.source = source
        self.subscriber_count = 0
        self._events = events
        self._root = root
        self._run = run
        self._live: dict[Subscriber, None] = {}
        self._filtering = asyncio.Lock()
        """Held while a slow filter is evaluated; other subscribers then find the cached event."""

    def attach(self, subscriber: Subscriber) -> None:
        """Push to a subscriber that is up to date, from the next change on."""
        self._live[subscriber] = None

    def discard(self, subscriber: Subscriber) -> None:
        """Push no more to a subscriber."""
        self._live.pop(subscriber, None)

    def is_live(self, subscriber: Subscriber) -> bool:
        """Return whether new changes are pushed to a subscriber."""
        return subscriber in self._live

    def first_event(self, value: object, position: Position) -> Event:
        """Return the event of a value that is sent before any change."""
        return self._event(value, position)

    def event(self, change: Change) -> Event | None:
        """Return the event of a change, or None if it does not match."""
        if self.source.operation_id not in {None, change.operation_id}:
            return None  # without an entry in the cache
        return self._events.get(self, change, self._match)

    async def event_cooperatively(self, change: Change, lock: CooperativeLock) -> Event | None:
        """Do what ``event`` does, and yield to the loop while a slow filter is evaluated."""
        if self.source.weight * change.size <= MAX_BLOCKING_COST:
            return self.event(change)
        async with self._filtering:
            if self._events.has(self, change):
                return self.event(change)
            is_match = False
            try:
                async for step in lock.iterate(self.source.match_steps(change)):
                    is_match = step
            except Exception as error:  # noqa: BLE001  sent to the client
                return self.error_event(error)
            return self._events.get(self, change, self._matched if is_match else lambda _: None)

    def error_event(self, error: Exception) -> Event:
        """Return the event of an error."""
        return error_event(error, self._root.key, self._run.context.request_id)

    def _match(self, change: Change) -> Event | None:
        try:
            if not self.source.matches(change):
                return None
        except Exception as error:  # noqa: BLE001  sent to the client
            return self.error_event(error)
        return self._matched(change)

    def _matched(self, change: Change) -> Event:
        return self._event(self.source.event(change), change.position)

    def _event(self, value: object, position: Position) -> Event:
        try:
            data = {self._root.key: self._root.complete(value, self._run)}
        except Exception as error:  # noqa: BLE001  sent to the client
            return self.error_event(error)
        return answer_event(Answer(executed=True, data=data, errors=[]), position.cursor())

    def push(self, changes: Sequence[Change], before: Position) -> int:
        """Send changes to all live subscribers; return to how many.

        Each gets its events in one write, and is detached if its sink is full. If the filter is
        slow, all are detached at ``before`` to read the changes themselves. A subscriber that
        attached during the push has these changes already.
        """
        newest = changes[-1].position
        live = [one for one in self._live if one.position.number < newest.number]
        cost = self.source.weight * sum(change.size for change in changes)
        if live and cost > MAX_BLOCKING_COST:
            for subscriber in live:
                self._detach(subscriber, before)
            return 0
        events, is_complete = self._matching(changes) if live else ([], False)
        recipients = live if events else ()
        for subscriber in recipients:
            try:
                if subscriber.send(*events) and not is_complete:
                    continue
            except Exception as error:  # noqa: BLE001  raised by the subscriber's own task
                subscriber.error = error
            subscriber.is_complete = is_complete
            self._detach(subscriber, newest)
        return len(recipients)

    def _matching(self, changes: Sequence[Change]) -> tuple[list[Event], bool]:
        """Return the events of changes, and whether the stream ends with the last one."""
        events = list[Event]()
        for change in changes:
            if event := self.event(change):
                events.append(event)
                if self.source.is_last(change):
                    return events, True
        return events, False

    def detach_all(self, position: Position) -> None:
        """Detach all live subscribers, which were sent everything up to a position."""
        for subscriber in tuple(self._live):
            self._detach(subscriber, position)

    def _detach(self, subscriber: Subscriber, position: Position) -> None:
        del self._live[subscriber]
        subscriber.position = position
        if not subscriber.detached.done():
            subscriber.detached.set_result(None)
