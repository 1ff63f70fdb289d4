"""Batches of rows, and how the answers of kernels to them merge.

A *kernel* maps one batch (and some parameters) to a small dictionary of arrays, each wrapped in
the rule by which it merges with the same array of another batch. They merge where the arrays live,
and what is merged becomes NumPy once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

from pureneuron.devices import is_numpy, to_numpy
from pureneuron.typing import AnyArray, IndexArray

__all__ = [
    "Batch",
    "First",
    "Kernel",
    "Leaf",
    "Max",
    "Merged",
    "Min",
    "Stacked",
    "Sum",
    "merge",
    "merge_leaves",
]


@dataclass(frozen=True)
class Batch:
    """Some consecutive rows.

    Attributes
    ----------
    X : (n, d) array
        Inputs.
    Y : (n, m) array
        Outputs.
    weight : (n,) array or None
        Sample weights; None stands for ones.
    offset : int
        Row number, in the whole, of the first row.
    extra : mapping of str to array
        Further per-row columns that :meth:`Samples.derive` added, (n, …) each.
    """

    X: AnyArray
    Y: AnyArray
    weight: AnyArray | None = None
    offset: int = 0
    extra: Mapping[str, AnyArray] = field(default_factory=dict)

    def parts(self, n_rows: int) -> Iterator[Batch]:
        """Yield the batch ``n_rows`` at a time: for kernels that make rows much wider."""
        end = self.X.shape[0]
        for start in range(0, end, n_rows):
            yield self.rows(slice(start, min(start + n_rows, end)))

    def rows(self, rows: slice) -> Batch:
        """Return consecutive rows of the batch, by their numbers in it."""
        return self._sliced(rows, self.offset + rows.start)

    def every(self, n: int) -> slice:
        """Tell which rows are every n-th of the whole."""
        return slice(min(-self.offset % n, self.X.shape[0]), None, n)

    def every_nth(self, n: int) -> Batch:
        """Leave all rows out but every n-th of the whole; offsets count what is left."""
        return self if n == 1 else self._sliced(self.every(n), -(-self.offset // n))

    def taken(self, rows: IndexArray) -> Batch:
        """Take those of the ascending row numbers ``rows``, of the whole, that lie in here."""
        end = self.offset + self.X.shape[0]
        first, last = np.searchsorted(rows, self.offset), np.searchsorted(rows, end)
        return self.gathered(rows[first:last] - self.offset, offset=int(first))

    def gathered(self, rows: IndexArray, *, offset: int = 0) -> Batch:
        """Return rows by their numbers in the batch, in any order."""
        xp = array_api_compat.array_namespace(self.X)
        local: AnyArray = rows
        if not isinstance(self.X, np.ndarray):
            local = xp.asarray(rows, device=array_api_compat.device(self.X))
        return Batch(
            # ``take`` gathers in half the time of an index.
            X=xp.take(self.X, local, axis=0),
            Y=xp.take(self.Y, local, axis=0),
            weight=None if self.weight is None else xp.take(self.weight, local, axis=0),
            offset=offset,
            extra={name: xp.take(column, local, axis=0) for name, column in self.extra.items()},
        )

    def derived(self, fn: Callable[..., Batch], params: tuple[Any, ...]) -> Batch:
        """Return ``fn(batch, *params)``, which must keep the rows.

        Raises
        ------
        ValueError
            If it does not.
        """
        other = fn(self, *params)
        if other.X.shape[0] != self.X.shape[0] or other.offset != self.offset:
            raise ValueError(
                f"{fn.__name__} makes {other.X.shape[0]} rows from number {other.offset} on of "
                f"{self.X.shape[0]} from {self.offset} on: derive keeps rows; for fewer there are "
                "take and every_nth"
            )
        return other

    def _sliced(self, rows: slice, offset: int) -> Batch:
        return Batch(
            X=self.X[rows, :],
            Y=self.Y[rows, :],
            weight=None if self.weight is None else self.weight[rows],
            offset=offset,
            extra={name: column[rows, ...] for name, column in self.extra.items()},
        )


@dataclass(frozen=True, slots=True)
class Sum:
    """A part that merges by addition, in float64 whatever the type of the data."""

    value: AnyArray

    def merged(self, later: Sum) -> Sum:
        """Merge with the same part of a later batch."""
        return Sum(self.value + _in_double(later.value))


@dataclass(frozen=True, slots=True)
class Min:
    """A part that merges by the smaller value, entry by entry."""

    value: AnyArray

    def merged(self, later: Min) -> Min:
        """Merge with the same part of a later batch."""
        return Min(_namespace(self.value).minimum(self.value, later.value))


@dataclass(frozen=True, slots=True)
class Max:
    """A part that merges by the larger value, entry by entry."""

    value: AnyArray

    def merged(self, later: Max) -> Max:
        """Merge with the same part of a later batch."""
        return Max(_namespace(self.value).maximum(self.value, later.value))


@dataclass(frozen=True, slots=True)
class First:
    """A part of which the earliest that is not empty counts."""

    value: AnyArray

    def merged(self, later: First) -> First:
        """Merge with the same part of a later batch."""
        return later if 0 in self.value.shape else self


@dataclass(frozen=True, slots=True)
class Stacked:
    """A part with an entry, or a row, for each row of the batch: those of all batches in order."""

    value: AnyArray
    _later: tuple[AnyArray, ...] = ()

    def merged(self, later: Stacked) -> Stacked:
        """Merge with the same part of a later batch; they are joined when all are there."""
        return Stacked(self.value, (*self._later, later.value, *later._later))

    @property
    def arrays(self) -> tuple[AnyArray, ...]:
        """All of them, one array a batch."""
        return (self.value, *self._later)

    @property
    def joined(self) -> AnyArray:
        """All of them."""
        return _namespace(self.value).concat(self.arrays) if self._later else self.value


Leaf: TypeAlias = Sum | Min | Max | First | Stacked
Kernel: TypeAlias = Callable[..., Mapping[str, Leaf]]
"""``kernel(batch, *params)`` to named parts; defined at module level, so that it can be pickled."""

Merged: TypeAlias = dict[str, Any]
"""What a reduction returns: a NumPy array (or scalar) for each named part."""


def merge(parts: Iterable[Mapping[str, Leaf]]) -> Merged:
    """Merge the kernel's answers for consecutive batches, and convert them to NumPy."""
    return {
        name: to_numpy(leaf.joined if isinstance(leaf, Stacked) else leaf.value)
        for name, leaf in merge_leaves(parts).items()
    }


def merge_leaves(parts: Iterable[Mapping[str, Leaf]]) -> dict[str, Leaf]:
    """Merge likewise, and keep the rules by which to go on: for kernels that divide a batch."""
    total: dict[str, Leaf] = {}
    for part in parts:
        for name, leaf in part.items():
            earlier = total.get(name)
            if earlier is None:
                total[name] = Sum(_in_double(leaf.value)) if type(leaf) is Sum else leaf
            else:
                total[name] = earlier.merged(leaf)  # type: ignore[arg-type]
    return total


def _in_double(value: AnyArray) -> AnyArray:
    if is_numpy(value):
        if isinstance(value, float | int):
            return value
        return value.astype(np.float64) if value.dtype == np.float32 else value
    xp = array_api_compat.array_namespace(value)
    return xp.astype(value, xp.float64) if value.dtype == xp.float32 else value


def _namespace(value: AnyArray) -> Any:
    return array_api_compat.array_namespace(value) if hasattr(value, "shape") else numpy_namespace
