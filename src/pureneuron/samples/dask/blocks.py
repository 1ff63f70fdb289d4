"""Dask arrays and data frames in blocks of rows, one for each partition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import dask.array as da
import numpy as np
from dask import is_dask_collection

from pureneuron.samples.dask.frames import refuse_other_types

__all__ = ["Blocks", "blocks_of", "with_rows_of"]

_SHAPES = {
    "X": ((2,), "a matrix with a row a sample"),
    "Y": ((1, 2), "a matrix with a row a sample"),
    "weight": ((1,), "a vector with one weight a row"),
    "groups": ((1,), "a vector with one label a row"),
}


@dataclass(frozen=True, eq=False)
class Blocks:
    """A collection cut into blocks of consecutive rows.

    Attributes
    ----------
    parts : list of Delayed
        The blocks, arrays or pieces of a frame.
    rows : tuple of int or None
        Their numbers of rows, where they are known.
    n_columns : int
        How many columns there are.
    names : tuple of str or None
        Their names, where they have some.
    """

    parts: list[Any]
    rows: tuple[int, ...] | None
    n_columns: int
    names: tuple[str, ...] | None = None


def blocks_of(name: str, values: Any) -> Blocks:
    """Cut the argument ``name``, a Dask array, data frame or series, into blocks.

    Raises
    ------
    ValueError
        If it is of another type or shape, or if a column of a frame does not hold real numbers.
    """
    if not is_dask_collection(values) or not hasattr(values, "to_delayed"):
        raise ValueError(
            f"{name} is of type {type(values).__name__}: a Dask array or data frame is expected"
        )
    shapes, expected = _SHAPES[name]
    if values.ndim not in shapes:
        raise ValueError(f"{name} has {values.ndim} dimensions: {expected} is expected")
    if not isinstance(values, da.Array):
        return _blocks_of_frame(name, values)
    if values.ndim == 2:
        if isnan(values.shape[1]):
            raise ValueError(f"{name} has an unknown number of columns")
        values = values.rechunk({1: -1})
    chunks = values.chunks[0]
    rows = None if any(isnan(size) for size in chunks) else tuple(int(size) for size in chunks)
    parts = list(values.to_delayed().ravel())
    return Blocks(parts, rows, values.shape[1] if values.ndim == 2 else 1)


def with_rows_of(blocks: Blocks, name: str, values: Any) -> Blocks:
    """Cut an argument into blocks that have the same rows as those of X.

    Raises
    ------
    ValueError
        As :func:`blocks_of`, and if the numbers of rows or of blocks differ.
    """
    if not is_dask_collection(values):
        if blocks.rows is None:
            raise ValueError(
                f"{name} is in memory, and X has chunks of unknown length: call "
                "X.compute_chunk_sizes() first"
            )
        array = np.asarray(values)
        _refuse_other_length(name, len(array), blocks.rows)
        values = da.from_array(array, chunks=(blocks.rows, *((n,) for n in array.shape[1:])))
    own = blocks_of(name, values)
    if blocks.rows is not None and own.rows is not None:
        _refuse_other_length(name, sum(own.rows), blocks.rows)
        return own if own.rows == blocks.rows else blocks_of(name, values.rechunk({0: blocks.rows}))
    if len(own.parts) != len(blocks.parts):
        raise ValueError(
            f"X has {len(blocks.parts)} partitions and {name} {len(own.parts)}, and not all of "
            "their lengths are known: call compute_chunk_sizes() on both, or cut them alike"
        )
    return own


def _refuse_other_length(name: str, count: int, rows: Sequence[int]) -> None:
    if count != sum(rows):
        raise ValueError(
            f"X and {name} must have equally many rows, got {[int(sum(rows)), int(count)]}"
        )


def _blocks_of_frame(name: str, values: Any) -> Blocks:
    frame = values.to_frame(name=values.name or name) if values.ndim == 1 else values
    names = tuple(str(label) for label in frame.columns)
    if name != "groups":
        refuse_other_types(frame, names, name)
    return Blocks(list(values.to_delayed()), None, len(names), names)
