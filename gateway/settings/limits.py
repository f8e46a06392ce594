"""Limits on requests, on their cost, and on open subscriptions."""

from pydantic import Field
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """How much clients may request, each by itself and together."""

    batch: int = Field(
        10,
        ge=0,
        le=100,
        description=(
            "The maximum number of requests in a batch, which is a JSON array of requests whose "
            "cost is added up; 0 disables batches."
        ),
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="The maximum size of a request body, in bytes."
    )
    max_cost: int = Field(
        20_000,
        ge=1,
        description="The maximum cost of a request, or of a batch; 500 operations cost 510.",
    )
    max_depth: int = Field(
        16, ge=1, le=50, description="The maximum depth of the fields of a document."
    )
    rate: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "The maximum cost per second of the requests of one principal, in each worker; 0 is no "
            "limit. Without `auth`, all clients are one principal."
        ),
    )
    rate_burst: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "The maximum cost that a principal can save up for a burst; 0 is the cost of 10 "
            "seconds."
        ),
    )
    requests_at_work: int = Field(
        1_024,
        ge=1,
        description=(
            "The maximum number of requests in progress in each worker, including those that wait; "
            "more are refused as `OVERLOADED`."
        ),
    )
    cost_at_work: int = Field(
        20_000,
        ge=2,
        description=(
            "The maximum total cost of the requests that each worker executes at once. A request "
            "may take half of what is left; else it waits, at most 5 seconds, until others have "
            "ended."
        ),
    )
    lag_seconds: float = Field(
        0.05,
        gt=0,
        description=(
            "The lag of the event loop above which a worker accepts fewer requests at once."
        ),
    )
    websocket_connections: int = Field(
        10_000, ge=0, description="The maximum number of open WebSockets in each worker."
    )
    websocket_operations: int = Field(
        100,
        ge=1,
        description=(
            "The maximum number of operations that run at once on one WebSocket, or on one stream "
            "in single connection mode."
        ),
    )
    streams: int = Field(
        10_000,
        ge=0,
        description="The maximum number of open subscriptions over HTTP in each worker.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        description=(
            "How long a subscription may be silent before a heartbeat is sent. A WebSocket is "
            "closed if nothing was received for one and a half times as long."
        ),
    )
