"""Options for the names of scopes in tokens."""

from typing import Annotated

from gateway.cli.setting_options import setting_option

ReadScopeOption = Annotated[str | None, setting_option("read_scope")]
WriteScopeOption = Annotated[str | None, setting_option("write_scope")]
IntrospectionScopeOption = Annotated[str | None, setting_option("introspection_scope")]
