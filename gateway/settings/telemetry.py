"""The log, metrics and traces."""

from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings


def _possible_otel(wanted: bool) -> bool:  # noqa: FBT001  as validators are called
    if wanted and not _has_otel():
        raise ValueError(
            "OpenTelemetry is not installed: pip install -r requirements-otel.lock. "
            "Or leave it off."
        )
    return wanted


def _has_otel() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


OpenTelemetry = Annotated[bool, AfterValidator(_possible_otel)]


class TelemetrySettings(BaseSettings):
    """What is logged, and what is exported."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description=(
            "The lowest level that is logged. The line of a request has the level `info`, or "
            "`warning` if the gateway failed."
        ),
    )
    log_format: Literal["readable", "json"] = Field(
        "readable", description="The format of the log: `readable` for people, `json` for programs."
    )
    otel: OpenTelemetry = Field(
        default=False,
        description=(
            "Whether traces and metrics are exported to an OpenTelemetry collector, as configured "
            "by the variables `OTEL_…`; requires the extra `otel`."
        ),
    )
