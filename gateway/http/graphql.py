"""The GraphQL endpoint: which of GraphQL's transports a request asks for, or the playground."""

from collections.abc import Awaitable

from aiohttp import hdrs

from gateway.execution.reference import MutationNotAllowed
from gateway.http.answers import Answers
from gateway.http.authentication import Authentication
from gateway.http.batch import Batches, is_batch
from gateway.http.faults import Fault, method_not_allowed
from gateway.http.head import Handler
from gateway.http.media_types import GRAPHQL_RESPONSE, HTML, JSON, chosen
from gateway.http.negotiation import accept, negotiated
from gateway.http.parameters import NAMING_PARAMETERS, parameters_of, posted
from gateway.http.playground import Playground
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable
from gateway.http.websocket.endpoint import is_upgrade

ALLOWED = "GET, POST, OPTIONS"


class GraphQLEndpoint:
    """Answers every method at ``/graphql``."""

    def __init__(  # noqa: PLR0913  the transports, and what comes before them
        self,
        answers: Answers,
        batches: Batches,
        websockets: Handler,
        *,
        authentication: Authentication,
        max_body_bytes: int,
        playground: Playground | None,
    ) -> None:
        self._authentication = authentication
        self._answers = answers
        self._batches = batches
        self._websockets = websockets
        self._max_body_bytes = max_body_bytes
        self._playground = playground

    def __call__(self, request: Request) -> Awaitable[Sendable]:
        """Dispatch by method."""
        match request.method:
            case hdrs.METH_POST:
                return self._post(request)
            case hdrs.METH_GET if is_upgrade(request):
                return self._websockets(request)
            case hdrs.METH_GET:
                return self._get(request)
            case hdrs.METH_OPTIONS:
                return _options()
        raise method_not_allowed(request.method, ALLOWED)

    async def _post(self, request: Request) -> Sendable:
        await self._authentication.admit(request)
        types = negotiated(request)
        body = await posted(request, self._max_body_bytes)
        if is_batch(body):
            return await self._batches.answer(request, body, types)
        return await self._answers.answer(request, parameters_of(body, "The body"), types)

    async def _get(self, request: Request) -> Sendable:
        if self._playground and _is_page_visit(request):
            return self._playground.page()
        await self._authentication.admit(request)
        types = negotiated(request)
        try:
            return await self._answers.by_get(request, types)
        except MutationNotAllowed as refusal:
            raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None


async def _options() -> Response:
    return Response(status=204, headers={"Allow": ALLOWED})


def _is_page_visit(request: Request) -> bool:
    """Return whether a browser asks for a page, and not a client for an answer.

    A link with a query is a visit: the page shows the query, and nothing runs by itself. A document
    that is named by its id alone cannot be shown, so it runs.
    """
    if chosen(accept(request), (JSON, GRAPHQL_RESPONSE, HTML)) != HTML:
        return False
    query = request.query
    return "query" in query or not any(name in query for name in NAMING_PARAMETERS)
