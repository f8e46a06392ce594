"""GraphQL over HTTP: one response for a query or a mutation, a stream for a subscription."""

from http import HTTPStatus

from aiohttp import hdrs

from gateway.documents.request import Answer, GraphQLRequest
from gateway.execution.events import answer_event
from gateway.execution.pipeline import Pipeline
from gateway.execution.subscription import Subscription
from gateway.http.media_types import EVENT_STREAM, JSON
from gateway.http.request import Request
from gateway.http.responses import Response, Sendable, json_response
from gateway.transports.caching import ETags, cacheable, if_none_match, not_modified
from gateway.transports.negotiation import Preferences
from gateway.transports.parameters import query_parameters
from gateway.transports.streams.stream import (
    Stream,
    StreamOptions,
    open_stream,
    single_event_response,
)
from schema.context import Context
from schema.errors import ErrorCode, RequestError

RETRY_AFTER = "5"
"""In seconds."""


class Answers:
    """Answers requests by POST and GET.

    The operation decides between a response and a stream. So where the client accepts a stream, the
    pipeline is called to subscribe, and answers queries and mutations too.
    """

    def __init__(
        self, pipeline: Pipeline, context: Context, etags: ETags, stream_options: StreamOptions
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._etags = etags
        self._stream_options = stream_options

    async def answer(
        self, request: Request, graphql_request: GraphQLRequest, preferences: Preferences
    ) -> Sendable:
        """Answer a query, a mutation or a subscription."""
        types = preferences.types
        outcome = await self._outcome(request, graphql_request, preferences)
        if not isinstance(outcome, Answer):
            return self._stream(request, outcome, preferences)
        if types.result == EVENT_STREAM:
            return single_event_response(
                request, answer_event(outcome, with_cost=preferences.with_cost)
            )
        return json_answer(outcome, types.result, with_cost=preferences.with_cost)

    async def by_get(self, request: Request, preferences: Preferences) -> Sendable:
        """Answer a query or a subscription.

        A query does not run if the client has a response with the current ETag.
        """
        types, with_cost = preferences.types, preferences.with_cost
        if types.result == EVENT_STREAM:
            return await self.answer(request, query_parameters(request), preferences)
        tag = await self._tag(request, types.result, with_cost=with_cost)
        known_tags = if_none_match(request)
        if tag is not None and tag in known_tags:
            return not_modified(tag)
        outcome = await self._outcome(request, query_parameters(request), preferences)
        if not isinstance(outcome, Answer):
            return self._stream(request, outcome, preferences)
        response = json_answer(outcome, types.result, with_cost=with_cost)
        if outcome.errors or tag is None or not outcome.is_cacheable:
            return cacheable(response)
        return not_modified(tag) if "*" in known_tags else cacheable(response, tag)

    def _stream(
        self, request: Request, subscription: Subscription, preferences: Preferences
    ) -> Stream:
        media_type = preferences.types.stream or EVENT_STREAM
        return open_stream(request, subscription, media_type, self._stream_options)

    async def _tag(self, request: Request, media_type: str, *, with_cost: bool) -> str | None:
        try:
            bounds = await self._context.log.bounds()
        except RequestError:
            return None  # the request itself will fail
        return self._etags.tag(bounds, request, media_type, with_cost=with_cost)

    async def _outcome(
        self, request: Request, graphql_request: GraphQLRequest, preferences: Preferences
    ) -> Answer | Subscription:
        observation = request.observation
        context = self._context.of(
            request.principal,
            observation.request_id,
            read_only=request.head.method == hdrs.METH_GET,
            resume_after=preferences.last_event_id,
        )
        accepts_stream = preferences.types.stream is not None
        run = self._pipeline.subscribe if accepts_stream else self._pipeline.execute
        outcome = await run(graphql_request, context)
        if isinstance(outcome, Answer):
            observation.record_answer(outcome)
        return outcome


def json_answer(answer: Answer, media_type: str, *, with_cost: bool = False) -> Response:
    """Return the response of an answer in JSON."""
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
    """Return the value of Retry-After for an answer that has it, or None."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return str(answer.retry_after)
    codes = {error["extensions"]["code"] for error in answer.errors}
    return RETRY_AFTER if ErrorCode.OVERLOADED in codes else None


def status_of(answer: Answer, media_type: str) -> int:
    """Return the HTTP status of an answer (GraphQL over HTTP, section 6.4).

    A request error is 400, but 200 in application/json. Exceeded limits and overload have their own
    status in both, for proxies and clients that retry.
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
