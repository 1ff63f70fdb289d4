"""Samples held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.samples.numbers import real_array
from pureneuron.samples.protocol import Batch, Kernel, Merged, Samples, merge
from pureneuron.typing import AnyArray, IndexArray

__all__ = ["ArraySamples"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how rows are held.

    Attributes
    ----------
    batch_entries, batch_rows : int
        A batch of this many entries of X and Y (a few megabytes), and at least so many rows, stays
        near the processor's cache while it is long enough that the cost of a call does not show
        (rates.py, make bench).
    kept_bytes : int
        Chunks of freed memory up to this size are kept for what is asked for next (make bench).
    """

    batch_entries: int = 1_000_000
    batch_rows: int = 512
    kept_bytes: int = 32 << 20


THRESHOLDS = Thresholds()


class ArraySamples(Samples):
    """Rows of ``X`` and ``Y`` in memory, as arrays of any Array API library.

    Lists and data frames become NumPy arrays. Float32 is kept; integers and booleans become
    float64.

    Parameters
    ----------
    X : (n, d) array or array-like
        Inputs.
    Y : (n, m) or (n,) array or array-like
        Outputs; a vector is one column.
    weight : (n,) array or array-like, optional
        Sample weights, not negative.
    input_names, output_names : sequence of str, optional
        Column names; ``x0 …`` and ``y0 …`` if left out.
    batch_rows : int, optional
        Rows a batch; a size that suits the processor's cache if left out.

    Raises
    ------
    ValueError
        If an argument is of another shape, if the numbers of rows differ, or if the values are
        complex, text or objects.
    """

    def __init__(
        self,
        X: AnyArray,
        Y: AnyArray,
        weight: AnyArray | None = None,
        *,
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
        batch_rows: int | None = None,
    ) -> None:
        X, Y = real_array("X", X), real_array("Y", Y)
        if Y.ndim == 1:
            Y = Y[:, None]
        for name, matrix in (("X", X), ("Y", Y)):
            if matrix.ndim != 2:
                raise ValueError(
                    f"{name} has shape {tuple(matrix.shape)}: a matrix with a row a sample is "
                    "expected"
                )
        if weight is not None:
            weight = real_array("weight", weight)
            if weight.ndim != 1:
                raise ValueError(
                    f"weight has shape {tuple(weight.shape)}: a vector with one weight a row is "
                    "expected"
                )
        rows = [part.shape[0] for part in (X, Y, weight) if part is not None]
        if len(set(rows)) != 1:
            raise ValueError(f"X, Y and weight must have equally many rows, got {rows}")
        self.n_rows: int = X.shape[0]
        self.n_inputs: int = X.shape[1]
        self.n_outputs: int = Y.shape[1]
        self.input_names = _names("x", self.n_inputs, input_names)
        self.output_names = _names("y", self.n_outputs, output_names)
        width = self.n_inputs + self.n_outputs
        fitting = max(THRESHOLDS.batch_rows, THRESHOLDS.batch_entries // max(width, 1))
        self._batches = tuple(_sliced(X, Y, weight, batch_rows or fitting))
        _keep_freed_memory()

    @classmethod
    def of_batches(
        cls,
        batches: Sequence[Batch],
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
    ) -> ArraySamples:
        """Return samples of consecutive batches, with these names where their number fits."""
        samples = object.__new__(cls)
        X, Y = batches[0].X, batches[0].Y
        samples._batches = tuple(batches)
        samples.n_rows = sum(batch.X.shape[0] for batch in batches)
        samples.n_inputs, samples.n_outputs = X.shape[1], Y.shape[1]
        samples.input_names = _names("x", samples.n_inputs, input_names)
        samples.output_names = _names("y", samples.n_outputs, output_names)
        return samples

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""
        params = tuple(self._native(param) for param in params)
        return merge(kernel(batch, *params) for batch in self._batches)

    def derive(self, fn: Callable[..., Batch], *params: Any) -> ArraySamples:
        """Return the samples with each batch replaced by ``fn(batch, *params)``, kept in memory."""
        params = tuple(self._native(param) for param in params)
        return self._like([fn(batch, *params) for batch in self._batches])

    def take(self, rows: IndexArray) -> ArraySamples:
        """Return some rows, by ascending row number, in the same array library."""
        return self._like([_joined([batch.taken(rows) for batch in self._batches])])

    def every_nth(self, n: int) -> ArraySamples:
        """Return every n-th row, as views."""
        return self._like([batch.every_nth(n) for batch in self._batches])

    def arrays(self) -> tuple[AnyArray, AnyArray, AnyArray | None]:
        """Return all rows as ``X, Y, weight``."""
        xp = array_api_compat.array_namespace(self._batches[0].X)
        weights = [batch.weight for batch in self._batches]
        return (
            xp.concat([batch.X for batch in self._batches]),
            xp.concat([batch.Y for batch in self._batches]),
            None if weights[0] is None else xp.concat(weights),
        )

    def _like(self, batches: Sequence[Batch]) -> ArraySamples:
        return ArraySamples.of_batches(batches, self.input_names, self.output_names)

    def _native(self, param: Any) -> Any:
        """Bring NumPy parameters to the array library and device of the data."""
        X = self._batches[0].X
        if isinstance(X, np.ndarray):
            return param
        if isinstance(param, tuple | list):
            return type(param)(self._native(each) for each in param)
        if not isinstance(param, np.ndarray):
            return param
        xp = array_api_compat.array_namespace(X)
        return xp.asarray(param, device=array_api_compat.device(X))


@cache
def _keep_freed_memory() -> None:
    """Have the C library keep what kernels free for what they ask for next.

    glibc gives chunks above a limit, at first 128 KiB, back to the system as soon as they are freed
    and gets new ones page by page, which takes longer than a pass over them. It raises the limit
    to the size of the largest such chunk that has been freed, up to 32 MiB: one that is never
    touched costs nothing. Other libraries are none the wiser.
    """
    np.empty(THRESHOLDS.kept_bytes - 8192, dtype=np.uint8)


def _sliced(X: AnyArray, Y: AnyArray, weight: AnyArray | None, batch_rows: int) -> Iterator[Batch]:
    for start in range(0, max(X.shape[0], 1), batch_rows):
        rows = slice(start, min(start + batch_rows, X.shape[0]))
        yield Batch(X[rows, :], Y[rows, :], None if weight is None else weight[rows], offset=start)


def _joined(batches: list[Batch]) -> Batch:
    xp = array_api_compat.array_namespace(batches[0].X)
    first = batches[0]
    return Batch(
        xp.concat([batch.X for batch in batches]),
        xp.concat([batch.Y for batch in batches]),
        None if first.weight is None else xp.concat([batch.weight for batch in batches]),
        extra={name: xp.concat([batch.extra[name] for batch in batches]) for name in first.extra},
    )


def _names(prefix: str, count: int, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the names, or numbered ones where there are none or the number is another."""
    if names is None or len(names) != count:
        return tuple(f"{prefix}{i}" for i in range(count))
    return tuple(names)
