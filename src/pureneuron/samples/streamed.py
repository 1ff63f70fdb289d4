"""Samples that are read anew for every pass: files larger than memory, and anything re-iterable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from pureneuron.devices import native
from pureneuron.samples.batch import Batch, Kernel, Leaf, Merged, merge
from pureneuron.samples.cores import over_stream
from pureneuron.samples.freed_memory import keep_freed_memory
from pureneuron.samples.groups import group_column, group_keys
from pureneuron.samples.protocol import HeldBatches, Samples
from pureneuron.samples.rows_told import tell_rows
from pureneuron.typing import AnyArray

__all__ = ["StreamedSamples"]


class StreamedSamples(Samples):
    """Samples that are read anew for every pass.

    Parameters
    ----------
    batches : callable
        Returns an iterable of ``(X, Y, weight)`` or ``(X, Y, weight, groups)``, consecutive rows
        each; weight may be None. Each pass calls it once.
    input_names, output_names : sequence of str, optional
        Column names; ``x0 …`` and ``y0 …`` if left out.
    """

    def __init__(
        self,
        batches: Callable[[], Iterable[tuple[AnyArray, ...]]],
        *,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        keep_freed_memory()
        self._batches = batches
        self._functions: tuple[tuple[Any, ...], ...] = ()
        if input_names is None or output_names is None:
            first = next(self._read())
            input_names = input_names or [f"x{i}" for i in range(first.X.shape[1])]
            output_names = output_names or [f"y{i}" for i in range(first.Y.shape[1])]
        self.input_names, self.output_names = tuple(input_names), tuple(output_names)
        self.n_inputs, self.n_outputs = len(self.input_names), len(self.output_names)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""

        def work(batch: Batch) -> Mapping[str, Leaf]:
            batch = self._derived(batch)
            return kernel(batch, *native(params, batch.X))

        return merge(over_stream(work, self._read()))

    def derive(self, fn: Callable[..., Batch], *params: Any) -> StreamedSamples:
        """Return the samples with each batch replaced, in each pass anew."""
        other = copy(self)
        other._functions = (*self._functions, (fn, *params))
        return other

    def head(self, n_rows: int) -> HeldBatches:
        """Return the first rows, in memory; it reads no more than these."""
        parts, found = [], 0
        for batch in self._read():
            count = min(n_rows - found, batch.X.shape[0])
            parts.append(self._derived(batch).rows(slice(0, count)))
            found += count
            if found >= n_rows:
                break
        if not parts:
            parts = [Batch(np.empty((0, self.n_inputs)), np.empty((0, self.n_outputs)))]
        return HeldBatches(parts, self.input_names, self.output_names)

    def _derived(self, batch: Batch) -> Batch:
        for fn, *params in self._functions:
            batch = batch.derived(fn, native(tuple(params), batch.X))
        return batch

    def _read(self) -> Iterator[Batch]:
        offset = 0
        for X, Y, weight, *labels in self._batches():
            if X.shape[0] == 0:
                continue
            extra = {}
            for groups in labels:
                extra = group_column(group_keys(groups, offset=offset), X)
            yield Batch(X, Y, weight, offset, extra)
            tell_rows(X.shape[0])
            offset += X.shape[0]
