"""Access by browsers: host names, origins, and the gateway's own pages."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from gateway.settings.lists import Names

_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+\*?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:\d{1,5})?")


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _HOST_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a host's name. Give it without a scheme and a port, such as "
                "gateway.example.com, or .example.com for that and all names in its domain."
            )
    return tuple(name.lower() for name in names)


def is_origin(text: str) -> bool:
    """Return whether a text is an origin as browsers write it."""
    return _ORIGIN.fullmatch(text) is not None


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not is_origin(origin):
            raise ValueError(
                f"{origin!r} is not an origin. Name each as browsers do: scheme, host and, if it "
                "is not the scheme's own, port, such as https://app.example.com."
            )
    return origins


def _header_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is not a header's name. Give names without values, such as x-tenant, "
                "or x-tenant-* for all that begin with it."
            )
    return tuple(name.lower() for name in names)


HostNames = Annotated[Names, AfterValidator(_host_names)]
HeaderNames = Annotated[Names, AfterValidator(_header_names)]
Origins = Annotated[Names, AfterValidator(_origins)]


class BrowserSettings(BaseSettings):
    """Which pages may use the gateway, and which it has itself."""

    allowed_hosts: HostNames = Field(
        (),
        description=(
            "The host names of the gateway, separated by commas, such as `gateway.example.com`, or "
            "`.example.com` for that and all in its domain; `localhost` and IP addresses are "
            "always allowed. With other host names, requests of its pages are refused, and if "
            "names are given, or on a loopback address, all requests."
        ),
    )
    cors_origins: Origins = Field(
        (),
        description=(
            "The origins whose pages may call the gateway from a browser, separated by commas, "
            "such as `https://app.example.com`; if empty, only the gateway's own."
        ),
    )
    cors_headers: HeaderNames = Field(
        (),
        description=(
            "Headers that these pages may send besides the common ones of GraphQL clients and "
            "tracing tools, separated by commas, such as `x-tenant`, or `x-tenant-*` for all that "
            "begin with it."
        ),
    )
    console: bool = Field(
        default=True,
        description="Whether the console is served, at `/` and at `/operations`.",
    )
    console_hide_names: bool = Field(
        default=False,
        description=(
            "Whether the console hides the names and numbers of people; the playground and the "
            "interfaces still show them."
        ),
    )
    playground: bool = Field(
        default=True, description="Whether the playground is served, at `/graphql`."
    )
