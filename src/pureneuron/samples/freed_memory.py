"""What becomes of memory that kernels free."""

from __future__ import annotations

from functools import cache

import numpy as np

__all__ = ["KEPT_BYTES", "keep_freed_memory"]

KEPT_BYTES = 32 << 20  # chunks of freed memory up to this size are kept (make bench)


@cache
def keep_freed_memory() -> None:
    """Have the C library keep what kernels free for what they ask for next.

    glibc gives chunks above a limit, at first 128 KiB, back to the system as soon as they are freed
    and gets new ones page by page, which takes longer than a pass over them. It raises the limit
    to the size of the largest such chunk that has been freed, up to 32 MiB: one that is never
    touched costs nothing. Other libraries are none the wiser.
    """
    np.empty(KEPT_BYTES - 8192, dtype=np.uint8)
