"""The scopes of principals, by their names in the settings."""

from collections.abc import Iterable, Mapping

from gateway.settings import Settings
from schema.context import Scope


def scope_names(settings: Settings) -> dict[Scope, str]:
    """Return the names of scopes in tokens; a scope without a name is not required."""
    names = {
        Scope.READ: settings.read_scope,
        Scope.WRITE: settings.write_scope,
        Scope.INTROSPECTION: settings.introspection_scope,
    }
    return {scope: name for scope, name in names.items() if name}


def granted(scopes: Iterable[str], names: Mapping[Scope, str]) -> frozenset[str]:
    """Return the known scopes of a token; the write scope includes the read scope."""
    known = frozenset(scopes) & frozenset(names.values())
    return known | {names[Scope.READ]} if names[Scope.WRITE] in known else known
