"""Subscriptions over HTTP: begun by POST or GET, resumed by ``Last-Event-ID``."""

from aiohttp import hdrs

from gateway.execution.events import answered
from gateway.execution.operation import Answer, Executor, GraphQLRequest
from gateway.execution.subscription import Event
from gateway.http.answers import accept, json_answer, wants_cost
from gateway.http.media_types import EVENT_STREAM, GRAPHQL_RESPONSE, JSON, chosen
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.http.streams.framing import FRAMINGS, SERVER_SENT_EVENTS
from gateway.http.streams.response import HEADERS
from gateway.http.streams.stream import Stream, Terms
from schema.context import Context


class Streams:
    """Answers requests for a stream of events."""

    def __init__(self, executor: Executor, context: Context, terms: Terms) -> None:
        self._executor = executor
        self._context = context
        self._terms = terms

    async def answer(
        self, request: Request, wanted: GraphQLRequest, media_type: str
    ) -> Response | Stream:
        """Begin a subscription in a media type of ``FRAMINGS``, or answer what is none at once.

        Raises ``Fault`` when there is no room for one more subscription.
        """
        request.observation.transport = FRAMINGS[media_type].transport
        context = self._context.of(
            request.principal,
            request.observation.request_id,
            read_only=request.method == hdrs.METH_GET,
            resume_after=request.headers.get("Last-Event-ID") or None,
        )
        outcome = await self._executor.subscribe(wanted, context)
        if not isinstance(outcome, Answer):
            self._terms.room.check()
            return Stream(outcome, FRAMINGS[media_type], self._terms)
        request.observation.answered(outcome)
        with_cost = wants_cost(request)
        if media_type == EVENT_STREAM:
            return _one_event(answered(outcome, with_cost=with_cost))
        media_type = chosen(accept(request), (JSON, GRAPHQL_RESPONSE)) or JSON
        return json_answer(outcome, media_type, with_cost=with_cost)


def _one_event(event: Event) -> Response:
    """Answer with one event and the end, also a request error: the protocol wants it there."""
    framing = SERVER_SENT_EVENTS
    return Response(
        framing.event(event) + framing.completed,
        headers={"Content-Type": framing.content_type, **HEADERS},
    )
