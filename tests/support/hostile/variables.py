"""Values of variables: too many, too deep, too large, and none that was declared."""

from typing import Any

from support.hostile.harness import Case, asking

BAD = "400 BAD_USER_INPUT"
TOO_MUCH = "400 LIMIT_EXCEEDED"
AT_ITS_FIELD = "200 BAD_USER_INPUT"
OVER_LIMIT = "200 LIMIT_EXCEEDED"
FINE = "200"
ANY_REFUSAL = f"{BAD} | {TOO_MUCH} | {AT_ITS_FIELD} | {OVER_LIMIT}"

NODES = "query($v:[ID!]!){nodes(ids:$v){id}}"
NODE = "query($v:ID!){node(id:$v){id}}"
LIST = """
    query($v:InviteParticipantsOperationFilter){inviteParticipantsOperations(filter:$v){totalCount}}
"""
SORTED = """
    query($v:[InviteParticipantsOperationOrder!]){
      inviteParticipantsOperations(orderBy:$v){totalCount}
    }
"""
GROUPS = """
    query($v:[InviteParticipantsOperationGroupKey!]!){
      inviteParticipantsOperationGroups(by:$v){count}
    }
"""
CREATE = """
    mutation($v:CreateInviteParticipantsOperationInput!){
      createInviteParticipantsOperation(input:$v){operation{id} errors{code}}
    }
"""
CREATE_MANY = """
    mutation($v:[CreateInviteParticipantsOperationInput!]!){
      createInviteParticipantsOperations(inputs:$v){createdCount}
    }
"""


def nested(levels: int, key: str, end: Any) -> Any:  # noqa: ANN401  JSON
    """Return a value nested so many levels deep."""
    for _ in range(levels):
        end = {key: end}
    return end


def lists(levels: int) -> list[Any]:
    """Nest lists."""
    end: list[Any] = []
    for _ in range(levels):
        end = [end]
    return end


def case(name: str, document: str, value: Any, expected: str) -> Case:  # noqa: ANN401  JSON
    """Return the case of one variable, whose value is made when it is sent if it is a function."""
    return asking(name, document, expected, lambda: {"v": value() if callable(value) else value})


PARTICIPANT = {"identity": {"user": {"id": "550fae72", "displayName": "Heidi Steen"}}}
FULL: dict[str, Any] = {"clientContext": "standup", "participants": [PARTICIPANT] * 4}

TYPES = [
    case("an id that is an object", NODE, {"a": 1}, BAD),
    case("an id that is a fraction", NODE, 1.5, BAD),
    case("an id that is true", NODE, value=True, expected=BAD),
    case("an id of a million letters", NODE, lambda: "a" * 1_000_000, FINE),
    case("a text of a million letters that should be a list", NODES, lambda: "a" * 900_000, FINE),
    case(
        "an object of 20,000 fields that should be an id",
        NODE,
        lambda: dict.fromkeys(map(str, range(20_000))),
        BAD,
    ),
    case("a list 100 deep that should be an id", NODE, lists(100), BAD),
    case("a list 100 deep that should be of ids", NODES, lists(100), BAD),
    case(
        "a number of 4,300 digits that should be an id", NODE, int("9" * 4_300), f"{BAD} | {FINE}"
    ),
]

