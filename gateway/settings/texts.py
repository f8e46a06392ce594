"""Settings that are a text, or several texts with commas between, and their validation."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def split(value: object) -> object:
    """Split a text at its commas, and leave other values as they are."""
    if not isinstance(value, str):
        return value
    return [item.strip() for item in value.split(",") if item.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split)]


def matching(pattern: re.Pattern[str], problem: str) -> Callable[[str], str]:
    """Make a validator that accepts texts of a pattern; its error is the text and ``problem``."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} {problem}")
        return text

    return check


def each(validate: Callable[[str], str]) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    """Make a validator of several texts from that of one."""
    return lambda texts: tuple(map(validate, texts))
