"""Subscriptions: each subscriber has a queue, and each change is put into all queues."""

# ruff: noqa: D101, D102  documented in the gateway's schema

import asyncio
from collections.abc import AsyncGenerator
from enum import Enum
from itertools import count

import strawberry
from operation_types import InviteParticipantsOperation


@strawberry.enum
class ChangeKind(Enum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"


@strawberry.type
class Change:
    cursor: str
    kind: ChangeKind
    operation: InviteParticipantsOperation


_numbers = count(1)
_queues: set[asyncio.Queue[Change]] = set()


def publish(kind: ChangeKind, operation: InviteParticipantsOperation) -> None:
    """Send a change to all subscribers."""
    change = Change(cursor=str(next(_numbers)), kind=kind, operation=operation)
    for queue in _queues:
        queue.put_nowait(change)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def changes(self) -> AsyncGenerator[Change, None]:
        queue = asyncio.Queue[Change]()
        _queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            _queues.remove(queue)
