"""The GraphQL endpoint: which of GraphQL's transports a request asks for, or the playground."""

from aiohttp import hdrs

from gateway.execution.reference import MutationNotAllowed
from gateway.http.authentication import Authentication
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head
from gateway.http.media_types import GRAPHQL_RESPONSE, HTML, JSON, chosen
from gateway.http.pages import Page
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable
from gateway.transports.answers import Answers
from gateway.transports.batch import Batches, is_batch
from gateway.transports.negotiation import Preferences, accept, preferences_of
from gateway.transports.parameters import NAMING_PARAMETERS, check_content, parameters_of, read_body
from gateway.transports.single_connection.protocol import is_single_connection
from gateway.transports.websocket.endpoint import is_upgrade

ALLOWED = "GET, POST, PUT, DELETE, OPTIONS"


class GraphQLEndpoint:
    """Decides what answers at ``/graphql``, and answers."""

    def __init__(  # noqa: PLR0913  the transports, and what comes before them
        self,
        answers: Answers,
        batches: Batches,
        websockets: Handler,
        single_connection: Handler,
        *,
        authentication: Authentication,
        max_body_bytes: int,
        playground: Page | None,
    ) -> None:
        self._authentication = authentication
        self._answers = answers
        self._batches = batches
        self._websockets = websockets
        self._single_connection = single_connection
        self._max_body_bytes = max_body_bytes
        self._playground = playground

    def __call__(self, head: Head) -> Handler:
        """Decide by a request's head what answers it."""
        match head.method:
            case hdrs.METH_GET if is_upgrade(head):
                return self._websockets
            case _ if is_single_connection(head):
                return self._single_connection
            case hdrs.METH_POST:
                return self._post(head)
            case hdrs.METH_GET:
                return self._get(head)
            case hdrs.METH_OPTIONS:
                return _options
        raise method_not_allowed(head.method, ALLOWED)

    def _post(self, head: Head) -> Handler:
        preferences = _posting(head)

        async def post(request: Request) -> Sendable:
            await self._authentication.admit(request)
            if isinstance(preferences, Fault):
                return refuse(request, preferences)
            body = await read_body(request, self._max_body_bytes)
            if is_batch(body):
                return await self._batches.answer(request, body, preferences)
            wanted = parameters_of(body, "The body")
            return await self._answers.answer(request, wanted, preferences)

        return post

    def _get(self, head: Head) -> Handler:
        if self._playground and _is_page_visit(head):
            return self._show_playground
        preferences = _getting(head)

        async def get(request: Request) -> Sendable:
            await self._authentication.admit(request)
            if isinstance(preferences, Fault):
                return refuse(request, preferences)
            try:
                return await self._answers.by_get(request, preferences)
            except MutationNotAllowed as refusal:
                raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None

        return get

    async def _show_playground(self, _request: Request) -> Response:
        assert self._playground is not None  # noqa: S101  it answers only where there is one
        return await self._playground.response()


def _posting(head: Head) -> Preferences | Fault:
    """Return how to answer a POST, or why it is refused once it is known who asks."""
    try:
        preferences = preferences_of(head)
        check_content(head)
    except Fault as fault:
        return fault.with_traceback(None)
    return preferences


def _getting(head: Head) -> Preferences | Fault:
    """Return how to answer a GET, or why it is refused once it is known who asks."""
    try:
        return preferences_of(head)
    except Fault as fault:
        return fault.with_traceback(None)


async def _options(_request: Request) -> Response:
    return Response(status=204, headers={"Allow": ALLOWED})


def _is_page_visit(head: Head) -> bool:
    """Return whether a browser asks for a page, and not a client for an answer.

    A link with a query is a visit: the page shows the query, and nothing runs by itself. A document
    that is named by its id alone cannot be shown, so it runs.
    """
    if chosen(accept(head), (JSON, GRAPHQL_RESPONSE, HTML)) != HTML:
        return False
    query = head.query
    return "query" in query or not any(name in query for name in NAMING_PARAMETERS)
