"""Routes that only answer GET and HEAD."""

from gateway.http.faults import check_read_only
from gateway.http.head import Handler, Head, Route


def read_only(handler: Handler) -> Route:
    """Make a route with one handler, for GET and HEAD alone."""

    def route(head: Head) -> Handler:
        check_read_only(head)
        return handler

    return route
