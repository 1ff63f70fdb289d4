"""Stacked and their mirror images.

Data made symmetric by adding each input's negation come in pairs that are not independent of each
other: statistics that pretend they are overrate the noise. A hash that is the same for ``x`` and
``−x`` finds the pairs wherever the rows lie, without comparing any two of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.samples.batch import Batch, Max, Stacked
from pureneuron.samples.protocol import Samples
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = [
    "distinct_rows",
    "equal_pairs",
    "mirror_groups",
    "mirror_hash",
    "mirror_pairs",
    "n_registered",
    "registered",
    "row_hash",
    "split_halves",
]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how exact a count is.

    Attributes
    ----------
    registers, of_numbers : int
        Registers p of the count of different rows, and of different numbers: its error is about
        1.04 / √p (by definition).
    """

    registers: int = 2048
    of_numbers: int = 16384


THRESHOLDS = Thresholds()
_SEED = 20190506  # any fixed number: the hash must be the same in every process


def mirror_hash(X: AnyArray) -> tuple[np.ndarray, np.ndarray]:
    """Hash the rows of ``X`` up to sign.

    Returns
    -------
    hashes : (n,) array of uint64
        Equal for equal and for mirrored rows; for others equal with a probability of 2⁻⁴⁴ at most
        (numbers of few digits) or 2⁻⁶⁴.
    flipped : (n,) array of bool
        Which of the two the row is: its first entry that is not zero is negative.
    """
    X = np.asarray(to_numpy(X), dtype=np.float64)
    first = X[:, 0]
    if not np.all(first):
        first = X[np.arange(len(X)), (X != 0.0).argmax(axis=1)]
    flipped = first < 0.0
    canonical = X * np.where(flipped, -1.0, 1.0)[:, None] + 0.0  # + 0.0 turns −0.0 into 0.0
    factors = np.random.default_rng(_SEED).integers(2**63, size=X.shape[1], dtype=np.uint64)
    # Integer arithmetic wraps: exact, and independent of the order of summation.
    words = canonical.view(np.uint64)
    # Products keep low bits only: digits, exponent and sign have to come down there first.
    low = words >> np.uint64(32)
    low ^= words
    words >>= np.uint64(63)
    low ^= words
    return _mixed(np.einsum("ij,j->i", low, 2 * factors + np.uint64(1))), flipped


def mirror_groups(X: AnyArray, seed: int, n_groups: int) -> IndexArray:
    """Deal rows out to at most 2¹⁶ groups, (n,); a row and its mirror image go to the same."""
    salt = np.random.default_rng(seed).integers(2**63, dtype=np.uint64)
    # Small numbers are quick to sort.
    return np.asarray(_mixed(mirror_hash(X)[0] ^ salt) % np.uint64(n_groups), dtype=np.uint16)


def row_hash(X: AnyArray, Y: AnyArray) -> np.ndarray:
    """Hash rows with their outputs, (n,) of uint64: equal for equal rows."""
    hashes, flipped = mirror_hash(np.hstack([to_numpy(X), to_numpy(Y)]))
    return _mixed(hashes + flipped)


def distinct_rows(samples: Samples, *, with_outputs: bool = False) -> float:
    """Estimate how many different inputs there are, in one pass (HyperLogLog).

    Few are counted almost exactly, many to about two per cent, in memory that does not depend on
    their number. ``with_outputs`` counts rows as different where their outputs are.
    """
    return n_registered(samples.reduce(_registers, with_outputs)["registers"])


def registered(numbers: np.ndarray) -> Max:
    """Return the registers that count how many different whole numbers there are."""
    return _filled(_mixed(numbers.reshape(-1).astype(np.uint64)), THRESHOLDS.of_numbers)


def n_registered(registers: Array) -> float:
    """Return how many different ones have been counted."""
    empty = int(np.sum(registers == 0))
    m = len(registers)
    estimate = 0.7213 / (1.0 + 1.079 / m) * m**2 / np.sum(2.0**-registers)
    if estimate <= 2.5 * m and empty:
        return float(m * np.log(m / empty))
    return float(estimate)


def equal_pairs(samples: Samples) -> float:
    """Count the pairs of rows that are equal, outputs included; a hash of each row is held."""
    counts = np.unique(samples.reduce(_row_hashes)["hash"], return_counts=True)[1]
    return float(np.sum(counts * (counts - 1.0)) / 2.0)


def _row_hashes(batch: Batch) -> dict[str, Stacked]:
    return {"hash": Stacked(row_hash(batch.X, batch.Y))}


def _registers(batch: Batch, with_outputs: bool) -> dict[str, Max]:
    if with_outputs:
        words = row_hash(batch.X, batch.Y)
    else:
        hashes, flipped = mirror_hash(batch.X)
        words = _mixed(hashes + flipped)
    return {"registers": _filled(words, THRESHOLDS.registers)}


def _filled(words: np.ndarray, n_registers: int) -> Max:
    """Return the registers of words (n,) that are as good as random."""
    registers = np.zeros(n_registers)
    # The position of the highest bit that is set, from the top, among those not used as index.
    rest = (words // np.uint64(n_registers)).astype(np.float64) + 1.0
    depth = 65.0 - np.log2(n_registers) - np.ceil(np.log2(rest))
    index = (words % np.uint64(n_registers)).astype(np.intp)
    np.maximum.at(registers, index, np.maximum(depth, 1.0))
    return Max(registers)


def mirror_pairs(X: Array) -> IndexArray:
    """Give a row and its mirror image, and no other row, the same number.

    Repeated rows pair one to one: three copies of x and two of −x make two pairs and a single.
    """
    return _pairs(*mirror_hash(X))


def split_halves(samples: Samples, rng: np.random.Generator) -> tuple[Samples, Samples]:
    """Split at random into two halves, in three passes; a row and its mirror image stay together.

    Parameters
    ----------
    samples : Samples
        Of any source; the halves are in memory.
    rng : numpy.random.Generator
        Draws the pairs of the first half.
    """
    hashed = samples.reduce(_hashes)
    pair = _pairs(hashed["hash"], hashed["flipped"])
    in_first = np.zeros(pair.max(initial=-1) + 1, dtype=bool)
    in_first[rng.permutation(len(in_first))[: (len(in_first) + 1) // 2]] = True
    first = in_first[pair]
    return samples.take(np.flatnonzero(first)), samples.take(np.flatnonzero(~first))


def _hashes(batch: Batch) -> dict[str, Stacked]:
    hashes, flipped = mirror_hash(batch.X)
    return {"hash": Stacked(hashes), "flipped": Stacked(flipped)}


def _pairs(hashes: np.ndarray, flipped: np.ndarray) -> IndexArray:
    n = len(hashes)
    _, group = np.unique(hashes, return_inverse=True)
    # Within a group, the j-th row of one sign goes with the j-th row of the other.
    key = 2 * group + flipped
    order = np.argsort(key, kind="stable")
    starts = np.r_[True, np.diff(key[order]) != 0] if n else np.zeros(0, dtype=bool)
    rank = np.empty(n, dtype=np.intp)
    rank[order] = np.arange(n) - np.maximum.accumulate(np.where(starts, np.arange(n), 0))
    _, pair = np.unique(group * (n + 1) + rank, return_inverse=True)
    return np.asarray(pair, dtype=np.intp)


def _mixed(words: np.ndarray) -> np.ndarray:
    """Spread the bits (the finaliser of MurmurHash3)."""
    words = (words ^ (words >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    words = (words ^ (words >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(words ^ (words >> np.uint64(33)))
