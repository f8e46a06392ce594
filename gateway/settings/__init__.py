"""The settings: options of the command line, or environment variables.

Each module has the settings of one subject, and the validation of their values.
"""

from pydantic_settings import SettingsConfigDict

from gateway.settings.authentication import AuthenticationSettings
from gateway.settings.browsers import BrowserSettings
from gateway.settings.database import DatabaseSettings
from gateway.settings.execution import ExecutionSettings
from gateway.settings.limits import LimitSettings
from gateway.settings.notifications import NotificationSettings
from gateway.settings.server import ServerSettings
from gateway.settings.telemetry import TelemetrySettings


class Settings(  # pydantic orders the fields of the last base first
    TelemetrySettings,
    LimitSettings,
    BrowserSettings,
    NotificationSettings,
    AuthenticationSettings,
    ExecutionSettings,
    DatabaseSettings,
    ServerSettings,
):
    """The settings of the server, each also a variable ``INVITE_GATEWAY_…``."""

    model_config = SettingsConfigDict(env_prefix="INVITE_GATEWAY_", frozen=True)
