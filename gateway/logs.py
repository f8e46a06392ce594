"""How the log looks, on standard error."""

import logging


def configure_logs(level: str, process: str = "") -> None:
    """Log what is at least as severe as ``level``; each line names the process if given."""
    logging.basicConfig(
        level=level.upper(),
        format=f"%(asctime)s %(levelname)s {process and process + ' '}%(name)s: %(message)s",
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
