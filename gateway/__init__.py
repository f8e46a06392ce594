"""The machine that serves the schema: HTTP, execution, and the store."""

import gc
import sys

if sys.platform == "win32":  # no locks on files, no signals to a loop, no uvloop
    raise ImportError("The gateway runs on POSIX systems. On Windows, run it in WSL or in Docker.")

# Loading modules and answering requests make many objects and leave next to no garbage. To look for
# it after each 700 took a tenth of the time to start, and 8 % of a short request's.
gc.set_threshold(10_000)
