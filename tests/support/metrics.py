"""The metrics of a gateway, parsed."""

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from support.gateways import Client


async def page(client: Client) -> dict[str, Metric]:
    """Read the metrics, by name."""
    async with client.session.get(f"{client.url}/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = await response.text()
    return {metric.name: metric for metric in text_string_to_metric_families(text)}


async def values(client: Client, name: str, *, suffix: str = "") -> dict[str, float]:
    """Return the nonzero values of a gateway's metric, by the values of their labels."""
    metric = (await page(client))[f"invite_gateway_{name}"]
    return {
        " ".join(value for label, value in sample.labels.items()): sample.value
        for sample in metric.samples
        if sample.value and sample.name.endswith(suffix)
    }
