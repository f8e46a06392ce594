"""``invite-gateway token create``, ``token list`` and ``token revoke``."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from gateway.auth.refusals import UnusableAuthError
from gateway.auth.scopes import scope_names
from gateway.auth.token_file import Token, TokenFile, digest, new_token
from gateway.cli.scopes import IntrospectionScopeOption, ReadScopeOption, WriteScopeOption
from gateway.cli.terminal import errors, fail, settings_from
from gateway.settings import Settings
from schema.context import Scope

app = typer.Typer(help="Create and revoke bearer tokens, for --auth tokens.", no_args_is_help=True)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WIDTH = 10_000
"""In characters: enough for any line of the list."""
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)

FileOption = Annotated[
    str | None,
    typer.Option(
        "--tokens-file",
        metavar="FILE",
        help="The file of tokens.",
        show_default="INVITE_GATEWAY_TOKENS_FILE, or tokens.json",
    ),
]
Name = Annotated[str, typer.Argument(help="The name of the token, such as that of its owner.")]


@app.command("create")
def create(
    name: Name,
    *,
    scope: Annotated[
        list[str], typer.Option(help="read, write or introspection; can be repeated.")
    ],
    expires: Annotated[
        str, typer.Option(help="When it expires, such as 90d, 12h, 30m or 45s, or never.")
    ] = "90d",
    tokens_file: FileOption = None,
    read_scope: ReadScopeOption = None,
    write_scope: WriteScopeOption = None,
    introspection_scope: IntrospectionScopeOption = None,
) -> None:
    """Create a token and print it, only once: its hash is stored.

    If the gateway has other names for scopes, by options or variables, give them here too.

    Example: invite-gateway token create support --scope read --expires 90d
    """
    settings = settings_from(
        tokens_file=tokens_file,
        read_scope=read_scope,
        write_scope=write_scope,
        introspection_scope=introspection_scope,
    )
    now = datetime.now(UTC).replace(microsecond=0)
    secret = new_token()
    token = Token(
        name=_checked(name),
        sha256=digest(secret),
        scopes=tuple(dict.fromkeys(_named(each, settings) for each in scope)),
        created_at=now,
        expires_at=_end(now, expires),
    )
    with _reporting_auth_errors(), TokenFile(Path(settings.tokens_file)).changing() as tokens:
        if name in tokens:
            fail(f"There is a token named {name!r}. Revoke it, or choose another name.")
        tokens[name] = token
    errors.print(f"{_describe(token)} It is shown only once:", markup=False)
    typer.echo(secret)


@app.command("list")
def list_all(tokens_file: FileOption = None) -> None:
    """List the tokens by name, with their scopes and times.

    Example: invite-gateway token list
    """
    file = TokenFile(Path(settings_from(tokens_file=tokens_file).tokens_file))
    if file.state() is None:
        errors.print(f"There are no tokens: the file {file.path} does not exist.", markup=False)
    columns = (Column(name, overflow="fold") for name in ("name", "scopes", "created", "expires"))
    table = Table(*columns, box=None, pad_edge=False)
    with _reporting_auth_errors():
        for token in file.read():
            table.add_row(
                token.name, " ".join(token.scopes), str(token.created_at.date()), _expiry(token)
            )
    Console(markup=False, width=None if sys.stdout.isatty() else _WIDTH).print(table)


@app.command("revoke")
def revoke(name: Name, tokens_file: FileOption = None) -> None:
    """Revoke a token: within two seconds it is invalid, and its connections are closed.

    Example: invite-gateway token revoke support
    """
    file = TokenFile(Path(settings_from(tokens_file=tokens_file).tokens_file))
    with _reporting_auth_errors(), file.changing() as tokens:
        if name not in tokens:
            fail(f"There is no token named {name!r} in {file.path}. `token list` lists them.")
        del tokens[name]
    errors.print(f"The token {name!r} is revoked.", markup=False)


def _checked(name: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= 128:  # noqa: PLR2004  enough for a name
        fail(f"{name!r} is not a valid name. Use 1 to 128 printable characters.")
    return name


def _named(scope: str, settings: Settings) -> str:
    """Return the name in tokens of a scope, which can also be given by that name."""
    names = {each.value: name for each, name in scope_names(settings).items()}
    if scope in names.values():
        return scope
    if scope == Scope.INTROSPECTION.value and scope not in names:
        fail(
            "--scope: introspection requires no scope here. If it does for `serve`, give the same "
            "INVITE_GATEWAY_INTROSPECTION_SCOPE or --introspection-scope."
        )
    if scope not in names:
        fail(f"--scope: {scope!r} is not a scope. Give {' or '.join(names)}.")
    return names[scope]


def _end(now: datetime, expires: str) -> datetime | None:
    if expires == "never":
        return None
    duration = _DURATION.fullmatch(expires)
    if duration is None:
        fail(f"--expires: {expires!r} is not a duration. Give one such as 90d, or never.")
    try:
        return now + timedelta(**{_UNITS[duration[2]]: int(duration[1])})
    except OverflowError:
        fail(f"--expires: {expires!r} is too long. Give a shorter time, or never.")


def _expiry(token: Token) -> str:
    if token.expires_at is None:
        return "never"
    passed = token.expires_at <= datetime.now(UTC)
    return f"{token.expires_at:%Y-%m-%d %H:%M:%S} UTC{' (expired)' if passed else ''}"


def _describe(token: Token) -> str:
    end = f"until {_expiry(token)}" if token.expires_at else "without an end"
    return f"The token {token.name!r} has {' and '.join(token.scopes)}, {end}."


@contextmanager
def _reporting_auth_errors() -> Iterator[None]:
    try:
        yield
    except UnusableAuthError as error:
        fail(str(error))
