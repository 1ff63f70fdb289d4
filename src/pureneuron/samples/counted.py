"""Samples that count the passes made over them, and tell of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pureneuron.samples.batch import Batch, Kernel, Merged
from pureneuron.samples.protocol import Samples
from pureneuron.samples.rows_told import RowsCallback, SizeOfPass, telling
from pureneuron.typing import IndexArray

__all__ = ["CountedSamples"]


class CountedSamples(Samples):
    """Wraps any samples; ``counter[0]`` counts passes, shared with all that is derived from it.

    Parameters
    ----------
    samples : Samples
        The samples.
    on_pass : callable
        Called before every pass, also over rows that were taken into memory.
    on_rows : callable, optional
        Called with a :class:`~pureneuron.samples.rows_told.PassSoFar` each time the source tells of
        rows that it has merged, in passes that count.
    counter : list of int, optional
        Where to count.
    """

    def __init__(
        self,
        samples: Samples,
        on_pass: Callable[[], None] = lambda: None,
        on_rows: RowsCallback | None = None,
        *,
        counter: list[int] | None = None,
    ) -> None:
        self._samples, self._on_pass, self._on_rows = samples, on_pass, on_rows
        self._counter = [0] if counter is None else counter
        self._size = SizeOfPass()
        self.n_inputs, self.n_outputs = samples.n_inputs, samples.n_outputs
        self.input_names, self.output_names = samples.input_names, samples.output_names
        self.in_memory, self.held_bytes = samples.in_memory, samples.held_bytes
        self.n_rows = samples.n_rows

    @property
    def n_passes(self) -> int:
        """Passes so far."""
        return self._counter[0]

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Reduce, and count a pass."""
        with self._pass():
            return self._samples.reduce(kernel, *params)

    def reduce_together(self, calls: Sequence[tuple[Any, ...]]) -> list[Merged]:
        """Reduce, and count a pass."""
        with self._pass():
            return self._samples.reduce_together(calls)

    def derive(self, fn: Callable[..., Batch], *params: Any) -> CountedSamples:
        """Derive; whoever reduces what is derived makes the pass."""
        derived = self._like_this(self._samples.derive(fn, *params))
        derived._size = self._size  # It has as many rows.
        return derived

    def every_nth(self, n: int) -> CountedSamples:
        """Leave rows out; whoever reduces what is left makes the pass."""
        return self._like_this(self._samples.every_nth(n))

    def head(self, n_rows: int) -> Samples:
        """Take the first rows; neither that nor passes over them count."""
        return self.adopt(self._samples.head(n_rows))

    def origin(self, row: int) -> tuple[str, int]:
        """Ask the source."""
        return self._samples.origin(row)

    def recomputed(self) -> CountedSamples:
        """Keep nothing that is derived."""
        recomputed = self._like_this(self._samples.recomputed())
        recomputed._size = self._size
        return recomputed

    def adopt(self, held: Samples) -> CountedSamples:
        """Watch over passes over rows in memory; they do not count."""
        return CountedSamples(held, self._on_pass)

    def take(self, rows: IndexArray) -> Samples:
        """Take rows, and count a pass; passes over rows in memory do not count."""
        with self._pass():
            return self.adopt(self._samples.take(rows))

    @contextmanager
    def _pass(self) -> Iterator[None]:
        self._on_pass()
        self._counter[0] += 1
        if self._on_rows is None:
            yield
            return
        with telling(self._on_rows, self._counter[0], self._size):
            yield

    def _like_this(self, samples: Samples) -> CountedSamples:
        return CountedSamples(samples, self._on_pass, self._on_rows, counter=self._counter)
