"""What Dask's workers do with one partition of the rows: load it, derive from it, reduce it.

All of these are tasks of a Dask graph. They run where the partition is, and what they return is
either another partition, which stays there, or the small leaves of a reduction.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dask.sizeof import sizeof

from pureneuron.devices import native, to_numpy
from pureneuron.samples.arrays import THRESHOLDS as ARRAYS
from pureneuron.samples.batch import (
    Batch,
    First,
    Leaf,
    Max,
    Merged,
    Min,
    Stacked,
    Sum,
    merge,
    merge_leaves,
)
from pureneuron.samples.cores import one_blas_thread
from pureneuron.samples.dask.frames import FrameColumns, matrix, split
from pureneuron.samples.dask.worker_memory import bytes_of, has_room, keep_freed_memory, size_of
from pureneuron.samples.groups import group_column, group_keys
from pureneuron.samples.numbers import real_array
from pureneuron.typing import IndexArray

__all__ = [
    "Partition",
    "count",
    "derived",
    "finished",
    "from_frame",
    "loaded",
    "merged",
    "partial",
    "placed",
    "size",
    "taken",
    "unpacked",
]


@dataclass(frozen=True)
class Partition:
    """Consecutive rows on a worker.

    Attributes
    ----------
    batches : tuple of Batch
        The rows, in batches that suit the processor's cache; none where there are no rows.
    pending : tuple
        What there was no room to keep: calls ``(fn, *params)`` that make the derived rows from
        ``batches``, for each pass anew.
    """

    batches: tuple[Batch, ...]
    pending: tuple[tuple[Any, ...], ...] = ()

    def made(self) -> Iterator[Batch]:
        """Yield the batches, with all that is pending done."""
        for batch in self.batches:
            for fn, *params in self.pending:
                batch = batch.derived(fn, native(tuple(params), batch.X))
            yield batch


def unpacked(call: bytes) -> Any:
    """Return a kernel or function with its parameters.

    They are a task, and no scattered data: Dask can make it again when the worker that holds it
    dies.
    """
    return pickle.loads(call)


def loaded(
    number: int,
    parts: Mapping[str, Any],
    widths: Mapping[str, int],
    n_rows: int | None,
) -> dict[str, Any]:
    """Return the rows of a partition as arrays, float32 or float64.

    Parameters
    ----------
    number : int
        The partition's, for messages.
    parts : mapping
        Blocks of ``X``, ``Y``, ``weight`` and ``groups``; the last two may be None.
    widths : mapping
        How many columns X and Y have.
    n_rows : int or None
        How many rows there should be, if that is known.

    Raises
    ------
    ValueError
        If the blocks differ in length, have another number of columns than the rest, or do not
        hold real numbers.
    """
    arrays = {"groups": parts["groups"]}
    for name in ("X", "Y", "weight"):
        block = parts[name]
        if hasattr(block, "iloc"):
            block = matrix(block)
        arrays[name] = None if block is None else real_array(f"{name} of partition {number}", block)
    for name in ("X", "Y"):
        if arrays[name].ndim == 1:
            arrays[name] = arrays[name][:, None]
        width = arrays[name].shape[1]
        if width != widths[name]:
            raise ValueError(
                f"partition {number} has {width} columns of {name}, and {widths[name]} are "
                "expected: partitions must have the same columns"
            )
    rows = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(rows.values())) > 1:
        sizes = ", ".join(f"{name} has {count}" for name, count in sorted(rows.items()))
        raise ValueError(f"the numbers of rows in partition {number} differ: {sizes}")
    if n_rows is not None and rows["X"] != n_rows:
        raise ValueError(
            f"partition {number} has {rows['X']} rows, and its chunk size says {n_rows}"
        )
    return arrays


def from_frame(number: int, piece: Any, columns: FrameColumns) -> dict[str, Any]:
    """Return the rows of a piece of a data frame as arrays, float32 or float64.

    Raises
    ------
    ValueError
        If it lacks columns, or if they do not hold real numbers.
    """
    return split(piece, columns, f"partition {number}")


def count(arrays: Mapping[str, Any]) -> int:
    """Return the number of rows of a partition."""
    return len(arrays["X"])


def size(arrays: Mapping[str, Any]) -> int:
    """Return the bytes of a partition."""
    return sum(size_of(array) for array in arrays.values() if array is not None)


def placed(arrays: Mapping[str, Any], offset: int) -> Partition:
    """Return the partition whose first row has the number ``offset`` in the whole."""
    X, Y, labels = arrays["X"], arrays["Y"], arrays["groups"]
    extra = {} if labels is None else group_column(group_keys(labels, offset=offset), X)
    whole = Batch(X, Y, arrays["weight"], offset, extra)
    width = X.shape[1] + Y.shape[1]
    rows = max(ARRAYS.batch_rows, ARRAYS.batch_entries // max(width, 1))
    return Partition(tuple(whole.parts(rows)))


def derived(partition: Partition, call: tuple[Any, ...]) -> Partition:
    """Return the partition with ``fn(batch, *params)`` for each batch, if there is room to keep it.

    Otherwise it shares the rows it comes from, and ``call`` is pending.
    """
    keep_freed_memory()
    later = Partition(partition.batches, (*partition.pending, call))
    batches: list[Batch] = []
    with one_blas_thread():
        for batch in later.made():
            batches.append(batch)
            if len(batches) == 1 and not has_room(bytes_of(batch) * len(partition.batches)):
                return later
    return Partition(tuple(batches))


def partial(partition: Partition, call: tuple[Any, ...]) -> dict[str, Leaf]:
    """Return the merged answers of a kernel to the batches of a partition."""
    keep_freed_memory()
    kernel, *params = call
    with one_blas_thread():
        return merge_leaves(
            kernel(batch, *native(tuple(params), batch.X)) for batch in partition.made()
        )


def merged(parts: Sequence[Mapping[str, Leaf]]) -> dict[str, Leaf]:
    """Return the merged answers of consecutive partitions: a node of the tree."""
    return merge_leaves(parts)


def finished(parts: Sequence[Mapping[str, Leaf]]) -> Merged:
    """Return the answers of all partitions as NumPy arrays: the root of the tree."""
    return merge(parts)


def taken(partition: Partition, rows: IndexArray, first: int) -> list[Batch]:
    """Return the rows with ascending numbers ``rows``, in NumPy; ``first`` counts those before."""
    some = [batch.taken(rows) for batch in partition.made()]
    return [
        Batch(
            to_numpy(batch.X),
            to_numpy(batch.Y),
            None if batch.weight is None else to_numpy(batch.weight),
            batch.offset + first,
            {name: to_numpy(column) for name, column in batch.extra.items()},
        )
        for batch in some
        if batch.X.shape[0] or not len(rows)
    ]


def _partition_size(partition: Partition) -> int:
    # Where something is pending, the rows are those of another partition, which counts them.
    return 64 + (0 if partition.pending else sum(bytes_of(batch) for batch in partition.batches))


def _leaf_size(leaf: Leaf) -> int:
    arrays = leaf.arrays if isinstance(leaf, Stacked) else (leaf.value,)
    return 64 + sum(size_of(array) for array in arrays)


# Dask plans transfers and writing to disk by these sizes; it would take records for empty.
sizeof.register(Partition, _partition_size)
sizeof.register((Sum, Min, Max, First, Stacked), _leaf_size)
