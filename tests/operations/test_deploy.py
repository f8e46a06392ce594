"""The files in ``deploy``: they are valid, and nginx balances two gateways by its file."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from string import Template

import aiohttp
import pytest
from support.documents import FOLLOW, FOLLOW_CONTEXT
from support.engines import PostgresServer
from support.gateways import Client, Gateway, running
from support.paths import ROOT
from support.sockets import connected
from support.sse import next_event, stream
from support.waiting import WITHIN

from gateway.settings import Settings

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "docker-compose.yml"
CHART = DEPLOY / "helm" / "invite-gateway"
CHECK = Path(sys.prefix) / "bin" / "check-jsonschema"
NGINX_COMMAND = which("nginx") or "/usr/sbin/nginx"
NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    {gateways}
}}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--builtin-schema", "vendor.compose-spec", COMPOSE],
        ["--schemafile", CHART / "values.schema.json", CHART / "values.yaml"],
        ["--check-metaschema", CHART / "values.schema.json"],
    ],
    ids=["compose", "values", "schema of values"],
)
def test_file_is_valid(arguments: list[str | Path]) -> None:
    done = subprocess.run([CHECK, *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", [COMPOSE, *CHART.glob("**/*.yaml")], ids=lambda file: file.name)
def test_variables_are_settings(file: Path) -> None:
    named = re.findall(r"INVITE_GATEWAY_(\w+)", file.read_text())

    assert {name.lower() for name in named} <= {*Settings.model_fields}


@contextmanager
def balanced(folder: Path, *gateways: Gateway) -> Iterator[str]:
    """Run nginx with the configuration in ``deploy`` before two gateways; yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one, other = (gateway.url.removeprefix("http://") for gateway in gateways)
    template = Template((DEPLOY / "nginx" / "gateway.conf.template").read_text())
    text = template.safe_substitute(PORT=f"127.0.0.1:{port}", GATEWAY_1=one, GATEWAY_2=other)
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(gateways=text))
    with subprocess.Popen(
        [NGINX_COMMAND, "-p", folder, "-c", "nginx.conf", "-e", "stderr"]
    ) as nginx:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            nginx.send_signal(signal.SIGTERM)


async def reachable(http: aiohttp.ClientSession, url: str) -> Client:
    """Return a client of nginx, as soon as that listens."""
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                async with http.get(f"{url}/schema.graphql"):
                    return Client(http, url)
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0)


async def test_clients_of_nginx_continue_when_a_gateway_is_killed(
    postgres: PostgresServer, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    database = postgres.new_database()
    with (
        running(tmp_path, "--database", database) as one,
        running(tmp_path, "--database", database) as other,
        balanced(tmp_path / "nginx", one, other) as url,
    ):
        client = await reachable(http, url)
        start = await client.change_cursor()
        async with (
            connected(http, one.url) as doomed,
            connected(http, url) as through_nginx,
            stream(client, FOLLOW_CONTEXT, after=start) as (_, events),
        ):
            await doomed.subscribe(FOLLOW, after=start)
            await through_nginx.subscribe(FOLLOW, after=start)
            await client.create(id="before")
            assert (await through_nginx.change())["operationId"] == "before"
            cursor = (await doomed.change())["cursor"]
            assert (await next_event(events)).payload["data"]["changes"]["operation"][
                "id"
            ] == "before"
            one.stop(signal.SIGKILL)
            for n in range(20):
                await client.create(id=f"after-{n}")
        async with connected(http, url) as again:
            await again.subscribe(FOLLOW, after=cursor)
            missed = [(await again.change())["operationId"] for _ in range(20)]

    assert missed == [f"after-{n}" for n in range(20)]


async def test_nginx_does_not_expose_metrics_and_health(
    postgres: PostgresServer, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    database = postgres.new_database()
    with (
        running(tmp_path, "--database", database) as one,
        balanced(tmp_path / "nginx", one, one) as url,
    ):
        await reachable(http, url)
        for path in ("/metrics", "/health/live", "/health/ready"):
            async with http.get(f"{url}{path}") as response:
                assert response.status == 404
