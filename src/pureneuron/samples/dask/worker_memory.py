"""What a worker does with its memory: what it has room to keep, and what it gives back."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import psutil

from pureneuron.samples.batch import Batch
from pureneuron.samples.freed_memory import KEPT_BYTES
from pureneuron.typing import AnyArray

__all__ = ["bytes_of", "has_room", "keep_freed_memory", "size_of"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide what workers keep.

    Attributes
    ----------
    kept_share : float
        A worker keeps derived rows while its process stays below this share of its memory. Dask
        writes to disk from 0.6 on, and what can be made again is not worth that.
    """

    kept_share: float = 0.5


THRESHOLDS = Thresholds()


# Numbers of <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


@cache
def keep_freed_memory() -> None:
    """Have the C library keep what kernels free for what they ask for next.

    :class:`~pureneuron.samples.ArraySamples` has it learn that by itself. Dask starts workers with
    a limit (``MALLOC_TRIM_THRESHOLD_``) under which glibc does not learn: temporaries then come
    page by page from the system at every call, which takes as long as the products. Other
    libraries are left as they are.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, KEPT_BYTES)
        libc.mallopt(_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def has_room(more: int) -> bool:
    """Tell whether this process may hold so many bytes more."""
    limit = _worker_limit()
    if limit is None:
        return bool(more <= THRESHOLDS.kept_share * psutil.virtual_memory().available)
    used = psutil.Process().memory_info().rss
    return bool(used + more <= THRESHOLDS.kept_share * limit)


def _worker_limit() -> int | None:
    """Return the memory that the worker may use; None outside a worker, or without a limit."""
    try:
        from distributed import get_worker

        return get_worker().memory_manager.memory_limit or None
    except (ImportError, ValueError):
        return None


def bytes_of(batch: Batch) -> int:
    """Return the bytes of a batch."""
    arrays = (batch.X, batch.Y, batch.weight, *batch.extra.values())
    return sum(size_of(array) for array in arrays if array is not None)


def size_of(array: AnyArray) -> int:
    """Return the bytes of an array or a number."""
    return int(getattr(array, "nbytes", np.dtype(np.float64).itemsize))
