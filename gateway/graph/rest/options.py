"""The query options of a request (OData's URL conventions, section 5).

Options that are not supported, or given twice, are refused rather than ignored.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from gateway.graph.faults import not_supported
from gateway.graph.rest.filters.nodes import malformed, unsupported
from gateway.graph_json.model import INVITE_PARTICIPANTS_OPERATION, RESULT_INFO
from gateway.http.faults import Fault
from gateway.http.head import Head
from schema.excerpts import excerpt
from schema.ordering import InviteParticipantsOperationOrder, Order, sort_keys
from schema.paging import page_size

LIST_OPTIONS = frozenset(
    {"$filter", "$search", "$orderby", "$top", "$skip", "$count", "$select", "$skiptoken"}
)
COUNT_OPTIONS = frozenset({"$filter", "$search"})
DELTA_OPTIONS = frozenset({"$select", "$top", "$skiptoken", "$deltatoken"})
ENTITY_OPTIONS = frozenset({"$select"})
NO_OPTIONS: frozenset[str] = frozenset()

MAX_SKIP = 2**31 - 1
_SAFE = "$',()/:@*"
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_NAME = re.compile(r"[^\W\d]\w{0,127}|\*")
_SORT = re.compile(r"\s*([^\s]+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)
_PROPERTIES = {name.lower(): name for name in INVITE_PARTICIPANTS_OPERATION.properties}
_SORTABLE = {"id", "clientContext", "status"}

Options = Mapping[str, str]


def options_of(head: Head, supported: frozenset[str]) -> Options:
    """Return the values of query options by name, with ``$``; raise ``Fault`` if any is invalid.

    As in Graph, the ``$`` may be omitted.
    """
    options: dict[str, str] = {}
    if "?" not in head.raw_path:
        return options
    for given, value in head.query.items():
        name = "$" + given.removeprefix("$").lower()
        if name not in supported:
            names = ", ".join(sorted(supported - {"$skiptoken", "$deltatoken"})) or "none"
            raise not_supported(
                f"The query option {excerpt(given)} is not supported here. Supported: {names}.",
                target=name[:50],
            )
        if name in options:
            raise Fault(400, f"The query option {name} is given twice. Give it once.", target=name)
        options[name] = value
    return options


def without_paging(options: Options) -> dict[str, str]:
    """Return the options for links to other pages, without the position of this one."""
    paging = {"$skip", "$skiptoken", "$deltatoken"}
    return {name: value for name, value in options.items() if name not in paging}


def query_string(options: Options) -> str:
    """Return options as the query of a URL."""
    return urlencode(options, quote_via=quote, safe=_SAFE, errors="surrogateescape")


def top_of(options: Options) -> int | None:
    """Return the value of ``$top``; raise ``RequestError`` if it is too large."""
    top = number_of(options, "$top")
    return None if top is None else page_size("$top", top)


def number_of(options: Options, name: str, maximum: int = MAX_SKIP) -> int | None:
    """Return the value of a numeric option; raise ``Fault`` if it is not a number."""
    value = options.get(name)
    if value is None:
        return None
    if not _NUMBER.fullmatch(value) or int(value) > maximum:
        raise Fault(
            400, f"{name} is {excerpt(value)}. Give a whole number up to {maximum:,}.", target=name
        )
    return int(value)


def is_counted(options: Options) -> bool:
    """Return whether a list includes its total count."""
    value = options.get("$count", "false").lower()
    if value not in {"true", "false"}:
        raise Fault(400, f"$count is {excerpt(value)}. Give true or false.", target="$count")
    return value == "true"


def select_of(options: Options) -> frozenset[str] | None:
    """Return the selected properties, declared or not; None is all of them."""
    text = options.get("$select")
    if text is None:
        return None
    names, at = set(), 1
    for item in text.split(","):
        name = item.strip()
        if "/" in name:
            raise unsupported("Parts of properties cannot be selected.", at, "$select")
        if not _NAME.fullmatch(name):
            raise malformed(f"{excerpt(name)} is not the name of a property.", at, "$select")
        declared = _PROPERTIES.get(name.lower(), name)
        if name != declared:
            raise malformed(
                f"{excerpt(name)} is not a property. Write it '{declared}'.", at, "$select"
            )
        names.add(name)
        at += len(item) + 1
    return None if "*" in names else frozenset(names)


def order_of(options: Options) -> Order:
    """Return the sort order; as in OData, null is the lowest value."""
    text = options.get("$orderby")
    if text is None:
        return ()
    keys, at = [], 1
    for item in text.split(","):
        match = _SORT.fullmatch(item)
        if not match:
            raise malformed(f"{excerpt(item)} is not a property to sort by.", at, "$orderby")
        keys.append(_sort_key(match[1], (match[2] or "asc").upper(), at))
        at += len(item) + 1
    return sort_keys([InviteParticipantsOperationOrder.model_validate(key) for key in keys])


def _sort_key(path: str, direction: str, at: int) -> dict[str, object]:
    name, _, inner = path.partition("/")
    if path in _SORTABLE:
        return {path: direction}
    if name == "resultInfo" and inner in RESULT_INFO.properties:
        return {name: {inner: direction}}
    if name not in INVITE_PARTICIPANTS_OPERATION.properties:
        raise malformed(f"There is no property {excerpt(path)}.", at, "$orderby")
    raise unsupported(f"{excerpt(path)} cannot be sorted by.", at, "$orderby")
