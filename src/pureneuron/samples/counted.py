"""Samples that count the passes made over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pureneuron.samples.protocol import Batch, Kernel, Merged, Samples

__all__ = ["CountedSamples"]


class CountedSamples:
    """Wraps any samples; ``counter[0]`` counts passes, shared with all that is derived from it."""

    def __init__(self, samples: Samples, counter: list[int] | None = None) -> None:
        self._samples = samples
        self._counter = [0] if counter is None else counter
        self.n_rows = samples.n_rows
        self.n_inputs = samples.n_inputs
        self.n_outputs = samples.n_outputs
        self.input_names = samples.input_names
        self.output_names = samples.output_names

    @property
    def n_passes(self) -> int:
        """Passes so far."""
        return self._counter[0]

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Reduce, and count a pass."""
        self._counter[0] += 1
        return self._samples.reduce(kernel, *params)

    def derive(self, fn: Callable[..., Batch], *params: Any) -> CountedSamples:
        """Derive; whoever reduces what is derived makes the pass."""
        return CountedSamples(self._samples.derive(fn, *params), self._counter)

    def every_nth(self, n):
        return CountedSamples(self._samples.every_nth(n), self._counter)

    def reduce_together(self, calls):
        self._counter[0] += 1
        return self._samples.reduce_together(calls)

    def take(self, rows):
        self._counter[0] += 1
        return self._samples.take(rows)

    def halves(self, rng: np.random.Generator) -> tuple[CountedSamples, CountedSamples]:
        """Split as the wrapped samples do."""
        first, second = self._samples.halves(rng)
        return CountedSamples(first, self._counter), CountedSamples(second, self._counter)
