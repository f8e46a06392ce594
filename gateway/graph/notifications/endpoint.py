"""The endpoint to which Microsoft Graph posts notifications: the steps of a request.

    authenticate   by a bearer token of Graph or of the bot service     Authentication
    check          the sender's limit of rate                           RequestLimits
    read           the body, and each notification in it
    acquire        the cost, within the limit of all requests           RequestLimits
    apply          all reports, in one transaction                      Store
    respond        with 202, once the transaction is durable

Notifications that cannot be used are logged, and the others are applied.
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
    ReadResult,
    Unusable,
    items_of,
    read_notification,
)
from gateway.graph_json.references import resolve_if_needed
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
"""The cost of a notification: that of a write."""
READ_AT_ONCE = 20
"""How many notifications, of up to 0.2 ms each, are read before control returns to the loop."""

MAX_LOGGED = 20
"""The maximum number of unusable notifications of a request with a line in the log each."""


class NotificationsEndpoint:
    """Serves ``/graph/notifications``.

    ``counts`` has the number of notifications by result.
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
        """The route and the error formats, for the server."""
        return Mount(self.route, write_fault, write_early_fault)

    def route(self, head: Head) -> Handler:
        """Return the handler of a request, by its head."""
        if head.path != PATH:
            raise Fault(404, f"This path does not exist. Send notifications to {PATH}.")
        if head.method != "POST":
            raise method_not_allowed(head.method, "POST")
        return self.handle

    async def handle(self, request: Request) -> Response:
        """Apply the notifications in the body of a request."""
        await self._authentication.authenticate(request)
        request.observation.route = PATH
        try:
            await self._process(request)
        except RequestError as error:
            return refuse(request, fault_of(error))
        return Response(status=202)

    async def _process(self, request: Request) -> None:
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
        await limits.run(cost, self._apply, request, body, items)

    async def _apply(self, request: Request, body: bytes, items: Sequence[Any]) -> None:
        results = await _read_all(items)
        reports = [each for each in results if isinstance(each, Report)]
        reports.sort(key=_has_no_id)
        options = self._forwarding
        forward = forward_of(request.head, body, results) if options else None
        applied = await self._store.apply(
            reports, forward=forward, max_forwards=options.max_queued if options else 0
        )
        self._count(request, results, applied.outcomes)
        if options and forward:
            options.on_queued(is_queued=applied.is_queued)

    def _count(
        self, request: Request, results: Sequence[ReadResult], outcomes: Sequence[Outcome]
    ) -> None:
        """Count the notifications by result, and log those that cannot be used."""
        unusable = [each.reason for each in results if isinstance(each, Unusable)]
        unusable += [NOT_FOUND for outcome in outcomes if outcome is Outcome.UNMATCHED]
        request_id = request.observation.request_id
        for reason in unusable[:MAX_LOGGED]:
            logger.warning("A notification of request %s cannot be used: %s", request_id, reason)
        if len(unusable) > MAX_LOGGED:
            count = len(unusable) - MAX_LOGGED
            logger.warning("%d more of request %s cannot be used.", count, request_id)
        for outcome in outcomes:
            if outcome is not Outcome.UNMATCHED:
                self.counts[outcome] += 1
        self.counts["unusable"] += len(unusable)
        self.counts["ignored"] += sum(isinstance(each, Ignored) for each in results)


def _has_no_id(report: Report) -> bool:
    """Return whether a report has to be matched with an operation, which another may create."""
    return report.operation_id is None


def _items(body: bytes) -> list[Any]:
    """Return the notifications in a body; raise ``Fault`` for another body."""
    value = decode_json(body, "The body")
    try:
        items = items_of(resolve_if_needed(value))
    except ValueError as error:
        raise Fault(400, f"The body cannot be read: {error}.") from None
    if items is None:
        raise Fault(
            400,
            "The body is not a commsNotifications object. Send an object with the list of "
            "notifications under 'value'.",
        )
    return items


async def _read_all(items: Sequence[Any]) -> list[ReadResult]:
    results: list[ReadResult] = []
    for item in items:
        for result in read_notification(item):
            results.append(result)
            if len(results) % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
    return results
