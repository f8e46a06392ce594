"""What it costs to know who asks: ``python benchmarks/guarded.py --help``.

The gateway as it starts by default, and one with everything on: tokens of an OpenID provider, a
rate for each principal, and a log in JSON. Both are asked in turns for an operation by its id.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from time import time

import machine
from databases import Databases, Kind
from joserfc.jwk import RSAKey
from joserfc.jwt import encode
from load import Load, Measured, drive
from servers import GATEWAY, Peer, Tools, running
from workloads import MOST, OPERATIONS

AUDIENCE = "api://benchmark"
SCOPE = "InviteParticipantsOperation.Read.All"
NO_LIMIT = "1000000000"
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Variant:
    """A gateway, and the header fields that requests to it have."""

    peer: Peer
    headers: str = ""


class Quiet(SimpleHTTPRequestHandler):
    """Gives what an issuer publishes."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def issuing() -> Iterator[tuple[str, str]]:
    """Be an issuer until the block is left, and give its URL and a token of its own."""
    key = RSAKey.generate_key(2048, {"kid": "one"})
    with tempfile.TemporaryDirectory() as folder:
        handler = partial(Quiet, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            url = f"http://127.0.0.1:{server.server_port}"
            known = Path(folder, ".well-known")
            known.mkdir()
            published = {"issuer": url, "jwks_uri": f"{url}/keys"}
            (known / "openid-configuration").write_text(json.dumps(published))
            keys = {"keys": [key.as_dict(private=False)]}
            Path(folder, "keys").write_text(json.dumps(keys))
            now = int(time())
            claims = {"iss": url, "aud": AUDIENCE, "iat": now, "exp": now + 86_400}
            claims |= {"sub": "benchmark", "scp": SCOPE}
            token = encode({"alg": "RS256", "kid": key.kid, "typ": "JWT"}, claims, key)
            Thread(target=server.serve_forever, daemon=True).start()
            yield url, token
            server.shutdown()


def guarded(issuer: str, token: str) -> Variant:
    """Make the gateway with everything on."""
    auth = ("--auth", "oidc", "--oidc-issuers", issuer, "--oidc-audiences", AUDIENCE)
    rest = ("--rate", NO_LIMIT, "--rate-burst", NO_LIMIT, "--log-format", "json")
    peer = replace(GATEWAY, title="everything on", command=(*GATEWAY.command, *auth, *rest))
    return Variant(peer, f"Authorization: Bearer {token}\r\n")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure what it costs to know who asks.")
    parser.add_argument("--workload", default="get", choices=["get", "list", "list_four"])
    parser.add_argument("--seconds", type=int, default=3, help="how long each is timed")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--python", type=lambda text: Path(text).absolute(), default=sys.executable)
    parser.add_argument(
        "--data", type=Path, default=Path(tempfile.gettempdir()) / "invite-gateway-benchmarks"
    )
    return parser.parse_args()


def measured(variant: Variant, tools: Tools, databases: Databases, load: Load) -> Measured:
    """Measure one gateway, on a database of its own."""
    asked = replace(load, headers=variant.headers)
    with (
        databases.copy(Kind.GATEWAY, OPERATIONS) as database,
        running(variant.peer, tools, databases, database) as server,
    ):
        drive(server, tools, replace(asked, seconds=WARM_UP_SECONDS))
        return drive(server, tools, asked)


def main() -> None:
    """Measure in rounds, and print the medians and their ratio."""
    options = read_options()
    tools = Tools.here(options.python)
    databases = Databases(options.data, tools.python)
    load = Load(options.workload, MOST, options.seconds, (str(OPERATIONS), "0"))
    with issuing() as (issuer, token):
        variants = [Variant(replace(GATEWAY, title="as by default")), guarded(issuer, token)]
        rounds = [
            [measured(variant, tools, databases, load) for variant in variants]
            for _ in range(options.rounds)
        ]
    rates = [median(one.rate for one in each) for each in zip(*rounds, strict=True)]
    costs = [median(one.cpu for one in each) for each in zip(*rounds, strict=True)]
    print(f"{machine.machine()}, {options.workload}, {options.rounds} rounds\n")
    print("| gateway | requests a second | processor µs a request |\n|---|---|---|")
    for variant, rate, cost in zip(variants, rates, costs, strict=True):
        print(f"| {variant.peer.title} | {rate:,.0f} | {cost:,.1f} |")
    print(f"| ratio | {rates[1] / rates[0]:.2f} | {costs[1] / costs[0]:.2f} |")


if __name__ == "__main__":
    main()
