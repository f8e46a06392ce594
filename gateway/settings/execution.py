"""The documents that are executed, and how."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_settings import BaseSettings


def _with_documents(mode: str, info: ValidationInfo) -> str:
    if mode in {"log", "only"} and not info.data.get("documents"):
        raise ValueError(f"{mode!r} needs manifests. Name them with --documents.")
    return mode


def _none_if_empty(value: object) -> object:
    return value or None


Documents = Annotated[Path | None, BeforeValidator(_none_if_empty)]
TrustedMode = Annotated[Literal["off", "allow", "log", "only"], AfterValidator(_with_documents)]


class ExecutionSettings(BaseSettings):
    """What is executed, and by what."""

    executor: Literal["compiled", "reference"] = Field(
        "compiled",
        description=(
            "What executes operations: `compiled`, which is fast, or `reference`, which is "
            "graphql-core alone."
        ),
    )
    execution_seconds: float = Field(
        10.0, ge=0, description="How long an operation may take; 0 is no limit."
    )
    answer_cache_bytes: int = Field(
        16_777_216,
        ge=0,
        description=(
            "The maximum size of each worker's cache of answers to queries, in bytes; 0 disables "
            "it. An answer is valid until the next change."
        ),
    )
    overdue_seconds: float = Field(
        60.0,
        ge=0,
        le=3_153_600_000,
        description=(
            "The age from which an operation that has not ended is overdue, for the filter "
            "`overdue` and in the metrics."
        ),
    )
    documents: Documents = Field(
        None,
        description=(
            "A manifest of documents that clients can request by id, or a folder of manifests: "
            "those of Apollo or Relay, any `{id: document}` in JSON, or `.graphql` files."
        ),
    )
    trusted_documents: TrustedMode = Field(
        "allow",
        description=(
            "Which documents are executed: with `off` only those sent as text; with `allow` also "
            "those requested by id; with `log` the same, and those in no manifest are logged; with "
            "`only` just those of the manifests and of the console, and there is no playground."
        ),
    )
