"""Notifications forwarded to the bot's own endpoint."""

import asyncio
import json
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest
from support.bot import Bot
from support.documents import COUNT
from support.gateways import LONGER, UNTRACED, Client, Gateway, running
from support.graph_notifications import Graph, envelope, notification
from support.waiting import WITHIN

Json = Any

OUTAGE_SECONDS = 3.0 * (LONGER - 1)
"""The minimum time for which the bot is down: a minute if LONGER is 21."""


def notification_of(call: int, number: int) -> Json:
    """Return a notification of a call."""
    url = f"/communications/calls/call-{call}/operations/{call}-{number}"
    return envelope(notification("updated", url=url, id=f"{call}-{number}", status="running"))


def by_call(bot: Bot) -> dict[str, list[str]]:
    """Return the ids that the bot has accepted, by call, without repetitions."""
    calls: dict[str, list[str]] = {}
    for body in bot.accepted:
        for item in body["value"]:
            ids = calls.setdefault(item["resourceUrl"].split("/")[3], [])
            id_ = item["resourceData"]["id"]
            if id_ not in ids:
                ids.append(id_)
    return calls


async def metrics(http: aiohttp.ClientSession, gateway: Gateway) -> dict[str, float]:
    """Read the metrics of forwarding."""
    async with http.get(f"{gateway.url}/metrics") as response:
        lines = (await response.text()).splitlines()
    found = (line.removeprefix("invite_gateway_forward").rsplit(" ", 1) for line in lines)
    return {pair[0]: float(pair[1]) for pair in found if pair[0].startswith(("s_", "_a"))}


async def test_request_is_passed_on_unchanged(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    bot = Bot()
    body = b' {"value": [ {"changeType":"updated", "x": 1.0, "y": "\\u00e9"}, 7 ] }\n'
    headers = {
        "Authorization": "Bearer t",
        "Content-Type": "application/json; charset=utf-8",
        "X-Microsoft-Skype-Chain-ID": "chain",
        "client-request-id": "abc",
        "User-Agent": "Microsoft-Skype/3.0",
    }
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url) as gateway:
            url = f"{gateway.url}/graph/notifications"
            async with http.post(
                url, data=body, headers=headers, skip_auto_headers=["Accept", "Accept-Encoding"]
            ) as response:
                assert response.status == 202
            await bot.wait_until(lambda: len(bot.requests) == 1)

    ((passed_on, passed_body),) = bot.requests
    of_connection = {"Host": f"127.0.0.1:{bot.port}", "Content-Length": str(len(body))}
    assert passed_body == body
    assert dict(passed_on) == headers | of_connection


async def test_nothing_refused_is_passed_on(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    bot = Bot()
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url) as gateway:
            graph = Graph(http, gateway.url)
            assert await graph.post(b"{") == 400
            assert await graph.post({}) == 400
            await graph.notify(7)
            await bot.wait_until(lambda: len(bot.requests) == 1)

    assert [json.loads(body)["value"] for _, body in bot.requests] == [[7]]


