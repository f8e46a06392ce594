"""Bearer tokens that are JSON Web Tokens of trusted issuers."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from hashlib import sha256
from time import time

from gateway.auth.claims import Expected, principal_of
from gateway.auth.issuer import Issuer, client
from gateway.auth.jwt import SignedToken
from gateway.auth.refusals import InvalidToken, NoToken
from gateway.auth.scopes import scope_names
from gateway.settings import Settings
from gateway.tasks import running
from schema.context import Principal

REMEMBERED = 10_000
"""How many tokens that were verified are not verified again."""


class IssuedTokens:
    """Tells whose an issued token is."""

    def __init__(self, expected: Expected, algorithms: Collection[str]) -> None:
        self.generation = 0
        self._expected = expected
        self._algorithms = algorithms
        self._issuers: dict[str, Issuer] = {}
        self._verified: OrderedDict[bytes, Principal] = OrderedDict()

    def trust(self, issuer: Issuer, *names: str) -> None:
        """Take tokens of an issuer from now on, by its URL or by what else tokens call it."""
        self._issuers.update(dict.fromkeys(names or (issuer.url,), issuer))

    def forget(self) -> None:
        """Verify all tokens again: keys that some were verified by are gone."""
        self.generation += 1
        self._verified.clear()

    async def principal(self, token: str | None) -> Principal:
        """Return whose a token is; raise ``NoToken``, ``InvalidToken``, ``IssuerUnavailable``."""
        if token is None:
            raise NoToken
        digest = sha256(token.encode(errors="surrogatepass")).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = await self._verify(token)
            self._remember(digest, principal)
        elif principal.expires_at is not None and principal.expires_at <= time():
            del self._verified[digest]
            raise InvalidToken("The token has expired.")
        else:
            self._verified.move_to_end(digest)
        return principal

    def _remember(self, digest: bytes, principal: Principal) -> None:
        self._verified[digest] = principal
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)

    async def _verify(self, text: str) -> Principal:
        token = SignedToken(text)
        issuer = self._issuers.get(token.issuer)
        if issuer is None:
            raise InvalidToken("The token is of an issuer that is not trusted here.")
        if token.header.alg not in self._algorithms:
            raise InvalidToken("The token is signed by an algorithm that is not allowed here.")
        key = await issuer.key(token.header.kid)
        return principal_of(token.verify(key, self._algorithms), self._expected)


@asynccontextmanager
async def issued_tokens(settings: Settings) -> AsyncIterator[IssuedTokens]:
    """Take tokens by the settings, and keep the keys of their issuers fresh meanwhile."""
    expected = Expected(
        settings.oidc_audiences,
        settings.oidc_leeway,
        scope_names(settings),
        names_issuer=len(set(settings.oidc_issuers)) > 1,
    )
    tokens = IssuedTokens(expected, frozenset(settings.oidc_algorithms))
    async with client() as http:
        issuers = [Issuer(url, http, tokens.forget) for url in settings.oidc_issuers]
        for issuer in issuers:
            tokens.trust(issuer)
        async with running(*(issuer.run() for issuer in issuers)):
            yield tokens


@asynccontextmanager
async def notification_tokens(settings: Settings) -> AsyncIterator[IssuedTokens]:
    """Take the tokens that come with Microsoft Graph's notifications for a bot.

    They are of several issuers, whose keys are published in one place.
    """
    expected = Expected((settings.graph_app_id,), settings.oidc_leeway, scope_names(settings))
    tokens = IssuedTokens(expected, frozenset(settings.oidc_algorithms))
    configuration = settings.graph_openid_configuration
    async with client() as http:
        issuer = Issuer(configuration, http, tokens.forget, configuration=configuration)
        tokens.trust(issuer, *settings.graph_issuers)
        async with running(issuer.run()):
            yield tokens
