"""The machine that serves the schema: HTTP, execution, and the store."""

import sys

if sys.platform == "win32":  # no locks on files, no signals to a loop, no uvloop
    raise ImportError("The gateway runs on POSIX systems. On Windows, run it in WSL or in Docker.")
