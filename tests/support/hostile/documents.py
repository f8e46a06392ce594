"""Documents: deep, wide, with many parts, and small ones that expand to large ones."""

from support.hostile.harness import Case, asking

INVALID = "400 GRAPHQL_VALIDATION_FAILED"
BROKEN = "400 GRAPHQL_PARSE_FAILED"
TOO_MUCH = "400 LIMIT_EXCEEDED"
REFUSED = f"{TOO_MUCH} | {BROKEN} | {INVALID}"
FINE = "200"

LIST = "inviteParticipantsOperations"


def fragments(count: int, selection: str, last: str = "__typename") -> str:
    """Return fragments that each spread the next one, which ``selection`` calls ``next``."""
    chain = [
        f"fragment F{number} on Query {{ {selection.replace('next', f'...F{number + 1}')} }}"
        for number in range(count)
    ]
    return "\n".join(["{ ...F0 }", *chain, f"fragment F{count} on Query {{ {last} }}"])


def repeated(text: str, count: int, separator: str = " ") -> str:
    """Repeat a text, with ``#`` replaced by the index."""
    return separator.join(text.replace("#", str(number)) for number in range(count))


DEEP = [
    asking("a selection 100,000 deep", lambda: "{a" * 100_000 + "}" * 100_000, REFUSED),
    asking("a selection 300 deep", "{a" * 300 + "}" * 300, REFUSED),
    asking("a selection 100,000 deep without an end", lambda: "{a" * 100_000, REFUSED),
    asking("fragments 100,000 deep", lambda: "{" + "...{" * 100_000, REFUSED),
    asking("fragments 150 deep", "{" + "...{" * 150 + "__typename" + "}" * 151, TOO_MUCH),
    asking("a list 100,000 deep", lambda: "{a(b:" + "[" * 100_000, REFUSED),
    asking("an object 100,000 deep", lambda: "{a(b:" + "{a:" * 100_000, REFUSED),
    asking(
        "a filter 180 deep",
        f"{{{LIST}(filter:" + "{not:" * 180 + "{}" + "}" * 180 + ") {totalCount}}",
        REFUSED,
    ),
    asking("a type 100,000 deep", lambda: "query($a:" + "[" * 100_000 + "ID", REFUSED),
    asking("a type 190 deep", "query($a:" + "[" * 190 + "ID" + "]" * 190 + "){a}", REFUSED),
    asking("fragments that spread the next, 220 deep", fragments(220, "next"), REFUSED),
    asking("operations 100,000 deep", lambda: "query{" * 100_000, REFUSED),
]

WIDE = [
    asking("20,000 unknown fields", lambda: "{" + repeated("a#", 20_000) + "}", REFUSED),
    asking("1,900 unknown fields", "{" + repeated("a#", 1_900) + "}", REFUSED),
    asking(
        "600 fields almost spelled well",
        "{" + repeated("inviteParticipantsOperation#", 600) + "}",
        REFUSED,
    ),
    asking("20,000 aliases", lambda: "{" + repeated("a#:__typename", 20_000) + "}", REFUSED),
    asking("600 aliases", "{" + repeated("a#:__typename", 600) + "}", TOO_MUCH),
    asking("20,000 times the same field", lambda: "{" + "__typename " * 20_000 + "}", REFUSED),
    asking(
        "180 lists",
        "{" + repeated(f"a#:{LIST}(first:500){{nodes{{id}}}}", 180) + "}",
        TOO_MUCH,
    ),
    asking("300 look-ups", "{" + repeated('a#:node(id:"#"){id}', 200) + "}", TOO_MUCH),
    asking(
        "10,000 directives at a field",
        lambda: "{__typename" + "@include(if:true)" * 10_000 + "}",
        REFUSED,
    ),
    asking("900 directives at a field", "{__typename" + " @a" * 900 + "}", REFUSED),
    asking(
        "10,000 directives at a query", lambda: "query" + "@a" * 10_000 + "{__typename}", REFUSED
    ),
    asking(
        "900 directives at as many fields",
        "{" + repeated("a#:__typename@a", 390) + "}",
        REFUSED,
    ),
    asking(
        "10,000 variables",
        lambda: "query(" + repeated("$a#:ID", 10_000) + "){__typename}",
        REFUSED,
    ),
    asking("490 variables", "query(" + repeated("$a#:ID", 490) + "){__typename}", REFUSED),
    asking(
        "the same variable 490 times", "query(" + "$a:ID " * 490 + "){node(id:$a){id}}", REFUSED
    ),
    asking("5,000 operations", lambda: repeated("query A#{__typename}", 5_000), REFUSED),
    asking("390 operations", repeated("query A#{__typename}", 390), REFUSED),
    asking("390 operations of the same name", repeated("query A{__typename}", 390), REFUSED),
    asking("600 operations without a name", repeated("{__typename}", 600), REFUSED),
    asking(
        "10,000 fragments",
        lambda: "{a}" + repeated("fragment F# on Query{a}", 10_000),
        REFUSED,
    ),
    asking(
        "270 fragments nobody spreads",
        "{__typename}" + repeated("fragment F# on Query{__typename}", 270),
        REFUSED,
    ),
    asking("660 spreads of what is not there", "{" + repeated("...F#", 660) + "}", REFUSED),
    asking("490 unknown arguments", "{__typename(" + repeated("a#:1", 490) + ")}", REFUSED),
    asking(
        "490 unknown fields of a filter",
        f"{{{LIST}(filter:{{" + repeated("a#:1", 490) + "}){totalCount}}",
        REFUSED,
    ),
    asking(
        "900 values that do not fit",
        "{nodes(ids:[" + "{} " * 900 + "]){id}}",
        REFUSED,
    ),
    asking(
        "900 ids to look up",
        "{nodes(ids:[" + repeated('"#"', 900) + "]){id}}",
        f"{TOO_MUCH} | 200 LIMIT_EXCEEDED",
    ),
]

