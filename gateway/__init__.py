"""The server of the schema: HTTP, execution, and the store."""

import gc
import sys

if sys.platform == "win32":  # no locks on files, no signals to a loop, no uvloop
    raise ImportError("The gateway runs on POSIX systems. On Windows, run it in WSL or in Docker.")

# Loading modules and answering requests create many objects and almost no garbage. Collecting it
# after every 700 objects took 10 % of the time to start, and 8 % of that of a short request.
gc.set_threshold(10_000)
