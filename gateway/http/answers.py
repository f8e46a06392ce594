"""GraphQL over HTTP: one answer in JSON, which caches may keep if it is a query's by GET."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import hdrs, web

from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.reference import MutationNotAllowed
from gateway.http.caching import ETags, cacheable, not_modified, tags_held
from gateway.http.faults import Fault
from gateway.http.media_types import JSON
from gateway.http.parameters import queried
from gateway.http.responses import Response, json_response
from gateway.http.server import REQUEST_ID
from schema.context import Context
from schema.errors import ErrorCode, RequestError

RETRY_AFTER = "5"
"""In seconds."""


class Answers:
    """Answers requests by POST and GET."""

    def __init__(self, executor: Executor, context: Context, etags: ETags) -> None:
        self._executor = executor
        self._context = context
        self._etags = etags

    async def by_post(
        self, request: web.BaseRequest, wanted: GraphQLRequest, media_type: str
    ) -> Response:
        """Answer a query or a mutation."""
        return json_answer(await self._answer(request, wanted), media_type)

    async def by_get(self, request: web.BaseRequest, media_type: str) -> Response:
        """Answer a query, without looking at it if the client has the answer."""
        tag = await self._tag(request, media_type)
        known = tags_held(request)
        if tag is not None and tag in known:
            return not_modified(tag)
        answer = await self._answer(request, queried(request))
        if answer.errors or tag is None:
            return cacheable(json_answer(answer, media_type))
        if "*" in known:
            return not_modified(tag)
        return cacheable(json_answer(answer, media_type), tag)

    async def _tag(self, request: web.BaseRequest, media_type: str) -> str | None:
        try:
            held = await self._context.log.held()
        except RequestError:
            return None  # what is wrong the answer itself tells
        return self._etags.tag(held, request, media_type)

    async def _answer(self, request: web.BaseRequest, wanted: GraphQLRequest) -> Answer:
        with mutations_by_post():
            return await self._executor.execute(
                wanted,
                self._context,
                request_id=request[REQUEST_ID],
                read_only=request.method == hdrs.METH_GET,
            )


def accept(request: web.BaseRequest) -> str:
    """Return all Accept headers as the one they stand for."""
    return ", ".join(request.headers.getall(hdrs.ACCEPT, ()))


def json_answer(answer: Answer, media_type: str) -> Response:
    """Answer with 400 for a request error; in plain JSON with 200 even then, as clients expect.

    What was not executed as things are is answered with 503, and when to send it again.
    """
    status, headers = 200 if answer.executed or media_type == JSON else 400, {}
    if not answer.executed and _is_overloaded(answer):
        status, headers = 503, {"Retry-After": RETRY_AFTER}
    return json_response(answer.payload(), status=status, content_type=media_type, headers=headers)


def _is_overloaded(answer: Answer) -> bool:
    return any(error["extensions"]["code"] == ErrorCode.OVERLOADED for error in answer.errors)


@contextmanager
def mutations_by_post() -> Iterator[None]:
    """Refuse, in HTTP's terms, a mutation that came by GET."""
    try:
        yield
    except MutationNotAllowed as refusal:
        raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None
