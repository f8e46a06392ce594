"""A request, with what the gateway itself knows of it."""

from aiohttp import web

from gateway.http.observing import Observation
from schema.context import Principal


class Request(web.BaseRequest):
    """aiohttp's request."""

    observation: Observation
    """What is seen of it, until it is answered."""
    principal: Principal
    """Who asks, once that is known."""
