"""Notifications of Microsoft Graph, and forwarding them to the bot."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from gateway.settings.texts import Names


def _forward_url(url: str) -> str:
    if not url:
        return url
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(
            f"{url!r} is not a URL to forward to. Give the URL of the bot's endpoint, "
            "such as https://bot.example.com/api/calls."
        )
    return url


ForwardURL = Annotated[str, AfterValidator(_forward_url)]


class NotificationSettings(BaseSettings):
    """Which notifications are accepted, and where they are forwarded."""

    graph_app_id: str = Field(
        "",
        description=(
            "The application id of the bot whose notifications Microsoft Graph sends to "
            "`/graph/notifications`; if empty, none are accepted, but with `auth` `none` those of "
            "every sender."
        ),
    )
    graph_issuers: Names = Field(
        ("https://api.botframework.com", "https://graph.microsoft.com"),
        min_length=1,
        description=(
            "The issuers whose tokens are accepted with notifications, separated by commas."
        ),
    )
    graph_openid_configuration: str = Field(
        "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration",
        description="The URL of the OpenID configuration that leads to the keys of these issuers.",
    )
    forward: ForwardURL = Field(
        "",
        description=(
            "The URL of the bot's own endpoint, to which notifications are forwarded unchanged; if "
            "empty, they are not forwarded."
        ),
    )
    forward_queue: int = Field(
        10_000,
        ge=1,
        description=(
            "The maximum number of notifications that wait to be forwarded; more are dropped."
        ),
    )
    forward_seconds: float = Field(
        3_600.0,
        gt=0,
        description="How long forwarding a notification is attempted before it is dropped.",
    )
