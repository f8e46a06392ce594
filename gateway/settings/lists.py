"""Settings with several values, which are separated by commas in a text."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def split(value: object) -> object:
    """Split a text at its commas, and leave other values as they are."""
    if not isinstance(value, str):
        return value
    return [item.strip() for item in value.split(",") if item.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]
