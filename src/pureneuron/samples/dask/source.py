"""Samples on the workers of a Dask cluster, or in the threads of Dask's own scheduler.

Rows stay where they are. A pass sends a kernel and its parameters, runs it on each partition where
that is held, and merges the small answers in a tree whose shape hangs on the number of partitions
alone: results repeat to the last bit for the same partitions, on however many workers, and when one
of them dies. What it held is made again from where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Self

import numpy as np
import psutil
from dask import delayed

from pureneuron.samples.batch import Batch, Kernel, Merged
from pureneuron.samples.dask import partitions as tasks
from pureneuron.samples.dask.blocks import Blocks, blocks_of, with_rows_of
from pureneuron.samples.dask.frames import choose_columns
from pureneuron.samples.dask.scheduling import (
    computed,
    current_client,
    packed,
    persisted,
    refuse_unreadable,
)
from pureneuron.samples.protocol import HeldBatches, Samples
from pureneuron.typing import IndexArray

__all__ = ["DaskSamples"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide how passes are made.

    Attributes
    ----------
    fan_in : int
        Partitions, or nodes of the tree, whose answers one task merges (dask_workers.py).
    held_share : float
        Without a cluster, rows are held if they fill no more than this share of the free memory.
    """

    fan_in: int = 8
    held_share: float = 0.5


THRESHOLDS = Thresholds()


