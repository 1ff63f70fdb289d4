"""The one way to touch data: a reduction over batches.

:meth:`Samples.reduce` runs a kernel over every batch and returns the merged arrays, which are all
that the algebra ever sees. So no algorithm knows where the data lives, and no source of data knows
any algebra. The batches merge in the order of their rows, so that a reduction repeats to the last
bit.

A source gives sizes, names, :meth:`~Samples.reduce` and :meth:`~Samples.derive`; it inherits the
rest, and may do better. :mod:`pureneuron.samples.testing` holds what every source must pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.devices import native, to_numpy
from pureneuron.samples.batch import Batch, Kernel, Leaf, Merged, Stacked, merge
from pureneuron.samples.cores import over_batches
from pureneuron.samples.rows_told import tell_rows
from pureneuron.typing import AnyArray, IndexArray

__all__ = ["HeldBatches", "Samples", "held_rows", "taken_rows"]


class Samples(ABC):
    """Samples of ``(x, y)``, wherever they live.

    How many rows there are comes out of a reduction: a source need not know, and may say.

    Attributes
    ----------
    n_inputs, n_outputs : int
        Number of inputs d and of outputs m.
    input_names, output_names : tuple of str
        Their names.
    in_memory : bool
        Whether the rows lie in the memory of this process, and so does what is derived from them.
        Where they do not, few passes that do much each are the quicker way.
    held_bytes : int
        How much memory the rows take.
    n_rows : int or None
        How many there are, where that is known before a pass.
    """

    n_inputs: int
    n_outputs: int
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    in_memory: bool = False
    held_bytes: int = 0
    n_rows: int | None = None

    @abstractmethod
    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data.

        NumPy arrays among the parameters come to the kernel in the library of the data
        (:func:`~pureneuron.samples.batch.native`); batches without rows do not come to it.
        """

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
        return held_rows(self.reduce(taken_rows, np.asarray(rows)), self)

    def head(self, n_rows: int) -> Samples:
        """Return the first rows, or all there are if those are fewer, in memory.

        A source that reads its rows in order need not read on.
        """
        return self.take(np.arange(n_rows))

    def origin(self, row: int) -> tuple[str, int]:
        """Return the file that a row comes from, and its number there; for messages.

        Where there are no files that is no name, and the number as it is.
        """
        return "", row

    def recomputed(self) -> Samples:
        """Return the same rows, of which nothing that is derived is kept in memory."""
        return self

    def adopt(self, held: Samples) -> Samples:
        """Return rows of these samples that lie in memory, so that passes over them are noticed."""
        return held

    def every_nth(self, n: int) -> Samples:
        """Return every n-th row of the whole; a pass over them is one over all."""
        return self if n == 1 else _View(self, n)


