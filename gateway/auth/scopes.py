"""The scopes that are granted, by the names that the settings give them."""

from collections.abc import Iterable, Mapping

from gateway.settings import Settings
from schema.context import Scope


def scope_names(settings: Settings) -> dict[Scope, str]:
    """Return what tokens call the scopes; one without a name is nobody's to ask for."""
    names = {
        Scope.READ: settings.read_scope,
        Scope.WRITE: settings.write_scope,
        Scope.INTROSPECTION: settings.introspection_scope,
    }
    return {scope: name for scope, name in names.items() if name}


def granted(held: Iterable[str], names: Mapping[Scope, str]) -> frozenset[str]:
    """Return the scopes of a token that mean something here; who may write may read."""
    scopes = frozenset(held) & frozenset(names.values())
    return scopes | {names[Scope.READ]} if names[Scope.WRITE] in scopes else scopes
