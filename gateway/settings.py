"""What can be set: by an option of the command line, or by a variable of the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.setting_types import (
    DEFAULT_DATABASE,
    Algorithms,
    Database,
    Documents,
    ForwardURL,
    HeaderNames,
    HostNames,
    Names,
    OpenTelemetry,
    Origins,
    ReadableFile,
    ReadDatabases,
    SchemaName,
    Scope,
    TrustedMode,
    Workers,
    sqlite_path,
)


class Settings(BaseSettings):
    """The settings of the server, each also a variable ``INVITE_GATEWAY_…``."""

    model_config = SettingsConfigDict(env_prefix="INVITE_GATEWAY_", frozen=True)

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(
        8000, ge=0, le=65_535, description="The port to listen on; 0 takes one that is free."
    )
    database: Database = Field(
        DEFAULT_DATABASE,
        repr=False,  # it may hold a password
        description=(
            "The database's URL: `sqlite:///` and the path of a file, or "
            "`postgresql://user@host/name`."
        ),
    )
    database_schema: SchemaName = Field(
        "",
        description=(
            "The schema of the tables in PostgreSQL; when empty, the first of the role's "
            "`search_path`."
        ),
    )
    database_password_file: ReadableFile = Field(
        "",
        description=(
            "A file with the password for PostgreSQL, instead of one in the URL or in "
            "`PGPASSFILE`. It is read for each connection."
        ),
    )
    database_sessions: bool = Field(
        default=True,
        description=(
            "Whether each connection to PostgreSQL is a session of its own, with prepared "
            "statements; not behind PgBouncer in transaction mode."
        ),
    )
    read_database: ReadDatabases = Field(
        (),
        repr=False,  # they may hold passwords
        description=(
            "The URLs of hot standbys that lists, gets, counts and the change log are read from, "
            "separated by commas; as an option, given once for each."
        ),
    )
    read_lag_seconds: float = Field(
        5.0,
        gt=0,
        description=(
            "How far a standby may be behind to be read from, and so how long it is kept what each "
            "client has written and seen."
        ),
    )
    workers: Workers = Field(
        1, ge=1, le=64, description="How many processes serve side by side, on one port."
    )
    readers: int = Field(
        2, ge=1, le=64, description="How many connections of each worker read from the database."
    )
    change_log_days: int = Field(
        30, ge=0, le=36_500, description="How many days a change stays in the change log."
    )
    change_log_changes: int = Field(
        1_000_000,
        ge=0,
        description="How many changes stay in the change log, however old they are.",
    )
    change_log_bytes: int = Field(
        0,
        ge=0,
        description=(
            "How many bytes of documents stay in the change log, however young they are, but for "
            "the newest 1,000 changes; 0 is no limit."
        ),
    )
    answer_cache_bytes: int = Field(
        16_777_216,
        ge=0,
        description=(
            "How many bytes of answers to lists each worker keeps for as long as nothing changes; "
            "0 keeps none."
        ),
    )
    executor: Literal["compiled", "reference"] = Field(
        "compiled",
        description=(
            "What runs operations: `compiled` is the fast one, `reference` graphql-core alone."
        ),
    )
    execution_seconds: float = Field(
        10.0, ge=0, description="How long an operation may take; 0 is no limit."
    )
    auth: Literal["none", "tokens", "oidc"] = Field(
        "none",
        description=(
            "Who is let in: with `none` everybody, on a loopback address alone; with `tokens` or "
            "`oidc` those who have a bearer token of a file, or of an issuer."
        ),
    )
    tokens_file: str = Field(
        "tokens.json", description="The file of tokens that `invite-gateway token` makes."
    )
    oidc_issuers: Names = Field(
        (),
        description=(
            "The issuers whose tokens are taken, separated by commas, such as "
            "`https://login.microsoftonline.com/<tenant id>/v2.0`."
        ),
    )
    oidc_audiences: Names = Field(
        (),
        description="What tokens may name as their audience, separated by commas.",
    )
    oidc_algorithms: Algorithms = Field(
        ("RS256", "ES256"), min_length=1, description="How tokens may be signed."
    )
    oidc_leeway: float = Field(
        30.0, ge=0, le=50, description="How many seconds an issuer's clock may be off."
    )
    graph_app_id: str = Field(
        "",
        description=(
            "The application id of the bot whose notifications Microsoft Graph sends to "
            "`/graph/notifications`; empty takes none, but with `auth` `none` from everybody."
        ),
    )
    graph_issuers: Names = Field(
        ("https://api.botframework.com", "https://graph.microsoft.com"),
        min_length=1,
        description="The issuers whose tokens notifications may carry, separated by commas.",
    )
    graph_openid_configuration: str = Field(
        "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration",
        description="Where the keys of these issuers are found.",
    )
    forward: ForwardURL = Field(
        "",
        description=(
            "Where notifications are passed on to, unchanged: the URL of the bot's own endpoint; "
            "nowhere when empty."
        ),
    )
    forward_queue: int = Field(
        10_000,
        ge=1,
        description="How many notifications may wait to be passed on; more are dropped.",
    )
    forward_seconds: float = Field(
        3_600.0,
        gt=0,
        description="How long passing on a notification is tried before it is dropped.",
    )
    overdue_seconds: float = Field(
        60.0,
        ge=0,
        le=3_153_600_000,
        description=(
            "How old an operation is that has not ended when it counts as overdue, by the filter "
            "`overdue` and in the metrics."
        ),
    )
    read_scope: Scope = Field(
        "InviteParticipantsOperation.Read.All",
        min_length=1,
        description="The scope that lets a token read.",
    )
    write_scope: Scope = Field(
        "InviteParticipantsOperation.ReadWrite.All",
        min_length=1,
        description="The scope that lets a token write and read.",
    )
    introspection_scope: Scope = Field(
        "",
        description="The scope that introspection needs; none, for those let in, when empty.",
    )
    allowed_hosts: HostNames = Field(
        (),
        description=(
            "The names by which pages reach the gateway, separated by commas, such as "
            "`gateway.example.com`, or `.example.com` for that and all in its domain; `localhost` "
            "and addresses need not be named. Where some are, or on a loopback address, requests "
            "under other names are refused, not only those of pages."
        ),
    )
    documents: Documents = Field(
        None,
        description=(
            "A manifest of documents that clients may ask for by their ids, or a folder of "
            "manifests: of Apollo, Relay, or any `{id: document}` in JSON, or `.graphql` files."
        ),
    )
    trusted_documents: TrustedMode = Field(
        "allow",
        description=(
            "What runs: with `off` texts alone, with `allow` also documents by their ids, with "
            "`log` the same while those in no manifest are logged, with `only` the manifests' and "
            "the console's alone, and there is no playground."
        ),
    )
    cors_origins: Origins = Field(
        (),
        description=(
            "The origins whose pages may call the gateway from a browser, separated by commas, "
            "such as `https://app.example.com`; none but the gateway's own when empty."
        ),
    )
    cors_headers: HeaderNames = Field(
        (),
        description=(
            "Headers that these pages may send beside the common ones of GraphQL clients and "
            "tracing tools, separated by commas, such as `x-tenant`, or `x-tenant-*` for all that "
            "begin so."
        ),
    )
    batch: int = Field(
        10,
        ge=0,
        le=100,
        description=(
            "How many requests one body may hold as a JSON array, which cost and count together; "
            "0 takes them one at a time."
        ),
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="The largest request body taken, in bytes."
    )
    max_cost: int = Field(
        20_000,
        ge=1,
        description=("The most that one request, or one batch, may cost; 500 operations cost 510."),
    )
    max_depth: int = Field(
        16, ge=1, le=50, description="How many levels of fields a document may have."
    )
    rate: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "How much the requests of one principal may cost a second, in each worker; 0 for no "
            "limit. Without `auth`, all are one principal."
        ),
    )
    rate_burst: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="How much of that can be saved up; 0 for what comes in 10 seconds.",
    )
    requests_at_work: int = Field(
        1_024,
        ge=1,
        description=(
            "How many requests each worker takes on at once, those that wait included; more are "
            "refused as `OVERLOADED`."
        ),
    )
    cost_at_work: int = Field(
        20_000,
        ge=2,
        description=(
            "What the requests that each worker carries out at once may cost together. Each may "
            "take half of what is left, or waits, at most 5 seconds, until others have ended."
        ),
    )
    lag_seconds: float = Field(
        0.05,
        gt=0,
        description="How late a worker may run before it takes on fewer requests at once.",
    )
    connections: int = Field(
        12_000,
        ge=1,
        description=(
            "How many connections each worker keeps; for one more, it closes the one that has "
            "been idle the longest."
        ),
    )
    idle_seconds: float = Field(
        75.0, gt=0, description="How long a connection may be idle between two requests."
    )
    transfer_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a request may take to arrive, and a client to take its answer.",
    )
    websocket_connections: int = Field(
        10_000, ge=0, description="How many WebSockets each worker keeps open at once."
    )
    websocket_operations: int = Field(
        100,
        ge=1,
        description=(
            "How many operations may run at once on one WebSocket, or on one stream in single "
            "connection mode."
        ),
    )
    streams: int = Field(
        10_000,
        ge=0,
        description="How many subscriptions over HTTP each worker keeps open at once.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        description=(
            "How long a subscription may be silent before a heartbeat; a WebSocket that gives no "
            "sign of life is closed after half as long again."
        ),
    )
    shutdown_seconds: float = Field(
        30.0, ge=0, description="How long requests under way may take to finish at shutdown."
    )
    drain_seconds: float = Field(
        0.25,
        ge=0,
        description=(
            "How long, before that, requests are still taken in while `/health/ready` says no."
        ),
    )
    console: bool = Field(
        default=True,
        description="Whether a browser gets the console, at `/` and at `/operations`.",
    )
    console_hide_names: bool = Field(
        default=False,
        description=(
            "Whether the console hides names and numbers of people from everybody; the playground "
            "and the interfaces still show them."
        ),
    )
    playground: bool = Field(default=True, description="Whether a browser gets the playground.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description=(
            "The least severe messages that are logged; a line for each request is `info`, "
            "`warning` if the gateway failed."
        ),
    )
    log_format: Literal["readable", "json"] = Field(
        "readable", description="How the log looks: `readable` for people, `json` for programs."
    )
    otel: OpenTelemetry = Field(
        default=False,
        description=(
            "Whether traces and metrics go to an OpenTelemetry collector, as the variables "
            "`OTEL_…` say; needs the extra `otel`."
        ),
    )

    @property
    def database_path(self) -> Path:
        """The file that ``database`` names; raises ``ValueError`` if that is none of SQLite."""
        return sqlite_path(self.database)
