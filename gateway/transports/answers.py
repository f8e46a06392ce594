"""GraphQL over HTTP: a request is answered by one result or, if it subscribes, by a stream."""

from http import HTTPStatus

from aiohttp import hdrs

from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.events import answer_event
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Subscription
from gateway.http.media_types import EVENT_STREAM, JSON
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable, json_response
from gateway.transports.caching import ETags, cacheable, not_modified, tags_held
from gateway.transports.negotiation import Preferences
from gateway.transports.parameters import queried
from gateway.transports.streams.endpoint import Streams, one_event
from schema.context import Context
from schema.errors import ErrorCode, RequestError

RETRY_AFTER = "5"
"""In seconds."""


class Answers:
    """Answers requests by POST and GET.

    What a document asks for decides between a result and a stream, so an executor is asked to
    subscribe wherever the client takes a stream: it answers what is no subscription at once.
    """

    def __init__(
        self, pipeline: Pipeline, context: Context, etags: ETags, streams: Streams
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._etags = etags
        self._streams = streams

    async def answer(
        self, request: Request, wanted: GraphQLRequest, preferences: Preferences
    ) -> Sendable:
        """Answer a query, a mutation or a subscription."""
        types = preferences.types
        outcome = await self._outcome(request, wanted, preferences)
        if not isinstance(outcome, Answer):
            return self._streams.begin(request, outcome, types.stream or EVENT_STREAM)
        if types.result == EVENT_STREAM:
            return one_event(request, answer_event(outcome, with_cost=preferences.with_cost))
        return json_answer(outcome, types.result, with_cost=preferences.with_cost)

    async def by_get(self, request: Request, preferences: Preferences) -> Sendable:
        """Answer a query or a subscription.

        Caches may keep the result of a query: it is not looked at if the client has it already.
        """
        types, with_cost = preferences.types, preferences.with_cost
        if types.result == EVENT_STREAM:
            return await self.answer(request, queried(request), preferences)
        tag = await self._tag(request, types.result, with_cost=with_cost)
        known = tags_held(request)
        if tag is not None and tag in known:
            return not_modified(tag)
        outcome = await self._outcome(request, queried(request), preferences)
        if not isinstance(outcome, Answer):
            return self._streams.begin(request, outcome, types.stream or EVENT_STREAM)
        response = json_answer(outcome, types.result, with_cost=with_cost)
        if outcome.errors or tag is None:
            return cacheable(response)
        return not_modified(tag) if "*" in known else cacheable(response, tag)

    async def _tag(self, request: Request, media_type: str, *, with_cost: bool) -> str | None:
        try:
            held = await self._context.log.bounds()
        except RequestError:
            return None  # what is wrong the answer itself tells
        return self._etags.tag(held, request, media_type, with_cost=with_cost)

    async def _outcome(
        self, request: Request, wanted: GraphQLRequest, preferences: Preferences
    ) -> Answer | Subscription:
        observation = request.observation
        context = self._context.of(
            request.principal,
            observation.request_id,
            read_only=request.head.method == hdrs.METH_GET,
            resume_after=preferences.last_event_id,
        )
        takes_stream = preferences.types.stream is not None
        run = self._pipeline.subscribe if takes_stream else self._pipeline.execute
        outcome = await run(wanted, context)
        if isinstance(outcome, Answer):
            observation.record_answer(outcome)
        return outcome


def json_answer(answer: Answer, media_type: str, *, with_cost: bool = False) -> Response:
    """Answer in JSON."""
    if answer.executed and not answer.errors and not with_cost:
        return json_response({"data": answer.data}, content_type=media_type)
    response = json_response(
        answer.payload(with_cost=with_cost),
        status=status_of(answer, media_type),
        content_type=media_type,
    )
    if seconds := retry_after(answer, response.status):
        response.headers[hdrs.RETRY_AFTER] = seconds
    return response


def retry_after(answer: Answer, status: int) -> str | None:
    """Return in how many seconds a request may be sent again that was not carried out in full."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return str(answer.retry_after)
    codes = {error["extensions"]["code"] for error in answer.errors}
    return RETRY_AFTER if ErrorCode.OVERLOADED in codes else None


def status_of(answer: Answer, media_type: str) -> int:
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
