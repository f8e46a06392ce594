"""The GraphQL endpoint: which of GraphQL's transports a request asks for, or the playground."""

from collections.abc import Awaitable

from aiohttp import hdrs

from gateway.execution.reference import MutationNotAllowed
from gateway.http.answers import Answers, accept
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault, method_not_allowed
from gateway.http.media_types import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    HTML,
    JSON,
    answer_type,
    chosen,
)
from gateway.http.parameters import PARAMETERS, parameters_of, posted, queried
from gateway.http.playground import Playground
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.http.server import Handler, Sendable
from gateway.http.single_connection.protocol import is_single_connection
from gateway.http.streams.endpoint import Streams
from gateway.http.streams.framing import FRAMINGS
from gateway.http.websocket.endpoint import is_upgrade

ALLOWED = "GET, POST, PUT, DELETE, OPTIONS"


class GraphQLEndpoint:
    """Answers every method at ``/graphql``."""

    def __init__(  # noqa: PLR0913  the transports, and what comes before them
        self,
        answers: Answers,
        streams: Streams,
        websockets: Handler,
        single_connection: Handler,
        *,
        authentication: Authentication,
        max_body_bytes: int,
        playground: Playground | None,
    ) -> None:
        self._authentication = authentication
        self._answers = answers
        self._streams = streams
        self._websockets = websockets
        self._single_connection = single_connection
        self._max_body_bytes = max_body_bytes
        self._playground = playground

    def __call__(self, request: Request) -> Awaitable[Sendable]:
        """Dispatch by method."""
        match request.method:
            case hdrs.METH_GET if is_upgrade(request):
                return self._websockets(request)
            case _ if is_single_connection(request):
                return self._single_connection(request)
            case hdrs.METH_POST:
                return self._post(request)
            case hdrs.METH_GET:
                return self._get(request)
            case hdrs.METH_OPTIONS:
                return _options()
        raise method_not_allowed(request.method, ALLOWED)

    async def _post(self, request: Request) -> Sendable:
        await self._authentication.admit(request)
        media_type = _media_type(request)
        wanted = parameters_of(await posted(request, self._max_body_bytes), "The body")
        if media_type in FRAMINGS:
            return await self._streams.answer(request, wanted, media_type)
        return await self._answers.by_post(request, wanted, media_type)

    async def _get(self, request: Request) -> Sendable:
        if self._playground and _is_page_visit(request):
            return self._playground.page()
        await self._authentication.admit(request)
        media_type = _media_type(request)
        try:
            if media_type in FRAMINGS:
                return await self._streams.answer(request, queried(request), media_type)
            return await self._answers.by_get(request, media_type)
        except MutationNotAllowed as refusal:
            raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None


async def _options() -> Response:
    return Response(status=204, headers={"Allow": ALLOWED})


def _media_type(request: Request) -> str:
    media_type = answer_type(accept(request))
    if media_type is None:
        raise Fault(
            406,
            "Nothing in the Accept header is given here. "
            f"Accept {GRAPHQL_RESPONSE}, {JSON} or {EVENT_STREAM}.",
        )
    return media_type


def _is_page_visit(request: Request) -> bool:
    """Tell whether a browser asks for a page, and not a client for an answer."""
    if chosen(accept(request), (JSON, GRAPHQL_RESPONSE, HTML)) != HTML:
        return False
    return not any(name in request.query for name in PARAMETERS)
