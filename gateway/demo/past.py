"""Past sample operations: those of four weeks, mostly at working hours."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random

from gateway.demo.invitations import Generator, Invitation
from gateway.store.interface import Store
from schema.errors import MutationFailure
from schema.inputs import (
    CreateInviteParticipantsOperationInput,
    UpdateInviteParticipantsOperationInput,
)

DAYS = 28
NEWEST = 4
"""How many operations have not ended."""
_SATURDAY = 5
_BUSY_ON_WEEKENDS = 0.08
"""In comparison with another day."""
_BUSY_BY_HOUR = (0, 0, 0, 0, 0, 1, 2, 6, 12, 16, 15, 12, 8, 12, 16, 16, 13, 8, 4, 3, 2, 2, 1, 0)


@dataclass(frozen=True)
class PastWrite:
    """A write, and the time at which it is said to have been made."""

    at: datetime
    given: CreateInviteParticipantsOperationInput | UpdateInviteParticipantsOperationInput


def past_writes(seed: int, count: int, now: datetime) -> list[PastWrite]:
    """Generate the writes of ``count`` operations, oldest first.

    Writes after ``now`` are left out, so the newest operations have not ended.
    """
    writes = [
        write
        for start, invitation in _scheduled(seed, count, now)
        for write in _writes(invitation, start)
        if write.at <= now
    ]
    return sorted(writes, key=lambda write: write.at)


def _scheduled(seed: int, count: int, now: datetime) -> list[tuple[datetime, Invitation]]:
    """Generate invitations and the times at which they are made, oldest first.

    The times have a random generator of their own, so that the rest does not depend on ``now``.
    """
    generator, random = Generator(seed), Random(f"{seed} times")  # noqa: S311  no secret
    scheduled: list[tuple[datetime, Invitation]] = []
    while len(scheduled) < count:
        at = _moment(random, now)
        for invitation in generator.call():
            scheduled.append((at, invitation))
            at += timedelta(minutes=random.uniform(0.5, 20))
    scheduled = sorted(scheduled[:count], key=itemgetter(0))
    newest = [invitation for _, invitation in scheduled[-NEWEST:]]
    under_way = [
        (_start_under_way(invitation, place, now), invitation)
        for place, invitation in enumerate(newest)
    ]
    return scheduled[:-NEWEST] + under_way


def _start_under_way(invitation: Invitation, place: int, now: datetime) -> datetime:
    """Return when to create an invitation that is Running now or, at odd places, NotStarted."""
    if place % 2 == 0 and len(invitation.steps) > 1:
        return now - timedelta(seconds=invitation.steps[0].after_seconds)
    return now


def _writes(invitation: Invitation, start: datetime) -> Iterator[PastWrite]:
    at = start
    yield PastWrite(at, invitation.new)
    for version, step in enumerate(invitation.steps, 1):
        at += timedelta(seconds=step.after_seconds)
        yield PastWrite(at, step.change(invitation.id, version=version))


def _moment(random: Random, now: datetime) -> datetime:
    """Choose a time, mostly in working hours, long enough ago for the call to be over."""
    while True:
        (hour,) = random.choices(range(24), weights=_BUSY_BY_HOUR)
        day = now - timedelta(days=random.randint(0, DAYS))
        midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(hours=hour, seconds=random.uniform(0, 3_600))
        is_busy = at.weekday() < _SATURDAY or random.random() < _BUSY_ON_WEEKENDS
        if is_busy and at < now - timedelta(hours=2):
            return at


async def execute(store: Store, writes: Sequence[PastWrite]) -> None:
    """Execute writes in order, each with its own time."""
    await asyncio.gather(*(_execute(store, write) for write in writes))


async def _execute(store: Store, write: PastWrite) -> None:
    with suppress(MutationFailure):  # another process has written the same, or deleted it
        match write.given:
            case CreateInviteParticipantsOperationInput() as new:
                await store.create(new, at=write.at)
            case UpdateInviteParticipantsOperationInput() as change:
                await store.update(change, at=write.at)
