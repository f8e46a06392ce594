"""Who has access, and the scopes of tokens."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode

from gateway.settings.texts import Names, matching, split

_SCOPE = re.compile(r"[!#-\[\]-~]*")
"""The name of a scope (RFC 6749, section 3.3), or nothing."""

Algorithm = Literal[
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
]
"""Signature algorithms with a public key, so that whoever verifies tokens cannot sign them."""


Algorithms = Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(split)]
Scope = Annotated[
    str,
    AfterValidator(
        matching(
            _SCOPE,
            "is not a scope's name: that is one word, of printable ASCII without quotes and "
            "backslashes.",
        )
    ),
]


class AuthenticationSettings(BaseSettings):
    """Which tokens are accepted, and what their scopes allow."""

    auth: Literal["none", "tokens", "oidc"] = Field(
        "none",
        description=(
            "Who has access: with `none` everybody, which requires a loopback address; with "
            "`tokens` clients with a bearer token of a file; with `oidc` those with one of an "
            "issuer."
        ),
    )
    tokens_file: str = Field(
        "tokens.json", description="The file of the tokens that `invite-gateway token` creates."
    )
    oidc_issuers: Names = Field(
        (),
        description=(
            "The issuers whose tokens are accepted, separated by commas, such as "
            "`https://login.microsoftonline.com/<tenant id>/v2.0`."
        ),
    )
    oidc_audiences: Names = Field(
        (),
        description="The audiences of tokens that are accepted, separated by commas.",
    )
    oidc_algorithms: Algorithms = Field(
        ("RS256", "ES256"),
        min_length=1,
        description="The signature algorithms of tokens that are accepted.",
    )
    oidc_leeway: float = Field(
        30.0, ge=0, le=50, description="By how many seconds an issuer's clock may differ."
    )
    read_scope: Scope = Field(
        "InviteParticipantsOperation.Read.All",
        min_length=1,
        description="The scope that allows a token to read.",
    )
    write_scope: Scope = Field(
        "InviteParticipantsOperation.ReadWrite.All",
        min_length=1,
        description="The scope that allows a token to write and read.",
    )
    introspection_scope: Scope = Field(
        "",
        description="The scope that introspection requires; if empty, none besides access itself.",
    )