EXPANDING = [
    asking("2^24 expansions of fragments", fragments(24, "next next"), TOO_MUCH),
    asking(
        "2^24 expansions under aliases",
        "{ ...F0 }"
        + "".join(
            f"fragment F{n} on InviteParticipantsOperation"
            f"{{a{n}:history{{nodes{{operation{{...F{n + 1}}}}}}}"
            f"b{n}:history{{nodes{{operation{{...F{n + 1}}}}}}}}}"
            for n in range(24)
        )
        + "fragment F24 on InviteParticipantsOperation{id}",
        REFUSED,
    ),
    asking("10^7 expansions of fragments", fragments(7, "next " * 10), TOO_MUCH),
    asking("2^24 expansions that end in nothing", fragments(24, "next next", "...F99"), REFUSED),
    asking(
        "2^24 expansions of inline fragments",
        fragments(24, "... on Query {next} ... @include(if: true) {next}"),
        REFUSED,
    ),
    asking("a fragment that spreads itself", "{...F} fragment F on Query{...F ...F}", INVALID),
    asking(
        "20 fragments that each spread all",
        "{...F0}" + repeated("fragment F# on Query{" + repeated("...F#", 20) + "}", 20),
        REFUSED,
    ),
    asking(
        "a ring of 100 fragments",
        "{...F0}" + "".join(f"fragment F{n} on Query{{...F{(n + 1) % 100}}}" for n in range(100)),
        REFUSED,
    ),
    asking(
        "40 fragments that each spread all after them",
        "{...F0}"
        + "".join(
            f"fragment F{n} on Query{{__typename {' '.join(f'...F{m}' for m in range(n + 1, 40))}}}"
            for n in range(40)
        ),
        REFUSED,
    ),
]

FOLLOWED = f"{LIST}(first:500){{nodes{{"
HISTORY = "history(first:500){nodes{operation{"
OVERLAPPING = [
    asking("660 fields that overlap", "{" + "node(id:1){id}" * 220 + "}", REFUSED),
    asking(
        "450 fields that differ in an argument",
        "{" + repeated('node(id:"#"){id}', 200) + "}",
        REFUSED,
    ),
    asking(
        "60 fragments that overlap with each other",
        "{"
        + repeated("...F#", 60)
        + "}"
        + repeated("fragment F# on Query{a:__typename node(id:1){id x:__typename}}", 60),
        REFUSED,
    ),
    asking(
        "fields that overlap at every level",
        "{"
        + "node(id:1){... on InviteParticipantsOperation{" * 2
        + f"{HISTORY}id}}}}}}" * 60
        + "}}" * 2
        + "}",
        REFUSED,
    ),
    asking(
        "aliases that overlap under fragments on both sides",
        "{...A ...B} fragment A on Query{"
        + repeated("a#:__typename", 220)
        + "} fragment B on Query{"
        + repeated("a#:__typename", 220)
        + "}",
        REFUSED,
    ),
    asking(
        "fragments that overlap, each in a field of its own",
        "{" + repeated("node(id:1){...F#}", 120) + "}" + repeated("fragment F# on Node{id}", 120),
        REFUSED,
    ),
]

