"""Samples whose passes are kept in a journal, so that a computation goes on where it was stopped.

What is made of the data is deterministic, and every touch of them is a pass. So nothing but the
merged results of the passes has to be kept: started again, the algebra gets them from the journal,
comes to the same numbers, and asks for the first pass that is not there. That one is made on the
data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from pureneuron.samples.batch import Batch, Kernel, Merged, merge
from pureneuron.samples.checkpoint.digests import digest_of
from pureneuron.samples.checkpoint.journal import Journal, PassKey
from pureneuron.samples.protocol import HeldBatches, Samples, held_rows, taken_rows

__all__ = ["CheckpointedSamples"]


class CheckpointedSamples(Samples):
    """Wraps any samples; passes are given from a journal, or made and kept there.

    Rows that are taken into memory are kept as well (as NumPy arrays); passes over them are not.

    Parameters
    ----------
    samples : Samples
        The samples.
    journal : Journal
        Shared with all that is derived. Once it is closed, passes are made and not kept.
    """

    def __init__(self, samples: Samples, journal: Journal) -> None:
        self._journal = journal
        self._make: Callable[[], Samples] = lambda: samples
        self._made: Samples | None = None
        self._derivation = digest_of()
        self.n_inputs, self.n_outputs = samples.n_inputs, samples.n_outputs
        self.input_names, self.output_names = samples.input_names, samples.output_names
        self.in_memory, self.held_bytes = samples.in_memory, samples.held_bytes
        self.n_rows = samples.n_rows

    def origin(self, row: int) -> tuple[str, int]:
        """Ask the source."""
        return self._samples.origin(row)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Give the pass from the journal, or make it and keep it."""
        if not self._journal.is_open:
            return self._samples.reduce(kernel, *params)
        key = self._key([(kernel, *params)])
        results = self._journal.next(key)
        if results is None:
            results = self._journal.keep(key, [self._samples.reduce(kernel, *params)])
        return results[0]

    def reduce_together(self, calls: Sequence[tuple[Any, ...]]) -> list[Merged]:
        """Give the pass from the journal, or make it and keep it."""
        if not self._journal.is_open:
            return self._samples.reduce_together(calls)
        key = self._key(calls)
        results = self._journal.next(key)
        if results is None:
            results = self._journal.keep(key, self._samples.reduce_together(calls))
        return results

    def derive(self, fn: Callable[..., Batch], *params: Any) -> CheckpointedSamples:
        """Derive when a pass is to be made: what comes from the journal touches no data."""
        return self._later(lambda: self._samples.derive(fn, *params), fn, *params)

    def every_nth(self, n: int) -> CheckpointedSamples:
        """Leave rows out when a pass is to be made."""
        other = self._later(lambda: self._samples.every_nth(n), "every", n)
        other.n_rows = None if self.n_rows is None else -(-self.n_rows // n)
        return other

    def recomputed(self) -> CheckpointedSamples:
        """Keep nothing in memory that is derived."""
        other = self._later(lambda: self._samples.recomputed(), "recomputed")
        other.in_memory, other.held_bytes = False, 0
        return other

    def head(self, n_rows: int) -> Samples:
        """Take the first rows, which are kept in the batches that they come in."""
        if not self._journal.is_open:
            return self._samples.head(n_rows)
        key = PassKey("head", self._derivation, digest_of(n_rows))
        results = self._journal.next(key)
        if results is None:
            results = self._journal.keep(key, _in_batches(self._samples.head(n_rows), n_rows))
        # Sums over other batches would differ in their last bits.
        batches = [batch for rows in results for batch in held_rows(rows, self).batches]
        return HeldBatches(_consecutive(batches), self.input_names, self.output_names)

    @property
    def _samples(self) -> Samples:
        if self._made is None:
            self._made = self._make()
            del self._make  # It holds what these samples were derived from.
        return self._made

    def _later(self, make: Callable[[], Samples], *how: Any) -> CheckpointedSamples:
        other = object.__new__(CheckpointedSamples)
        other._journal, other._make, other._made = self._journal, make, None
        other._derivation = digest_of(self._derivation, how)
        other.n_inputs, other.n_outputs = self.n_inputs, self.n_outputs
        other.input_names, other.output_names = self.input_names, self.output_names
        other.in_memory, other.held_bytes = self.in_memory, self.held_bytes
        other.n_rows = self.n_rows
        return other

    def _key(self, calls: Sequence[tuple[Any, ...]]) -> PassKey:
        # Where a kernel hands on to another, both are functions in the call.
        kernels = [" of ".join(_name(each) for each in call if callable(each)) for call in calls]
        name = " and ".join(dict.fromkeys(kernels))
        return PassKey(name, self._derivation, digest_of(list(calls)))


def _in_batches(held: Samples, n_rows: int) -> list[Merged]:
    if not isinstance(held, HeldBatches):
        return [held.reduce(taken_rows, np.arange(n_rows))]
    parts = [taken_rows(batch, np.arange(n_rows)) for batch in held.batches]
    return [merge([part]) for part in parts]


def _consecutive(batches: Sequence[Batch]) -> list[Batch]:
    starts = accumulate((batch.X.shape[0] for batch in batches), initial=0)
    return [replace(batch, offset=start) for batch, start in zip(batches, starts, strict=False)]


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
