"""Live sample operations: new ones every few seconds, and their changes."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush

from gateway.demo.invitations import MARK, Generator, Invitation, Steps
from gateway.store.interface import Store
from schema.errors import MutationFailure
from schema.filters import InviteParticipantsOperationFilter
from schema.paging import Slice
from schema.resource.operation import StoredOperation

MAX_RESUMED = 100
"""How many unfinished operations of an earlier run are continued."""

_UNFINISHED = InviteParticipantsOperationFilter.model_validate(
    {"clientContext": {"startsWith": MARK}, "status": {"in": ["NotStarted", "Running"]}}
)


@dataclass(order=True)
class _Due:
    """The remaining steps of an operation, and when the next is due by the loop's clock."""

    at: float
    operation: StoredOperation = field(compare=False)
    steps: Steps = field(compare=False)


class Live:
    """Creates operations and changes them until stopped; calls ``report`` after each write."""

    def __init__(
        self,
        store: Store,
        generator: Generator,
        report: Callable[[], None],
    ) -> None:
        self._store = store
        self._generator = generator
        self._report = report
        self._call: list[Invitation] = []
        self._schedule: list[_Due] = []
        self.created = 0
        self.changed = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Create and change operations until ``stop`` is set."""
        time = asyncio.get_running_loop().time
        await self._resume()
        next_invitation = time()
        while not stop.is_set():
            if self._schedule and self._schedule[0].at <= time():
                await self._change(heappop(self._schedule))
            elif next_invitation <= time():
                await self._create()
                next_invitation = time() + self._generator.pause()
            else:
                soonest = min([next_invitation, *(due.at for due in self._schedule[:1])])
                with suppress(TimeoutError):
                    async with asyncio.timeout(soonest - time()):
                        await stop.wait()

    async def _resume(self) -> None:
        page = await self._store.page(_UNFINISHED, (), Slice(limit=MAX_RESUMED))
        for stored in page.operations:
            self._plan(stored, self._generator.steps(stored.operation.status))

    async def _create(self) -> None:
        self._call = self._call or self._generator.call()
        invitation = self._call.pop()
        with suppress(MutationFailure):  # an earlier run generated the same
            self._plan(await self._store.create(invitation.new), invitation.steps)
            self.created += 1
            self._report()

    async def _change(self, due: _Due) -> None:
        step, *rest = due.steps
        operation = due.operation
        with suppress(MutationFailure):  # somebody else changed or deleted it: leave it to them
            change = step.change(operation.id, version=operation.version)
            changed = await self._store.update(change)
            self._plan(changed, tuple(rest))
            self.changed += 1
            self._report()

    def _plan(self, operation: StoredOperation, steps: Steps) -> None:
        if steps:
            at = asyncio.get_running_loop().time() + steps[0].after_seconds
            heappush(self._schedule, _Due(at, operation, steps))