NOT_COMPILED = repeated("$c#:Boolean=true", 7, ",")
CONDITIONS = repeated("c#:__typename@skip(if:$c#)", 7)
COSTLY = [
    asking(
        "9,000 operations by a plan",
        "{" + repeated(f"a#:{LIST}(first:500){{nodes{{id status createdAt callId}}}}", 18) + "}",
        f"{FINE} | {TOO_MUCH}",
    ),
    asking(
        "9,000 operations without a plan",
        f"query({NOT_COMPILED}){{{CONDITIONS} "
        + repeated(f"a#:{LIST}(first:500){{nodes{{id status createdAt callId}}}}", 18)
        + "}",
        f"{FINE} | {TOO_MUCH}",
    ),
    asking(
        "9,000 operations with their participants, without a plan",
        f"query({NOT_COMPILED}){{{CONDITIONS} "
        + repeated(
            f"a#:{LIST}(first:500){{nodes{{participants{{identity{{user{{id displayName}}}}}}}}}}",
            18,
        )
        + "}",
        f"{FINE} | {TOO_MUCH}",
    ),
    asking(
        "histories of histories",
        f"{{{FOLLOWED}{HISTORY * 8}id{'}' * (3 * 8 + 3)}",
        TOO_MUCH,
    ),
    asking(
        "all lists, with all histories",
        f"{{{FOLLOWED}{HISTORY}{HISTORY}id{'}' * (3 * 2 + 3)}",
        TOO_MUCH,
    ),
    asking(
        "an introspection 12 deep",
        "{__schema{types{fields{type" + "{fields{type" * 4 + "{name" + "}" * 13,
        REFUSED,
    ),
    asking(
        "an introspection of types' types",
        '{__type(name:"Query")' + "{ofType" * 60 + "{name}" + "}" * 61,
        f"{REFUSED} | {FINE}",
    ),
    asking(
        "100 introspections",
        "{" + repeated("a#:__schema{types{name fields{name args{name}}}}", 100) + "}",
        TOO_MUCH,
    ),
]

LETTERS = 32_000
"""Nearly as many characters as a document may have."""
NUMBER = "9" * 5_000


LONG = [
    asking("a million letters", lambda: "a" * 1_000_000, TOO_MUCH),
    asking("a million commas", lambda: "," * 1_000_000, TOO_MUCH),
    asking("a million hashes", lambda: "#" * 1_000_000, TOO_MUCH),
    asking("half a million quotes", lambda: '"' * 500_000, TOO_MUCH),
    asking("half a million lines", lambda: "{__typename\n" + "\n" * 500_000 + "}", TOO_MUCH),
    asking("a long name", "{" + "a" * LETTERS + "}", REFUSED),
    asking("a long alias", "{" + "a" * LETTERS + ":__typename}", FINE),
    asking("an unknown type with a long name", "{...on " + "A" * LETTERS + "{a}}", REFUSED),
    asking(
        "an unknown argument with a long name", "{__typename(" + "a" * LETTERS + ":1)}", REFUSED
    ),
    asking(
        "an unknown variable with a long name", "{node(id:$" + "a" * LETTERS + "){id}}", REFUSED
    ),
    asking("an unknown fragment with a long name", "{..." + "a" * LETTERS + "}", REFUSED),
    asking(
        "an unknown value of an enum, a long one",
        f"{{{LIST}(filter:{{status:{{eq:{'A' * LETTERS}}}}}){{totalCount}}}}",
        REFUSED,
    ),
    asking(
        "an unknown field of a filter, a long one",
        f"{{{LIST}(filter:{{{'a' * LETTERS}:1}}){{totalCount}}}}",
        REFUSED,
    ),
    asking("names as long as the real ones", "{" + repeated("x" * 27, 1_000) + "}", REFUSED),
    asking("a long text", '{node(id:"' + "a" * LETTERS + '"){id}}', FINE),
    asking("a block text of many lines", '{node(id:"""' + " \n" * 16_000 + '"""){id}}', FINE),
    asking("a long comment", "{__typename}" + "#" * LETTERS, FINE),
    asking("16,000 comments", "#\n" * 16_000 + "{__typename}", TOO_MUCH),
    asking("many commas", "," * LETTERS + "{__typename}", FINE),
    asking("many byte order marks", "\ufeff" * LETTERS + "{__typename}", FINE),
    asking("many lines, and then a fault", "\n" * LETTERS + "{", BROKEN),
    asking("many commas on one line, and then a fault", "{" + "," * LETTERS + "(", BROKEN),
    asking("many escapes", '{node(id:"' + "\\u0041" * 5_000 + '"){id}}', FINE),
    asking("a text without an end", '{node(id:"' + "\\\\" * 16_000, BROKEN),
    asking("escaped quotes without an end", '{node(id:"' + '\\"' * 16_000, BROKEN),
    asking("a block text without an end", '{node(id:"""' + '\\"""' * 8_000, BROKEN),
    asking("a block text of quotes", '{node(id:"""' + '"" ' * 10_000 + '"""){id}}', FINE),
    asking("a whole number of 5,000 digits", f"{{{LIST}(first:{NUMBER}){{totalCount}}}}", REFUSED),
    asking("a negative one", f"{{{LIST}(first:-{NUMBER}){{totalCount}}}}", REFUSED),
    asking("a fraction of 5,000 digits", f"{{{LIST}(first:1.{NUMBER}){{totalCount}}}}", REFUSED),
    asking("a huge exponent", f"{{{LIST}(first:1e{NUMBER}){{totalCount}}}}", REFUSED),
    asking("an id of 5,000 digits", f"{{node(id:{NUMBER}){{id}}}}", f"{FINE} | {REFUSED}"),
    asking(
        "5,000 digits as a default",
        f"query($a:Int={NUMBER}){{{LIST}(first:$a){{totalCount}}}}",
        REFUSED,
    ),
    asking(
        "5,000 digits where any JSON is taken",
        "mutation{createInviteParticipantsOperation(input:{additionalProperties:{a:"
        f"{NUMBER}}}}}){{operation{{id}}}}}}",
        f"{FINE} | {REFUSED}",
    ),
]

