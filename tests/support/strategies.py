"""Random operations, filters and orders, from few values, so that filters often match."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from support.oracle import IDENTITY_KINDS, STATUSES

JSONObject = dict[str, Any]

# Case that folds to two letters, combining marks, astral letters with case, SQL's and JSON's
# special characters, and the ends of ranges of code points.
_CHARACTERS = [
    *"abAB1 %_*?\\\"'[]${}\n\t\x01\x7f",
    "\N{LATIN SMALL LETTER SHARP S}",
    "\N{LATIN CAPITAL LETTER SHARP S}",
    *"sS",
    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
    "\N{LATIN SMALL LETTER DOTLESS I}",
    *"iI",
    "\N{COMBINING DOT ABOVE}",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\N{COMBINING ACUTE ACCENT}",
    "\N{GREEK SMALL LETTER FINAL SIGMA}",
    "\N{GREEK CAPITAL LETTER SIGMA}",
    "\N{DESERET CAPITAL LETTER LONG I}",
    "\N{DESERET SMALL LETTER LONG I}",
    "\N{GRINNING FACE}",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
]
_COMMON = ["a", "A", "ab", "aB", "b", "stra\N{LATIN SMALL LETTER SHARP S}e", "STRASSE", "%", ""]
UNSTORABLE = ["\0", "a\0", "\ud800", "a\udfffb"]

_common = st.sampled_from(_COMMON)
texts = _common | _common | st.text(st.sampled_from(_CHARACTERS), max_size=3)
ids = st.sampled_from(
    ["a", "A", "b", "B", "ab", "1", "01", "0", "-1", "null", "\N{GRINNING FACE}", '"', "%", "\\"]
)
call_ids = st.sampled_from(["c", "C", "d", "1"])
identity_ids = st.sampled_from(["u", "U", "v", "+1", "1", "", "\N{LATIN SMALL LETTER SHARP S}"])
numbers = st.sampled_from([-(2**31), -1, 0, 1, 2, 200, 2**31 - 1])
statuses = st.sampled_from(STATUSES)
times = st.sampled_from(
    [
        "0001-01-01T00:00:00.000000Z",
        "2026-01-31T09:30:00.000000Z",
        "2026-01-31T09:30:00.000001Z",
        "2026-01-31T23:59:59.999999Z",
        "2026-02-01T00:00:00.000000Z",
        "9999-12-31T23:59:59.999999Z",
    ]
)
# The same times, as a client may write them.
times_written = times | st.sampled_from(
    [
        "2026-01-31T09:30:00Z",
        "2026-01-31T10:30:00+01:00",
        "2026-01-31T04:00:00.000001-05:30",
        "2026-02-01T00:00:00.000Z",
    ]
)


def _with(
    required: Mapping[str, SearchStrategy[Any]], optional: Mapping[str, SearchStrategy[Any]]
) -> SearchStrategy[JSONObject]:
    return st.fixed_dictionaries(dict(required), optional=dict(optional))


_additional = st.just({"other": {"id": "u"}, "value": [None, 1.5]})
_other_kinds = _additional | st.dictionaries(
    st.sampled_from(["acsUser", "robot"]),
    st.sampled_from(
        [
            {"id": "u", "displayName": "ab"},
            {"id": "U", "displayName": None},
            {"id": "v", "displayName": 1},
            {"id": 1, "displayName": "ab"},
            {"id": None},
            {"displayName": "ab"},
            ["u"],
            "u",
            1,
            None,
        ]
    ),
    min_size=1,
)
_identities = _with(
    {}, {"id": identity_ids, "displayName": texts, "additionalProperties": _additional}
)
_kinds = st.sampled_from(["user", "phone"]) | st.sampled_from(IDENTITY_KINDS)
_identity_sets = st.builds(
    lambda kinds, others: kinds | others,
    st.dictionaries(_kinds, _identities, max_size=2),
    _with({}, {"endpointType": st.just("default"), "additionalProperties": _other_kinds}),
)
_participants = _with(
    {"identity": _identity_sets},
    {
        "region": texts,
        "languageId": texts,
        "replacesCallId": call_ids,
        "hidden": st.booleans(),
        "participantId": ids,
    },
)
_diag_codes = st.sampled_from(["412#10073", "1#2", "\N{ARABIC-INDIC DIGIT ONE}#2"])
_messages = texts | st.builds(
    "{}DiagCode:{}{}.@".format, st.sampled_from(["", "DiagCode: 1#"]), texts, _diag_codes
)
_results = _with({"code": numbers, "subcode": numbers}, {"message": _messages})

operations = _with(
    {
        "id": ids,
        "status": statuses,
        "participants": st.lists(_participants, max_size=3),
        "version": st.integers(1, 3),
        "createdAt": times,
        "updatedAt": times,
    },
    {"callId": call_ids, "clientContext": texts, "resultInfo": _results, "endedAt": times},
)
stores = st.integers(0, 8).flatmap(
    lambda size: st.lists(
        operations, min_size=size, max_size=8, unique_by=lambda operation: operation["id"]
    )
)


def _few(fields: Mapping[str, SearchStrategy[Any]], most: int = 2) -> SearchStrategy[JSONObject]:
    """Return objects with few of these fields: mostly one, sometimes none."""
    items = st.sampled_from(sorted(fields)).flatmap(
        lambda name: st.tuples(st.just(name), fields[name])
    )
    sizes = st.sampled_from([1] * 6 + [0] + [most] * 3)
    return sizes.flatmap(lambda size: st.lists(items, min_size=size, max_size=size)).map(dict)


def _or_rarely_unstorable(values: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(*[values] * 11, st.sampled_from(UNSTORABLE))


def _equality(values: SearchStrategy[Any]) -> dict[str, SearchStrategy[Any]]:
    some = st.lists(values, max_size=3)
    return {"eq": values, "neq": values, "in": some, "notIn": some}


def _ordering(values: SearchStrategy[Any]) -> dict[str, SearchStrategy[Any]]:
    return dict.fromkeys(("gt", "gte", "lt", "lte"), values)


_is_null = {"isNull": st.booleans()}


def _id_filters(values: SearchStrategy[str]) -> SearchStrategy[JSONObject]:
    return _few(_equality(_or_rarely_unstorable(values)) | _is_null)


_operands = _or_rarely_unstorable(texts)
_text_filters = _few(
    _equality(_operands)
    | dict.fromkeys(("contains", "startsWith", "endsWith"), _operands)
    | _is_null
    | {"ignoreCase": st.booleans()},
    3,
) | st.builds(
    lambda name, text: {name: text, "ignoreCase": True},
    st.sampled_from(["eq", "neq", "contains", "startsWith", "endsWith"]),
    _operands,
)
_diag_code_filters = _few(_equality(_diag_codes) | {"startsWith": _diag_codes} | _is_null)
_int_filters = _few(_equality(numbers) | _ordering(numbers) | _is_null)
_time_filters = _few(
    {"eq": times_written, "neq": times_written} | _ordering(times_written) | _is_null
)
_identity_filters = _few({"id": _id_filters(identity_ids), "displayName": _text_filters} | _is_null)
_identity_set_filters = st.dictionaries(
    st.sampled_from(["any", "user", "phone"]) | _kinds, _identity_filters, min_size=1, max_size=2
)


def _trees(
    fields: Mapping[str, SearchStrategy[Any]], deeper: SearchStrategy[JSONObject] | None
) -> SearchStrategy[JSONObject]:
    """Return filters of these fields, with connectives as far as the depth allows."""
    if deeper is None:
        return _few(fields)
    several = st.lists(deeper, max_size=3)
    return _few(dict(fields) | {"and": several, "or": several, "not": deeper})


_participant_fields = {
    "identity": _identity_set_filters,
    "region": _text_filters,
    "languageId": _text_filters,
    "replacesCallId": _id_filters(call_ids),
    "hidden": _few({"eq": st.booleans()} | _is_null),
    "participantId": _id_filters(ids),
}
_participant_filters = _trees(
    _participant_fields, _trees(_participant_fields, _trees(_participant_fields, None))
)
_list_filters = _few(
    dict.fromkeys(("some", "every", "none"), _participant_filters)
    | {"count": _few(_equality(st.integers(0, 3)) | _ordering(st.integers(0, 3)) | _is_null)}
)
_operation_fields: dict[str, SearchStrategy[Any]] = {
    "id": _id_filters(ids),
    "callId": _id_filters(call_ids),
    "clientContext": _text_filters,
    "status": _few(_equality(statuses)),
    "resultInfo": _few(
        {"code": _int_filters, "subcode": _int_filters, "message": _text_filters}
        | {"diagCode": _diag_code_filters | _text_filters}
        | _is_null
    ),
    "participants": _list_filters,
    "overdue": st.booleans(),
    "version": _int_filters,
    "createdAt": _time_filters,
    "updatedAt": _time_filters,
    "endedAt": _time_filters,
}
filters = _trees(
    _operation_fields,
    _trees(_operation_fields, _trees(_operation_fields, _trees(_operation_fields, None))),
) | st.builds(lambda participants: {"participants": participants}, _list_filters)

DIRECTIONS = tuple(
    f"{way}{nulls}" for way in ("ASC", "DESC") for nulls in ("", "_NULLS_FIRST", "_NULLS_LAST")
)
ORDER_PATHS = (
    *("id", "callId", "clientContext", "status", "version"),
    *("createdAt", "updatedAt", "endedAt"),
    *("resultInfo.code", "resultInfo.subcode", "resultInfo.message"),
)


def order_key(path: str, direction: str) -> JSONObject:
    """Return one key of ``orderBy``."""
    name, _, inner = path.partition(".")
    return {name: {inner: direction} if inner else direction}


orders = st.lists(
    st.builds(order_key, st.sampled_from(ORDER_PATHS), st.sampled_from(DIRECTIONS)), max_size=4
)
group_keys = st.lists(
    st.sampled_from(
        [
            *("STATUS", "CALL_ID", "RESULT_CODE", "RESULT_SUBCODE", "RESULT_MESSAGE"),
            *("RESULT_DIAG_CODE", "IDENTITY_KIND"),
            *("CREATED_DAY", "CREATED_HOUR", "CREATED_MINUTE"),
        ]
    ),
    max_size=3,
)
