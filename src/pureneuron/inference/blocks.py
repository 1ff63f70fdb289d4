"""Blocks of rows: what tests and covariances take for independent of one another.

Rows next to each other may share noise (memory), and rows of a group may (a session, a subject).
The sums of scores over long blocks of consecutive rows, or over whole groups, are independent all
the same: their spread is that of the total, whatever the noise within a block is like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pureneuron.problem import Problem
from pureneuron.samples import Batch, Max, to_numpy
from pureneuron.typing import AnyArray

__all__ = ["Blocks", "contiguous_blocks", "group_blocks", "has_groups"]

GROUP = "group"


@dataclass(frozen=True)
class Blocks:
    """A partition of the rows.

    Attributes
    ----------
    n_blocks : int
        How many blocks there are.
    length : int
        Rows of a block of consecutive rows; 0 where blocks are made of groups.
    """

    n_blocks: int
    length: int

    def split(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        """Yield the parts of a batch that lie in one block each, with the number of the block."""
        if self.length:
            yield from self._consecutive(batch)
        else:
            yield from self._grouped(batch)

    def _consecutive(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        start, end = 0, batch.X.shape[0]
        while start < end:
            block = min((batch.offset + start) // self.length, self.n_blocks - 1)
            last = block == self.n_blocks - 1
            stop = end if last else min(end, (block + 1) * self.length - batch.offset)
            yield block, batch.rows(slice(start, stop))
            start = stop

    def _grouped(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        block = self.numbers(batch)
        order = np.argsort(block, kind="stable")
        edges = np.searchsorted(block[order], np.arange(self.n_blocks + 1))
        for number in np.flatnonzero(np.diff(edges)):
            rows = np.sort(order[edges[number] : edges[number + 1]])
            yield int(number), replace(batch, offset=0).taken(rows)

    def numbers(self, batch: Batch) -> np.ndarray:
        """Return the number of the block of each row, (n,)."""
        if self.length:
            rows = batch.offset + np.arange(batch.X.shape[0])
            return np.minimum(rows // self.length, self.n_blocks - 1)
        group = np.asarray(to_numpy(batch.extra[GROUP])).reshape(-1)
        return np.asarray(group % self.n_blocks)


def contiguous_blocks(n_rows: int, n_blocks: int) -> Blocks:
    """Divide rows into about ``n_blocks`` blocks of consecutive rows, all of one length."""
    length = max(n_rows // max(n_blocks, 1), 1)
    return Blocks(max(n_rows // length, 1), length)


def has_groups(problem: Problem) -> bool:
    """Whether the rows come with groups."""
    return bool(problem.source.reduce(_shows_groups)["groups"])


def group_blocks(problem: Problem, most_blocks: int) -> Blocks:
    """Make a block of each group, or of several where there are more than ``most_blocks``."""
    largest = int(problem.source.reduce(_largest_group)["largest"])
    return Blocks(min(largest + 1, most_blocks), 0)


def _shows_groups(batch: Batch) -> dict[str, Max]:
    return {"groups": Max(np.asarray(GROUP in batch.extra))}


def _largest_group(batch: Batch) -> dict[str, Max]:
    group: AnyArray = batch.extra[GROUP]
    return {"largest": Max(np.asarray(int(to_numpy(group).max())))}