ODD = [
    asking("nothing", "", BROKEN),
    asking("a comment alone", "# { __typename }", BROKEN),
    asking("NUL", "{ __type\0name }", BROKEN),
    asking("NUL in a text", '{ node(id: "\0") { id } }', f"{BROKEN} | {FINE}"),
    asking("a half surrogate in a text", '{ node(id: "\ud800") { id } }', BROKEN),
    asking("a half surrogate as an escape", '{ node(id: "\\ud800") { id } }', BROKEN),
    asking("an escape beyond Unicode", '{ node(id: "\\u{110000}") { id } }', BROKEN),
    asking("an escape without an end", '{ node(id: "\\u{0000000000000', BROKEN),
    asking("a byte order mark within", "{ \ufeff__typename }", FINE),
    asking("letters of other alphabets", "{ __t\u0443pename }", BROKEN),
    asking("a right-to-left override", "{ __typename \u202e }", BROKEN),
    asking("a schema", "type Query { a: Int } schema { query: Query }", INVALID),
    asking("an extension of a type", "extend type Query { a: Int } { __typename }", INVALID),
    asking("a fragment alone", "fragment F on Query { __typename }", INVALID),
    asking(
        "two roots of a subscription", "subscription { a: changes{at} b: changes{at} }", INVALID
    ),
    asking(
        "two roots by way of a fragment",
        "subscription{...F} fragment F on Subscription{a:changes{at} b:changes{at}}",
        INVALID,
    ),
    asking("an introspection as a subscription", "subscription { __typename }", INVALID),
    asking(
        "a subscription where one answer is due", "subscription{changes{at}}", "400 BAD_USER_INPUT"
    ),
    asking("directives of tomorrow", "{ ... @defer { __typename } }", INVALID),
    asking("a directive that is none", "{ __typename @deprecated }", INVALID),
    asking("names that begin with two underscores", "{ __proto__ __class__ }", INVALID),
    asking("an operation of another kind", "destroy { everything }", BROKEN),
    asking("variables within a constant", "query($a:ID=$b,$b:ID){node(id:$a){id}}", BROKEN),
    asking(
        "more conditions than there are plans",
        "query("
        + repeated("$a#:Boolean=true", 30)
        + "){"
        + repeated("a#:__typename@skip(if:$a#)", 30)
        + "}",
        f"{FINE} | {TOO_MUCH}",
    ),
]

CASES: list[Case] = [*DEEP, *WIDE, *EXPANDING, *OVERLAPPING, *COSTLY, *LONG, *ODD]
