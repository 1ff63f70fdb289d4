"""What is read of files: which columns and rows, and how much memory these take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.samples.arrays import THRESHOLDS
from pureneuron.samples.filters import Filter

__all__ = ["Columns", "row_bytes", "rows_in_cache", "rows_of_a_batch"]

_PARTS_OF_LIMIT = 32  # that a batch is one of, at most: kernels make copies of it


@dataclass(frozen=True)
class Columns:
    """What is read of the files.

    Attributes
    ----------
    inputs, outputs : tuple of str
        Columns of X and of Y.
    weight, groups : str or None
        The columns of weights and of group labels.
    filter : Filter or None
        Which rows are meant.
    filtered : tuple of str
        The columns that the filter names, as it names them and as they are called in the files.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    weight: str | None = None
    groups: str | None = None
    filter: Filter | None = None
    filtered: tuple[tuple[str, str], ...] = ()

    @property
    def values(self) -> tuple[str, ...]:
        """The columns of X, Y and weight, in this order."""
        return (*self.inputs, *self.outputs, *((self.weight,) if self.weight else ()))

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that are had as they are: groups, and those that are compared with text."""
        groups = (self.groups,) if self.groups else ()
        texts = self.filter.texts if self.filter else ()
        return tuple(
            dict.fromkeys((*groups, *(name for key, name in self.filtered if key in texts)))
        )

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns that are had as numbers, each once: those of ``values`` first."""
        others = (name for _, name in self.filtered if name not in self.labels)
        return tuple(dict.fromkeys((*self.values, *others)))


def rows_of_a_batch(columns: Columns, dtype: type[np.floating], limit: int) -> int:
    """Return how many rows a batch has: what suits the cache, and a small part of the memory."""
    most = limit // _PARTS_OF_LIMIT // row_bytes(columns, dtype)
    return max(min(rows_in_cache(columns), most), 1)


def rows_in_cache(columns: Columns) -> int:
    """Return how many rows stay near the processor's cache."""
    return max(THRESHOLDS.batch_rows, THRESHOLDS.batch_entries // len(columns.values))


def row_bytes(columns: Columns, dtype: type[np.floating]) -> int:
    """Return how many bytes a row takes."""
    groups = 8 if columns.groups else 0
    return len(columns.values) * np.dtype(dtype).itemsize + groups
