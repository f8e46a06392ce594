"""Tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from load import Measurement, medians


def row(cells: Iterable[str]) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"


def header(names: Sequence[str]) -> str:
    """Return the two lines that begin a table with these columns."""
    return f"{row(names)}\n|{'---|' * len(names)}"


def table(names: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, or an empty string if it has no rows."""
    lines = [row(cells) for cells in rows]
    return "\n".join([header(names), *lines]) if lines else ""


def ratio_table(name: str, runs: Mapping[str, Sequence[Measurement]]) -> str:
    """Return the medians of two series of runs by their titles, and the second over the first."""
    first, second = [medians(series) for series in runs.values()]
    rows = [
        (title, f"{throughput:,.0f}", f"{cpu:,.1f}")
        for title, (throughput, cpu) in zip(runs, (first, second), strict=True)
    ]
    ratios = (f"{new / old:.2f}" for old, new in zip(first, second, strict=True))
    return table((name, "requests/s", "CPU µs per request"), [*rows, ("ratio", *ratios)])
