"""A local issuer of tokens, with real keys, that a test controls."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from time import time
from typing import Any
from warnings import catch_warnings

from aiohttp import web
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

AUDIENCE = "api://invite-gateway"
READ = "InviteParticipantsOperation.Read.All"
WRITE = "InviteParticipantsOperation.ReadWrite.All"


def rsa(kid: str, bits: int = 2048) -> RSAKey:
    """Generate an RSA key."""
    with catch_warnings(action="ignore", category=SecurityWarning):  # of a short one
        return RSAKey.generate_key(bits, {"kid": kid})


def elliptic(kid: str) -> ECKey:
    """Generate a key on the curve P-256."""
    return ECKey.generate_key("P-256", {"kid": kid})


def base64url(data: bytes) -> str:
    """Encode bytes in unpadded base64url, as in the parts of a token."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes, key: Key, algorithm: str | None = None) -> str:
    """Sign any payload with any header, by ``algorithm`` whatever the header says."""
    registry = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)
    by = registry.get_alg(algorithm or header["alg"])
    signing = f"{base64url(json.dumps(header).encode())}.{base64url(payload)}"
    return f"{signing}.{base64url(by.sign(signing.encode(), key))}"


class Issuer:
    """An issuer's published keys, the status of its responses, and the requested paths."""

    def __init__(self) -> None:
        self.url = ""
        self.published: list[dict[str, Any]] = []
        self.status = 200
        self.requested_paths: list[str] = []
        self.discovery: dict[str, Any] = {}

    def publish(self, *keys: Key) -> None:
        """Publish these keys and no others."""
        self.published = [key.as_dict(private=False) for key in keys]

    def claims(self, **others: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        """Return the claims of a user's token; a claim of None is omitted."""
        now = int(time())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": "s",
            "oid": "heidi",
            "tid": "0f1e2d3c",
            "scp": READ,
        }
        return {name: value for name, value in (usual | others).items() if value is not None}

    def token(self, key: Key, algorithm: str = "RS256", **claims: Any) -> str:  # noqa: ANN401
        """Sign a token with a key, whether it is published or not."""
        header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        text = json.dumps(self.claims(**claims))
        return serialize_compact(header, text, key, algorithms=[algorithm])

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request of the gateway."""
        self.requested_paths.append(request.path)
        if self.status != 200:
            return web.Response(status=self.status)
        if request.path == "/.well-known/openid-configuration":
            return web.json_response(
                {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.discovery
            )
        return web.json_response({"keys": self.published})


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run an issuer in a separate thread, so that it answers while a test waits."""
    issuer = Issuer()
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    stop = asyncio.run_coroutine_threadsafe(_start(issuer), loop).result()
    try:
        yield issuer
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(issuer: Issuer) -> Callable[[], Any]:
    application = web.Application()
    application.router.add_get("/{path:.*}", issuer.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner.cleanup
