"""Random rows of samples whose number of rows nobody need know before the pass is over.

Each row has a number between 0 and 1 of its own, a hash of where it stands. Of n rows those are
kept whose number is below ``count / n``; on the way there, where n is not known, a batch keeps
those below ``count`` over the rows before it, which holds all that are wanted, and but a few times
``count`` of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pureneuron.samples.arrays import batches_of
from pureneuron.samples.batch import Batch, Leaf, Merged, Stacked
from pureneuron.samples.protocol import HeldBatches, Samples, held_rows, taken_rows
from pureneuron.typing import IndexArray

__all__ = ["Kept", "Thinning"]

_SALT = np.uint64(0x5851F42D4C957F2D)  # any odd number: the same in every process


@dataclass(frozen=True, eq=False)
class Kept:
    """Some rows, in memory, in one batch.

    Attributes
    ----------
    samples : Samples
        The rows, in their order.
    numbers : (n,) array of int
        Their numbers in the whole.
    order : (n,) array of int
        The same rows in random order.
    """

    samples: Samples
    numbers: IndexArray
    order: IndexArray

    def __len__(self) -> int:
        return len(self.numbers)

    def derived(self, fn: Callable[..., Batch], *params: Any) -> Kept:
        """Return the same rows with ``fn(batch, *params)`` in their place."""
        return replace(self, samples=self.samples.derive(fn, *params))

    def some(self, count: int) -> Kept:
        """Return ``count`` of them; fewer are always among more."""
        chosen = np.sort(self.order[:count])
        numbers = self.numbers[chosen]
        return Kept(self.samples.take(chosen), numbers, np.argsort(_uniform(numbers)))


@dataclass(frozen=True)
class Thinning:
    """About ``count`` rows, or stretches of consecutive rows, chosen at random.

    Attributes
    ----------
    count : int
        How many, on average; all where there are fewer.
    length : int
        Rows of a stretch.
    name : str
        Tells the leaves of one from those of another in the same pass.
    n_rows : int or None
        Number of rows of the whole, where it is known: then a pass holds no more than is kept.
    """

    count: int
    length: int = 1
    name: str = "kept"
    n_rows: int | None = None

    def leaves(self, batch: Batch) -> dict[str, Leaf]:
        """Return what a batch may have to give, for a kernel to return among its leaves."""
        start, end = batch.offset, batch.offset + batch.X.shape[0]
        first = start // self.length
        stretches = np.arange(first, -(-end // self.length))
        n_rows = start + 1 if self.n_rows is None else self.n_rows
        stretches = stretches[_uniform(stretches) < self._share(n_rows)]
        chosen = (stretches[:, None] * self.length + np.arange(self.length)).ravel()
        chosen = chosen[(chosen >= start) & (chosen < end)]
        if len(chosen) == 0:
            return {}
        leaves = {"numbers": Stacked(chosen), **taken_rows(batch, chosen)}
        return {f"{self.name} {key}": leaf for key, leaf in leaves.items()}

    def kept(self, merged: Merged, n_rows: int, source: Samples) -> Kept:
        """Return what is kept, once it is known how many rows there are.

        Parameters
        ----------
        merged : dict
            What a pass has given whose kernel returned the :meth:`leaves`.
        n_rows : int
            Number of rows of the whole.
        source : Samples
            The whole.
        """
        start = len(self.name) + 1
        own = {key[start:]: v for key, v in merged.items() if key.startswith(f"{self.name} ")}
        numbers = np.asarray(own.pop("numbers", np.zeros(0)), dtype=np.intp)
        chosen = np.flatnonzero(_uniform(numbers // self.length) < self._share(n_rows))
        samples, numbers = held_rows(own, source).take(chosen), numbers[chosen]
        if self.length == 1:
            batches = batches_of(samples.joined())
            samples = HeldBatches(batches, source.input_names, source.output_names)
        return Kept(source.adopt(samples), numbers, np.argsort(_uniform(numbers)))

    def taken(self, samples: Samples, n_rows: int) -> Kept:
        """Return the same rows, of samples whose number of rows is known, in one pass."""
        known = replace(self, n_rows=n_rows)
        return known.kept(samples.reduce(_leaves, known), n_rows, samples)

    def _share(self, n_rows: int) -> float:
        """Return below which number a stretch of so many rows is kept."""
        return self.count / max(-(-n_rows // self.length), 1)


def _leaves(batch: Batch, thinning: Thinning) -> dict[str, Leaf]:
    return thinning.leaves(batch)


def _uniform(numbers: IndexArray) -> np.ndarray:
    """Hash whole numbers to numbers between 0 and 1 (the finaliser of MurmurHash3)."""
    words = numbers.astype(np.uint64)
    words += np.uint64(1)
    words *= _SALT
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        words ^= words >> np.uint64(33)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(33)
    words >>= np.uint64(11)
    return np.asarray(words * 2.0**-53)
