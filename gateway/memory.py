"""Settings of the allocator and the garbage collector for a process that runs for weeks."""

import ctypes
import gc

M_MMAP_THRESHOLD = -3
MMAP_BYTES = 131_072
"""The initial threshold of glibc, which by itself raises it to up to 32 MiB."""


def settle() -> None:
    """Exempt all existing objects from garbage collection, and fix the threshold of ``mmap``.

    A freed block above the threshold is returned to the system. Freed memory below it stays with
    the process as long as anything behind it is in use. Call it once, before requests are answered.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)
    gc.collect()
    gc.freeze()  # traversing these objects took 100 ms in each collection
