"""Blocks of rows: what tests and covariances take for independent of one another.

Rows next to each other may share noise (memory), rows of a group may (a session, a subject), and a
row that repeats is the same row. The sums of scores over long blocks of consecutive rows, or over
whole groups, are independent all the same: their spread is that of the total, whatever the noise
within a block is like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pureneuron.problem import Problem
from pureneuron.samples import Batch, Leaf, Max, Min, to_numpy
from pureneuron.samples.groups import GROUP
from pureneuron.samples.mirror import row_hash

__all__ = ["Blocks", "blocks_of_groups", "consecutive_blocks"]

# 2⁶⁴ over the golden ratio: multiples of it are as even as can be, modulo 2⁶⁴.
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Blocks:
    """A partition of the rows.

    Attributes
    ----------
    n_blocks : int
        How many blocks there are.
    kind : {"order", "groups", "rows"}
        Whether a block is made of consecutive rows, of whole groups, or of equal rows.
    length : int
        Rows of a block of consecutive rows.
    spread : bool
        Whether the numbers of groups may be any, and are spread over the blocks.
    """

    n_blocks: int
    kind: Literal["order", "groups", "rows"] = "order"
    length: int = 1
    spread: bool = False

    def split(self, batch: Batch, original: Batch | None = None) -> Iterator[tuple[int, Batch]]:
        """Yield the parts of a batch that lie in one block each, with the number of the block.

        Parameters
        ----------
        batch : Batch
            The rows.
        original : Batch, optional
            The same rows before their outputs were changed: equal rows are found by them.
        """
        if self.kind != "order":
            yield from self._gathered(batch, self.numbers(original or batch))
            return
        start, end = 0, batch.X.shape[0]
        while start < end:
            number = min((batch.offset + start) // self.length, self.n_blocks - 1)
            last = number == self.n_blocks - 1
            stop = end if last else min(end, (number + 1) * self.length - batch.offset)
            yield number, batch.rows(slice(start, stop))
            start = stop

    def numbers(self, batch: Batch, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the number of the block of each row, (n,).

        Parameters
        ----------
        batch : Batch
            The rows.
        rows : (n,) array, optional
            Their numbers in the whole, where they are not consecutive.
        """
        if self.kind == "order":
            rows = batch.offset + np.arange(batch.X.shape[0]) if rows is None else rows
            return np.asarray(np.minimum(rows // self.length, self.n_blocks - 1))
        if self.kind == "groups":
            group = np.asarray(to_numpy(batch.extra[GROUP])).reshape(-1)
            return _spread(group, self.n_blocks) if self.spread else group
        return np.asarray(row_hash(batch.X, batch.Y) % np.uint64(self.n_blocks), dtype=np.intp)

    def _gathered(self, batch: Batch, number: np.ndarray) -> Iterator[tuple[int, Batch]]:
        order = np.argsort(number, kind="stable")
        edges = np.searchsorted(number[order], np.arange(self.n_blocks + 1))
        batch = replace(batch, offset=0)
        for block in np.flatnonzero(np.diff(edges)):
            yield int(block), batch.taken(order[edges[block] : edges[block + 1]])


def consecutive_blocks(n_rows: int, n_blocks: int) -> Blocks:
    """Divide rows into about ``n_blocks`` blocks of consecutive rows, all of one length."""
    length = max(n_rows // max(n_blocks, 1), 1)
    return Blocks(max(n_rows // length, 1), "order", length)


def blocks_of_groups(problem: Problem, most_blocks: int) -> Blocks:
    """Make a block of each group, or of several where their numbers go beyond ``most_blocks``."""
    ends = problem.source.reduce(_ends_of_groups)
    if int(ends["smallest"]) >= 0 and int(ends["largest"]) < most_blocks:
        return Blocks(int(ends["largest"]) + 1, "groups")
    return Blocks(most_blocks, "groups", spread=True)


def _spread(numbers: np.ndarray, n_blocks: int) -> np.ndarray:
    """Deal whole numbers out evenly, neighbours and multiples alike (Fibonacci hashing)."""
    words = numbers.astype(np.uint64) * np.uint64(_GOLDEN)
    words = (words >> np.uint64(32)) * np.uint64(n_blocks)
    return np.asarray(words >> np.uint64(32), dtype=np.intp)


def _ends_of_groups(batch: Batch) -> dict[str, Leaf]:
    group = np.asarray(to_numpy(batch.extra[GROUP]))
    return {"smallest": Min(group.min()), "largest": Max(group.max())}
