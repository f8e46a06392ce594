"""Authentication by JSON Web Tokens of trusted issuers."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from hashlib import sha256
from time import time

from gateway.auth.claims import ClaimsOptions, principal_of
from gateway.auth.issuer import Issuer, client
from gateway.auth.jwt import SignedToken
from gateway.auth.refusals import InvalidToken, NoToken
from gateway.auth.scopes import scope_names
from gateway.lru_cache import LRUCache
from gateway.settings import Settings
from gateway.tasks import running
from schema.context import Principal

CACHED_TOKENS = 10_000
"""How many verified tokens are cached."""


class JWTAuthenticator:
    """Verifies JSON Web Tokens of trusted issuers."""

    def __init__(self, options: ClaimsOptions, algorithms: Collection[str]) -> None:
        self.generation = 0
        self._options = options
        self._algorithms = algorithms
        self._issuers: dict[str, Issuer] = {}
        self._verified = LRUCache[bytes, Principal](max_items=CACHED_TOKENS)

    def add_issuer(self, issuer: Issuer, *names: str) -> None:
        """Accept tokens of an issuer, by its URL or by other names in tokens."""
        self._issuers.update(dict.fromkeys(names or (issuer.url,), issuer))

    def invalidate(self) -> None:
        """Clear the cache, since keys were removed."""
        self.generation += 1
        self._verified.clear()

    async def principal(self, token: str | None) -> Principal:
        """Return the principal of a token; raise a subclass of ``Unauthenticated``."""
        if token is None:
            raise NoToken
        digest = sha256(token.encode(errors="surrogatepass")).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = await self._verify(token)
            self._verified.put(digest, principal)
        elif principal.expires_at is not None and principal.expires_at <= time():
            raise InvalidToken("The token has expired.")
        else:
            self._verified.move_to_end(digest)
        return principal

    async def _verify(self, text: str) -> Principal:
        token = SignedToken(text)
        issuer = self._issuers.get(token.issuer)
        if issuer is None:
            raise InvalidToken("The token is of an issuer that is not trusted here.")
        if token.header.alg not in self._algorithms:
            raise InvalidToken("The token is signed by an algorithm that is not allowed here.")
        key = await issuer.key(token.header.kid)
        return principal_of(token.verify(key, self._algorithms), self._options)


@asynccontextmanager
async def open_jwt_authenticator(settings: Settings) -> AsyncIterator[JWTAuthenticator]:
    """Return the authenticator; refresh the keys of the issuers inside the block."""
    options = ClaimsOptions(
        settings.oidc_audiences,
        settings.oidc_leeway,
        scope_names(settings),
        names_issuer=len(set(settings.oidc_issuers)) > 1,
    )
    tokens = JWTAuthenticator(options, frozenset(settings.oidc_algorithms))
    async with client() as http:
        issuers = [Issuer(url, http, tokens.invalidate) for url in settings.oidc_issuers]
        for issuer in issuers:
            tokens.add_issuer(issuer)
        async with running(*(issuer.run() for issuer in issuers)):
            yield tokens


@asynccontextmanager
async def open_notification_jwt_authenticator(
    settings: Settings,
) -> AsyncIterator[JWTAuthenticator]:
    """Return the authenticator of Microsoft Graph's notifications for a bot.

    Their tokens are of several issuers with one set of keys.
    """
    options = ClaimsOptions((settings.graph_app_id,), settings.oidc_leeway, scope_names(settings))
    tokens = JWTAuthenticator(options, frozenset(settings.oidc_algorithms))
    configuration = settings.graph_openid_configuration
    async with client() as http:
        issuer = Issuer(configuration, http, tokens.invalidate, configuration=configuration)
        tokens.add_issuer(issuer, *settings.graph_issuers)
        async with running(issuer.run()):
            yield tokens
