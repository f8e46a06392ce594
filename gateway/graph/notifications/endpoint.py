"""Where Microsoft Graph posts its notifications.

    authenticate   by the bearer token of Graph, or of the bot service   Authentication
    check          whether the sender may ask for anything now           RequestLimits
    read           the body, and each notification in it by itself
    acquire        a share of the cost that may be under way             RequestLimits
    apply          what was read, all in one transaction                 Store
    answer         202, now that it is durable

What cannot be used of a body is reported, and keeps nothing else from being applied.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from graphql import OperationType

from gateway.documents.operation_info import OperationInfo
from gateway.execution.request_limits import REFUSAL_CHARGE, RequestLimits
from gateway.graph.faults import fault_of, write_early_fault, write_fault
from gateway.graph.notifications.forwarding import ForwardOptions, forward_of
from gateway.graph.notifications.reading import (
    NOT_FOUND,
    Ignored,
    Read,
    Unusable,
    items_of,
    read_notification,
)
from gateway.graph_json.references import has_marks, resolved
from gateway.http.authentication import Authentication
from gateway.http.bodies import check_content, read_body
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head, Mount
from gateway.http.json_text import decode_json
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.store.interface import Store
from gateway.store.reports import Outcome, Report
from schema.errors import RequestError

logger = logging.getLogger(__name__)

PATH = "/graph/notifications"
COST = 10
"""What a notification costs: as much as any write."""
READ_AT_ONCE = 20
"""How many notifications are read before other requests get a turn: each takes up to 0.2 ms."""

MAX_REPORTED = 20
"""How many notifications of a body that cannot be used have a line in the log each."""


class NotificationsEndpoint:
    """Answers at ``/graph/notifications``.

    ``counts`` are how many notifications there were, by what came of them.
    """

    def __init__(
        self,
        authentication: Authentication,
        store: Store,
        limits: RequestLimits,
        *,
        max_body_bytes: int,
        forwarding: ForwardOptions | None = None,
    ) -> None:
        self._authentication = authentication
        self._store = store
        self._limits = limits
        self._max_body_bytes = max_body_bytes
        self._forwarding = forwarding
        self.counts: Counter[str] = Counter()

    @property
    def mount(self) -> Mount:
        """Where it answers, as the server takes it."""
        return Mount(self.route, write_fault, write_early_fault)

    def route(self, head: Head) -> Handler:
        """Decide by a request's head what answers it."""
        if head.path != PATH:
            raise Fault(404, f"There is nothing here. Notifications are taken at {PATH}.")
        if head.method != "POST":
            raise method_not_allowed(head.method, "POST")
        return self.answer

    async def answer(self, request: Request) -> Response:
        """Take a body of notifications."""
        await self._authentication.admit(request)
        request.observation.route = PATH
        try:
            await self._take(request)
        except RequestError as error:
            return refuse(request, fault_of(error))
        return Response(status=202)

    async def _take(self, request: Request) -> None:
        limits, principal = self._limits, request.principal.name
        limits.check_rate(principal)
        cost = REFUSAL_CHARGE
        try:
            check_content(request.head)
            body = await read_body(request, self._max_body_bytes)
            items = _items(body)
            cost = COST * len(items)
            request.observation.info = OperationInfo(
                None, "notifications", OperationType.MUTATION, cost, limits.max_cost
            )
        finally:
            limits.charge(principal, cost)
        await limits.run(cost, lambda: self._apply(request, body, items))

    async def _apply(self, request: Request, body: bytes, items: Sequence[Any]) -> None:
        found = await _read_all(items)
        reports = [each for each in found if isinstance(each, Report)]
        options = self._forwarding
        forward = forward_of(request.head, body, found) if options else None
        applied = await self._store.apply(
            reports, forward=forward, max_forwards=options.max_queued if options else 0
        )
        self._count(request, found, applied.outcomes)
        if options and forward:
            options.on_queued(is_queued=applied.is_queued)

    def _count(self, request: Request, found: Sequence[Read], outcomes: Sequence[Outcome]) -> None:
        """Count what came of each notification, and report what cannot be used."""
        unusable = [each.reason for each in found if isinstance(each, Unusable)]
        unusable += [NOT_FOUND for outcome in outcomes if outcome is Outcome.UNMATCHED]
        request_id = request.observation.request_id
        for reason in unusable[:MAX_REPORTED]:
            logger.warning("A notification of request %s cannot be used: %s", request_id, reason)
        if len(unusable) > MAX_REPORTED:
            count = len(unusable) - MAX_REPORTED
            logger.warning("%d more of request %s cannot be used.", count, request_id)
        for outcome in outcomes:
            if outcome is not Outcome.UNMATCHED:
                self.counts[outcome] += 1
        self.counts["unusable"] += len(unusable)
        self.counts["ignored"] += sum(isinstance(each, Ignored) for each in found)


def _items(body: bytes) -> list[Any]:
    """Return the notifications of a body; raise ``Fault`` if it is none of notifications."""
    value = decode_json(body, "The body")
    try:
        items = items_of(resolved(value) if has_marks(value) else value)
    except ValueError as error:
        raise Fault(400, f"The body cannot be read: {error}.") from None
    if items is None:
        raise Fault(
            400,
            "The body is no commsNotifications. Send an object with the list of notifications "
            "under 'value'.",
        )
    return items


async def _read_all(items: Sequence[Any]) -> list[Read]:
    found: list[Read] = []
    for item in items:
        for read in read_notification(item):
            found.append(read)
            if len(found) % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
    return found
