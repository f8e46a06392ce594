"""Subscriptions over HTTP: streaming responses, and the single event of other operations."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from gateway.auth.sessions import Session
from gateway.execution.subscription import Event, Subscription
from gateway.http.authentication import Authentication, token_of
from gateway.http.limiter import Limiter
from gateway.http.request import Request
from gateway.http.responses import Response
from gateway.http.traffic import Traffic
from gateway.transports.streams.body import Body
from gateway.transports.streams.framing import FRAMINGS, SERVER_SENT_EVENTS, Framing
from gateway.transports.streams.response import HEADERS, StreamingResponse
from schema.errors import Overloaded, RequestError, Unauthenticated

logger = logging.getLogger(__name__)

STOPPING = Overloaded("The gateway is stopping. Subscribe again.")


@dataclass(frozen=True)
class StreamOptions:
    """What ends a stream, the limit on open streams, and the interval of heartbeats."""

    traffic: Traffic
    authentication: Authentication
    limiter: Limiter
    heartbeat_seconds: float


class Stream(StreamingResponse):
    """A response with the events of a subscription."""

    def __init__(
        self, subscription: Subscription, framing: Framing, options: StreamOptions
    ) -> None:
        super().__init__(framing.content_type)
        self._subscription = subscription
        self._framing = framing
        self._options = options

    async def run(self, request: Request) -> None:
        """Send events until the subscription ends, or the client or the gateway does."""
        try:
            with self._options.limiter.acquire():
                await self._send(request)
        except ConnectionError:
            self.keep_alive = False

    async def _send(self, request: Request) -> None:
        body = Body(request)
        self.start(request, body, self._framing.start(self._subscription.position))
        reason = await self._follow(body, request)
        body.write(self._framing.aborted(reason) if reason else self._framing.completed)
        body.end()

    async def _follow(self, body: Body, request: Request) -> RequestError | None:
        """Run the subscription; return the error that aborted it, if any."""
        options = self._options
        sink = _Sink(body, self._framing)
        request.observation.record_subscription(self._subscription, sink)
        running = asyncio.ensure_future(self._subscription.run(sink))
        session = Session(request.principal, token_of(request))
        try:
            with (
                options.traffic.calling_on_stop(running.cancel),
                options.traffic.calling_on_lost(request.connection, running.cancel),
                options.authentication.tracking(session, running.cancel),
                sink.sending_heartbeats(options.heartbeat_seconds, self._subscription),
            ):
                if options.traffic.stopping:
                    running.cancel()
                await asyncio.wait([running])
        finally:
            running.cancel()
        if session.end_reason:
            refusal = Unauthenticated(session.end_reason)
            request.observation.errors = (refusal.code.value,)
            return refusal
        error = None if running.cancelled() else running.exception()
        if error and not isinstance(error, ConnectionError):
            logger.error("Request %s failed.", request.observation.request_id, exc_info=error)
        return STOPPING if error or running.cancelled() else None


def open_stream(
    request: Request, subscription: Subscription, media_type: str, options: StreamOptions
) -> Stream:
    """Return the response of a subscription in a media type of ``FRAMINGS``.

    Raises ``Fault`` if the limit on open streams is reached.
    """
    framing = FRAMINGS[media_type]
    request.observation.transport = framing.transport
    options.limiter.check()
    return Stream(subscription, framing, options)


def single_event_response(request: Request, event: Event) -> Response:
    """Return a stream of one event, also for a request error (graphql-sse's PROTOCOL.md)."""
    framing = SERVER_SENT_EVENTS
    request.observation.transport = framing.transport
    return Response(
        framing.event(event) + framing.completed,
        headers={"Content-Type": framing.content_type, **HEADERS},
    )


class _Sink:
    """Writes events to the body."""

    def __init__(self, body: Body, framing: Framing) -> None:
        self._body = body
        self._framing = framing
        self._is_silent = True
        self.sent = 0
        self.drain = body.drain

    def send(self, *events: Event) -> bool:
        """Write events; return False if the caller should ``drain`` before sending more."""
        self._is_silent = False
        self.sent += len(events)
        self._body.write(b"".join([self._framing.event(event) for event in events]))
        return not self._body.writing_paused

    @contextmanager
    def sending_heartbeats(self, seconds: float, subscription: Subscription) -> Iterator[None]:
        """Send a heartbeat, inside the block, if nothing else was sent for ``seconds``."""
        self._schedule_heartbeat(seconds, subscription)
        try:
            yield
        finally:
            self._heartbeat_timer.cancel()

    def _send_heartbeat(self, seconds: float, subscription: Subscription) -> None:
        if self._is_silent and not self._body.writing_paused:
            with suppress(ConnectionError):  # handled by the subscription's task
                self._body.write(self._framing.heartbeat(subscription.position))
        self._schedule_heartbeat(seconds, subscription)

    def _schedule_heartbeat(self, seconds: float, subscription: Subscription) -> None:
        self._is_silent = True
        loop = asyncio.get_running_loop()
        self._heartbeat_timer = loop.call_later(
            seconds, self._send_heartbeat, seconds, subscription
        )
