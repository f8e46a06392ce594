"""The GraphQL endpoint: GraphQL over HTTP, and the playground for a browser."""

from aiohttp import hdrs, web

from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.reference import MutationNotAllowed
from gateway.http.caching import ETags, cacheable, not_modified, tags_held
from gateway.http.faults import Fault, method_not_allowed
from gateway.http.media_types import GRAPHQL_RESPONSE, HTML, JSON, chosen
from gateway.http.parameters import PARAMETERS, posted, queried
from gateway.http.playground import Playground
from gateway.http.responses import Response, json_response
from gateway.http.server import REQUEST_ID
from schema.context import Context

ALLOWED = "GET, POST, OPTIONS"


class GraphQLEndpoint:
    """Answers every method at ``/graphql``."""

    def __init__(
        self,
        executor: Executor,
        context: Context,
        *,
        max_body_bytes: int,
        playground: Playground | None,
        etags: ETags,
    ) -> None:
        self._executor = executor
        self._context = context
        self._etags = etags
        self._max_body_bytes = max_body_bytes
        self._playground = playground

    async def __call__(self, request: web.BaseRequest) -> Response:
        """Dispatch by method."""
        match request.method:
            case hdrs.METH_POST:
                media_type = _media_type(request)
                wanted = await posted(request, self._max_body_bytes)
                answer = await self._answer(request, wanted)
                return _response(answer, media_type)
            case hdrs.METH_GET:
                if self._playground and _is_page_visit(request):
                    return self._playground.page()
                return await self._get(request, _media_type(request))
            case hdrs.METH_OPTIONS:
                return Response(status=204, headers={"Allow": ALLOWED})
        raise method_not_allowed(request.method, ALLOWED)

    async def _get(self, request: web.BaseRequest, media_type: str) -> Response:
        tag = self._etags.tag(await self._context.log.held(), request, media_type)
        known = tags_held(request)
        if tag in known:
            return not_modified(tag)
        answer = await self._answer(request, queried(request))
        if answer.errors:
            return cacheable(_response(answer, media_type))
        return not_modified(tag) if "*" in known else cacheable(_response(answer, media_type), tag)

    async def _answer(self, request: web.BaseRequest, wanted: GraphQLRequest) -> Answer:
        try:
            return await self._executor.execute(
                wanted,
                self._context,
                request_id=request[REQUEST_ID],
                read_only=request.method == hdrs.METH_GET,
            )
        except MutationNotAllowed as refusal:
            raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None


def _accept(request: web.BaseRequest) -> str:
    """Return all Accept headers as the one they stand for."""
    return ", ".join(request.headers.getall("Accept", ()))


def _media_type(request: web.BaseRequest) -> str:
    media_type = chosen(_accept(request), (JSON, GRAPHQL_RESPONSE))
    if media_type is None:
        raise Fault(
            406, f"Nothing in the Accept header is given here. Accept {GRAPHQL_RESPONSE} or {JSON}."
        )
    return media_type


def _response(answer: Answer, media_type: str) -> Response:
    """Answer with 400 for a request error; in plain JSON with 200 even then, as clients expect."""
    status = 200 if answer.executed or media_type == JSON else 400
    return json_response(answer.payload(), status=status, content_type=media_type)


def _is_page_visit(request: web.BaseRequest) -> bool:
    """Tell whether a browser asks for a page, and not a client for an answer."""
    if chosen(_accept(request), (JSON, GRAPHQL_RESPONSE, HTML)) != HTML:
        return False
    return not any(name in request.query for name in PARAMETERS)
