"""Subscriptions over HTTP: streams that begin, and the one event of what is no subscription."""

from gateway.execution.subscription import Event, Subscription
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.transports.streams.framing import FRAMINGS, SERVER_SENT_EVENTS
from gateway.transports.streams.response import HEADERS
from gateway.transports.streams.stream import Stream, StreamOptions


class Streams:
    """Makes the responses that are streams of events."""

    def __init__(self, options: StreamOptions) -> None:
        self._options = options

    def begin(self, request: Request, subscription: Subscription, media_type: str) -> Stream:
        """Begin to send a subscription in a media type of ``FRAMINGS``.

        Raises ``Fault`` when there is no room for one more.
        """
        framing = FRAMINGS[media_type]
        request.observation.transport = framing.transport
        self._options.limiter.check()
        return Stream(subscription, framing, self._options)


def one_event(request: Request, event: Event) -> Response:
    """Answer with one event and the end, also a request error: the protocol wants it there."""
    framing = SERVER_SENT_EVENTS
    request.observation.transport = framing.transport
    return Response(
        framing.event(event) + framing.completed,
        headers={"Content-Type": framing.content_type, **HEADERS},
    )
