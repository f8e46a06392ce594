"""Functions that make families of metrics from plain numbers."""

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from gateway.histogram import Histogram

Labels = Sequence[str]


def counter(name: str, help_: str, by: Labels, counts: Mapping[Labels, float]) -> Metric:
    """Return a counter with values by the values of its labels."""
    family = CounterMetricFamily(f"invite_gateway_{name}", help_, labels=by)
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def gauge(name: str, help_: str, by: Labels, values: Mapping[Labels, float]) -> Metric:
    """Return a gauge with values by the values of its labels."""
    family = GaugeMetricFamily(f"invite_gateway_{name}", help_, labels=by)
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def histogram(
    name: str, help_: str, by: Labels, histograms: Iterable[tuple[Labels, Histogram]]
) -> Metric:
    """Return a histogram by the values of its labels."""
    family = HistogramMetricFamily(f"invite_gateway_{name}", help_, labels=by)
    for labels, each in histograms:
        buckets = [(_bound(bound), float(count)) for bound, count in each.buckets()]
        family.add_metric(labels, buckets, each.sum)
    return family


def _bound(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(bound)
