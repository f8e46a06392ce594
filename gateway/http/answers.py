"""GraphQL over HTTP: one answer in JSON, which caches may keep if it is a query's by GET."""

from http import HTTPStatus

from aiohttp import hdrs

from gateway.execution.operation import Answer, GraphQLRequest
from gateway.execution.pipeline import Pipeline
from gateway.http.caching import ETags, cacheable, not_modified, tags_held
from gateway.http.faults import Fault
from gateway.http.media_types import JSON
from gateway.http.parameters import queried
from gateway.http.request import Request
from gateway.http.responses import Response, json_response
from schema.context import Context
from schema.errors import ErrorCode, RequestError

RETRY_AFTER = "5"
"""In seconds."""


class Answers:
    """Answers requests by POST and GET."""

    def __init__(self, pipeline: Pipeline, context: Context, etags: ETags) -> None:
        self._pipeline = pipeline
        self._context = context
        self._etags = etags

    async def by_post(self, request: Request, wanted: GraphQLRequest, media_type: str) -> Response:
        """Answer a query or a mutation."""
        answer = await self._answer(request, wanted)
        return json_answer(answer, media_type, with_cost=wants_cost(request))

    async def by_get(self, request: Request, media_type: str) -> Response:
        """Answer a query, without looking at it if the client has the answer."""
        with_cost = wants_cost(request)
        tag = await self._tag(request, media_type, with_cost=with_cost)
        known = tags_held(request)
        if tag is not None and tag in known:
            return not_modified(tag)
        answer = await self._answer(request, queried(request))
        response = json_answer(answer, media_type, with_cost=with_cost)
        if answer.errors or tag is None:
            return cacheable(response)
        return not_modified(tag) if "*" in known else cacheable(response, tag)

    async def _tag(self, request: Request, media_type: str, *, with_cost: bool) -> str | None:
        try:
            held = await self._context.log.held()
        except RequestError:
            return None  # what is wrong the answer itself tells
        return self._etags.tag(held, request, media_type, with_cost=with_cost)

    async def _answer(self, request: Request, wanted: GraphQLRequest) -> Answer:
        observation = request.observation
        context = self._context.of(
            request.principal,
            observation.request_id,
            read_only=request.method == hdrs.METH_GET,
        )
        answer = await self._pipeline.execute(wanted, context)
        observation.answered(answer)
        return answer


MAX_ACCEPT = 2_048
"""In characters: browsers and GraphQL clients send less than a tenth of it."""


def accept(request: Request) -> str:
    """Return all Accept headers as the one they stand for; raise ``Fault`` when they are long.

    A megabyte of them would take a second to read.
    """
    accepted = ", ".join(request.headers.getall(hdrs.ACCEPT, ()))
    if len(accepted) > MAX_ACCEPT:
        raise Fault(
            431,
            f"The Accept headers are longer than {MAX_ACCEPT:,} characters. Name fewer types.",
            code=ErrorCode.LIMIT_EXCEEDED,
            limit="accept",
            value=MAX_ACCEPT,
            requested=len(accepted),
        )
    return accepted


COST = "GraphQL-Cost"
"""The request header that asks for ``extensions.cost``."""


def wants_cost(request: Request) -> bool:
    """Tell whether a client asks what its request costs."""
    return request.headers.get(COST, "0") not in {"", "0"}


def json_answer(answer: Answer, media_type: str, *, with_cost: bool = False) -> Response:
    """Answer in JSON."""
    response = json_response(
        answer.payload(with_cost=with_cost),
        status=_status(answer, media_type),
        content_type=media_type,
    )
    if answer.retry_after is not None:
        response.headers[hdrs.RETRY_AFTER] = str(answer.retry_after)
    elif response.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers[hdrs.RETRY_AFTER] = RETRY_AFTER
    return response


def _status(answer: Answer, media_type: str) -> int:
    """Return 400 for a request error; in plain JSON 200 even then, as clients expect.

    What is beyond a limit, or cannot be done as things are, is no matter of GraphQL alone: what
    lies between shall see it too.
    """
    if answer.executed:
        return 200
    if answer.retry_after is not None:
        return 429
    match answer.errors[0]["extensions"]["code"]:
        case ErrorCode.OVERLOADED:
            return 503
        case ErrorCode.LIMIT_EXCEEDED:
            return 400
    return 200 if media_type == JSON else 400
