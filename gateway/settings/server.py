"""The address, the worker processes, and the connections of clients."""

import socket
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings


def _possible_workers(count: int) -> int:
    if count > 1 and not hasattr(socket, "SO_REUSEPORT"):
        raise ValueError("Several processes cannot listen on one port on this system. Set it to 1.")
    return count


Workers = Annotated[int, AfterValidator(_possible_workers)]


class ServerSettings(BaseSettings):
    """What the server listens on, and how it treats connections."""

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(
        8000, ge=0, le=65_535, description="The port to listen on; 0 selects a free one."
    )
    workers: Workers = Field(
        1, ge=1, le=64, description="The number of worker processes, which share the port."
    )
    connections: int = Field(
        12_000,
        ge=1,
        description=(
            "The maximum number of connections of each worker; for one more, it closes the one "
            "that has been idle the longest."
        ),
    )
    idle_seconds: float = Field(
        75.0, gt=0, description="How long a connection may be idle between two requests."
    )
    transfer_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a request may take to arrive, and a client to read the response.",
    )
    shutdown_seconds: float = Field(
        30.0, ge=0, description="How long requests in progress may take to finish at shutdown."
    )
    drain_seconds: float = Field(
        0.25,
        ge=0,
        description=(
            "How long, before that, new requests are accepted while `/health/ready` already fails."
        ),
    )
