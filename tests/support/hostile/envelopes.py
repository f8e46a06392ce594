"""Bodies: invalid values of each field of the envelope, and JSON that is hard to parse."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator

from support.hostile.harness import JSON, STRICT, Case, posting

MEBIBYTE = 2**20
DEEP = 100_000
BAD = "400 BAD_USER_INPUT"
TOO_MUCH = "400 LIMIT_EXCEEDED"
FINE = "200"
QUERY = '"query": "{ __typename }"'

DEAR = (
    "{ inviteParticipantsOperations(first: 500) { nodes { history(first: 10) { nodes { at } } } } }"
)

OF_EVERY_TYPE = {
    "null": "null",
    "true": "true",
    "a number": "1",
    "a fraction": "-1.5e3",
    "a text": '"text"',
    "an empty text": '""',
    "a list": "[]",
    "a list of one": '["{ __typename }"]',
    "an object": "{}",
    "a nested list": "[[[[null]]]]",
}
TAKEN = {
    "query": {"a text", "an empty text"},
    "operationName": {"null", "a text", "an empty text"},
    "variables": {"null", "an object"},
    "extensions": {"null", "an object"},
}


def _of_wrong_types() -> Iterator[Case]:
    """Set each field of the envelope to values of each other type."""
    for field, taken in TAKEN.items():
        for name in sorted(OF_EVERY_TYPE.keys() - taken):
            fields = [f'"{field}": {OF_EVERY_TYPE[name]}']
            fields += [] if field == "query" else [QUERY]
            body = f"{{{', '.join(fields)}}}".encode()
            yield posting(f"{field} is {name}", body, BAD)
    for name, value in OF_EVERY_TYPE.items():
        yield posting(f"the body is {name}", value.encode(), BAD)


def with_field(field: str, value: str) -> bytes:
    """Return an envelope with one more field."""
    return f'{{{QUERY}, "{field}": {value}}}'.encode()


def with_variable(value: str) -> bytes:
    """Return an envelope with a value of an undeclared variable."""
    return with_field("variables", f'{{"a": {value}}}')


def _nested(start: str, end: str, around: str) -> Callable[[], bytes]:
    def nested() -> bytes:
        return (around % (start * DEEP + "1" + end * DEEP)).encode()

    return nested


NESTED = [
    posting(f"100,000 {what} in {where}", _nested(start, end, around), TOO_MUCH)
    for what, start, end in (("lists", "[", "]"), ("objects", '{"a":', "}"))
    for where, around in (
        ("the body's place", "%s"),
        ("the query", '{"query": %s}'),
        ("the variables", f'{{{QUERY}, "variables": %s}}'),
        ("the extensions", f'{{{QUERY}, "extensions": %s}}'),
        ("a field nobody knows", f'{{{QUERY}, "unknown": %s}}'),
    )
]

LARGE = [
    posting("a mebibyte of spaces", lambda: b" " * MEBIBYTE, BAD),
    posting("a mebibyte of opened lists", lambda: b"[" * MEBIBYTE, TOO_MUCH),
    posting("a mebibyte of empty lists", lambda: b"[" + b"[]," * 349_000 + b"[]]", TOO_MUCH),
    posting("49,000 empty lists", lambda: b"[" + b"[]," * 49_000 + b"[]]", TOO_MUCH),
    posting(
        "a mebibyte of empty lists in the variables",
        lambda: with_variable("[" + "[]," * 349_000 + "[]]"),
        TOO_MUCH,
    ),
    posting(
        "49,000 empty lists in the variables",
        lambda: with_variable("[" + "[]," * 49_000 + "[]]"),
        FINE,
    ),
    posting(
        "49,000 empty objects in the extensions",
        lambda: with_field("extensions", '{"a": [' + "{}," * 49_000 + "{}]}"),
        FINE,
    ),
    posting(
        "a mebibyte of nulls", lambda: with_variable("[" + "null," * 200_000 + "null]"), TOO_MUCH
    ),
    posting("a mebibyte of quotes", lambda: b'"' * MEBIBYTE, TOO_MUCH),
    posting(
        "a text of escaped quotes without an end, after many brackets",
        lambda: b"[" * 201 + b'"' + b'\\"' * 500_000,
        f"{TOO_MUCH} | {BAD}",
    ),
    posting(
        "texts of escaped backslashes, after many brackets",
        lambda: b"[" * 190 + b"]" * 190 + b'"\\\\' * 300_000,
        TOO_MUCH,
    ),
    posting("a mebibyte of escapes", lambda: with_variable('"' + "\\u0000" * 174_000 + '"'), FINE),
    posting(
        "a mebibyte of half surrogates",
        lambda: with_variable('"' + "\\ud800" * 174_000 + '"'),
        FINE,
    ),
    posting(
        "40,000 different fields",
        lambda: json.dumps({"query": "{a}"} | dict.fromkeys(range(40_000), 1)).encode(),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    posting(
        "100,000 times the same field", lambda: b"{" + b'"a":1,' * 100_000 + b'"b":1}', TOO_MUCH
    ),
    posting(
        "a list of 10,000 requests",
        lambda: json.dumps([{"query": "{ __typename }"}] * 10_000).encode(),
        TOO_MUCH,
    ),
    posting("a batch of batches", lambda: json.dumps([[[{"query": "{a}"}]] * 10]).encode(), BAD),
    posting(
        "a batch of documents as long as may be",
        lambda: json.dumps([{"query": "{a}#" + "#" * 32_700}] * 10).encode(),
        "200 GRAPHQL_VALIDATION_FAILED",
    ),
    posting(
        "a batch of documents of as many tokens as may be",
        lambda: json.dumps([{"query": "{" + "a " * 1_990 + "}"}] * 10).encode(),
        TOO_MUCH,
    ),
    posting(
        "a batch that costs as much as may be, ten times",
        lambda: json.dumps([{"query": DEAR}] * 10).encode(),
        TOO_MUCH,
    ),
    posting("more than is taken", lambda: b" " * (MEBIBYTE + 1), "413 LIMIT_EXCEEDED"),
]

NUMBERS = [
    posting("NaN", with_variable("NaN"), BAD),
    posting("Infinity", with_variable("[Infinity]"), BAD),
    posting("-Infinity", with_variable('{"a": -Infinity}'), BAD),
    posting("a number that is infinite", with_variable("1e999999999"), FINE),
    posting("a number that is nothing", with_variable("1e-999999999"), FINE),
    posting("minus zero", with_variable("-0.0"), FINE),
    posting("a leading zero", with_variable("01"), BAD),
    posting("a hexadecimal number", with_variable("0x1F"), BAD),
    posting("a number of 5,000 digits", with_variable("9" * 5_000), BAD),
    posting("a negative number of 5,000 digits", with_variable("-" + "9" * 5_000), BAD),
    posting(
        "a number of a million digits", lambda: with_variable("9" * 1_000_000), f"{BAD} | {FINE}"
    ),
    posting("a fraction of a million digits", lambda: with_variable("0." + "3" * 1_000_000), FINE),
    posting("a fraction with 5,000 digits before it", with_variable("9" * 5_000 + ".5"), FINE),
    posting(
        "100 numbers of 4,000 digits",
        lambda: with_variable(str([9] * 100).replace("9", "9" * 4_000)),
        FINE,
    ),
]

ENVELOPE = f"{{{QUERY}}}"
ENCODINGS = [
    *[
        posting(f"{encoding}", ENVELOPE.encode(encoding), BAD)
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp037")
    ],
    posting("UTF-8 with a byte order mark", ENVELOPE.encode("utf-8-sig"), FINE),
    posting("UTF-7", b"+AHsAIg-query+ACI-:1+AH0-", BAD),
    posting("a byte that UTF-8 does not know", b'{"query": "\xff"}', BAD),
    posting("a character cut in two", b'{"query": "{ __typename } #\xf0\x9f\x98"}', BAD),
    posting("a slash written too long", b'{"query": "\xc0\xaf"}', BAD),
    posting("half surrogates in bytes", b'{"query": "\xed\xa0\x80\xed\xb0\x80"}', BAD),
    posting("a code point beyond the last", b'{"query": "\xf4\x90\x80\x80"}', BAD),
    posting("NUL around the body", b"\0" + ENVELOPE.encode() + b"\0", BAD),
    posting("NUL in a text", b'{"query": "{ __typename }\0"}', BAD),
    posting("NUL escaped in the document", b'{"query": "\\u0000"}', "400 GRAPHQL_PARSE_FAILED"),
    posting(
        "a half surrogate in the document", b'{"query": "\\ud800"}', "400 GRAPHQL_PARSE_FAILED"
    ),
    posting(
        "a half surrogate as the operation's name",
        f'{{{QUERY}, "operationName": "\\udfff"}}'.encode(),
        "400 GRAPHQL_VALIDATION_FAILED",
    ),
    posting("a half surrogate as a field", f'{{{QUERY}, "\\ud800": 1}}'.encode(), FINE),
    posting(
        "a half surrogate as a variable's name",
        f'{{{QUERY}, "variables": {{"\\ud800": "\\udc00\\ud800"}}}}'.encode(),
        FINE,
    ),
    posting(
        "a half surrogate in the extensions",
        f'{{{QUERY}, "extensions": {{"\\ud800": ["\\ud800"]}}}}'.encode(),
        FINE,
    ),
]

ODD = [
    posting("nothing", b"", BAD),
    posting("no query", b'{"variables": {}}', BAD),
    posting("two queries, one a number", b'{"query": "{ __typename }", "query": 1}', BAD),
    posting("two queries, the first a number", b'{"query": 1, "query": "{ __typename }"}', FINE),
    posting("two variables", f'{{{QUERY}, "variables": [], "variables": {{}}}}'.encode(), FINE),
    posting("the same variable twice", with_variable('1, "a": "b"'), FINE),
    posting("names of Python's", f'{{{QUERY}, "__class__": {{"__init__": 1}}}}'.encode(), FINE),
    posting("names of JavaScript's", f'{{{QUERY}, "__proto__": {{"query": 1}}}}'.encode(), FINE),
    posting("a trailing comma", f"{{{QUERY},}}".encode(), BAD),
    posting("single quotes", ENVELOPE.replace('"', "'").encode(), BAD),
    posting("a comment", f"{{{QUERY} /* and more */}}".encode(), BAD),
    posting("two bodies", ENVELOPE.encode() * 2, BAD),
    posting("a newline in a text", b'{"query": "{ __typename }\n"}', BAD),
    posting("XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', BAD),
    posting("a pickle", b"cos\nsystem\n(S'true'\ntR.", BAD),
    posting("names in other letters", b'{"QUERY": "{ __typename }"}', BAD),
]


def _bomb(coding: str) -> bytes:
    """Compress a gigabyte of spaces; after its first bytes the data only has to look valid."""
    if coding == "gzip":  # RFC 1952, section 2.2: members one after another
        return gzip.compress(b" " * MEBIBYTE, 9) * 1_000
    compressing = zlib.compressobj(9)
    first = compressing.compress(b" " * MEBIBYTE) + compressing.flush(zlib.Z_FULL_FLUSH)
    again = compressing.compress(b" " * MEBIBYTE) + compressing.flush(zlib.Z_FULL_FLUSH)
    return first + again * 999


COMPRESSED = [
    posting(
        f"a gigabyte by {coding}",
        lambda coding=coding: _bomb(coding),  # type: ignore[misc]  # bound here
        "415 BAD_USER_INPUT | 413 LIMIT_EXCEEDED",
        {"Content-Type": JSON, "Content-Encoding": coding, "Accept": STRICT},
    )
    for coding in ("gzip", "deflate")
] + [
    posting(
        f"what is no {coding}",
        ENVELOPE.encode(),
        "415 BAD_USER_INPUT | 400 BAD_USER_INPUT",
        {"Content-Type": JSON, "Content-Encoding": coding, "Accept": STRICT},
    )
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "nonsense")
]

CASES = [*_of_wrong_types(), *NESTED, *LARGE, *NUMBERS, *ENCODINGS, *ODD, *COMPRESSED]
