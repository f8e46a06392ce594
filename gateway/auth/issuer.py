"""An issuer of tokens: its keys, found by OpenID Connect Discovery and kept fresh.

The keys that were had last stay in use as long as no others can be had.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar
from joserfc.jwk import Key

from gateway.auth.keys import Keys, read_keys
from gateway.auth.places import is_secure
from gateway.auth.refusals import InvalidToken, IssuerUnavailable
from gateway.tasks import ensure_task

logger = logging.getLogger(__name__)

REFRESHED_EVERY = 300.0
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""In seconds: the next try waits, ever longer, after those that failed."""
LOOKED_UP_EVERY = 10.0
"""In seconds: how often, at most, tokens with keys that are not known make them be fetched."""

MAX_BYTES = 262_144
TIMEOUT = ClientTimeout(total=5.0)


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


_discovered = msgspec.json.Decoder(_Discovered).decode


def client() -> ClientSession:
    """Make the HTTP client that issuers are asked with."""
    return ClientSession(
        timeout=TIMEOUT,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


class Issuer:
    """The issuer at a URL; ``replaced`` is called when keys are gone that there were.

    Its discovery document is at the place that the standard says, and names it; or else at
    ``configuration``, and is then believed whatever it names.
    """

    def __init__(
        self,
        url: str,
        http: ClientSession,
        replaced: Callable[[], None],
        *,
        configuration: str | None = None,
    ) -> None:
        self.url = url
        self._configuration = configuration
        self._http = http
        self._replaced = replaced
        self._keys: Keys = {}
        self._fetching = asyncio.Lock()
        self._looked_up = float("-inf")

    async def key(self, kid: str) -> Key:
        """Return a key, fetching them all anew if it is not known.

        Raises ``IssuerUnavailable`` when there are none, ``InvalidToken`` when it is not there.
        """
        if kid not in self._keys:
            await self._look_up(kid)
        if not self._keys:
            raise IssuerUnavailable
        if kid not in self._keys:
            raise InvalidToken("The token is signed with a key that its issuer does not publish.")
        return self._keys[kid]

    async def run(self) -> None:
        """Keep the keys fresh, until cancelled."""
        pause = SHORTEST_PAUSE
        while True:
            async with self._fetching:
                fetched = await self._fetch()
            await asyncio.sleep(REFRESHED_EVERY if fetched else pause)
            pause = SHORTEST_PAUSE if fetched else min(2 * pause, LONGEST_PAUSE)

    async def _look_up(self, kid: str) -> None:
        """Fetch the keys for one that is missing, once for all who wait, and not too often."""
        now = asyncio.get_running_loop().time
        await ensure_task()
        async with self._fetching:
            if kid not in self._keys and now() - self._looked_up > LOOKED_UP_EVERY:
                self._looked_up = now()
                await self._fetch()

    async def _fetch(self) -> bool:
        """Fetch the keys, and tell whether they were had."""
        try:
            keys = read_keys(await self._get(await self._keys_url()))
        except Exception as error:  # noqa: BLE001  whatever it is, the gateway goes on
            reason = str(error) or type(error).__name__
            logger.warning("The keys of %s could not be had: %s.", self.url, reason)
            return False
        before, self._keys = self._keys, keys
        if any(keys.get(kid) != key for kid, key in before.items()):
            self._replaced()
        return True

    async def _keys_url(self) -> str:
        standard = f"{self.url.rstrip('/')}/.well-known/openid-configuration"
        url = self._configuration or standard
        discovered = _discovered(await self._get(url))
        if self._configuration is None and discovered.issuer != self.url:
            raise ValueError(f"{url} is that of {discovered.issuer}")
        if not is_secure(discovered.jwks_uri):
            raise ValueError(f"{url} names keys that are not to be had by https")
        return discovered.jwks_uri

    async def _get(self, url: str) -> bytes:
        async with self._http.get(url, allow_redirects=False) as response:
            if response.status != 200:  # noqa: PLR2004  HTTP's OK
                raise ValueError(f"{url} answers with status {response.status}")
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MAX_BYTES:
                    raise ValueError(f"{url} gives more than {MAX_BYTES} bytes")
            return bytes(body)
