"""Tables made of arrays: matrices and vectors in NumPy, HDF5, Zarr and MATLAB files.

A matrix ``X`` gives the columns x0, x1 …, a matrix ``Y`` y0, y1 … (``x`` and ``y`` do as well,
where there is no ``X`` or ``Y``), any other matrix columns under its own name and a number. A
vector is one column; ``weight`` holds the weights. An array with named fields has a column a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pureneuron.samples.files.tables.table import Block, Table
from pureneuron.typing import AnyArray

__all__ = ["MatrixTable", "Rows", "table_of", "unnamed_table"]

_LETTERS = {"X": "x", "Y": "y", "x": "x", "y": "y"}  # of the columns of an array
_WEIGHT = "weight"


class Rows(Protocol):
    """An array, wherever it is, of which rows are read in ascending order."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its type."""

    def __getitem__(self, rows: slice, /) -> Any:
        """Read some rows."""


class MatrixTable(Table):
    """Columns that are parts of arrays.

    Parameters
    ----------
    path : Path
        The file they are in.
    arrays : mapping of str to Rows
        The arrays: vectors, also with named fields, and matrices.
    columns : mapping of str to (str, int, str or None)
        For each column, its array and its position or field there; None for a whole vector.
    named : bool
        Whether the names are the file's own.
    weight : str or None
        The column of sample weights.
    """

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, Rows],
        columns: Mapping[str, tuple[str, int | str | None]],
        *,
        named: bool = True,
        weight: str | None = None,
    ) -> None:
        self.path = path
        self.names = tuple(columns)
        self.named = named
        self.weight = weight
        self._arrays = arrays
        self._columns = columns

    def about_rows(self) -> int:
        """Return how many rows the longest array has."""
        return max(array.shape[0] for array in self._arrays.values())

    def is_single(self, names: Sequence[str]) -> bool:
        """Tell whether the columns ``names`` are all float32."""
        return all(self._type(name).newbyteorder("=") == np.float32 for name in names)

    def blocks(
        self, names: Sequence[str], *, labels: Sequence[str] = (), n_rows: int
    ) -> Iterator[Block]:
        """Yield all rows in order, at most ``n_rows`` at a time."""
        for name in names:
            if self._type(name).kind not in "fiub":
                raise ValueError(
                    f"column {name} of {self.path} is of type {self._type(name)}: "
                    "real numbers are expected"
                )
        dtype = np.float32 if self.is_single(names) else np.float64
        keys = tuple(dict.fromkeys(self._columns[name][0] for name in (*names, *labels)))
        n = self._rows(keys)
        # Columns of one array that follow one another are copied as one.
        runs = [
            (key, [place for _, place in run])
            for key, run in groupby((self._columns[n] for n in names), key=lambda place: place[0])
        ]
        for start in range(0, n, n_rows):
            rows = slice(start, min(start + n_rows, n))
            pieces = {key: self._read(key, rows) for key in keys}
            M = np.empty((rows.stop - start, len(names)), dtype)
            end = 0
            for key, places in runs:
                begin, end = end, end + len(places)
                _copy(M[:, begin:end], pieces[key], places)
            columns = {name: self._columns[name] for name in labels}
            yield M, {name: _column(pieces[key], at) for name, (key, at) in columns.items()}

    def _type(self, name: str) -> np.dtype[Any]:
        key, at = self._columns[name]
        dtype = self._arrays[key].dtype
        return dtype[at] if isinstance(at, str) else dtype

    def _rows(self, keys: Sequence[str]) -> int:
        rows = {key: self._arrays[key].shape[0] for key in keys}
        if len(set(rows.values())) > 1:
            sizes = ", ".join(f"{key} has {count}" for key, count in rows.items())
            raise ValueError(f"the numbers of rows in {self.path} differ: {sizes}")
        return rows[keys[0]]

    def _read(self, key: str, rows: slice) -> AnyArray:
        try:
            return self._arrays[key][rows]
        except ValueError:
            raise
        except Exception as error:  # What is damaged shows in many ways: zlib, HDF5, Zarr codecs.
            raise ValueError(
                f"{self.path} is damaged or cut short: rows {rows.start} to {rows.stop} of {key} "
                f"cannot be read: {error}"
            ) from error


def table_of(path: Path, arrays: Mapping[str, Rows]) -> MatrixTable:
    """Make a table of named arrays.

    Raises
    ------
    ValueError
        If two arrays give columns of one name, or if X, Y or weight is of a shape that makes no
        columns.
    """
    kept: dict[str, Rows] = {}
    columns: dict[str, tuple[str, int | str | None]] = {}
    for key, array in arrays.items():
        if len(array.shape) not in (1, 2):
            if key in _LETTERS or key == _WEIGHT:
                wanted = "a vector" if key == _WEIGHT else "a matrix"
                raise ValueError(f"{key} of {path} has shape {array.shape}: {wanted} is expected")
            continue
        own = _own_columns(path, key, array)
        twice = next((name for name in own if name in columns), None)
        if twice is not None:
            raise ValueError(
                f"{columns[twice][0]} and {key} of {path} both give a column {twice}: "
                "rename one of them"
            )
        kept[key] = array
        columns |= own
    if not columns:
        raise ValueError(f"{path} holds no matrices or vectors")
    return MatrixTable(path, kept, columns, weight=_WEIGHT if _WEIGHT in columns else None)


def unnamed_table(path: Path, array: Rows) -> MatrixTable:
    """Make a table of one plain matrix: its columns are told apart by position.

    Raises
    ------
    ValueError
        If it is no matrix.
    """
    if len(array.shape) != 2:
        raise ValueError(f"{path} holds an array of shape {array.shape}: (n, d + m) is expected")
    columns = {str(j): ("array", j) for j in range(array.shape[1])}
    return MatrixTable(path, {"array": array}, columns, named=False)


def _own_columns(path: Path, key: str, array: Rows) -> dict[str, tuple[str, int | str | None]]:
    fields = array.dtype.names
    if fields is not None:
        for name in fields:
            if array.dtype[name].shape or array.dtype[name].names:
                raise ValueError(
                    f"column {name} of {path} is of type {array.dtype[name]}: "
                    "one real number a row is expected"
                )
        return {name: (key, name) for name in fields}
    width = array.shape[1] if len(array.shape) == 2 else None
    if key == _WEIGHT:
        if width not in (None, 1):
            raise ValueError(
                f"{key} of {path} has shape {array.shape}: one weight a row is expected"
            )
        return {key: (key, None if width is None else 0)}
    if width is None:
        return {f"{_LETTERS[key]}0" if key in _LETTERS else key: (key, None)}
    return {f"{_LETTERS.get(key, key)}{j}": (key, j) for j in range(width)}


def _copy(M: AnyArray, piece: AnyArray, places: Sequence[int | str | None]) -> None:
    if isinstance(places[0], int):
        first = places[0]
        if list(places) == list(range(first, first + len(places))):
            M[:] = piece[:, first : first + len(places)]
        else:
            M[:] = piece[:, places]
        return
    for j, place in enumerate(places):
        M[:, j] = _column(piece, place)


def _column(piece: AnyArray, place: int | str | None) -> AnyArray:
    if place is None:
        return piece
    return piece[place] if isinstance(place, str) else piece[:, place]
