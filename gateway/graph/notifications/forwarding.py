"""Forwarding of notifications to the bot's own endpoint, unchanged and in order within each call.

They wait in a queue in the store, so that the bot's response never delays the one to Graph. If an
attempt fails, it is repeated after a pause; later notifications of the same call wait for it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import uniform

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from gateway.graph.notifications.reading import ReadResult
from gateway.http.head import Head
from gateway.store.forwards import Forward, ForwardQueue, QueuedForward, Settled
from gateway.store.reports import canonical
from schema.errors import RequestError

logger = logging.getLogger(__name__)

MAX_CONCURRENT = 16
"""The maximum number of requests at the same time."""
TIMEOUT = ClientTimeout(total=10.0)
LEASE_SECONDS = 20.0
"""How long a process may keep a notification from the queue: longer than ``TIMEOUT``."""
POLL_SECONDS = 0.5
"""How often to check for notifications that other processes queued, or that are due again."""
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.25, 10.0
"""The pause before another attempt doubles with each attempt."""
PERMANENT_FAILURES = {400, 401, 413, 415}
"""The statuses after which a notification is not sent again."""

_HOP_BY_HOP = {
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
"""Headers of one connection (RFC 9110, section 7.6.1), and those that the HTTP client sets."""
_SET_BY_CLIENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True)
class ForwardOptions:
    """The maximum length of the queue, and a callback with whether a notification was queued."""

    max_queued: int
    on_queued: Callable[..., None]


def forward_of(head: Head, body: bytes, results: Sequence[ReadResult]) -> Forward:
    """Return a request to forward, with the ids of the calls in ``results``."""
    calls = {canonical(each.call_id) for each in results if each.call_id}
    headers = [
        (name, value.encode(errors="surrogateescape").decode(errors="replace"))
        for name, value in head.headers.items()
        if name.lower() not in _HOP_BY_HOP
    ]
    return Forward(sorted(calls), headers, body)


class Forwarder:
    """Sends queued notifications to the bot.

    ``counts`` has the number of attempts by result, and of dropped notifications by reason.
    """

    def __init__(self, queue: ForwardQueue, url: str, max_age_seconds: float) -> None:
        self._queue = queue
        self._url = url
        self._max_age_seconds = max_age_seconds
        self._wake_up = asyncio.Event()
        self._unanswered_count = 0
        """The number of attempts without a response since the last response."""
        self.counts: Counter[str] = Counter()
        self.queued = 0
        """The length of the queue when it was last read."""

    def on_queued(self, *, is_queued: bool) -> None:
        """Start to forward a queued notification, or count one for which the queue was full."""
        if is_queued:
            self._wake_up.set()
        else:
            self.counts["full"] += 1
            logger.error("A notification was not forwarded: the queue is full.")

    async def run(self) -> None:
        """Forward the notifications in the queue until cancelled."""
        sending: set[asyncio.Task[Settled]] = set()
        settled: list[Settled] = []
        async with _client() as http:
            try:
                while True:
                    done = {task for task in sending if task.done()}
                    sending -= done
                    settled += [task.result() for task in done]
                    try:
                        taken = await self._exchange(settled, MAX_CONCURRENT - len(sending))
                    except RequestError:  # the store has logged the reason
                        await asyncio.sleep(POLL_SECONDS)
                        continue
                    settled.clear()
                    sending |= {asyncio.create_task(self._send(http, one)) for one in taken}
                    if not taken:
                        await self._wait(sending)
            finally:
                for task in sending:
                    task.cancel()

    async def _exchange(self, settled: Sequence[Settled], max_count: int) -> list[QueuedForward]:
        """Settle notifications, and return others to send.

        While the bot does not respond, one at a time is sent.
        """
        self._wake_up.clear()
        is_due = max_count > 0 and await self._queue.is_due()
        self.queued = await self._queue.length()
        if not settled and not is_due:
            return []
        count = min(max_count, 1) if self._unanswered_count else max_count
        return await self._queue.exchange(settled, count, LEASE_SECONDS)

    async def _wait(self, sending: set[asyncio.Task[Settled]]) -> None:
        """Wait until a notification was sent or queued, or for ``POLL_SECONDS``."""
        wake_up = asyncio.create_task(self._wake_up.wait())
        try:
            await asyncio.wait(
                {wake_up, *sending}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            wake_up.cancel()

    async def _send(self, http: ClientSession, one: QueuedForward) -> Settled:
        """Send a notification, and return whether to remove it or to send it again."""
        result = await self._attempt(http, one)
        if result == "failed" and one.age_seconds > self._max_age_seconds:
            result = "expired"
        self.counts[result] += 1
        if result == "failed":
            pause = min(MIN_PAUSE_SECONDS * 2 ** min(one.attempt, 10), MAX_PAUSE_SECONDS)
            return Settled(one.number, uniform(pause / 2, pause))  # noqa: S311  no secret
        if result != "delivered":
            logger.error("A notification was dropped: %s.", result)
        return Settled(one.number)

    async def _attempt(self, http: ClientSession, one: QueuedForward) -> str:
        """Return "delivered", "refused" or "failed"."""
        try:
            async with http.post(
                self._url,
                data=one.body,
                headers=one.headers,
                skip_auto_headers=_SET_BY_CLIENT,
                allow_redirects=False,
            ) as response:
                status = response.status
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            self._unanswered_count += 1
            if self._unanswered_count == 1:
                reason = str(error) or type(error).__name__
                logger.warning("Notifications cannot be forwarded: %s.", reason)
            return "failed"
        self._unanswered_count = 0
        if status in PERMANENT_FAILURES:
            return "refused"
        return "delivered" if 200 <= status < 300 else "failed"  # noqa: PLR2004  HTTP's


def _client() -> ClientSession:
    """Return an HTTP client that neither keeps cookies nor decompresses bodies."""
    return ClientSession(timeout=TIMEOUT, auto_decompress=False, cookie_jar=DummyCookieJar())
