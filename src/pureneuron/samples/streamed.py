"""Samples that are read anew for every pass: files larger than memory, and anything re-iterable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from typing import Any

from pureneuron.samples.batch import Batch, Kernel, Merged, merge, native
from pureneuron.samples.groups import group_column, group_keys
from pureneuron.samples.protocol import Samples
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
        self._batches = batches
        self._functions: tuple[tuple[Any, ...], ...] = ()
        if input_names is None or output_names is None:
            first = next(self._made())
            input_names = input_names or [f"x{i}" for i in range(first.X.shape[1])]
            output_names = output_names or [f"y{i}" for i in range(first.Y.shape[1])]
        self.input_names, self.output_names = tuple(input_names), tuple(output_names)
        self.n_inputs, self.n_outputs = len(self.input_names), len(self.output_names)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over all batches and merge: one pass over the data."""
        return merge(kernel(batch, *native(params, batch.X)) for batch in self._made())

    def derive(self, fn: Callable[..., Batch], *params: Any) -> StreamedSamples:
        """Return the samples with each batch replaced, in each pass anew."""
        other = copy(self)
        other._functions = (*self._functions, (fn, *params))
        return other

    def _made(self) -> Iterator[Batch]:
        offset = 0
        for X, Y, weight, *labels in self._batches():
            if X.shape[0] == 0:
                continue
            extra = {}
            for groups in labels:
                extra = group_column(group_keys(groups, offset=offset), X)
            batch = Batch(X, Y, weight, offset, extra)
            for fn, *params in self._functions:
                batch = batch.derived(fn, native(tuple(params), X))
            yield batch
            tell_rows(X.shape[0])
            offset += X.shape[0]
