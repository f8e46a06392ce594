"""The modes of authentication, selected by the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.auth.authenticator import Authenticator, NoAuthentication
from gateway.auth.refusals import UnusableAuthError
from gateway.auth.scopes import scope_names
from gateway.auth.token_file import TokenFile
from gateway.auth.tokens import TokenFileAuthenticator
from gateway.auth.urls import is_any_tenant, is_loopback, is_secure
from gateway.settings import Settings
from gateway.tasks import running


def check(settings: Settings) -> None:
    """Raise ``UnusableAuthError`` for settings that accept no client, or are not secure."""
    _check_notifications(settings)
    match settings.auth:
        case "none" if not is_loopback(settings.host):
            raise UnusableAuthError(
                f"Everybody who reaches {settings.host or 'this machine'} could read and write, "
                "since auth is none. Set --auth to tokens or oidc, or --host to 127.0.0.1."
            )
        case "tokens":
            TokenFile(Path(settings.tokens_file)).read()
        case "oidc":
            _check_issuers(settings)


def _check_notifications(settings: Settings) -> None:
    if settings.graph_app_id and not is_secure(settings.graph_openid_configuration):
        raise UnusableAuthError(
            f"The keys of {settings.graph_openid_configuration!r} cannot be trusted: the setting "
            "graph-openid-configuration has to begin with https://."
        )
    if settings.forward and not settings.graph_app_id and settings.auth != "none":
        raise UnusableAuthError(
            "forward is set, and no notifications are taken. Name the application id of the bot "
            "with --graph-app-id."
        )


def _check_issuers(settings: Settings) -> None:
    if not settings.oidc_issuers:
        raise UnusableAuthError(
            "auth is oidc, and no issuer is trusted. Name one with --oidc-issuers, such as "
            "https://login.microsoftonline.com/<tenant id>/v2.0."
        )
    if not settings.oidc_audiences:
        raise UnusableAuthError(
            "auth is oidc, and tokens for no audience are taken. Name the gateway's own with "
            "--oidc-audiences, such as api://<application id>."
        )
    for issuer in settings.oidc_issuers:
        if not is_secure(issuer):
            raise UnusableAuthError(
                f"The issuer {issuer!r} cannot be trusted: its URL has to begin with https://."
            )
        if is_any_tenant(issuer):
            raise UnusableAuthError(
                f"{issuer!r} is not an issuer: its tokens name a tenant as the issuer. Give each "
                "tenant, such as https://login.microsoftonline.com/<tenant id>/v2.0."
            )


@asynccontextmanager
async def open_authenticator(settings: Settings) -> AsyncIterator[Authenticator]:
    """Return the authenticator for the settings; raise ``UnusableAuthError``."""
    check(settings)
    match settings.auth:
        case "none":
            yield NoAuthentication(scope_names(settings))
        case "tokens":
            tokens = TokenFileAuthenticator(
                TokenFile(Path(settings.tokens_file)), scope_names(settings)
            )
            async with running(tokens.run()):
                yield tokens
        case "oidc":
            from gateway.auth.oidc import open_jwt_authenticator  # noqa: PLC0415  its library takes 0.1 s

            async with open_jwt_authenticator(settings) as issued:
                yield issued


@asynccontextmanager
async def open_notification_authenticator(
    settings: Settings,
) -> AsyncIterator[Authenticator | None]:
    """Return the authenticator of Microsoft Graph's notifications; None if they are disabled.

    Without authentication of clients, notifications are accepted without a token too.
    """
    if settings.graph_app_id:
        from gateway.auth.oidc import open_notification_jwt_authenticator  # noqa: PLC0415  as above

        async with open_notification_jwt_authenticator(settings) as tokens:
            yield tokens
    else:
        yield NoAuthentication(scope_names(settings)) if settings.auth == "none" else None
