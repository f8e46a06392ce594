"""Prices: numbers, or functions of the values of variables."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

Values: TypeAlias = Mapping[str, Any]
"""The values of variables as JSON, with defaults for those left out."""

Price: TypeAlias = int | Callable[[Values], int]


def evaluate(price: Price, values: Values) -> int:
    """Return a price as a number."""
    return price if isinstance(price, int) else price(values)


def total(prices: Iterable[Price]) -> Price:
    """Return the sum of prices."""
    known = 0
    functions: list[Callable[[Values], int]] = []
    for price in prices:
        if isinstance(price, int):
            known += price
        else:
            functions.append(price)
    if len(functions) == 1 and not known:
        return functions[0]
    return partial(_sum, known, functions) if functions else known


def times(count: Price, price: Price) -> Price:
    """Return the product of a count and a price."""
    if isinstance(count, int) and isinstance(price, int):
        return count * price
    if 0 in (count, price):
        return 0
    if 1 in (count, price):
        return price if count == 1 else count
    return partial(_product, count, price)


def _sum(known: int, functions: list[Callable[[Values], int]], values: Values) -> int:
    for price in functions:
        known += price(values)
    return known


def _product(count: Price, price: Price, values: Values) -> int:
    return evaluate(count, values) * evaluate(price, values)
