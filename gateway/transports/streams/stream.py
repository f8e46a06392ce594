"""A response that is a subscription: it lasts as long as the subscription and both ends do."""

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
from gateway.http.traffic import Traffic
from gateway.transports.streams.body import Body
from gateway.transports.streams.framing import Framing
from gateway.transports.streams.response import StreamingResponse
from schema.errors import Overloaded, RequestError, Unauthenticated

logger = logging.getLogger(__name__)

CUT_OFF = Overloaded("The gateway is stopping. Subscribe again.")


@dataclass(frozen=True)
class StreamOptions:
    """What ends a stream, how many there may be, and how long one may be silent."""

    traffic: Traffic
    authentication: Authentication
    limiter: Limiter
    heartbeat_seconds: float


class Stream(StreamingResponse):
    """The events of a subscription, in a framing."""

    def __init__(
        self, subscription: Subscription, framing: Framing, options: StreamOptions
    ) -> None:
        super().__init__(framing.content_type)
        self._subscription = subscription
        self._framing = framing
        self._options = options

    async def run(self, request: Request) -> None:
        """Send it, until it has come to its end or one of the two goes away."""
        try:
            with self._options.limiter.acquire():
                await self._send(request)
        except ConnectionError:
            self.keep_alive = False

    async def _send(self, request: Request) -> None:
        body = Body(request)
        self.start(request, body, self._framing.start(self._subscription.position))
        reason = await self._follow(body, request)
        body.write(self._framing.cut_off(reason) if reason else self._framing.completed)
        body.end()

    async def _follow(self, body: Body, request: Request) -> RequestError | None:
        """Run the subscription; return why it was cut off, if it was, before its end."""
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
                sink.beating(options.heartbeat_seconds, self._subscription),
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
        return CUT_OFF if error or running.cancelled() else None


class _Sink:
    """Where the events go."""

    def __init__(self, body: Body, framing: Framing) -> None:
        self._body = body
        self._framing = framing
        self._silent = True
        self.sent = 0
        self.drain = body.drain

    def send(self, *events: Event) -> bool:
        """Send events at once; false when no more can be taken in before ``drain``."""
        self._silent = False
        self.sent += len(events)
        self._body.write(b"".join([self._framing.event(event) for event in events]))
        return not self._body.writing_paused

    @contextmanager
    def beating(self, seconds: float, subscription: Subscription) -> Iterator[None]:
        """Send a heartbeat whenever there was nothing else for so long."""
        self._beat_after(seconds, subscription)
        try:
            yield
        finally:
            self._next_beat.cancel()

    def _beat(self, seconds: float, subscription: Subscription) -> None:
        if self._silent and not self._body.writing_paused:
            with suppress(ConnectionError):  # which ends the stream in its own way
                self._body.write(self._framing.heartbeat(subscription.position))
        self._beat_after(seconds, subscription)

    def _beat_after(self, seconds: float, subscription: Subscription) -> None:
        self._silent = True
        loop = asyncio.get_running_loop()
        self._next_beat = loop.call_later(seconds, self._beat, seconds, subscription)
