"""The one way to touch data: a reduction over batches.

A *kernel* maps one batch (and some parameters) to a small dictionary of arrays, each wrapped in
the rule by which it merges with the same array of another batch. :meth:`Samples.reduce` runs the
kernel over every batch and returns the merged arrays, which are all that the algebra ever sees.
So no algorithm knows where the data lives, and no source of data knows any algebra.

The batches merge in the order of their rows, so that a reduction repeats to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from pureneuron.typing import AnyArray

__all__ = [
    "Batch",
    "First",
    "Kernel",
    "Leaf",
    "Max",
    "Merged",
    "Min",
    "Samples",
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
        Further per-row columns that :meth:`Samples.derive` added.
    """

    X: AnyArray
    Y: AnyArray
    weight: AnyArray | None = None
    offset: int = 0
    extra: Mapping[str, AnyArray] = field(default_factory=dict)

    def parts(self, n_rows: int) -> Iterator[Batch]:
        """Yield the batch ``n_rows`` at a time: for kernels that make rows much wider."""
        for start in range(0, self.X.shape[0], n_rows):
            rows = slice(start, start + n_rows)
            yield Batch(
                X=self.X[rows],
                Y=self.Y[rows],
                weight=None if self.weight is None else self.weight[rows],
                offset=self.offset + start,
                extra={name: column[rows] for name, column in self.extra.items()},
            )

    def every(self, n: int) -> slice:
        """Tell which rows are every n-th of the whole."""
        return slice(-self.offset % n, None, n)

    def every_nth(self, n: int) -> Batch:
        """Leave all rows out but every n-th of the whole: their order may mean something."""
        if n == 1:
            return self
        rows = self.every(n)
        return Batch(
            X=self.X[rows],
            Y=self.Y[rows],
            weight=None if self.weight is None else self.weight[rows],
            extra={name: column[rows] for name, column in self.extra.items()},
        )


@dataclass(frozen=True)
class Sum:
    """A part that merges by addition."""

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
        return Min(np.minimum(self.value, later.value))


@dataclass(frozen=True)
class Max:
    """A part that merges by the larger value, entry by entry."""

    value: AnyArray

    def merged(self, later: Max) -> Max:
        """Merge with the same part of a later batch."""
        return Max(np.maximum(self.value, later.value))


@dataclass(frozen=True)
class First:
    """A part of which the earliest that is not empty counts."""

    value: AnyArray

    def merged(self, later: First) -> First:
        """Merge with the same part of a later batch."""
        return self if np.size(self.value) else later


Leaf: TypeAlias = Sum | Min | Max | First
Kernel: TypeAlias = Callable[..., Mapping[str, Leaf]]
"""``kernel(batch, *params)`` to named parts; defined at module level, so that it can be pickled."""

Merged: TypeAlias = dict[str, Any]
"""What a reduction returns: a NumPy array (or scalar) for each named part."""


class Samples(Protocol):
    """Samples of ``(x, y)``, wherever they live."""

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        ...

    @property
    def n_inputs(self) -> int:
        """Number of inputs, d."""
        ...

    @property
    def n_outputs(self) -> int:
        """Number of outputs, m."""
        ...

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        ...

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""
        ...

    def derive(self, fn: Callable[..., Batch], *params: Any) -> Samples:
        """Return the samples with each batch replaced by ``fn(batch, *params)``.

        Rows keep their order; some may be left out.
        """
        ...

    def subset(self, size: int, *, rng: np.random.Generator) -> Samples:
        """Draw ``size`` rows at random, without replacement, into memory."""
        ...

    def halves(self, rng: np.random.Generator) -> tuple[Samples, Samples]:
        """Split at random into two halves; a row and its mirror image stay together."""
        ...


def merge(parts: Iterable[Mapping[str, Leaf]]) -> Merged:
    """Merge the kernel's answers for consecutive batches; sums are carried in float64."""
    return {name: leaf.value for name, leaf in merge_leaves(parts).items()}


def merge_leaves(parts: Iterable[Mapping[str, Leaf]]) -> dict[str, Leaf]:
    """Merge likewise, and keep the rules by which to go on: for kernels that divide a batch."""
    total: dict[str, Leaf] = {}
    for part in parts:
        for name, leaf in part.items():
            leaf = type(leaf)(_as_numpy(leaf.value))
            total[name] = total[name].merged(leaf) if name in total else leaf  # type: ignore[arg-type]
    return total


def _as_numpy(value: AnyArray) -> np.ndarray:
    array = np.asarray(value)
    return array.astype(np.float64) if array.dtype == np.float32 else array


def to_numpy(x):
    return np.asarray(x)