MANY = [
    case("150,000 ids", NODES, lambda: list(map(str, range(100_000))), ANY_REFUSAL),
    case("100,000 nulls that should be ids", NODES, [None] * 100_000, ANY_REFUSAL),
    case("90,000 objects that should be ids", NODES, [{}] * 90_000, ANY_REFUSAL),
    case("20,000 keys to sort by", SORTED, [{"id": "ASC"}] * 20_000, ANY_REFUSAL),
    case("20,000 unknown keys to sort by", SORTED, [{"a": "ASC"}] * 20_000, ANY_REFUSAL),
    case("50,000 keys to group by", GROUPS, ["STATUS"] * 50_000, f"{ANY_REFUSAL} | {FINE}"),
    case("50,000 unknown keys to group by", GROUPS, ["A"] * 50_000, ANY_REFUSAL),
    case("30,000 filters joined by and", LIST, {"and": [{}] * 30_000}, ANY_REFUSAL),
    case("30,000 filters joined by or", LIST, {"or": [{"id": {"eq": "1"}}] * 30_000}, ANY_REFUSAL),
    case(
        "100,000 operands",
        LIST,
        {"id": {"in": list(map(str, range(90_000)))}},
        f"{FINE} | {ANY_REFUSAL}",
    ),
    case(
        "100,000 operands to fold",
        LIST,
        {"clientContext": {"in": ["\N{LATIN SMALL LETTER SHARP S}"] * 100_000, "ignoreCase": True}},
        f"{FINE} | {ANY_REFUSAL}",
    ),
    case(
        "20,000 unknown fields of an input",
        CREATE,
        lambda: dict.fromkeys((f"a{n}" for n in range(20_000)), 1),
        BAD,
    ),
    case(
        "20,000 unknown fields of a filter",
        LIST,
        lambda: dict.fromkeys((f"a{n}" for n in range(20_000)), 1),
        ANY_REFUSAL,
    ),
    case("20,000 operations to create", CREATE_MANY, [{}] * 20_000, ANY_REFUSAL),
    case(
        "1,000 operations to create, all wrong",
        CREATE_MANY,
        [{"id": ""}] * 1_000,
        f"{FINE} | {ANY_REFUSAL}",
    ),
    case("1,000 operations of unknown fields", CREATE_MANY, [{"a": 1}] * 1_000, BAD),
    case(
        "1,000 operations of 4 participants, the last one wrong",
        CREATE_MANY,
        lambda: [*[FULL] * 999, FULL | {"status": "Unknown"}],
        BAD,
    ),
    case(
        "1,000 operations whose values are of the next best types",
        CREATE_MANY,
        lambda: [{"callId": number} for number in range(1_000)],
        f"{BAD} | {FINE}",
    ),
    case(
        "1,000 operations of 4 participants, all too long",
        CREATE_MANY,
        lambda: [FULL | {"clientContext": "a" * 257}] * 1_000,
        BAD,
    ),
    asking(
        "1,000 operations by a document that is not compiled",
        "mutation($v:[CreateInviteParticipantsOperationInput!]!"
        + "".join(f"$a{n}:Boolean!" for n in range(7))
        + "){createInviteParticipantsOperations(inputs:$v){createdCount"
        + "".join(f" a{n}:createdCount@skip(if:$a{n})" for n in range(7))
        + "}}",
        TOO_MUCH,
        lambda: {"v": [FULL] * 999} | dict.fromkeys((f"a{n}" for n in range(7)), True),
    ),
    case("201 participants", CREATE, {"participants": [{"identity": {}}] * 201}, FINE),
    case(
        "50,000 participants",
        CREATE,
        {"participants": [{"identity": {}}] * 50_000},
        f"{FINE} | {ANY_REFUSAL}",
    ),
    asking(
        "20,000 variables that nobody declared",
        "{__typename}",
        f"{FINE} | {TOO_MUCH}",
        lambda: dict.fromkeys((f"a{n}" for n in range(20_000)), 1),
    ),
]

DEEP = [
    case("a filter 64 deep", LIST, nested(64, "not", {}), ANY_REFUSAL),
    case("a filter 190 deep", LIST, nested(190, "not", {}), ANY_REFUSAL),
    case("a filter 90 deep of lists", LIST, lambda: nested_lists(90), ANY_REFUSAL),
    case("JSON 65 deep", CREATE, {"additionalProperties": nested(65, "a", 1)}, FINE),
    case(
        "JSON 190 deep",
        CREATE,
        {"additionalProperties": nested(190, "a", 1)},
        f"{FINE} | {ANY_REFUSAL}",
    ),
    case("a filter 8 deep and 3 wide", LIST, lambda: tree(8), ANY_REFUSAL),
    case("a filter 7 deep and 3 wide", LIST, lambda: tree(7), ANY_REFUSAL),
]


def nested_lists(levels: int) -> dict[str, Any]:
    """Nest filters by lists of one."""
    end: dict[str, Any] = {}
    for _ in range(levels):
        end = {"and": [end]}
    return end


def tree(levels: int) -> dict[str, Any]:
    """Nest filters three wide."""
    return {"or": [tree(levels - 1)] * 3} if levels else {"id": {"neq": "1"}}


