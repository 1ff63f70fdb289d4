"""Whether a worker has room to keep what it has made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psutil

from pureneuron.samples.batch import Batch
from pureneuron.typing import AnyArray

__all__ = ["bytes_of", "has_room", "size_of"]


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
