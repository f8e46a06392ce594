"""Passing notifications on to the bot's own endpoint, unchanged, in the order of each call.

They wait in a queue in the store, so that the bot's answer never delays the one to Graph. One that
the bot does not take is sent again after a pause, and those of its call after it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import uniform

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from gateway.graph.notifications.reading import Read
from gateway.http.head import Head
from gateway.store.forwards import Forward, ForwardQueue, QueuedForward, Settled
from gateway.store.reports import canonical
from schema.errors import RequestError

logger = logging.getLogger(__name__)

AT_ONCE = 16
"""How many are sent at once."""
TIMEOUT = ClientTimeout(total=10.0)
TAKEN_SECONDS = 20.0
"""For how long one is taken: longer than sending it can take."""
POLL_SECONDS = 0.5
"""How often to look for what other processes have queued, or what is due again."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 10.0
"""In seconds: the pause doubles with each attempt."""
REFUSED = {400, 401, 413, 415}
"""What a bot answers to a notification that it will never take."""

_OF_THE_CONNECTION = {
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
"""Headers of one connection (RFC 9110, section 7.6.1), and those that the client sets."""
_SET_BY_CLIENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


@dataclass(frozen=True)
class ForwardOptions:
    """How many notifications may wait, and whom to tell that one does or that it was dropped."""

    max_queued: int
    on_queued: Callable[..., None]


def forward_of(head: Head, body: bytes, found: Sequence[Read]) -> Forward:
    """Return a request as it is to be passed on."""
    calls = {canonical(each.call_id) for each in found if each.call_id}
    headers = [
        (name, value.encode(errors="surrogateescape").decode(errors="replace"))
        for name, value in head.headers.items()
        if name.lower() not in _OF_THE_CONNECTION
    ]
    return Forward(sorted(calls), headers, body)


class Forwarder:
    """Passes on what is in the queue.

    ``counts`` are how many attempts there were, and how many notifications were dropped, by why.
    """

    def __init__(self, queue: ForwardQueue, url: str, max_age_seconds: float) -> None:
        self._queue = queue
        self._url = url
        self._max_age_seconds = max_age_seconds
        self._awake = asyncio.Event()
        self._unanswered = 0
        """How many attempts in a row got no answer at all."""
        self.counts: Counter[str] = Counter()
        self.queued = 0
        """How many waited when that was last looked at."""

    def on_queued(self, *, is_queued: bool) -> None:
        """Pass on what was queued, or count what was not since the queue is full."""
        if is_queued:
            self._awake.set()
        else:
            self.counts["full"] += 1
            logger.error("A notification is not passed on: the queue is full.")

    async def run(self) -> None:
        """Pass on what is in the queue, and what will be, until cancelled."""
        sending: set[asyncio.Task[Settled]] = set()
        settled: list[Settled] = []
        async with _client() as http:
            try:
                while True:
                    ended = {task for task in sending if task.done()}
                    sending -= ended
                    settled += [task.result() for task in ended]
                    try:
                        taken = await self._exchange(settled, AT_ONCE - len(sending))
                    except RequestError:  # the log has the reason already
                        await asyncio.sleep(POLL_SECONDS)
                        continue
                    settled.clear()
                    sending |= {asyncio.create_task(self._send(http, one)) for one in taken}
                    if not taken:
                        await self._wait(sending)
            finally:
                for task in sending:
                    task.cancel()

    async def _exchange(self, settled: Sequence[Settled], room: int) -> list[QueuedForward]:
        """Settle what was sent, and take more; only one at a time while the bot does not answer."""
        self._awake.clear()
        is_due = room > 0 and await self._queue.is_due()
        self.queued = await self._queue.length()
        if not settled and not is_due:
            return []
        count = min(room, 1) if self._unanswered else room
        return await self._queue.exchange(settled, count, TAKEN_SECONDS)

    async def _wait(self, sending: set[asyncio.Task[Settled]]) -> None:
        """Wait until something was sent, or queued, or may be due."""
        awake = asyncio.create_task(self._awake.wait())
        try:
            await asyncio.wait(
                {awake, *sending}, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            awake.cancel()

    async def _send(self, http: ClientSession, one: QueuedForward) -> Settled:
        """Send a notification, and tell whether it is done with or is to be sent again."""
        result = await self._attempt(http, one)
        if result == "failed" and one.age_seconds > self._max_age_seconds:
            result = "expired"
        self.counts[result] += 1
        if result == "failed":
            pause = min(FIRST_PAUSE * 2 ** min(one.attempt, 10), LONGEST_PAUSE)
            return Settled(one.number, uniform(pause / 2, pause))  # noqa: S311  no secret
        if result != "delivered":
            logger.error("A notification is not passed on any more: %s.", result)
        return Settled(one.number)

    async def _attempt(self, http: ClientSession, one: QueuedForward) -> str:
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
            self._unanswered += 1
            if self._unanswered == 1:
                reason = str(error) or type(error).__name__
                logger.warning("Notifications cannot be passed on: %s.", reason)
            return "failed"
        self._unanswered = 0
        if status in REFUSED:
            return "refused"
        return "delivered" if 200 <= status < 300 else "failed"  # noqa: PLR2004  HTTP's


def _client() -> ClientSession:
    """Make the HTTP client that the bot is sent its notifications with."""
    return ClientSession(timeout=TIMEOUT, auto_decompress=False, cookie_jar=DummyCookieJar())