@pytest.mark.each_database
@pytest.mark.usefixtures("database_url")
async def test_outage_delays_and_loses_nothing(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    bot, began = Bot(), monotonic()
    async with bot.listening():
        pass
    options = ("--forward", bot.url)
    sent = [(call, number) for number in range(6) for call in range(20)]
    with running(tmp_path, *options, **UNTRACED) as gateway:
        graph = Graph(http, gateway.url)
        for call, number in sent[:60]:  # while the bot is down
            assert await graph.post(notification_of(call, number)) == 202
        gateway.process.kill()
        gateway.process.wait()
    with running(tmp_path, *options, **UNTRACED) as gateway:
        graph = Graph(http, gateway.url)
        bot.answer = lambda _body: 503
        async with bot.listening():
            for call, number in sent[60:]:
                assert await graph.post(notification_of(call, number)) == 202
            await bot.wait_until(
                lambda: len(bot.requests) > 3 and monotonic() - began >= OUTAGE_SECONDS,
                seconds=60 + OUTAGE_SECONDS,
            )
        bot.answer = lambda _body: 202
        async with bot.listening():
            await bot.wait_until(lambda: sum(map(len, by_call(bot).values())) == len(sent))

        known = await Client(http, gateway.url).data(COUNT)

    expected = {f"call-{call}": [f"{call}-{n}" for n in range(6)] for call in range(20)}
    assert by_call(bot) == expected
    assert known["inviteParticipantsOperations"]["totalCount"] == len(sent)


async def test_call_that_fails_delays_itself_alone(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    bot = Bot()
    bot.answer = lambda body: 500 if "call-0" in str(body) else 202
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url) as gateway:
            graph = Graph(http, gateway.url)
            for number in range(3):
                for call in range(4):
                    assert await graph.post(notification_of(call, number)) == 202
            await bot.wait_until(lambda: len(bot.accepted) == 9)
            assert "call-0" not in by_call(bot)
            bot.answer = lambda _body: 202
            await bot.wait_until(lambda: len(bot.accepted) >= 12)

    assert by_call(bot)["call-0"] == ["0-0", "0-1", "0-2"]


@pytest.mark.each_database
@pytest.mark.usefixtures("database_url")
async def test_body_of_several_calls_keeps_the_order_of_each(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    bot = Bot()
    failing = [True]
    bot.answer = lambda body: 500 if failing and "1-0" in str(body) else 202
    both = envelope(notification_of(1, 1)["value"][0], notification_of(2, 1)["value"][0])
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url) as gateway:
            graph = Graph(http, gateway.url)
            for body in (
                notification_of(1, 0),
                notification_of(2, 0),
                both,
                notification_of(1, 2),
                notification_of(2, 2),
                notification_of(3, 0),
            ):
                assert await graph.post(body) == 202
            await bot.wait_until(lambda: len(bot.accepted) == 2)
            assert by_call(bot) == {"call-2": ["2-0"], "call-3": ["3-0"]}
            failing.clear()
            await bot.wait_until(lambda: len(bot.accepted) == 6)

    assert by_call(bot)["call-1"] == ["1-0", "1-1", "1-2"]
    assert by_call(bot)["call-2"] == ["2-0", "2-1", "2-2"]


@pytest.mark.parametrize("status", [400, 401])
async def test_notifications_that_the_bot_refuses_are_dropped(
    tmp_path: Path, http: aiohttp.ClientSession, status: int
) -> None:
    bot = Bot()
    bot.answer = lambda body: status if "0-0" in str(body) else 202
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url) as gateway:
            graph = Graph(http, gateway.url)
            for number in range(2):
                assert await graph.post(notification_of(0, number)) == 202
            await bot.wait_until(lambda: len(bot.accepted) == 1)
            counts = await metrics(http, gateway)

    assert by_call(bot) == {"call-0": ["0-1"]}
    assert counts['s_dropped_total{reason="refused"}'] == 1


@pytest.mark.each_database
@pytest.mark.usefixtures("database_url")
async def test_notifications_beyond_the_limits_are_dropped_and_counted(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    bot = Bot()
    bot.answer = lambda _body: 503
    options = ("--forward-queue", "3", "--forward-seconds", "0.5")
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url, *options) as gateway:
            graph = Graph(http, gateway.url)
            for call in range(5):
                assert await graph.post(notification_of(call, 0)) == 202
            counts = await metrics(http, gateway)
            assert counts['s_dropped_total{reason="full"}'] == 2
            async with asyncio.timeout(WITHIN):
                while counts['s_dropped_total{reason="expired"}'] < 3:
                    counts = await metrics(http, gateway)

    assert bot.accepted == []


async def test_workers_pass_on_the_notifications_of_a_call_in_order(tmp_path: Path) -> None:
    bot = Bot()
    async with bot.listening():
        with running(tmp_path, "--forward", bot.url, "--workers", "3") as gateway:
            for number in range(10):
                for call in range(3):
                    async with aiohttp.ClientSession() as another:  # which another worker may get
                        assert (
                            await Graph(another, gateway.url).post(notification_of(call, number))
                            == 202
                        )
            await bot.wait_until(lambda: sum(map(len, by_call(bot).values())) == 30)

    assert by_call(bot) == {f"call-{call}": [f"{call}-{n}" for n in range(10)] for call in range(3)}
