"""Access by browsers: host names, origins, and the gateway's own pages."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from gateway.settings.texts import Names, each, matching

_HOST_NAME = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]+\*?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)(:\d{1,5})?")


def is_origin(text: str) -> bool:
    """Return whether a text is an origin as browsers write it."""
    return _ORIGIN.fullmatch(text) is not None


_host_name = matching(
    _HOST_NAME,
    "is not a host's name. Give it without a scheme and a port, such as gateway.example.com, or "
    ".example.com for that and all names in its domain.",
)
_header_name = matching(
    _HEADER_NAME,
    "is not a header's name. Give names without values, such as x-tenant, or x-tenant-* for all "
    "that begin with it.",
)
_origin = matching(
    _ORIGIN,
    "is not an origin. Name each as browsers do: scheme, host and, if it is not the scheme's own, "
    "port, such as https://app.example.com.",
)
_lower_case = AfterValidator(each(str.lower))

HostNames = Annotated[Names, AfterValidator(each(_host_name)), _lower_case]
HeaderNames = Annotated[Names, AfterValidator(each(_header_name)), _lower_case]
Origins = Annotated[Names, AfterValidator(each(_origin))]


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