class DaskSamples(Samples):
    """Rows in partitions; made by ``from_arrays`` and ``from_frame``.

    Derived rows are kept beside their partitions while the workers have room, and are made anew in
    each pass otherwise.

    Attributes
    ----------
    n_rows : int
        Number of rows.
    """

    def __init__(
        self,
        partitions: Sequence[Any],
        rows: Sequence[int],
        names: tuple[tuple[str, ...], tuple[str, ...]],
        client: Any,
        *,
        holds: bool,
    ) -> None:
        self._partitions, self._rows, self._client = list(partitions), tuple(rows), client
        self._holds, self._is_held = holds, False
        self.input_names, self.output_names = names
        self.n_inputs, self.n_outputs = len(self.input_names), len(self.output_names)
        self.n_rows = sum(rows)

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        Y: Any,
        weight: Any = None,
        groups: Any = None,
        client: Any = None,
        *,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        persist: bool | None = None,
    ) -> Self:
        """Make samples of Dask arrays, or of Dask data frames as a whole.

        Parameters
        ----------
        X : (n, d) Dask array or data frame
            Inputs. Its chunks of rows are the partitions.
        Y : (n, m) or (n,) Dask array, data frame or series
            Outputs. Chunks of other lengths are made to fit where all are known; where some are
            not, there must be as many.
        weight : (n,) Dask array or series, optional
            Sample weights, not negative. Like Y and groups, it may be an array in memory if the
            chunks of X are known.
        groups : (n,) Dask array or series, optional
            A label for each row, whole numbers or text: rows of one group may share their noise.
        client : distributed.Client, optional
            The cluster; left out, the current one, and without any, Dask's own scheduler.
        input_names, output_names : sequence of str, optional
            Column names; left out, those of a data frame, or ``x0 …`` and ``y0 …``.
        persist : bool, optional
            Whether rows are held from one pass to the next. Left out, workers of a cluster hold
            them, and this process does if they fill no more than half of its free memory.

        Returns
        -------
        DaskSamples
            Chunks of unknown length are counted, in one small pass.

        Raises
        ------
        ValueError
            If an argument is of another shape or type, or if chunks do not fit; where a partition
            does not, the message gives its number.
        """
        parts = {"X": X, "Y": Y, "weight": weight, "groups": groups}
        blocks = {"X": blocks_of("X", X)}
        for name, values in parts.items():
            if name != "X" and values is not None:
                blocks[name] = with_rows_of(blocks["X"], name, values)
        names = tuple(
            _names(what, given, blocks[name])
            for what, given, name in (("x", input_names, "X"), ("y", output_names, "Y"))
        )
        widths = {name: len(each) for name, each in zip(("X", "Y"), names, strict=True)}
        known = blocks["X"].rows
        loaded = [
            delayed(tasks.loaded)(
                i,
                {name: blocks[name].parts[i] if name in blocks else None for name in parts},
                widths,
                None if known is None else known[i],
            )
            for i in range(len(blocks["X"].parts))
        ]
        client = current_client() if client is None else client
        return cls._of(loaded, known, names, client, persist)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        inputs: str | Sequence[str] | None = None,
        outputs: str | Sequence[str] | None = None,
        weight: str | None = None,
        groups: str | None = None,
        client: Any = None,
        *,
        persist: bool | None = None,
        source: str = "the data frame",
    ) -> Self:
        """Make samples of the columns of a Dask data frame.

        Parameters
        ----------
        frame : Dask data frame
            The columns that are not chosen are not read.
        inputs, outputs, weight, groups
            Which columns, as for :func:`~pureneuron.samples.read_samples`.
        client, persist
            As for :meth:`from_arrays`.
        source : str
            What to call the frame in messages.

        Returns
        -------
        DaskSamples
            The rows of the partitions are counted, in one small pass.

        Raises
        ------
        ValueError
            If a column is missing, has two roles or does not hold real numbers, also in one
            partition alone; the message gives its number.
        """
        columns = choose_columns(frame, inputs, outputs, weight, groups, source=source)
        labels = [label for label in frame.columns if str(label) in set(columns.all)]
        pieces = frame[labels].to_delayed()
        loaded = [delayed(tasks.from_frame)(i, piece, columns) for i, piece in enumerate(pieces)]
        client = current_client() if client is None else client
        try:
            return cls._of(loaded, None, (columns.inputs, columns.outputs), client, persist)
        except (KeyError, OSError, ValueError):
            refuse_unreadable(pieces, client, source)
            raise

    @classmethod
    def _of(
        cls,
        loaded: Sequence[Any],
        rows: Sequence[int] | None,
        names: Any,
        client: Any,
        persist: bool | None,
    ) -> Self:
        holds = client is not None if persist is None else persist
        if holds:
            loaded = persisted(client, loaded)
        if rows is None:
            rows = computed(client, [delayed(tasks.count)(each) for each in loaded])
        if persist is None and not holds:
            # One partition may stand for all: rows are alike.
            fullest = int(np.argmax(rows))
            size = computed(client, [delayed(tasks.size)(loaded[fullest])])[0]
            free = THRESHOLDS.held_share * psutil.virtual_memory().available
            holds = size * sum(rows) <= free * max(rows)
        offsets = accumulate(rows, initial=0)
        placed = [
            delayed(tasks.placed)(each, offset)
            for each, offset in zip(loaded, offsets, strict=False)
        ]
        samples = cls(placed, rows, names, client, holds=holds)
        samples._held()
        return samples

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` on the workers and merge in a tree: one pass."""
        call = packed(kernel, params)
        nodes = [delayed(tasks.partial)(partition, call) for partition in self._held()]
        while len(nodes) > THRESHOLDS.fan_in:
            nodes = [
                delayed(tasks.merged)(nodes[i : i + THRESHOLDS.fan_in])
                for i in range(0, len(nodes), THRESHOLDS.fan_in)
            ]
        merged: Merged = computed(self._client, [delayed(tasks.finished)(nodes)])[0]
        return merged

    def derive(self, fn: Callable[..., Batch], *params: Any) -> DaskSamples:
        """Return the samples with each batch replaced by ``fn(batch, *params)``.

        The first pass over them makes them, and keeps what there is room for.
        """
        call = packed(fn, params)
        derived = [delayed(tasks.derived)(partition, call) for partition in self._partitions]
        names = self.input_names, self.output_names
        return DaskSamples(derived, self._rows, names, self._client, holds=self._holds)

    def take(self, rows: IndexArray) -> HeldBatches:
        """Return some rows, by ascending row number, in memory here: one pass.

        They come straight from their partitions, which are asked for their own rows only.
        """
        rows = np.asarray(rows)
        edges = np.searchsorted(rows, list(accumulate(self._rows, initial=0)))
        some = [p for p in range(len(self._rows)) if edges[p + 1] > edges[p]]
        # Where no rows are wanted, one partition shows what they would look like.
        some = some or [int(np.argmax(self._rows))]
        held = self._held()
        pieces = [
            delayed(tasks.taken)(held[p], rows[edges[p] : edges[p + 1]], int(edges[p]))
            for p in some
        ]
        batches = [batch for piece in computed(self._client, pieces) for batch in piece]
        taken = HeldBatches(batches, self.input_names, self.output_names)
        return taken.take(np.arange(len(rows)))

    def _held(self) -> list[Any]:
        """Return the partitions, held from now on if they are to be."""
        if self._holds and not self._is_held:
            self._partitions = persisted(self._client, self._partitions)
            self._is_held = True
        return self._partitions


def _names(letter: str, given: Sequence[str] | None, blocks: Blocks) -> tuple[str, ...]:
    if given is None:
        given = blocks.names or [f"{letter}{j}" for j in range(blocks.n_columns)]
    if len(given) != blocks.n_columns:
        what = {"x": "input_names", "y": "output_names"}[letter]
        raise ValueError(f"{what} has {len(given)} names for {blocks.n_columns} columns")
    return tuple(given)
