"""The workloads: requests that wrk sends, and changes that are pushed to subscribers."""

from dataclasses import dataclass

OPERATIONS = 10_000
"""The number of operations in the database, unless a workload varies it."""
OPERATION_COUNTS = (10_000, 100_000, 1_000_000)
MAX_CONNECTIONS = 64


@dataclass(frozen=True)
class Workload:
    """A kind of request; its name is that of the wrk script."""

    name: str
    title: str
    connections: tuple[int, ...] = (MAX_CONNECTIONS,)


_CONNECTIONS = (1, 16, MAX_CONNECTIONS)
GET = Workload("get", "Get one by id, all fields", _CONNECTIONS)
LIST = Workload("list", "List 50, all fields", _CONNECTIONS)
LIST_FOUR = Workload("list_four", "List 50, four fields", _CONNECTIONS)
FILTER = Workload(
    "filter", "List 50 by status and a participant's user id, four fields", _CONNECTIONS
)
PAGE = Workload("page", "Page by cursor, 1,000 pages of 10, four fields", _CONNECTIONS)
READS = (GET, LIST, LIST_FOUR, FILTER, PAGE)
CREATE = Workload("create", "Create with 3 participants, durable", (1, MAX_CONNECTIONS))
MIX = Workload("mix", "90 % get, 8 % list, 2 % update", _CONNECTIONS)
GET_200 = Workload("get_200", "Get one by id by HTTP GET, all fields")
GET_304 = Workload("get_304", "Get one by id by HTTP GET with If-None-Match, status 304")
LIST_200 = Workload("list_200", "List 50 by HTTP GET, all fields")
LIST_304 = Workload("list_304", "List 50 by HTTP GET with If-None-Match, status 304")
HTTP_GETS = (GET_200, GET_304, LIST_200, LIST_304)
"""Sent to the gateway only."""
TIMED = (*READS, *HTTP_GETS, CREATE, MIX)
SCALING = Workload("scaling", "Get and list with more and more operations")
SCALING_READS = (GET, LIST)


@dataclass(frozen=True)
class Stream:
    """Subscribers over WebSocket, and the changes that they receive."""

    name: str
    title: str
    subscribers: int
    changes_per_second: int


FAN_OUT = Stream("fan_out", "1,000 subscribers, 100 changes per second", 1_000, 100)
IDLE = Stream("idle", "5,000 idle subscribers", 5_000, 0)
STREAMS = (FAN_OUT, IDLE)
ALL = (*TIMED, SCALING, *STREAMS)
