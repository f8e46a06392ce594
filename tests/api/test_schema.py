"""The schema itself: current, within the contract, and described."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    find_breaking_changes,
)
from graphql import (
    build_schema as schema_from_sdl,
)
from support.paths import ROOT

from schema import build_schema

HERE = Path(__file__).parent
PRINTED = ROOT / "schema" / "schema.graphql"


def described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Yield the coordinate and the description of everything that can have one."""
    for name, type_ in schema.type_map.items():
        if not name.startswith("__"):
            yield name, type_.description
            for part_name, part in _parts(type_).items():
                yield f"{name}.{part_name}", part.description
                for argument_name, argument in getattr(part, "args", {}).items():
                    yield f"{name}.{part_name}({argument_name}:)", argument.description


def _parts(type_: GraphQLNamedType) -> dict[str, Any]:
    """Return the fields or the values of a type."""
    match type_:
        case GraphQLObjectType() | GraphQLInterfaceType() | GraphQLInputObjectType():
            return dict(type_.fields)
        case GraphQLEnumType():
            return dict(type_.values)
    return {}


def test_printed_schema_is_current() -> None:
    assert PRINTED.read_text() == build_schema().sdl(), "run `make schema`"


def test_schema_holds_the_contract() -> None:
    contract = schema_from_sdl((HERE / "contract.graphql").read_text())

    missing = {c.description for c in find_breaking_changes(contract, build_schema().graphql)}

    assert missing == set()


def test_everything_is_described() -> None:
    without = [name for name, description in described(build_schema().graphql) if not description]

    assert without == []


def test_schema_has_a_description() -> None:
    description = build_schema().graphql.description or ""

    assert 2 <= description.count(". ") + 1 <= 4
    assert description.endswith(".")
    assert PRINTED.read_text().startswith(f'"""\n{description}\n"""\nschema {{')


def test_scalars_name_only_a_specification_that_their_values_fit() -> None:
    named = {
        name: type_.specified_by_url
        for name, type_ in build_schema().graphql.type_map.items()
        if isinstance(type_, GraphQLScalarType) and type_.specified_by_url
    }

    assert named == {"DateTime": "https://www.rfc-editor.org/rfc/rfc3339"}


def test_defaults_are_only_those_that_are_meant() -> None:
    assert [line.strip() for line in PRINTED.read_text().splitlines() if " = " in line] == [
        "atomic: Boolean! = true"
    ]


def test_printed_orders_take_exactly_one_key() -> None:
    printed = PRINTED.read_text()

    assert "input InviteParticipantsOperationOrder @oneOf {" in printed
    assert "input ResultInfoOrder @oneOf {" in printed
