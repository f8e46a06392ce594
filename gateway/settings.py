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
        8000, ge=0, le=65_535, description="The port to listen on; 0 selects a free one."
    )
    database: Database = Field(
        DEFAULT_DATABASE,
        repr=False,  # it may hold a password
        description=(
            "The URL of the database: `sqlite:///` and the path of a file, or "
            "`postgresql://user@host/name`."
        ),
    )
    database_schema: SchemaName = Field(
        "",
        description=(
            "The schema of the tables in PostgreSQL; if empty, the first of the role's "
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
            "Whether connections to PostgreSQL keep their session, for prepared statements and "
            "notifications. Disable it behind PgBouncer in transaction mode."
        ),
    )
    read_database: ReadDatabases = Field(
        (),
        repr=False,  # they may hold passwords
        description=(
            "The URLs of hot standbys from which operations, lists, counts and the change log are "
            "read, separated by commas; the option can be repeated."
        ),
    )
    read_lag_seconds: float = Field(
        5.0,
        gt=0,
        description=(
            "How far a standby may be behind the primary to be read from. For this long a worker "
            "remembers what each client has written and read."
        ),
    )
    workers: Workers = Field(
        1, ge=1, le=64, description="The number of worker processes, which share the port."
    )
    readers: int = Field(
        2,
        ge=1,
        le=64,
        description="The number of connections that read from the database, in each worker.",
    )
    change_log_days: int = Field(
        30, ge=0, le=36_500, description="How many days a change is kept in the change log."
    )
    change_log_changes: int = Field(
        1_000_000,
        ge=0,
        description="How many changes are kept in the change log, however old they are.",
    )
    change_log_bytes: int = Field(
        0,
        ge=0,
        description=(
            "The maximum size of the documents in the change log, in bytes; 0 is no limit. The "
            "newest 1,000 changes are kept in any case."
        ),
    )
    answer_cache_bytes: int = Field(
        16_777_216,
        ge=0,
        description=(
            "The maximum size of each worker's cache of answers to queries, in bytes; 0 disables "
            "it. An answer is valid until the next change."
        ),
    )
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
    graph_app_id: str = Field(
        "",
        description=(
            "The application id of the bot whose notifications Microsoft Graph sends to "
            "`/graph/notifications`; if empty, none are accepted, but with `auth` `none` those of "
            "every sender."
        ),
    )
    graph_issuers: Names = Field(
        ("https://api.botframework.com", "https://graph.microsoft.com"),
        min_length=1,
        description=(
            "The issuers whose tokens are accepted with notifications, separated by commas."
        ),
    )
    graph_openid_configuration: str = Field(
        "https://api.aps.skype.com/v1/.well-known/OpenIdConfiguration",
        description="The URL of the OpenID configuration that leads to the keys of these issuers.",
    )
    forward: ForwardURL = Field(
        "",
        description=(
            "The URL of the bot's own endpoint, to which notifications are forwarded unchanged; if "
            "empty, they are not forwarded."
        ),
    )
    forward_queue: int = Field(
        10_000,
        ge=1,
        description=(
            "The maximum number of notifications that wait to be forwarded; more are dropped."
        ),
    )
    forward_seconds: float = Field(
        3_600.0,
        gt=0,
        description="How long forwarding a notification is attempted before it is dropped.",
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
    allowed_hosts: HostNames = Field(
        (),
        description=(
            "The host names of the gateway, separated by commas, such as `gateway.example.com`, or "
            "`.example.com` for that and all in its domain; `localhost` and IP addresses are "
            "always allowed. With other host names, requests of its pages are refused, and if "
            "names are given, or on a loopback address, all requests."
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
    cors_origins: Origins = Field(
        (),
        description=(
            "The origins whose pages may call the gateway from a browser, separated by commas, "
            "such as `https://app.example.com`; if empty, only the gateway's own."
        ),
    )
    cors_headers: HeaderNames = Field(
        (),
        description=(
            "Headers that these pages may send besides the common ones of GraphQL clients and "
            "tracing tools, separated by commas, such as `x-tenant`, or `x-tenant-*` for all that "
            "begin with it."
        ),
    )
    batch: int = Field(
        10,
        ge=0,
        le=100,
        description=(
            "The maximum number of requests in a batch, which is a JSON array of requests whose "
            "cost is added up; 0 disables batches."
        ),
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="The maximum size of a request body, in bytes."
    )
    max_cost: int = Field(
        20_000,
        ge=1,
        description="The maximum cost of a request, or of a batch; 500 operations cost 510.",
    )
    max_depth: int = Field(
        16, ge=1, le=50, description="The maximum depth of the fields of a document."
    )
    rate: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "The maximum cost per second of the requests of one principal, in each worker; 0 is no "
            "limit. Without `auth`, all clients are one principal."
        ),
    )
    rate_burst: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description=(
            "The maximum cost that a principal can save up for a burst; 0 is the cost of 10 "
            "seconds."
        ),
    )
    requests_at_work: int = Field(
        1_024,
        ge=1,
        description=(
            "The maximum number of requests in progress in each worker, including those that wait; "
            "more are refused as `OVERLOADED`."
        ),
    )
    cost_at_work: int = Field(
        20_000,
        ge=2,
        description=(
            "The maximum total cost of the requests that each worker executes at once. A request "
            "may take half of what is left; else it waits, at most 5 seconds, until others have "
            "ended."
        ),
    )
    lag_seconds: float = Field(
        0.05,
        gt=0,
        description=(
            "The lag of the event loop above which a worker accepts fewer requests at once."
        ),
    )
    connections: int = Field(
        12_000,
        ge=1,
        description=(
            "The maximum number of connections of each worker; for one more, it closes the one "
            "that has been idle the longest."
        ),
    )
    idle_seconds: float = Field(
        75.0, gt=0, description="How long a connection may be idle between two requests."
    )
    transfer_seconds: float = Field(
        30.0,
        gt=0,
        description="How long a request may take to arrive, and a client to read the response.",
    )
    websocket_connections: int = Field(
        10_000, ge=0, description="The maximum number of open WebSockets in each worker."
    )
    websocket_operations: int = Field(
        100,
        ge=1,
        description=(
            "The maximum number of operations that run at once on one WebSocket, or on one stream "
            "in single connection mode."
        ),
    )
    streams: int = Field(
        10_000,
        ge=0,
        description="The maximum number of open subscriptions over HTTP in each worker.",
    )
    heartbeat_seconds: float = Field(
        15.0,
        gt=0,
        description=(
            "How long a subscription may be silent before a heartbeat is sent. A WebSocket is "
            "closed if nothing was received for one and a half times as long."
        ),
    )
    shutdown_seconds: float = Field(
        30.0, ge=0, description="How long requests in progress may take to finish at shutdown."
    )
    drain_seconds: float = Field(
        0.25,
        ge=0,
        description=(
            "How long, before that, new requests are accepted while `/health/ready` already fails."
        ),
    )
    console: bool = Field(
        default=True,
        description="Whether the console is served, at `/` and at `/operations`.",
    )
    console_hide_names: bool = Field(
        default=False,
        description=(
            "Whether the console hides the names and numbers of people; the playground and the "
            "interfaces still show them."
        ),
    )
    playground: bool = Field(
        default=True, description="Whether the playground is served, at `/graphql`."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description=(
            "The lowest level that is logged. The line of a request has the level `info`, or "
            "`warning` if the gateway failed."
        ),
    )
    log_format: Literal["readable", "json"] = Field(
        "readable", description="The format of the log: `readable` for people, `json` for programs."
    )
    otel: OpenTelemetry = Field(
        default=False,
        description=(
            "Whether traces and metrics are exported to an OpenTelemetry collector, as configured "
            "by the variables `OTEL_…`; requires the extra `otel`."
        ),
    )

    @property
    def database_path(self) -> Path:
        """The file that ``database`` names; raises ``ValueError`` if that is none of SQLite."""
        return sqlite_path(self.database)
