"""Prices that are known once a document is, or depend on the values of its variables."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

Values: TypeAlias = Mapping[str, Any]
"""The values of variables as JSON, with defaults in the place of those left out."""

Price: TypeAlias = int | Callable[[Values], int]


def price_for(price: Price, values: Values) -> int:
    """Return what a price comes to."""
    return price if isinstance(price, int) else price(values)


def total(prices: Iterable[Price]) -> Price:
    """Add prices up."""
    known = 0
    varying: list[Callable[[Values], int]] = []
    for price in prices:
        if isinstance(price, int):
            known += price
        else:
            varying.append(price)
    return partial(_sum, known, varying) if varying else known


def times(count: Price, price: Price) -> Price:
    """Multiply a price."""
    if isinstance(count, int) and isinstance(price, int):
        return count * price
    if 0 in (count, price):
        return 0
    if 1 in (count, price):
        return price if count == 1 else count
    return partial(_product, count, price)


def _sum(known: int, varying: list[Callable[[Values], int]], values: Values) -> int:
    for price in varying:
        known += price(values)
    return known


def _product(count: Price, price: Price, values: Values) -> int:
    return price_for(count, values) * price_for(price, values)
