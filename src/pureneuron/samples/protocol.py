"""The one way to touch data: a reduction over batches.

A *kernel* maps one batch (and some parameters) to a small dictionary of arrays, each wrapped in
the rule by which it merges with the same array of another batch. :meth:`Samples.reduce` runs the
kernel over every batch and returns the merged arrays, which are all that the algebra ever sees.
So no algorithm knows where the data lives, and no source of data knows any algebra.

The batches merge in the order of their rows, so that a reduction repeats to the last bit. They
merge where the arrays live, and what is merged becomes NumPy once, at the end.

A source gives sizes, names, :meth:`~Samples.reduce` and :meth:`~Samples.derive`; it inherits the
rest, and may do better. :mod:`pureneuron.samples.testing` holds what every source must pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import array_api_compat
import numpy as np

from pureneuron.typing import AnyArray, IndexArray

if TYPE_CHECKING:
    from types import ModuleType

__all__ = [
    "Batch",
    "First",
    "Kernel",
    "Leaf",
    "Max",
    "Merged",
    "Min",
    "Rows",
    "Samples",
    "Sum",
    "merge",
    "merge_leaves",
    "to_numpy",
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
            yield self._sliced(slice(start, min(start + n_rows, end)), self.offset + start)

    def every(self, n: int) -> slice:
        """Tell which rows are every n-th of the whole."""
        return slice(min(-self.offset % n, self.X.shape[0]), None, n)

    def every_nth(self, n: int) -> Batch:
        """Leave all rows out but every n-th of the whole; offsets count what is left."""
        return self if n == 1 else self._sliced(self.every(n), -(-self.offset // n))

    def taken(self, rows: IndexArray) -> Batch:
        """Take those of the ascending row numbers ``rows``, of the whole, that lie in here."""
        xp = array_api_compat.array_namespace(self.X)
        end = self.offset + self.X.shape[0]
        first, last = np.searchsorted(rows, self.offset), np.searchsorted(rows, end)
        local = rows[first:last] - self.offset
        if not isinstance(self.X, np.ndarray):
            local = xp.asarray(local, device=array_api_compat.device(self.X))
        return Batch(
            # ``take`` gathers in half the time of an index.
            X=xp.take(self.X, local, axis=0),
            Y=xp.take(self.Y, local, axis=0),
            weight=None if self.weight is None else xp.take(self.weight, local, axis=0),
            offset=int(first),
            extra={name: xp.take(column, local, axis=0) for name, column in self.extra.items()},
        )

    def _sliced(self, rows: slice, offset: int) -> Batch:
        return Batch(
            X=self.X[rows, :],
            Y=self.Y[rows, :],
            weight=None if self.weight is None else self.weight[rows],
            offset=offset,
            extra={name: column[rows, ...] for name, column in self.extra.items()},
        )


@dataclass(frozen=True)
class Sum:
    """A part that merges by addition, in float64 whatever the type of the data."""

    value: AnyArray

    def merged(self, later: Sum) -> Sum:
        """Merge with the same part of a later batch."""
        return Sum(self.value + later.value)


@dataclass(frozen=True)
class Min:
    """A part that merges by the smaller value, entry by entry."""

    value: AnyArray

    def merged(self, later: Min) -> Min:
        """Merge with the same part of a later batch."""
        return Min(_namespace(self.value).minimum(self.value, later.value))


@dataclass(frozen=True)
class Max:
    """A part that merges by the larger value, entry by entry."""

    value: AnyArray

    def merged(self, later: Max) -> Max:
        """Merge with the same part of a later batch."""
        return Max(_namespace(self.value).maximum(self.value, later.value))


@dataclass(frozen=True)
class First:
    """A part of which the earliest that is not empty counts."""

    value: AnyArray

    def merged(self, later: First) -> First:
        """Merge with the same part of a later batch."""
        return later if 0 in self.value.shape else self


@dataclass(frozen=True)
class Rows:
    """A part with an entry, or a row, for each row of the batch: those of all batches in order."""

    value: AnyArray
    _later: tuple[AnyArray, ...] = ()

    def merged(self, later: Rows) -> Rows:
        """Merge with the same part of a later batch; they are joined when all are there."""
        return Rows(self.value, (*self._later, later.value, *later._later))

    @property
    def joined(self) -> AnyArray:
        """All of them."""
        if not self._later:
            return self.value
        return _namespace(self.value).concat([self.value, *self._later])


Leaf: TypeAlias = Sum | Min | Max | First | Rows
Kernel: TypeAlias = Callable[..., Mapping[str, Leaf]]
"""``kernel(batch, *params)`` to named parts; defined at module level, so that it can be pickled."""

Merged: TypeAlias = dict[str, Any]
"""What a reduction returns: a NumPy array (or scalar) for each named part."""


class Samples(ABC):
    """Samples of ``(x, y)``, wherever they live.

    How many rows there are comes out of a reduction: a source need not know.

    Attributes
    ----------
    n_inputs, n_outputs : int
        Number of inputs d and of outputs m.
    input_names, output_names : tuple of str
        Their names.
    """

    n_inputs: int
    n_outputs: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]

    @abstractmethod
    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""

    @abstractmethod
    def derive(self, fn: Callable[..., Batch], *params: Any) -> Samples:
        """Return the samples with each batch replaced by ``fn(batch, *params)``.

        Rows are kept: as many, in the same order, with the same offsets. What is derived may be
        kept, stored or made anew for each pass.
        """

    def reduce_together(self, calls: Sequence[tuple[Any, ...]]) -> list[Merged]:
        """Run several kernels, or one for several candidates, in one pass.

        Parameters
        ----------
        calls : sequence of tuples
            Each is ``(kernel, *params)``.

        Returns
        -------
        list
            What :meth:`reduce` would return for each.
        """
        merged = self.reduce(_together, tuple(calls))
        results: list[Merged] = [{} for _ in calls]
        for name, value in merged.items():
            i, own = name.split(" ", 1)
            results[int(i)][own] = value
        return results

    def take(self, rows: IndexArray) -> Samples:
        """Return some rows, by ascending row number, in memory: one pass."""
        from pureneuron.samples.arrays import ArraySamples

        merged = self.reduce(_taken, np.asarray(rows))
        extra = {name[6:]: value for name, value in merged.items() if name.startswith("extra ")}
        batch = Batch(merged["X"], merged["Y"], merged.get("weight"), extra=extra)
        return ArraySamples.of_batches([batch], self.input_names, self.output_names)

    def every_nth(self, n: int) -> Samples:
        """Return every n-th row of the whole; a pass over them is one over all."""
        return self if n == 1 else _EveryNth(self, n)


class _EveryNth(Samples):
    """A view of some of the rows of another source."""

    def __init__(self, source: Samples, n: int) -> None:
        self._source, self._n = source, n
        self.n_inputs, self.n_outputs = source.n_inputs, source.n_outputs
        self.input_names, self.output_names = source.input_names, source.output_names
        self._functions: tuple[tuple[Any, ...], ...] = ()

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        return self._source.reduce(_reduced_thinned, self._n, self._functions, (kernel, *params))

    def derive(self, fn: Callable[..., Batch], *params: Any) -> _EveryNth:
        other = _EveryNth(self._source, self._n)
        other._functions = (*self._functions, (fn, *params))
        return other


def merge(parts: Iterable[Mapping[str, Leaf]]) -> Merged:
    """Merge the kernel's answers for consecutive batches, and convert them to NumPy."""
    return {
        name: to_numpy(leaf.joined if isinstance(leaf, Rows) else leaf.value)
        for name, leaf in merge_leaves(parts).items()
    }


