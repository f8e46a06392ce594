"""What several subscribers see alike, evaluated and encoded once for all of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from gateway.admission.cooperative_lock import CooperativeLock
from gateway.documents.request import Answer
from gateway.execution.compiled.completion import Run
from gateway.execution.compiled.plan import RootField
from gateway.execution.events import answered, failure
from gateway.execution.subscription import Event
from schema.changes import Change
from schema.feeds import Followed
from schema.paging import Position
from schema.resource.operation import StoredOperation

REMEMBERED_BYTES = 8_000_000
"""How much of encoded events is kept for those who are a little behind, of all views together."""
LONG = 1_000_000
"""What a filter that weighs 1 takes a millisecond or two for, in bytes of documents."""


class Follower:
    """A subscriber at the live edge; ``left`` is done when it has to leave it."""

    __slots__ = ("error", "left", "over", "position", "replays", "send")

    def __init__(self, send: Callable[..., bool], position: Position) -> None:
        self.send = send
        self.position = position
        """What it has been sent up to or, at the live edge, where it came to that."""
        self.over = False
        self.replays = True
        """Whether it is being sent changes of before it began, or has begun to read the log."""
        self.error: Exception | None = None
        """What its sink raised."""
        self.left: asyncio.Future[None] = asyncio.get_running_loop().create_future()


_Key = tuple[object, int, StoredOperation | None]


def _key(view: object, change: Change) -> _Key:
    """Return what an event depends on: a change read again may have a newer operation."""
    return view, change.position.number, change.operation


class Events:
    """The events made last, by what they were made for."""

    def __init__(self) -> None:
        self._made: OrderedDict[_Key, Event | None] = OrderedDict()
        self._bytes = 0

    def has(self, view: object, change: Change) -> bool:
        """Tell whether it is known what event a change is to a view."""
        return _key(view, change) in self._made

    def get(
        self, view: object, change: Change, make: Callable[[Change], Event | None]
    ) -> Event | None:
        """Return the event that a change is to a view, made if need be; None for none."""
        key = _key(view, change)
        if key in self._made:
            return self._made[key]
        event = self._made[key] = make(change)
        self._bytes += _size(key, event)
        while self._bytes > REMEMBERED_BYTES:
            self._bytes -= _size(*self._made.popitem(last=False))
        return event


def _size(key: _Key, event: Event | None) -> int:
    operation = key[-1]
    kept = 0 if operation is None else len(operation.document)
    return kept + (200 if event is None else 400 + len(event.payload))


def _nothing(_change: Change) -> None:
    """Make no event."""


class View:
    """A subscription's events, for all who have the same."""

    def __init__(self, followed: Followed[Any], events: Events, root: RootField, run: Run) -> None:
        self.followed = followed
        self.subscribers = 0
        self._events = events
        self._root = root
        self._run = run
        self._live: dict[Follower, None] = {}
        self._asking = asyncio.Lock()
        """Held by whoever asks the filter for long; the others that follow have the answer too."""

    def join(self, follower: Follower) -> None:
        """Push to a follower that has all there is, from the next change on."""
        self._live[follower] = None

    def part(self, follower: Follower) -> None:
        """Push no more to a follower."""
        self._live.pop(follower, None)

    def pushes_to(self, follower: Follower) -> bool:
        """Tell whether a follower is at the live edge."""
        return follower in self._live

    def first(self, value: object, position: Position) -> Event:
        """Make the event of what there is at the beginning."""
        return self._event(value, position)

    def event(self, change: Change) -> Event | None:
        """Return the event that a change is, or None if it is none here."""
        if self.followed.operation_id not in {None, change.operation_id}:
            return None  # which would only fill up what is remembered
        return self._events.get(self, change, self._make)

    async def event_in_turns(self, change: Change, turns: CooperativeLock) -> Event | None:
        """Return what ``event`` does, in as many turns as it takes to tell whether it is one."""
        if self.followed.weight * change.size <= LONG:
            return self.event(change)
        async with self._asking:
            if self._events.has(self, change):
                return self.event(change)
            taken = False
            try:
                async for step in turns.iterate(self.followed.steps(change)):
                    taken = step
            except Exception as error:  # noqa: BLE001  it is shown
                return self.failure(error)
            return self._events.get(self, change, self._shown if taken else _nothing)

    def failure(self, error: Exception) -> Event:
        """Make the event of an error."""
        return failure(error, self._root.key, self._run.context.request_id)

    def _make(self, change: Change) -> Event | None:
        try:
            if not self.followed.takes(change):
                return None
        except Exception as error:  # noqa: BLE001  it is shown
            return self.failure(error)
        return self._shown(change)

    def _shown(self, change: Change) -> Event:
        return self._event(self.followed.event(change), change.position)

    def _event(self, value: object, position: Position) -> Event:
        try:
            data = {self._root.key: self._root.complete(value, self._run)}
        except Exception as error:  # noqa: BLE001  it is shown
            return self.failure(error)
        return answered(Answer(executed=True, data=data, errors=[]), position.cursor())

    def push(self, changes: Sequence[Change], before: Position) -> int:
        """Send changes to all at the live edge, to each in one go; who can take no more leaves it.

        So do all, to read on from ``before``, if it takes long to tell whom the changes are for.
        Who came to the live edge while others were pushed to has them already. Returns to how many
        they went.
        """
        newest = changes[-1].position
        live = [one for one in self._live if one.position.number < newest.number]
        if live and self.followed.weight * sum(change.size for change in changes) > LONG:
            for follower in live:
                self._dismiss(follower, before)
            return 0
        events, over = self._events_of(changes) if live else ([], False)
        followers = live if events else ()
        for follower in followers:
            try:
                if follower.send(*events) and not over:
                    continue
            except Exception as error:  # noqa: BLE001  it is the follower's own
                follower.error = error
            follower.over = over
            self._dismiss(follower, newest)
        return len(followers)

    def _events_of(self, changes: Sequence[Change]) -> tuple[list[Event], bool]:
        """Return the events that changes are, and whether the last one is the end."""
        events = list[Event]()
        for change in changes:
            if event := self.event(change):
                events.append(event)
                if self.followed.ends(change):
                    return events, True
        return events, False

    def dismiss_all(self, position: Position) -> None:
        """Let all leave, who have been sent everything up to a place."""
        for follower in tuple(self._live):
            self._dismiss(follower, position)

    def _dismiss(self, follower: Follower, position: Position) -> None:
        del self._live[follower]
        follower.position = position
        if not follower.left.done():
            follower.left.set_result(None)
