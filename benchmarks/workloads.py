"""What is measured: the workloads, and the bar that the gateway is held to."""

from dataclasses import dataclass

from servers import (
    CONSTANT,
    GATEWAY,
    GATEWAY_FORGETFUL,
    GATEWAY_POSTGRES,
    MERCURIUS,
    MERCURIUS_BUN,
    POSTGRAPHILE,
    STRAWBERRY,
    STRAWBERRY_CACHED,
    YOGA,
    YOGA_BUN,
    Peer,
)

OPERATIONS = 10_000
GROWTH = (10_000, 100_000, 1_000_000)
GROWING_GATEWAYS = (GATEWAY, GATEWAY_POSTGRES)
GROWTH_PEERS = (*GROWING_GATEWAYS, MERCURIUS)
MOST = 64


@dataclass(frozen=True)
class Workload:
    """A kind of request; the name is that of its wrk script."""

    name: str
    title: str
    connections: tuple[int, ...] = (MOST,)


READS = (
    Workload("get", "Get one by id, all fields", (1, 16, MOST)),
    Workload("list", "List 50, all fields", (1, 16, MOST)),
    Workload("list_four", "List 50, four fields", (1, 16, MOST)),
    Workload(
        "filter",
        "List 50 by status and a participant's user id, four fields",
        (1, 16, MOST),
    ),
    Workload("page", "Page by cursor, 1,000 pages of 10, four fields", (1, 16, MOST)),
)
GROWTH_READS = READS[:2]
CREATE = Workload("create", "Create with 3 participants, durable", (1, MOST))
MIX = Workload("mix", "90 % get, 8 % list, 2 % update", (1, 16, MOST))
GET_WHOLE = Workload("get_whole", "Get one by id by GET, all fields")
GET_KNOWN = Workload("get_known", "Get one by id by GET that is known, so 304")
LIST_WHOLE = Workload("list_whole", "List 50 by GET, all fields")
LIST_KNOWN = Workload("list_known", "List 50 by GET that is known, so 304")
CONDITIONAL = (GET_WHOLE, GET_KNOWN, LIST_WHOLE, LIST_KNOWN)
"""What the gateway alone is asked."""
GROWING = Workload("growth", "Growth")
TIMED = (*READS, *CONDITIONAL, CREATE, MIX)


@dataclass(frozen=True)
class Stream:
    """Changes that many follow over WebSocket."""

    name: str
    title: str
    subscribers: int
    rate: int
    """How many changes are made a second."""


FAN_OUT = Stream("fan_out", "1,000 subscribers to 100 changes a second", 1_000, 100)
IDLE = Stream("idle", "5,000 idle subscribers", 5_000, 0)
STREAMS = (FAN_OUT, IDLE)
STREAM_PEERS = (GATEWAY, MERCURIUS, STRAWBERRY_CACHED)
ALL = (*TIMED, GROWING, *STREAMS)


@dataclass(frozen=True)
class Bar:
    """How many times the rate of the fastest of ``against`` the gateway is to reach."""

    workload: Workload
    against: tuple[Peer, ...]
    at_least: float
    connections: int = MOST
    gateways: tuple[Peer, ...] = (GATEWAY, GATEWAY_FORGETFUL)


RIVALS = (MERCURIUS, MERCURIUS_BUN, YOGA, YOGA_BUN)
"""The servers of other languages, on the same SQLite."""
_BY_NAME = {workload.name: workload for workload in TIMED}
BARS = (
    Bar(_BY_NAME["get"], RIVALS, 2.5),
    Bar(_BY_NAME["get"], RIVALS, 1.2, connections=1),
    Bar(_BY_NAME["get"], (CONSTANT,), 1.0),
    Bar(_BY_NAME["list"], RIVALS, 3.5),
    Bar(_BY_NAME["filter"], RIVALS, 1.5),
    Bar(_BY_NAME["get"], (STRAWBERRY_CACHED,), 9.0),
    Bar(_BY_NAME["list"], (STRAWBERRY_CACHED,), 30.0),
    Bar(CREATE, RIVALS, 3.0),
    Bar(CREATE, RIVALS, 1.2, connections=1),
    Bar(_BY_NAME["mix"], RIVALS, 2.5),
    Bar(_BY_NAME["get"], (POSTGRAPHILE,), 5.0, gateways=(GATEWAY_POSTGRES,)),
    Bar(_BY_NAME["list"], (POSTGRAPHILE,), 3.5, gateways=(GATEWAY_POSTGRES,)),
    Bar(_BY_NAME["filter"], (POSTGRAPHILE,), 2.0, gateways=(GATEWAY_POSTGRES,)),
    Bar(CREATE, (POSTGRAPHILE,), 4.0, gateways=(GATEWAY_POSTGRES,)),
)
KNOWN_BARS = ((GET_KNOWN, GET_WHOLE, 1.5), (LIST_KNOWN, LIST_WHOLE, 8.0))
"""How many times the rate of whole answers those that are known are to reach."""
GROWTH_AT_LEAST = 0.85
FAN_OUT_AT_LEAST = 4.0
STREAMS_AGAINST = MERCURIUS
MEMORY_AGAINST = STRAWBERRY
