"""From now on: new invitations every few seconds, and what becomes of each."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from gateway.demo.invitations import MARK, Inventor, Invitation, Steps
from gateway.store.sqlite.store import SQLiteStore
from schema.errors import MutationFailure
from schema.filters import InviteParticipantsOperationFilter
from schema.paging import Slice
from schema.resource.operation import StoredOperation

MAX_CONTINUED = 100
"""How many operations that an earlier run left under way are taken up again."""

_UNFINISHED = InviteParticipantsOperationFilter.model_validate(
    {"clientContext": {"startsWith": MARK}, "status": {"in": ["NotStarted", "Running"]}}
)


@dataclass(order=True)
class _Due:
    """The next step of an operation, and when it is due by the loop's clock."""

    at: float
    operation: StoredOperation = field(compare=False)
    steps: Steps = field(compare=False)


class Live:
    """Makes operations and changes them until stopped; ``report`` is called after each write."""

    def __init__(
        self, store: SQLiteStore, inventor: Inventor, report: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._inventor = inventor
        self._report = report
        self._call: list[Invitation] = []
        self._agenda: list[_Due] = []
        self.created = 0
        self.changed = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until ``stop`` is set, with what is under way as well."""
        time = asyncio.get_running_loop().time
        await self._take_up()
        next_invitation = time()
        while not stop.is_set():
            if self._agenda and self._agenda[0].at <= time():
                await self._change(heappop(self._agenda))
            elif next_invitation <= time():
                await self._create()
                next_invitation = time() + self._inventor.pause()
            else:
                soonest = min([next_invitation, *(due.at for due in self._agenda[:1])])
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), soonest - time())

    async def _take_up(self) -> None:
        page = await self._store.page(_UNFINISHED, (), Slice(limit=MAX_CONTINUED))
        for stored in page.operations:
            self._plan(stored, self._inventor.steps(stored.operation.status))
        heapify(self._agenda)

    async def _create(self) -> None:
        self._call = self._call or self._inventor.call()
        invitation = self._call.pop()
        with suppress(MutationFailure):  # the same seed invented it before
            self._plan(await self._store.create(invitation.new), invitation.steps)
            self.created += 1
            self._report()

    async def _change(self, due: _Due) -> None:
        step, *rest = due.steps
        operation = due.operation
        with suppress(MutationFailure):  # somebody else changed or deleted it: it is theirs now
            change = step.change(operation.id, version=operation.version)
            changed = await self._store.update(change)
            self._plan(changed, tuple(rest))
            self.changed += 1
            self._report()

    def _plan(self, operation: StoredOperation, steps: Steps) -> None:
        if steps:
            at = asyncio.get_running_loop().time() + steps[0].after_seconds
            heappush(self._agenda, _Due(at, operation, steps))
