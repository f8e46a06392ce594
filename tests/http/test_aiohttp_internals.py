"""The private parts of aiohttp that the gateway uses, each named, so that an update shows here."""

import inspect
import re

import pytest
from aiohttp import web, web_protocol
from aiohttp.base_protocol import BaseProtocol
from aiohttp.web_ws import WebSocketResponse
from support.paths import ROOT

GATEWAY = ROOT / "gateway"
PROTOCOL = GATEWAY / "http" / "aiohttp_protocol.py"

ATTRIBUTES = {
    "_buffer_paused": BaseProtocol,
    "_close": web.RequestHandler,
    "_current_request": web.RequestHandler,
    "_data_received_cb": web.RequestHandler,
    "_loop": BaseProtocol,
    "_messages": web.RequestHandler,
    "_paused": BaseProtocol,
    "_reading_paused": BaseProtocol,
    "_request_factory": web.RequestHandler,
    "_request_in_progress": web.RequestHandler,
    "_task_handler": web.RequestHandler,
    "_upgraded": BaseProtocol,
    "_waiter": web.RequestHandler,
}


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_connection_has_the_attribute(name: str) -> None:
    assert name in vars(ATTRIBUTES[name])["__slots__"]


@pytest.mark.parametrize("name", ["_drain_helper", "_resume_transport_reading"])
def test_protocol_has_the_method(name: str) -> None:
    assert inspect.isfunction(getattr(BaseProtocol, name))


def test_connection_overrides_how_idle_connections_end() -> None:
    assert inspect.isfunction(web.RequestHandler._process_keepalive)  # noqa: SLF001  the name is tested


def test_parsed_messages_and_errors_are_pairs_with_a_body() -> None:
    assert web_protocol._ErrInfo(400, ValueError(), "message").status == 400  # noqa: SLF001  same
    assert "tuple" in str(web_protocol._MsgType)  # noqa: SLF001  same


def test_request_keeps_its_message() -> None:
    assert "self._message = message" in inspect.getsource(web.BaseRequest.__init__)


def test_websocket_has_what_is_released() -> None:
    assert inspect.isfunction(WebSocketResponse._cancel_heartbeat)  # noqa: SLF001  same
    assert "self._exception" in inspect.getsource(WebSocketResponse)


def test_no_other_module_uses_private_parts_of_aiohttp() -> None:
    used = re.compile(
        r"\b_(messages|waiter|current_request|request_in_progress|upgraded|paused|reading_paused"
        r"|buffer_paused|drain_helper|resume_transport_reading|MsgType|ErrInfo|data_received_cb)\b"
    )
    users = {
        path.relative_to(GATEWAY)
        for path in GATEWAY.rglob("*.py")
        if "node_modules" not in path.parts and used.search(path.read_text())
    }

    assert users == {PROTOCOL.relative_to(GATEWAY)}
