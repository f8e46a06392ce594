"""The GraphQL endpoint: selects the transport of a request, or the playground."""

from aiohttp import hdrs

from gateway.execution.reference import MutationNotAllowed
from gateway.http.authentication import Authentication
from gateway.http.bodies import check_content, read_body
from gateway.http.faults import Fault, method_not_allowed, refuse
from gateway.http.head import Handler, Head
from gateway.http.media_types import GRAPHQL_RESPONSE, HTML, JSON, chosen
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable
from gateway.transports.answers import Answers
from gateway.transports.batch import Batches, is_batch
from gateway.transports.negotiation import Preferences, accept, preferences_of
from gateway.transports.parameters import NAMING_PARAMETERS, parse_parameters
from gateway.transports.single_connection.protocol import is_single_connection
from gateway.transports.websocket.endpoint import is_upgrade

ALLOWED = "GET, POST, PUT, DELETE, OPTIONS"


class GraphQLEndpoint:
    """Selects the handler of a request to ``/graphql``."""

    def __init__(  # noqa: PLR0913  one for each transport
        self,
        answers: Answers,
        batches: Batches,
        websockets: Handler,
        single_connection: Handler,
        *,
        authentication: Authentication,
        max_body_bytes: int,
        playground: Handler | None,
    ) -> None:
        self._authentication = authentication
        self._answers = answers
        self._batches = batches
        self._websockets = websockets
        self._single_connection = single_connection
        self._max_body_bytes = max_body_bytes
        self._playground = playground

    def __call__(self, head: Head) -> Handler:
        """Return the handler of a request, which depends on its head alone."""
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
                return _answer_options
        raise method_not_allowed(head.method, ALLOWED)

    def _post(self, head: Head) -> Handler:
        preferences = _post_preferences(head)

        async def post(request: Request) -> Sendable:
            await self._authentication.authenticate(request)
            if isinstance(preferences, Fault):
                return refuse(request, preferences)
            body = await read_body(request, self._max_body_bytes)
            if is_batch(body):
                return await self._batches.answer(request, body, preferences)
            graphql_request = parse_parameters(body, "The body")
            return await self._answers.answer(request, graphql_request, preferences)

        return post

    def _get(self, head: Head) -> Handler:
        if self._playground and _is_page_visit(head):
            return self._playground
        preferences = _get_preferences(head)

        async def get(request: Request) -> Sendable:
            await self._authentication.authenticate(request)
            if isinstance(preferences, Fault):
                return refuse(request, preferences)
            try:
                return await self._answers.by_get(request, preferences)
            except MutationNotAllowed as refusal:
                raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None

        return get


def _post_preferences(head: Head) -> Preferences | Fault:
    """Return the preferences of a POST, or the fault to raise after authentication."""
    try:
        preferences = preferences_of(head)
        check_content(head)
    except Fault as fault:
        return fault.with_traceback(None)
    return preferences


def _get_preferences(head: Head) -> Preferences | Fault:
    """Return the preferences of a GET, or the fault to raise after authentication."""
    try:
        return preferences_of(head)
    except Fault as fault:
        return fault.with_traceback(None)


async def _answer_options(_request: Request) -> Response:
    return Response(status=204, headers={"Allow": ALLOWED})


def _is_page_visit(head: Head) -> bool:
    """Return whether a browser requests the page, and not a client a GraphQL response.

    A URL with a query opens the page, which shows the query and does not run it. A document that is
    given by its id alone cannot be shown, so it runs.
    """
    if chosen(accept(head), (JSON, GRAPHQL_RESPONSE, HTML)) != HTML:
        return False
    query = head.query
    return "query" in query or not any(name in query for name in NAMING_PARAMETERS)
