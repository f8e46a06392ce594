"""``invite-gateway serve``."""

import asyncio
import logging
import os
import socket
from functools import partial
from typing import Any

from uvloop import new_event_loop

from gateway.auth.modes import check
from gateway.auth.refusals import UnusableAuthError
from gateway.auth.urls import is_loopback
from gateway.cli.setting_options import with_setting_options
from gateway.cli.terminal import (
    display_name,
    errors,
    fail,
    reporting_database_errors,
    settings_from,
)
from gateway.documents.manifests import UnusableManifestError
from gateway.logs import logging_to_stderr
from gateway.serving import serve as serve_alone
from gateway.settings import Settings
from gateway.store.opening import database_of
from gateway.workers.supervisor import WorkersFailedError, supervise

logger = logging.getLogger(__name__)


@with_setting_options
def serve(**options: Any) -> None:  # noqa: ANN401  any setting's
    """Serve GraphQL over HTTP; the database is created or upgraded first.

    Every option is also a variable INVITE_GATEWAY_…, such as INVITE_GATEWAY_PORT. An option that
    takes several values can be repeated, or given once with commas between them.

    Example: invite-gateway serve --port 9000 --database sqlite:////var/lib/operations.db
    """
    settings = settings_from(**options)
    with reporting_database_errors():
        try:
            check(settings)
            _run(settings)
        except UnusableAuthError as error:
            fail(str(error))
        except OSError as error:
            fail(f"Cannot listen on {settings.host}:{settings.port}: {_reason(error)}.")
        except UnusableManifestError as error:
            fail(f"{display_name('documents', is_option=bool(options['documents']))}: {error}")
        except WorkersFailedError as error:
            fail(str(error), status=1)


def _reason(error: OSError) -> str | None:
    """Return the reason of an error; asyncio's text repeats the address."""
    is_of_name = isinstance(error, socket.gaierror)  # whose numbers are not those of the system
    return os.strerror(error.errno) if error.errno and not is_of_name else error.strerror


def _run(settings: Settings) -> None:
    announce = _log if settings.log_format == "json" else partial(_show, settings=settings)
    with logging_to_stderr(settings.log_level, settings.log_format) as logs:
        logger.info("Storing in %s.", database_of(settings).engine)
        if settings.workers > 1:
            asyncio.run(supervise(settings, announce))
        else:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(serve_alone(settings, announce, logs))


def _show(url: str, *, settings: Settings) -> None:
    errors.print(f"Serving {url} (Ctrl-C to stop)")
    if is_loopback(settings.host) and not settings.cors_origins:
        errors.print(
            "To allow a frontend on another port, add its origin: "
            "--cors-origins http://localhost:5173"
        )


def _log(url: str) -> None:
    logger.info("Serving %s", url)
