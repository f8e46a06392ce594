"""The memory of a process that serves for weeks: what large requests took is given back."""

import ctypes
import gc

M_MMAP_THRESHOLD = -3
LARGE = 131_072
"""In bytes: glibc's own beginning, which it moves up to 32 MiB with what it is asked for."""


def settle() -> None:
    """Make all there is now stay for good, and have large blocks go back when they are free.

    Of blocks below glibc's threshold megabytes stay with the process, kept from being given back
    by a few bytes that are in use behind them. Call it once, when nothing is being answered yet.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)
    gc.collect()
    gc.freeze()  # what stays need not be looked through: each time took 100 ms