class _View(Samples):
    """Every n-th row of another source, with its sizes and names; what is derived is not kept."""

    def __init__(self, source: Samples, n: int) -> None:
        self._source, self._n = source, n
        self.n_inputs, self.n_outputs = source.n_inputs, source.n_outputs
        self.input_names, self.output_names = source.input_names, source.output_names
        self.n_rows = None if source.n_rows is None else -(-source.n_rows // n)
        self._functions: tuple[tuple[Any, ...], ...] = ()

    def origin(self, row: int) -> tuple[str, int]:
        return self._source.origin(self._n * row)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        return self._source.reduce(_reduced_view, self._n, self._functions, (kernel, *params))

    def derive(self, fn: Callable[..., Batch], *params: Any) -> _View:
        other = _View(self._source, self._n)
        other._functions = (*self._functions, (fn, *params))
        return other


class HeldBatches(Samples):
    """Consecutive batches in memory, of any Array API library.

    Parameters
    ----------
    batches : sequence of Batch
        At least one.
    input_names, output_names : tuple of str, optional
        ``x0 …`` and ``y0 …`` if left out, or if their number is another.
    """

    in_memory = True
    n_rows: int

    def __init__(
        self,
        batches: Sequence[Batch],
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
    ) -> None:
        X, Y = batches[0].X, batches[0].Y
        self._batches = tuple(batches)
        self.n_rows = sum(batch.X.shape[0] for batch in batches)
        self.n_inputs, self.n_outputs = X.shape[1], Y.shape[1]
        self.input_names = _names("x", self.n_inputs, input_names)
        self.output_names = _names("y", self.n_outputs, output_names)

    @property
    def batches(self) -> tuple[Batch, ...]:
        """The batches."""
        return self._batches

    @property
    def held_bytes(self) -> int:  # type: ignore[override]
        """How much memory the rows take."""
        return sum(_bytes_of(batch.X) + _bytes_of(batch.Y) for batch in self._batches)

    def recomputed(self) -> Samples:
        """Return the same rows, of which nothing that is derived is kept in memory."""
        return _View(self, 1)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""
        params = native(params, self._batches[0].X)
        batches = [batch for batch in self._batches if batch.X.shape[0]]
        parts = over_batches(lambda batch: kernel(batch, *params), batches)
        return merge(_told(parts, batches))

    def derive(self, fn: Callable[..., Batch], *params: Any) -> HeldBatches:
        """Return the samples with each batch replaced by ``fn(batch, *params)``, kept in memory."""
        params = native(params, self._batches[0].X)
        derived = over_batches(lambda batch: batch.derived(fn, params), self._batches)
        return self._like(list(derived))

    def take(self, rows: IndexArray) -> HeldBatches:
        """Return some rows, by ascending row number, in the same array library."""
        return self._like([_joined([batch.taken(rows) for batch in self._batches])])

    def every_nth(self, n: int) -> HeldBatches:
        """Return every n-th row, as views."""
        return self._like([batch.every_nth(n) for batch in self._batches])

    def arrays(self) -> tuple[AnyArray, AnyArray, AnyArray | None]:
        """Return all rows as ``X, Y, weight``."""
        whole = self.joined()
        return whole.X, whole.Y, whole.weight

    def joined(self) -> Batch:
        """Return all rows as one batch."""
        return _joined(self._batches)

    def _like(self, batches: Sequence[Batch]) -> HeldBatches:
        return HeldBatches(batches, self.input_names, self.output_names)


def taken_rows(batch: Batch, rows: AnyArray) -> dict[str, Leaf]:
    """Return the parts of a batch that lie in some rows of the whole, by ascending number."""
    some = batch.taken(to_numpy(rows))
    parts: dict[str, Leaf] = {"X": Stacked(some.X), "Y": Stacked(some.Y)}
    if some.weight is not None:
        parts["weight"] = Stacked(some.weight)
    return {**parts, **{f"extra {name}": Stacked(column) for name, column in some.extra.items()}}


def held_rows(merged: Merged, like: Samples) -> HeldBatches:
    """Return in memory what :func:`taken_rows` has given; sizes and names are those of ``like``."""
    if not merged:
        merged = {"X": np.empty((0, like.n_inputs)), "Y": np.empty((0, like.n_outputs))}
    extra = {name[6:]: value for name, value in merged.items() if name.startswith("extra ")}
    batch = Batch(merged["X"], merged["Y"], merged.get("weight"), extra=extra)
    return HeldBatches([batch], like.input_names, like.output_names)


def _bytes_of(M: AnyArray) -> int:
    xp = array_api_compat.array_namespace(M)
    return int(M.shape[0] * M.shape[1] * xp.finfo(M.dtype).bits // 8)


def _told(
    parts: Iterable[Mapping[str, Leaf]], batches: Sequence[Batch]
) -> Iterator[Mapping[str, Leaf]]:
    for part, batch in zip(parts, batches, strict=True):
        yield part
        tell_rows(batch.X.shape[0])


def _joined(batches: Sequence[Batch]) -> Batch:
    first = batches[0]
    xp = array_api_compat.array_namespace(first.X)
    return Batch(
        xp.concat([batch.X for batch in batches]),
        xp.concat([batch.Y for batch in batches]),
        None if first.weight is None else xp.concat([batch.weight for batch in batches]),
        extra={name: xp.concat([batch.extra[name] for batch in batches]) for name in first.extra},
    )


def _names(prefix: str, count: int, names: tuple[str, ...] | None) -> tuple[str, ...]:
    if names is None or len(names) != count:
        return tuple(f"{prefix}{i}" for i in range(count))
    return tuple(names)


def _together(batch: Batch, calls: tuple[tuple[Any, ...], ...]) -> dict[str, Leaf]:
    return {
        f"{i} {name}": leaf
        for i, (kernel, *params) in enumerate(calls)
        for name, leaf in kernel(batch, *params).items()
    }


def _reduced_view(
    batch: Batch, n: int, functions: tuple[tuple[Any, ...], ...], call: tuple[Any, ...]
) -> Mapping[str, Leaf]:
    batch = batch.every_nth(n)
    if batch.X.shape[0] == 0:
        return {}
    for fn, *params in functions:
        batch = batch.derived(fn, tuple(params))
    kernel, *params = call
    parts: Mapping[str, Leaf] = kernel(batch, *params)
    return parts
