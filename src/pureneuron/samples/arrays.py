"""Samples held in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.samples.mirror import mirror_pairs
from pureneuron.samples.numbers import real_array
from pureneuron.samples.protocol import Batch, Kernel, Merged, merge
from pureneuron.typing import AnyArray, IndexArray

__all__ = ["ArraySamples"]

# A batch of this many entries of X and Y (a few megabytes) stays near the processor's cache while
# it is long enough that the cost of a call does not show.
_BATCH_ENTRIES = 1_000_000


class ArraySamples:
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
        self._batch_rows = batch_rows or max(512, _BATCH_ENTRIES // max(width, 1))
        self._batches = tuple(_sliced(X, Y, weight, self._batch_rows))
        _keep_freed_memory()

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""
        params = tuple(self._native(param) for param in params)
        return merge(kernel(batch, *params) for batch in self._batches)

    def derive(self, fn: Callable[..., Batch], *params: Any) -> ArraySamples:
        """Return the samples with each batch replaced by ``fn(batch, *params)``, kept in memory."""
        params = tuple(self._native(param) for param in params)
        return self._like(*(fn(batch, *params) for batch in self._batches))

    def every_nth(self, n):
        return self.derive(Batch.every_nth, n)

    def reduce_together(self, calls):
        return [self.reduce(*call) for call in calls]

    def take(self, rows) -> ArraySamples:
        return self._like(_joined([_taken(batch, rows) for batch in self._batches]))

    def halves(self, rng: np.random.Generator) -> tuple[ArraySamples, ArraySamples]:
        """Split at random into two halves; a row and its mirror image stay together."""
        X, Y, weight = self.arrays()
        pair = mirror_pairs(np.asarray(X, dtype=np.float64))
        in_first = np.zeros(pair.max(initial=-1) + 1, dtype=bool)
        in_first[rng.permutation(len(in_first))[: (len(in_first) + 1) // 2]] = True
        first = in_first[pair]
        halves = (
            ArraySamples(
                X[rows],
                Y[rows],
                None if weight is None else weight[rows],
                input_names=self.input_names,
                output_names=self.output_names,
                batch_rows=self._batch_rows,
            )
            for rows in (first, ~first)
        )
        return next(halves), next(halves)

    def arrays(self) -> tuple[AnyArray, AnyArray, AnyArray | None]:
        """Return all rows as ``X, Y, weight``."""
        xp = array_api_compat.array_namespace(self._batches[0].X)
        weights = [batch.weight for batch in self._batches]
        return (
            xp.concat([batch.X for batch in self._batches]),
            xp.concat([batch.Y for batch in self._batches]),
            None if weights[0] is None else xp.concat(weights),
        )

    def _like(self, *batches: Batch) -> ArraySamples:
        """Return samples of other batches, with this one's names where sizes still agree."""
        other = object.__new__(ArraySamples)
        other._batch_rows = self._batch_rows
        other._batches = batches
        other.n_rows = sum(batch.X.shape[0] for batch in batches)
        other.n_inputs, other.n_outputs = batches[0].X.shape[1], batches[0].Y.shape[1]
        same = other.n_inputs == self.n_inputs, other.n_outputs == self.n_outputs
        other.input_names = _names("x", other.n_inputs, self.input_names if same[0] else None)
        other.output_names = _names("y", other.n_outputs, self.output_names if same[1] else None)
        return other

    def _native(self, param: Any) -> Any:
        """Bring a NumPy parameter to the array library and device of the data."""
        X = self._batches[0].X
        if not isinstance(param, np.ndarray) or isinstance(X, np.ndarray):
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
    np.empty((32 << 20) - 8192, dtype=np.uint8)


def _sliced(X: AnyArray, Y: AnyArray, weight: AnyArray | None, batch_rows: int) -> Iterator[Batch]:
    for start in range(0, max(X.shape[0], 1), batch_rows):
        rows = slice(start, start + batch_rows)
        yield Batch(X[rows], Y[rows], None if weight is None else weight[rows], offset=start)


def _taken(batch: Batch, rows: IndexArray) -> Batch:
    """Take those of the (global, ascending) ``rows`` that lie in ``batch``."""
    end = batch.offset + batch.X.shape[0]
    local = rows[np.searchsorted(rows, batch.offset) : np.searchsorted(rows, end)] - batch.offset
    return Batch(
        _rows(batch.X, local),
        _rows(batch.Y, local),
        None if batch.weight is None else batch.weight[local],
        extra={name: column[local] for name, column in batch.extra.items()},
    )


def _rows(M: AnyArray, rows: IndexArray) -> AnyArray:
    """Gather rows; ``take`` does it in half the time of an index."""
    return np.take(M, rows, axis=0) if isinstance(M, np.ndarray) else M[rows]


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
    return tuple(f"{prefix}{i}" for i in range(count)) if names is None else tuple(names)
