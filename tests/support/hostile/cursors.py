"""Cursors that no page returned: corrupted, of another order, of another log, and invented."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from support.hostile.harness import Case, Victim, assert_is, data, execute

AT_ITS_FIELD = "200 BAD_USER_INPUT"
OF_ANOTHER_LOG = "200 CURSOR_EXPIRED"
TAKEN_OR_NOT = f"200 | {AT_ITS_FIELD} | {OF_ANOTHER_LOG}"

CREATE = """mutation {
  a: createInviteParticipantsOperation(input: {clientContext: "a"}) { errors { code } }
  b: createInviteParticipantsOperation(input: {}) { errors { code } }
}"""
LIST = """query ($after: String, $before: String) {
  page: inviteParticipantsOperations(
    first: 1, after: $after, before: $before, orderBy: [{clientContext: ASC}]
  ) { pageInfo { endCursor } }
}"""
OTHER_ORDER = LIST.replace("ASC", "DESC")
CHANGES = (
    "query ($after: String) { page: changes(first: 1, after: $after) { pageInfo { endCursor } } }"
)
HISTORY = """query ($after: String) {
  inviteParticipantsOperations(first: 1) { nodes {
    page: history(first: 1, after: $after) { pageInfo { endCursor } }
  } }
}"""


def encode(parts: object) -> str:
    """Encode the parts of a cursor as the gateway does."""
    return urlsafe_b64encode(msgspec.msgpack.encode(parts)).rstrip(b"=").decode()


def decode(cursor: str) -> list[object]:
    """Decode the parts of a cursor."""
    parts: list[object] = msgspec.msgpack.decode(bytes_of(cursor))
    return parts


def bytes_of(cursor: str) -> bytes:
    """Decode the content of a cursor."""
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


@dataclass(frozen=True)
class Reader:
    """A list that can be read from a cursor."""

    name: str
    document: str
    argument: str

    async def own(self, victim: Victim) -> str:
        """Return a cursor of this list."""
        await data(victim, CREATE)
        page = (await data(victim, self.document))["page"]
        cursor: str = page["pageInfo"]["endCursor"]
        return cursor


PAGES = Reader("a page", LIST, "after")
BACKWARDS = Reader("a page's end", LIST, "before")
LOG = Reader("the change log", CHANGES, "after")

Corrupt = Callable[[str], str]


def case(reader: Reader, name: str, corrupt: Corrupt, expected: str = AT_ITS_FIELD) -> Case:
    """Return the case of a corrupted cursor of a list."""

    async def attack(victim: Victim) -> None:
        cursor = corrupt(await reader.own(victim))
        answer = await execute(victim, reader.document, **{reader.argument: cursor})
        assert_is(answer, expected)

    return Case(f"{reader.name}: {name}", attack)


def flipped(reader: Reader) -> Case:
    """Return the case of each cursor with one changed bit: at most it is another position."""

    async def attack(victim: Victim) -> None:
        good = bytes_of(await reader.own(victim))
        for bit in range(len(good) * 8):
            spoilt = bytearray(good)
            spoilt[bit // 8] ^= 1 << bit % 8
            cursor = urlsafe_b64encode(spoilt).rstrip(b"=").decode()
            assert_is(
                await execute(victim, reader.document, **{reader.argument: cursor}), TAKEN_OR_NOT
            )

    return Case(f"{reader.name}: every bit flipped", attack)


def cut(reader: Reader) -> Case:
    """Return the case of each truncated cursor."""

    async def attack(victim: Victim) -> None:
        good = await reader.own(victim)
        for length in range(len(good)):
            assert_is(
                await execute(victim, reader.document, **{reader.argument: good[:length]}),
                AT_ITS_FIELD,
            )

    return Case(f"{reader.name}: cut short everywhere", attack)


SPOILT: dict[str, Corrupt] = {
    "nothing": lambda _: "",
    "spaces": lambda _: "   ",
    "what is no base64": lambda _: "!!!!",
    "letters of other alphabets": lambda _: "\u0430\u0431\u0432",
    "NUL": lambda _: "\0",
    "a half surrogate": lambda _: "\ud800",
    "padding": lambda _: "====",
    "something after it": lambda cursor: f"{cursor}AAAA",
    "twice": lambda cursor: cursor * 2,
    "in capitals": str.upper,
    "a million letters": lambda _: "A" * 1_000_000,
    "100,000 lists": lambda _: urlsafe_b64encode(b"\x91" * 100_000).decode(),
    "a list that says it is huge": lambda _: urlsafe_b64encode(b"\xdd\xff\xff\xff\xff").decode(),
    "a text that says it is huge": lambda _: urlsafe_b64encode(b"\xdb\xff\xff\xff\xffa").decode(),
    "an object": lambda _: encode({"a": 1}),
    "a number": lambda _: encode(7),
    "null": lambda _: encode(None),
    "SQL": lambda _: "1' OR '1'='1",
    "a list of SQL": lambda _: encode(["1 OR 1=1", ["1 OR 1=1"]]),
}


def with_keys(make: Callable[[list[object]], list[object]]) -> Corrupt:
    """Keep the cursor's order and change its keys, the last of which is the row's number."""

    def corrupt(cursor: str) -> str:
        order, keys = decode(cursor)
        assert isinstance(keys, list)
        return encode([order, make(keys)])

    return corrupt


def with_log(make: Callable[[int, int], list[object]]) -> Corrupt:
    """Change the log and the number of a change."""

    def corrupt(cursor: str) -> str:
        log, number = decode(cursor)
        assert isinstance(log, int)
        assert isinstance(number, int)
        return encode(make(log, number))

    return corrupt


KEYS = [
    ("no keys", with_keys(lambda _: []), AT_ITS_FIELD),
    ("too few keys", with_keys(lambda keys: keys[:1]), AT_ITS_FIELD),
    ("too many keys", with_keys(lambda keys: [*keys, 1]), AT_ITS_FIELD),
    ("100,000 keys", with_keys(lambda _: [1] * 100_000), AT_ITS_FIELD),
    ("a key of another type", with_keys(lambda keys: [7, keys[-1]]), AT_ITS_FIELD),
    ("a key that is true", with_keys(lambda keys: [True, keys[-1]]), AT_ITS_FIELD),
    ("a key that is a list", with_keys(lambda keys: [[], keys[-1]]), AT_ITS_FIELD),
    ("a number that is a fraction", with_keys(lambda _: ["a", 1.5]), AT_ITS_FIELD),
    ("a number that is null", with_keys(lambda _: ["a", None]), AT_ITS_FIELD),
    ("a number that is a text", with_keys(lambda _: ["a", "1"]), AT_ITS_FIELD),
    ("a number beyond 64 bits", with_keys(lambda _: ["a", 2**64 - 1]), AT_ITS_FIELD),
    ("the least number", with_keys(lambda _: ["a", -(2**63)]), "200"),
    ("the greatest number", with_keys(lambda _: ["a", 2**63 - 1]), "200"),
    ("a key of SQL", with_keys(lambda keys: ["' OR 1=1 --", keys[-1]]), "200"),
    ("a key with NUL", with_keys(lambda keys: ["a\0b", keys[-1]]), TAKEN_OR_NOT),
    ("a key of 900,000 letters", with_keys(lambda keys: ["a" * 700_000, keys[-1]]), TAKEN_OR_NOT),
]
NUMBERS = [
    ("of another log", with_log(lambda log, number: [log ^ 1, number]), OF_ANOTHER_LOG),
    ("of a log that is 0", with_log(lambda _, number: [0, number]), OF_ANOTHER_LOG),
    ("of a log below 0", with_log(lambda _, number: [-1, number]), AT_ITS_FIELD),
    ("of a log beyond 64 bits", with_log(lambda _, number: [2**64 - 1, number]), AT_ITS_FIELD),
    ("a change that is to come", with_log(lambda log, _: [log, 2**62]), OF_ANOTHER_LOG),
    ("the last change there can be", with_log(lambda log, _: [log, 2**63 - 1]), OF_ANOTHER_LOG),
    ("a change beyond 64 bits", with_log(lambda log, _: [log, 2**64 - 1]), AT_ITS_FIELD),
    ("a change below 0", with_log(lambda log, _: [log, -1]), AT_ITS_FIELD),
    ("a change that is a fraction", with_log(lambda log, _: [log, 0.5]), AT_ITS_FIELD),
    ("a change that is a text", with_log(lambda log, _: [log, "1"]), AT_ITS_FIELD),
    ("too many parts", with_log(lambda log, number: [log, number, 1]), AT_ITS_FIELD),
    ("too few parts", with_log(lambda log, _: [log]), AT_ITS_FIELD),
]


async def _of_another_list(victim: Victim) -> None:
    """Use the cursors of each list with the others."""
    page, place = await PAGES.own(victim), await LOG.own(victim)
    for document, cursor in (
        (OTHER_ORDER, page),
        (LIST, place),
        (CHANGES, page),
        (HISTORY, page),
    ):
        assert_is(await execute(victim, document, after=cursor), AT_ITS_FIELD)


async def _after_its_end(victim: Victim) -> None:
    """Swap the bounds of a page: nothing is between them."""
    cursor = await PAGES.own(victim)
    page = (await data(victim, LIST, after=cursor, before=cursor))["page"]
    assert page["pageInfo"]["endCursor"] is None


async def _in_histories(victim: Victim) -> None:
    """Use an invalid cursor with the history of an operation."""
    await data(victim, CREATE)
    for cursor in ("", "!", encode([1, 2, 3]), encode([0, -1]), "\0", "\ud800"):
        assert_is(await execute(victim, HISTORY, after=cursor), AT_ITS_FIELD)


CASES = [
    *[
        case(reader, name, corrupt)
        for reader in (PAGES, BACKWARDS, LOG)
        for name, corrupt in SPOILT.items()
    ],
    *[case(PAGES, name, corrupt, expected) for name, corrupt, expected in KEYS],
    *[case(LOG, name, corrupt, expected) for name, corrupt, expected in NUMBERS],
    *[make(reader) for make in (flipped, cut) for reader in (PAGES, LOG)],
    Case("cursors of another list", _of_another_list),
    Case("a page between a place and itself", _after_its_end),
    Case("what is no cursor, in histories", _in_histories),
]
