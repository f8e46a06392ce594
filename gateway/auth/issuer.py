"""An issuer of tokens: its keys, found by OpenID Connect Discovery and refreshed.

If fetching fails, the keys of the last success stay in use.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar
from joserfc.jwk import Key

from gateway.auth.keys import Keys, read_keys
from gateway.auth.refusals import InvalidToken, IssuerUnavailable
from gateway.auth.urls import is_secure
from gateway.tasks import ensure_task

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 300.0
MIN_DELAY_SECONDS, MAX_DELAY_SECONDS = 1.0, 60.0
"""The exponential backoff after failures."""
MIN_LOOKUP_SECONDS = 10.0
"""The minimum time between fetches for tokens with unknown keys."""

MAX_BYTES = 262_144
TIMEOUT = ClientTimeout(total=5.0)


class _Discovered(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


_discovered = msgspec.json.Decoder(_Discovered).decode


def client() -> ClientSession:
    """Return the HTTP client for requests to issuers."""
    return ClientSession(
        timeout=TIMEOUT,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
    )


class Issuer:
    """The issuer at a URL; ``on_keys_changed`` is called when a known key was removed.

    Its discovery document is at the path of the standard, and has to name the issuer; or else at
    ``configuration``, and may name any issuer.
    """

    def __init__(
        self,
        url: str,
        http: ClientSession,
        on_keys_changed: Callable[[], None],
        *,
        configuration: str | None = None,
    ) -> None:
        self.url = url
        self._configuration = configuration
        self._http = http
        self.on_keys_changed = on_keys_changed
        self._keys: Keys = {}
        self._fetching = asyncio.Lock()
        self._looked_up = float("-inf")

    async def key(self, kid: str) -> Key:
        """Return a key; fetch all keys again if it is not known.

        Raises ``IssuerUnavailable`` if no keys could be fetched, ``InvalidToken`` if the key is
        not among them.
        """
        if kid not in self._keys:
            await self._look_up(kid)
        if not self._keys:
            raise IssuerUnavailable
        if kid not in self._keys:
            raise InvalidToken("The token is signed with a key that its issuer does not publish.")
        return self._keys[kid]

    async def run(self) -> None:
        """Refresh the keys, until cancelled."""
        delay = MIN_DELAY_SECONDS
        while True:
            async with self._fetching:
                fetched = await self._fetch()
            await asyncio.sleep(REFRESH_SECONDS if fetched else delay)
            delay = MIN_DELAY_SECONDS if fetched else min(2 * delay, MAX_DELAY_SECONDS)

    async def _look_up(self, kid: str) -> None:
        """Fetch the keys for a missing one: once for all waiting requests, and not too often."""
        now = asyncio.get_running_loop().time
        await ensure_task()
        async with self._fetching:
            if kid not in self._keys and now() - self._looked_up > MIN_LOOKUP_SECONDS:
                self._looked_up = now()
                await self._fetch()

    async def _fetch(self) -> bool:
        """Fetch the keys; return False on failure."""
        try:
            keys = read_keys(await self._get(await self._keys_url()))
        except Exception as error:  # noqa: BLE001  logged, and tried again
            reason = str(error) or type(error).__name__
            logger.warning("The keys of %s could not be fetched: %s.", self.url, reason)
            return False
        before, self._keys = self._keys, keys
        if any(keys.get(kid) != key for kid, key in before.items()):
            self.on_keys_changed()
        return True

    async def _keys_url(self) -> str:
        standard = f"{self.url.rstrip('/')}/.well-known/openid-configuration"
        url = self._configuration or standard
        discovered = _discovered(await self._get(url))
        if self._configuration is None and discovered.issuer != self.url:
            raise ValueError(f"{url} is that of {discovered.issuer}")
        if not is_secure(discovered.jwks_uri):
            raise ValueError(f"{url} names keys at a URL without https")
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
