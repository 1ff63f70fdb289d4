"""Blocks of rows: what tests and covariances take for independent of one another.

Rows next to each other may share noise (memory), rows of a group may (a session, a subject), and a
row that repeats is the same row. The sums of scores over long blocks of consecutive rows, or over
whole groups, are independent all the same: their spread is that of the total, whatever the noise
within a block is like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.problem import Problem
from pureneuron.samples import Batch, Leaf, Max, Min
from pureneuron.samples.groups import GROUP
from pureneuron.samples.mirror import n_registered, registered, row_hash

__all__ = ["Blocks", "blocks_of_groups", "consecutive_blocks", "count_groups"]

# 2⁶⁴ over the golden ratio: multiples of it are as even as can be, modulo 2⁶⁴.
_GOLDEN = 0x9E3779B97F4A7C15
# How many numbers there may be for each group if they are in order.
_DENSE = 1.25


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
    first, span : int
        The number of the first group, and how many numbers from it on are dealt out in order; 0
        where each group is a block.
    spread : bool
        Whether the numbers of groups may be any, and are spread over the blocks.
    n_groups : float
        About how many groups are spread; 0 elsewhere.
    """

    n_blocks: int
    kind: Literal["order", "groups", "rows"] = "order"
    length: int = 1
    first: int = 0
    span: int = 0
    spread: bool = False
    n_groups: float = 0.0

    @property
    def has_order(self) -> bool:
        """Whether blocks follow one another as rows do, or labels of groups."""
        return self.kind == "order" or (self.kind == "groups" and not self.spread)

    def split(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        """Yield the parts of a batch that lie in one block each, with the number of the block."""
        batch, pieces = self._divided(batch)
        for number, rows in pieces:
            yield number, batch.rows(rows)

    def runs(self, batch: Batch, n_rows: int) -> Iterator[Run]:
        """Yield the rows of a batch about ``n_rows`` at a time, block by block."""
        batch, pieces = self._divided(batch)
        blocks = max(n_rows // self.length, 1) if self.kind == "order" else self.n_blocks
        held: list[tuple[int, slice]] = []
        for number, whole in pieces:
            for start in range(whole.start, whole.stop, n_rows):
                rows = slice(start, min(start + n_rows, whole.stop))
                if held and (
                    rows.stop - held[0][1].start > n_rows
                    or number // blocks != held[0][0] // blocks
                ):
                    yield Run.of(batch, held, held[0][0] // blocks)
                    held = []
                held.append((number, rows))
        if held:
            yield Run.of(batch, held, held[0][0] // blocks)

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
            if self.spread:
                return _spread(group, self.n_blocks)
            if self.span:
                group = (group - self.first) * self.n_blocks // self.span
            return np.asarray(group, dtype=np.intp)
        return np.asarray(row_hash(batch.X, batch.Y) % np.uint64(self.n_blocks), dtype=np.intp)

    def _divided(self, batch: Batch) -> tuple[Batch, list[tuple[int, slice]]]:
        """Return the rows of a batch so that those of one block are together, and where it is."""
        end = batch.X.shape[0]
        if self.kind == "order":
            first, last = (
                min(row // self.length, self.n_blocks - 1)
                for row in (batch.offset, batch.offset + max(end - 1, 0))
            )
            edges = self.length * np.arange(first, last + 2) - batch.offset
            edges[0], edges[-1] = 0, end
            numbers = np.arange(first, last + 1)
        else:
            number = self.numbers(batch)
            order = np.argsort(number, kind="stable")
            edges = np.searchsorted(number[order], np.arange(self.n_blocks + 1))
            numbers = np.arange(self.n_blocks)
            batch = batch.gathered(order)
        sizes = zip(numbers.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        return batch, [
            (number, slice(start, stop)) for number, start, stop in sizes if stop > start
        ]


@dataclass(frozen=True)
class Run:
    """Some rows of consecutive blocks.

    Attributes
    ----------
    number : int
        The same for the same rows, however the whole is cut into batches; 0 where blocks are not of
        consecutive rows.
    rows : Batch
        The rows.
    blocks : list of (int, slice)
        Numbers of the blocks, and where in ``rows`` they are.
    """

    number: int
    rows: Batch
    blocks: list[tuple[int, slice]]

    @classmethod
    def of(cls, batch: Batch, held: list[tuple[int, slice]], number: int) -> Run:
        """Cut a run out of a batch."""
        start, stop = held[0][1].start, held[-1][1].stop
        blocks = [(block, slice(rows.start - start, rows.stop - start)) for block, rows in held]
        return cls(number, batch.rows(slice(start, stop)), blocks)


def consecutive_blocks(n_rows: int, n_blocks: int) -> Blocks:
    """Divide rows into about ``n_blocks`` blocks of consecutive rows, all of one length."""
    length = max(n_rows // max(n_blocks, 1), 1)
    return Blocks(max(n_rows // length, 1), "order", length)


def blocks_of_groups(problem: Problem, most_blocks: int) -> Blocks:
    """Make a block of each group, or of several where there are more than ``most_blocks``.

    Groups whose numbers leave next to none out stay in their order.
    """
    told = problem.source.reduce(_told_of_groups)
    smallest, largest = int(told["smallest"]), int(told["largest"])
    if smallest >= 0 and largest < most_blocks:
        return Blocks(largest + 1, "groups")
    span, n_groups = largest - smallest + 1, n_registered(told["registers"])
    if span <= _DENSE * n_groups:
        return Blocks(most_blocks, "groups", first=smallest, span=span)
    return Blocks(most_blocks, "groups", spread=True, n_groups=n_groups)


def count_groups(problem: Problem) -> float:
    """Count the groups, few of them almost exactly and many to about one per cent."""
    return n_registered(problem.source.reduce(_told_of_groups)["registers"])


def _spread(numbers: np.ndarray, n_blocks: int) -> np.ndarray:
    """Deal whole numbers out evenly, neighbours and multiples alike (Fibonacci hashing)."""
    words = numbers.astype(np.uint64) * np.uint64(_GOLDEN)
    words = (words >> np.uint64(32)) * np.uint64(n_blocks)
    return np.asarray(words >> np.uint64(32), dtype=np.intp)


def _told_of_groups(batch: Batch) -> dict[str, Leaf]:
    group = np.asarray(to_numpy(batch.extra[GROUP]))
    return {
        "smallest": Min(group.min()),
        "largest": Max(group.max()),
        "registers": registered(group),
    }
