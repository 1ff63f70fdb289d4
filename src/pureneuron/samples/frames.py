"""Data frames, told by what they offer: pandas, Polars and PyArrow are not imported for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pureneuron.typing import AnyArray

__all__ = ["column_names", "frame_array", "frame_columns"]

_ARROW_NUMBERS = ("int", "uint", "float", "double", "half", "bool")


def frame_columns(values: Any) -> Iterator[tuple[str, str, AnyArray | None]]:
    """Yield name, type and numbers of each column of a data frame, or of one column on its own.

    Parameters
    ----------
    values : object
        A frame, table or series of pandas, Polars or PyArrow; of anything else there is nothing to
        yield.

    Yields
    ------
    name, kind : str
        What the column is called, and its type.
    vector : (n,) array or None
        Its values, NaN where they are missing; None if they are no real numbers.
    """
    if hasattr(values, "iloc"):
        frame = values.to_frame() if values.ndim == 1 else values
        for j, (name, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
            is_number = dtype.kind in "fiub" and dtype.name != "category"
            if dtype.name == "object":
                is_number = not any(isinstance(v, str | bytes | complex) for v in frame.iloc[:, j])
            yield str(name), str(dtype), _numbers(frame.iloc[:, j]) if is_number else None
    elif hasattr(values, "get_columns") or hasattr(values, "is_null"):
        for column in values.get_columns() if hasattr(values, "get_columns") else [values]:
            is_number = column.dtype.is_numeric() or str(column.dtype) in ("Boolean", "Null")
            yield column.name, str(column.dtype), column.to_numpy() if is_number else None
    elif hasattr(values, "column_names"):
        for name, column in zip(values.column_names, values.columns, strict=True):
            is_number = str(column.type).startswith(_ARROW_NUMBERS)
            yield name, str(column.type), column.to_numpy() if is_number else None


def column_names(values: Any) -> tuple[str, ...] | None:
    """Return the names of the columns of a frame; None where they have none of their own."""
    names = tuple(str(name) for name, *_ in frame_columns(values))
    numbers = tuple(str(j) for j in range(len(names)))
    own = all(names) and len(set(names)) == len(names) and names != numbers
    return names if own else None


def frame_array(values: Any) -> AnyArray:
    """Return a pandas object as an array of floating numbers, NaN where values are missing."""
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _numbers(column: Any) -> AnyArray:
    try:
        return frame_array(column)
    except (TypeError, ValueError):  # Objects of many kinds: whoever takes them says so.
        return np.empty(0)
