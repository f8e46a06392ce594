"""Shared parts of the commands: settings from options, and messages and progress on stderr."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from gateway.cli.setting_options import setting_option
from gateway.settings import Settings
from gateway.store.errors import UnusableDatabaseError
from gateway.store.interface import Database
from gateway.store.opening import database_of
from gateway.store.sqlite.failures import with_advice
from schema.errors import Broken, Overloaded

FAILED = 2

errors = Console(stderr=True, highlight=False, soft_wrap=True)

DatabaseOption = Annotated[str | None, setting_option("database")]


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Print an error and exit."""
    errors.print(f"Error: {message}", style="red", markup=False)
    raise typer.Exit(status)


def settings_from(**options: Any) -> Settings:  # noqa: ANN401  any option's
    """Return the settings from the given options, the environment, and the defaults."""
    return _settings(options, {})


def database_from(url: str, option: str) -> Database:
    """Return the database that an option names, with other settings from the environment."""
    return database_of(_settings({"database": url}, {"database": option}))


def _settings(options: Mapping[str, Any], option_names: Mapping[str, str]) -> Settings:
    given = {name: _text(value) for name, value in options.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as invalid:
        first = {str(error["loc"][0]): error for error in reversed(invalid.errors())}
        fail(
            "; ".join(
                f"{option_names.get(name, display_name(name, is_option=name in given))}: "
                f"{_describe(first[name])}"
                for name in reversed(first)
            )
        )


def _text(value: Any) -> Any:  # noqa: ANN401  any option's
    """Join the values of a repeated option with commas, as in the environment."""
    return ",".join(value) if isinstance(value, list) else value


def _describe(error: Any) -> str:  # noqa: ANN401  pydantic's error
    own = error.get("ctx", {}).get("error")
    return str(own) if own else f"{error['msg']}; it is {error['input']!r}"


def display_name(name: str, *, is_option: bool) -> str:
    """Return the name of a setting as it was given: as an option, or as a variable."""
    return f"--{name.replace('_', '-')}" if is_option else f"INVITE_GATEWAY_{name.upper()}"


@contextmanager
def reporting_database_errors() -> Iterator[None]:
    """Exit with an error if a database cannot be used inside the block."""
    try:
        yield
    except UnusableDatabaseError as error:
        fail(with_advice(error))
    except (Overloaded, Broken) as error:
        fail(error.message)


def progress() -> Progress:
    """Return a progress bar."""
    return Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=errors)
