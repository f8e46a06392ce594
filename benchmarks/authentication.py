"""Measure the cost of authentication: ``python benchmarks/authentication.py --help``.

Alternates between a gateway with the default settings, and one with tokens of an OpenID provider, a
rate limit for each principal, and logs in JSON.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time

import machine
from environment import Environment
from joserfc.jwk import RSAKey
from joserfc.jwt import encode
from load import Load, Measurement, measure
from options import benchmark_parser
from server_process import running
from servers import GATEWAY, Peer
from tables import ratio_table

AUDIENCE = "api://benchmark"
SCOPE = "InviteParticipantsOperation.Read.All"
NO_LIMIT = "1000000000"


@dataclass(frozen=True)
class Variant:
    """A gateway, and the header fields of requests to it."""

    peer: Peer
    headers: str = ""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without logging."""

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def openid_provider() -> Iterator[tuple[str, str]]:
    """Serve an OpenID provider's metadata and keys; yield its URL and a token."""
    key = RSAKey.generate_key(2048, {"kid": "one"})
    with tempfile.TemporaryDirectory() as folder:
        handler = partial(QuietHandler, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            url = f"http://127.0.0.1:{server.server_port}"
            well_known = Path(folder, ".well-known")
            well_known.mkdir()
            metadata = {"issuer": url, "jwks_uri": f"{url}/keys"}
            (well_known / "openid-configuration").write_text(json.dumps(metadata))
            keys = {"keys": [key.as_dict(private=False)]}
            Path(folder, "keys").write_text(json.dumps(keys))
            now = int(time())
            claims = {"iss": url, "aud": AUDIENCE, "iat": now, "exp": now + 86_400}
            claims |= {"sub": "benchmark", "scp": SCOPE}
            token = encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, claims, key)
            Thread(target=server.serve_forever, daemon=True).start()
            yield url, token
            server.shutdown()


def authenticated(issuer: str, token: str) -> Variant:
    """Return the gateway with authentication, rate limits and logs in JSON."""
    auth = ("--auth", "oidc", "--oidc-issuers", issuer, "--oidc-audiences", AUDIENCE)
    rest = ("--rate", NO_LIMIT, "--rate-burst", NO_LIMIT, "--log-format", "json")
    title = "authentication, rate limits, logs"
    peer = replace(GATEWAY, title=title, command=(*GATEWAY.command, *auth, *rest))
    return Variant(peer, f"Authorization: Bearer {token}\r\n")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = benchmark_parser("Measure the cost of authentication.", rounds=9, seconds=3)
    parser.add_argument("--workload", default="get", choices=["get", "list", "list_four"])
    return parser.parse_args()


def main() -> None:
    """Measure in rounds, and print the medians and their ratio."""
    options = read_options()
    environment = Environment.from_options(options)
    load = Load(options.workload, options.seconds)
    with openid_provider() as (issuer, token):
        default = Variant(replace(GATEWAY, title="default settings"))
        variants = [default, authenticated(issuer, token)]
        runs: dict[str, list[Measurement]] = {variant.peer.title: [] for variant in variants}
        for _ in range(options.rounds):
            for variant in variants:
                with running(variant.peer, environment) as server:
                    result = measure(server, environment, replace(load, headers=variant.headers))
                runs[variant.peer.title].append(result)
    print(f"{machine.machine()}, {options.workload}, rounds: {options.rounds}\n")
    print(ratio_table("gateway", runs))


if __name__ == "__main__":
    main()
