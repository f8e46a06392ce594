"""Subscriptions over HTTP: streams that begin, and the one event of what is no subscription."""

from gateway.execution.subscription import Event, Subscription
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.http.streams.framing import FRAMINGS, SERVER_SENT_EVENTS
from gateway.http.streams.response import HEADERS
from gateway.http.streams.stream import Stream, Terms


class Streams:
    """Makes the responses that are streams of events."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    def begin(self, request: Request, subscription: Subscription, media_type: str) -> Stream:
        """Begin to send a subscription in a media type of ``FRAMINGS``.

        Raises ``Fault`` when there is no room for one more.
        """
        framing = FRAMINGS[media_type]
        request.observation.transport = framing.transport
        self._terms.room.check()
        return Stream(subscription, framing, self._terms)


def one_event(request: Request, event: Event) -> Response:
    """Answer with one event and the end, also a request error: the protocol wants it there."""
    framing = SERVER_SENT_EVENTS
    request.observation.transport = framing.transport
    return Response(
        framing.event(event) + framing.completed,
        headers={"Content-Type": framing.content_type, **HEADERS},
    )
