"""The options that name scopes as tokens do, of the commands that read tokens or make them."""

from typing import Annotated

import typer

ReadScopeOption = Annotated[str | None, typer.Option(help="The scope that lets a token read.")]
WriteScopeOption = Annotated[
    str | None, typer.Option(help="The scope that lets a token write and read.")
]
IntrospectionScopeOption = Annotated[
    str | None, typer.Option(help="The scope that introspection needs, if any.")
]