def merge_leaves(parts: Iterable[Mapping[str, Leaf]]) -> dict[str, Leaf]:
    """Merge likewise, and keep the rules by which to go on: for kernels that divide a batch."""
    total: dict[str, Leaf] = {}
    for part in parts:
        for name, leaf in part.items():
            if isinstance(leaf, Sum):
                leaf = Sum(_in_double(leaf.value))
            total[name] = total[name].merged(leaf) if name in total else leaf  # type: ignore[arg-type]
    return total


def to_numpy(array: AnyArray) -> Any:
    """Return an array of any library, on any device, as one of NumPy; numbers stay numbers."""
    if isinstance(array, np.ndarray | np.generic | float | int):
        return array
    if array_api_compat.is_torch_array(array):
        return array.detach().cpu().numpy()
    try:
        return np.from_dlpack(array_api_compat.to_device(array, "cpu"))
    except (BufferError, RuntimeError, TypeError, ValueError):
        return np.asarray(array)


def _in_double(value: AnyArray) -> AnyArray:
    if isinstance(value, float):
        return value
    xp = _namespace(value)
    return xp.astype(value, xp.float64) if value.dtype == xp.float32 else value


def _namespace(value: AnyArray) -> ModuleType:
    return (
        np
        if isinstance(value, np.ndarray | np.generic | float | int)
        else (array_api_compat.array_namespace(value))
    )


def _together(batch: Batch, calls: tuple[tuple[Any, ...], ...]) -> dict[str, Leaf]:
    return {
        f"{i} {name}": leaf
        for i, (kernel, *params) in enumerate(calls)
        for name, leaf in kernel(batch, *params).items()
    }


def _taken(batch: Batch, rows: AnyArray) -> dict[str, Leaf]:
    some = batch.taken(to_numpy(rows))
    parts: dict[str, Leaf] = {"X": Rows(some.X), "Y": Rows(some.Y)}
    if some.weight is not None:
        parts["weight"] = Rows(some.weight)
    return {**parts, **{f"extra {name}": Rows(column) for name, column in some.extra.items()}}


def _reduced_thinned(
    batch: Batch, n: int, functions: tuple[tuple[Any, ...], ...], call: tuple[Any, ...]
) -> Mapping[str, Leaf]:
    batch = batch.every_nth(n)
    for fn, *params in functions:
        batch = fn(batch, *params)
    kernel, *params = call
    parts: Mapping[str, Leaf] = kernel(batch, *params)
    return parts