TEXTS = [
    case("a client context of a million letters", CREATE, {"clientContext": "a" * 1_000_000}, FINE),
    case("NUL in a client context", CREATE, {"clientContext": "a\0b"}, FINE),
    case("a half surrogate in a client context", CREATE, {"clientContext": "\ud800"}, FINE),
    case("NUL in an id", CREATE, {"id": "\0"}, FINE),
    case("NUL in JSON", CREATE, {"additionalProperties": {"\0": "\0"}}, FINE),
    case("JSON of a mebibyte", CREATE, {"additionalProperties": {"a": "a" * 900_000}}, FINE),
    case(
        "a number of 400 digits in JSON",
        CREATE,
        {"additionalProperties": {"a": int("9" * 400)}},
        FINE,
    ),
    case(
        "names that JSON paths know",
        CREATE,
        {"additionalProperties": {"$.id": 1, "a.b[0]": 1}},
        FINE,
    ),
    case("a time of a million digits", LIST, {"createdAt": {"gt": "9" * 1_000_000}}, BAD),
    case("a time that is none", LIST, {"createdAt": {"gt": "2026-02-30T25:61:61Z"}}, BAD),
    case("a time before the first", LIST, {"createdAt": {"gt": "0001-01-01T00:00:00+23:59"}}, BAD),
    case("a status of a million letters", LIST, {"status": {"eq": "A" * 900_000}}, BAD),
    case(
        "a text to find of a million letters",
        LIST,
        {"clientContext": {"contains": "a" * 900_000}},
        FINE,
    ),
    case(
        "a text to find that folds to three times its length",
        LIST,
        {
            "clientContext": {
                "contains": "\N{LATIN SMALL LIGATURE FFI}" * 150_000,
                "ignoreCase": True,
            }
        },
        FINE,
    ),
]

LONG = "a" * 1_000_000
WIDE = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 170_000
"""As long as a body allows, since it is written with escapes."""


def many(value: str, count: int) -> str:
    """Return a list that repeats a value."""
    return f"[{','.join([value] * count)}]"


FOUND = "inviteParticipantsOperations"
REPEATED = [
    case(
        "a million letters 900 times in a filter",
        f"query($v:String!){{{FOUND}(filter:{{clientContext:{{in:{many('$v', 900)}}}}})"
        "{nodes{id}}}",
        LONG,
        TOO_MUCH,
    ),
    case(
        "many letters to fold 900 times in a filter",
        f"query($v:String!){{{FOUND}(filter:{{clientContext:{{in:{many('$v', 900)},ignoreCase:true"
        "}}){nodes{id}}}",
        WIDE,
        TOO_MUCH,
    ),
    case(
        "a million letters 500 times as an id",
        f"query($v:ID!){{nodes(ids:{many('$v', 500)}){{id}}}}",
        LONG,
        TOO_MUCH,
    ),
    case(
        "many letters 100 times as a context",
        "mutation($v:String){createInviteParticipantsOperations(inputs:"
        f"{many('{clientContext:$v}', 100)}){{createdCount}}}}",
        WIDE,
        TOO_MUCH,
    ),
    case(
        "many letters 100 times as further properties",
        "mutation($v:JSON){createInviteParticipantsOperations(inputs:"
        f"{many('{additionalProperties:$v}', 100)}){{createdCount}}}}",
        {"a": WIDE},
        TOO_MUCH,
    ),
    *(
        case(
            f"30 lists by {name} of many letters",
            f"query($v:{type_}){{"
            + "".join(f"a{n}:{FOUND}(first:1,{argument}){{nodes{{id}}}} " for n in range(30))
            + "}",
            value,
            expected,
        )
        for name, type_, argument, value, expected in (
            (
                "a filter",
                "InviteParticipantsOperationFilter",
                "filter:$v",
                {"clientContext": {"eq": WIDE}},
                TOO_MUCH,
            ),
            ("a moment", "DateTime", "filter:{createdAt:{gt:$v}}", LONG, TOO_MUCH),
            ("a cursor", "String", "after:$v", LONG, TOO_MUCH),
        )
    ),
    case(
        "50,000 numbers and a text, in a field that is left out",
        f"query($v:[Int!]){{__typename a:{FOUND}(filter:{{version:{{in:$v}}}})"
        "@include(if:false){nodes{id}}}",
        [*[1] * 50_000, "x"],
        BAD,
    ),
    case(
        "300,000 numbers",
        f"query($v:[Int!]){{{FOUND}(filter:{{version:{{in:$v}}}}){{totalCount}}}}",
        [1] * 300_000,
        TOO_MUCH,
    ),
]

CASES = [*TYPES, *MANY, *DEEP, *TEXTS, *REPEATED]
