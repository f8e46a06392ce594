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
from gateway.http.server import PRINCIPAL, REQUEST_ID
from schema.context import Context


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
        tag = self._etags.tag(await self._context.log.held(), request, media_type)
        known = tags_held(request)
        if tag in known:
            return not_modified(tag)
        answer = await self._answer(request, queried(request))
        if answer.errors:
            return cacheable(json_answer(answer, media_type))
        if "*" in known:
            return not_modified(tag)
        return cacheable(json_answer(answer, media_type), tag)

    async def _answer(self, request: web.BaseRequest, wanted: GraphQLRequest) -> Answer:
        with mutations_by_post():
            return await self._executor.execute(
                wanted,
                self._context.of(request[PRINCIPAL]),
                request_id=request[REQUEST_ID],
                read_only=request.method == hdrs.METH_GET,
            )


def accept(request: web.BaseRequest) -> str:
    """Return all Accept headers as the one they stand for."""
    return ", ".join(request.headers.getall(hdrs.ACCEPT, ()))


def json_answer(answer: Answer, media_type: str) -> Response:
    """Answer with 400 for a request error; in plain JSON with 200 even then, as clients expect."""
    status = 200 if answer.executed or media_type == JSON else 400
    return json_response(answer.payload(), status=status, content_type=media_type)


@contextmanager
def mutations_by_post() -> Iterator[None]:
    """Refuse, in HTTP's terms, a mutation that came by GET."""
    try:
        yield
    except MutationNotAllowed as refusal:
        raise Fault(405, refusal.message, headers={"Allow": "POST"}) from None
