"""Options of the command line for settings, made from their fields."""

from collections.abc import Callable
from inspect import Parameter, Signature, get_annotations
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from gateway.settings import Settings


def setting_option(name: str, panel: str | None = None) -> Any:  # noqa: ANN401  as ``typer.Option`` is declared
    """Return the option of a setting, whose default is the environment or that of the setting."""
    field = Settings.model_fields[name]
    return typer.Option(
        help=(field.description or "").replace("`", ""),
        rich_help_panel=panel,
        metavar="|".join(_choices(field)) or None,
        show_default=_shown_default(field.default),
    )


def with_setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every setting to a command that takes any keyword arguments."""
    command.__signature__ = Signature(  # type: ignore[attr-defined]  # where inspect looks for it
        [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[
                    _option_type(field) | None, setting_option(name, _subject(name))
                ],
            )
            for name, field in Settings.model_fields.items()
        ]
    )
    return command


def _subject(name: str) -> str:
    """Return the heading of a setting in the help, from the class that declares it."""
    declaring = next(base for base in Settings.__bases__ if name in get_annotations(base))
    return f"{declaring.__name__.removesuffix('Settings')} settings"


def _option_type(field: FieldInfo) -> Any:  # noqa: ANN401  a type, or one of lists
    """Return the type of an option: a text, if the settings parse its value."""
    if _is_list(field):
        return list[str]
    return field.annotation if field.annotation in {int, float, bool} else str


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _choices(field: FieldInfo) -> tuple[str, ...]:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _shown_default(default: object) -> str | bool:
    match default:
        case bool() | None | "" | ():
            return False
        case tuple():
            return ",".join(default)
    return f"{default:g}" if isinstance(default, float) else str(default)
