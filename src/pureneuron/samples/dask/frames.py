"""Data frames in pieces: which columns are meant, and a piece of them as matrices.

Columns are chosen as in files (:mod:`pureneuron.samples.files.columns`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from pureneuron.samples.files.roles import choose_columns as columns_of_table
from pureneuron.samples.files.tables import Table
from pureneuron.samples.listing import abbreviated
from pureneuron.typing import AnyArray

__all__ = ["FrameColumns", "choose_columns", "matrix", "refuse_other_types", "split"]


@dataclass(frozen=True)
class FrameColumns:
    """The columns of a data frame by their roles.

    Attributes
    ----------
    inputs, outputs : tuple of str
        The columns of X and Y.
    weight, groups : str or None
        The columns of sample weights and of group labels.
    single : bool
        Whether all inputs and outputs are float32: then X and Y are, and float64 otherwise.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weight: str | None = None
    groups: str | None = None
    single: bool = False

    @property
    def all(self) -> list[str]:
        """All of them, each once."""
        others = (name for name in (self.weight, self.groups) if name is not None)
        return list(dict.fromkeys((*self.inputs, *self.outputs, *others)))


@dataclass(frozen=True)
class _Names:
    """What choosing columns needs of a table; nothing is read."""

    path: Path
    names: tuple[str, ...]
    named: bool = True
    hidden: tuple[str, ...] = ()
    weight: None = None


def choose_columns(
    frame: Any,
    inputs: str | Sequence[str] | None,
    outputs: str | Sequence[str] | None,
    weight: str | None,
    groups: str | None,
    *,
    source: str,
) -> FrameColumns:
    """Choose columns as :func:`~pureneuron.samples.read_samples` does.

    Parameters
    ----------
    frame : data frame
        Of Dask or pandas: its names and types count.
    inputs, outputs, weight, groups
        As for :func:`~pureneuron.samples.read_samples`.
    source : str
        What to call the frame in messages.

    Raises
    ------
    ValueError
        If a column is missing, has more than one role or does not hold real numbers, or if two
        have one name.
    """
    names = tuple(str(name) for name in frame.columns)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"{source} has more than one column named {', '.join(twice)}")
    table = cast(Table, _Names(Path(source), names))
    columns = columns_of_table(table, inputs, outputs, weight, groups)
    chosen, targets = columns.inputs, columns.outputs
    refuse_other_types(frame, columns.values, source)
    types = dict(zip(names, frame.dtypes, strict=True))
    single = all(types[name] == np.float32 for name in (*chosen, *targets))
    return FrameColumns(chosen, targets, columns.weight, columns.groups, single)


def refuse_other_types(frame: Any, names: Sequence[str], source: str) -> None:
    """Refuse columns of text, dates, categories or complex numbers.

    Raises
    ------
    ValueError
        If there is one among ``names``; the message names it.
    """
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    types = dict(zip((str(name) for name in frame.columns), frame.dtypes, strict=True))
    for name in names:
        if not is_numeric_dtype(types[name]) or is_complex_dtype(types[name]):
            raise ValueError(
                f"column {name} of {source} is of type {types[name]}: real numbers are expected"
            )


def split(frame: Any, columns: FrameColumns, source: str) -> dict[str, AnyArray | None]:
    """Return a piece of a frame, of pandas, as ``X``, ``Y``, ``weight`` and ``groups``.

    Raises
    ------
    ValueError
        If it lacks columns, or if they do not hold real numbers.
    """
    frame = frame.rename(columns=str)
    missing = [name for name in columns.all if name not in frame.columns]
    if missing:
        raise ValueError(
            f"{source} lacks columns that others have: {abbreviated(missing)}; "
            f"its columns are {abbreviated(tuple(frame.columns))}"
        )
    numbers = [name for name in columns.all if name != columns.groups]
    refuse_other_types(frame[numbers], numbers, source)
    dtype = np.float32 if columns.single else np.float64
    return {
        "X": matrix(frame[list(columns.inputs)], dtype),
        "Y": matrix(frame[list(columns.outputs)], dtype),
        "weight": None if columns.weight is None else matrix(frame[columns.weight], dtype),
        "groups": None if columns.groups is None else frame[columns.groups].to_numpy(),
    }


def matrix(frame: Any, dtype: Any = None) -> AnyArray:
    """Return a frame or a series of pandas as an array, row by row; what is missing is NaN."""
    if dtype is None:
        types = frame.dtypes if frame.ndim == 2 else [frame.dtype]
        dtype = np.float32 if all(each == np.float32 for each in types) else np.float64
    # Frames lie column by column, and batches are rows.
    return np.ascontiguousarray(frame.to_numpy(dtype=dtype, na_value=np.nan))
