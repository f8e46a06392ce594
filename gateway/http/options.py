"""The limits of the HTTP server."""

from dataclasses import dataclass

from gateway.http.admission_control import AdmissionControl


@dataclass(frozen=True)
class ServerOptions:
    """The limits of a server, and its admission control."""

    admission: AdmissionControl
    body_bytes: int
    """How long the body of a request may be."""
    connections: int
    """How many connections may be open."""
    idle_seconds: float
    """How long a connection may be open between two requests."""
    transfer_seconds: float
    """How long a request may take to arrive, and its response to be read."""
