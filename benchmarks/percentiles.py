"""Percentiles of measured values."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile by the nearest rank, 0 for no values."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]
