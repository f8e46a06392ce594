"""Strawberry on aiohttp, set up as documented: ``python stock PORT DATABASE [--caches]``.

``--caches`` enables Strawberry's caches for parsing and validation.
"""

import sys
from typing import Any, cast

import strawberry
import uvloop
from aiohttp import web
from operation_changes import Subscription
from operation_resolvers import Mutation, Query
from operation_types import DateTime
from strawberry.aiohttp.views import GraphQLView
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig


def main() -> None:
    """Serve until stopped."""
    schema = strawberry.Schema(
        Query,
        Mutation,
        Subscription,
        config=StrawberryConfig(
            scalar_map={
                DateTime: strawberry.scalar(name="DateTime", serialize=str, parse_value=str)
            }
        ),
        extensions=[ParserCache, ValidationCache] if "--caches" in sys.argv else [],
    )
    app = web.Application()
    app.router.add_route("*", "/graphql", cast("Any", GraphQLView)(schema=schema))
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
