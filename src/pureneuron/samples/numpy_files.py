"""Columns in NumPy's own files, .npz and .npy. Pickled objects are never read.

A file becomes a table like any other:

- .npz: a matrix ``X`` gives the columns x0, x1 …, a matrix ``Y`` y0, y1 … (``x`` and ``y`` do as
  well, where there is no ``X`` or ``Y``), any other matrix columns
  under its own name and a number; a vector is one column. A vector ``weight`` holds the weights.
- .npy with named fields: a column a field.
- .npy with one plain matrix: columns without names, told apart by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from pureneuron.typing import AnyArray

__all__ = ["NumpyTable", "open_numpy", "write_numpy"]

_MATRICES = {"X": "x", "Y": "y"}
_WEIGHT = "weight"
_SIGNATURES = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")


class NumpyTable:
    """Columns that are parts of arrays in memory.

    Parameters
    ----------
    path : Path
        The file they came from.
    arrays : mapping of str to (n, p) array
        The arrays; one array's columns are consecutive.
    columns : mapping of str to (str, int)
        For each column, its array and its position there.
    named : bool
        Whether the names are the file's own.
    """

    def __init__(
        self,
        path: Path,
        arrays: Mapping[str, AnyArray],
        columns: Mapping[str, tuple[str, int]],
        *,
        named: bool = True,
    ) -> None:
        self.path = path
        self.names = tuple(columns)
        self.named = named
        self.weight = _WEIGHT if arrays.get(_WEIGHT, np.empty(0)).shape[1:] == (1,) else None
        self._arrays = arrays
        self._columns = columns

    def read(self, names: Sequence[str]) -> AnyArray:
        """Return the columns ``names`` as an (n, p) array, float32 if all are, else float64."""
        places = [self._columns[name] for name in names]
        for name, (key, _) in zip(names, places, strict=True):
            dtype = self._arrays[key].dtype
            if dtype.kind not in "fiub":
                raise ValueError(
                    f"column {name} of {self.path} is of type {dtype}: real numbers are expected"
                )
        rows = {key: len(self._arrays[key]) for key, _ in places}
        if len(set(rows.values())) > 1:
            sizes = ", ".join(f"{key} has {count}" for key, count in rows.items())
            raise ValueError(f"the numbers of rows in {self.path} differ: {sizes}")
        narrow = all(self._arrays[key].dtype.newbyteorder("=") == np.float32 for key in rows)
        # One block for each run of columns of one array: a gather along contiguous rows.
        runs = groupby(places, key=lambda place: place[0])
        return np.concatenate(
            [self._arrays[key][:, [column for _, column in run]] for key, run in runs],
            axis=1,
            dtype=np.float32 if narrow else np.float64,
            casting="unsafe",
        )

    def read_labels(self, name: str) -> AnyArray:
        """Return the column ``name`` as it is, numbers or text, as an (n,) array."""
        key, column = self._columns[name]
        return self._arrays[key][:, column]


def open_numpy(path: Path) -> NumpyTable:
    """Read the .npz or .npy file ``path``.

    Raises
    ------
    ValueError
        If the file is not NumPy's, is cut short, holds pickled objects, or arrays of a shape that
        makes no columns.
    """
    loaded = _load(path)
    if isinstance(loaded, dict):
        return _from_archive(path, loaded)
    return _from_fields(path, loaded) if loaded.dtype.names else _from_matrix(path, loaded)


def _load(path: Path) -> AnyArray | dict[str, AnyArray]:
    # The file is opened here, since np.load leaves a damaged archive open.
    with path.open("rb") as file:
        if not file.read(6).startswith(_SIGNATURES):
            raise ValueError(f"{path} is not a NumPy file, or it is cut short")
        file.seek(0)
        return _load_open(path, file)


def _load_open(path: Path, file: BinaryIO) -> AnyArray | dict[str, AnyArray]:
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return {key: loaded[key] for key in loaded.files}
    except (ValueError, EOFError, OSError, BadZipFile, ZlibError) as error:
        if "allow_pickle" in str(error):
            raise ValueError(
                f"{path} holds pickled Python objects, which are never read because they can run "
                "code: save plain arrays of numbers"
            ) from error
        raise ValueError(
            f"{path} is not a readable NumPy file: {error}; it may be cut short"
        ) from error


def _from_archive(path: Path, arrays: Mapping[str, AnyArray]) -> NumpyTable:
    matrices: dict[str, AnyArray] = {}
    columns: dict[str, tuple[str, int]] = {}
    lower = {name: name for name in _MATRICES.values() if name.upper() not in arrays}
    prefixes = _MATRICES | lower
    for key, array in arrays.items():
        if array.ndim not in (1, 2):
            if key in prefixes:
                raise ValueError(f"{key} of {path} has shape {array.shape}: a matrix is expected")
            continue
        matrices[key] = array[:, None] if array.ndim == 1 else array
        if array.ndim == 1 and key not in prefixes:
            own = {key: (key, 0)}
        else:
            prefix = prefixes.get(key, key)
            own = {f"{prefix}{j}": (key, j) for j in range(matrices[key].shape[1])}
        twice = next((name for name in own if name in columns), None)
        if twice is not None:
            raise ValueError(
                f"{columns[twice][0]} and {key} of {path} both give a column {twice}: "
                "rename one of them"
            )
        columns |= own
    return NumpyTable(path, matrices, columns)


def _from_fields(path: Path, array: AnyArray) -> NumpyTable:
    names = array.dtype.names
    for name in names:
        if array.dtype[name].shape or array.dtype[name].names:
            raise ValueError(
                f"column {name} of {path} is of type {array.dtype[name]}: "
                "one real number a row is expected"
            )
    flat = array.ravel()
    return NumpyTable(
        path, {name: flat[name][:, None] for name in names}, {name: (name, 0) for name in names}
    )


def _from_matrix(path: Path, array: AnyArray) -> NumpyTable:
    if array.ndim != 2:
        raise ValueError(f"{path} holds an array of shape {array.shape}: (n, d + m) is expected")
    columns = {str(j): ("array", j) for j in range(array.shape[1])}
    return NumpyTable(path, {"array": array}, columns, named=False)


def write_numpy(file: BinaryIO, suffix: str, columns: Mapping[str, AnyArray]) -> None:
    """Write ``columns``, all of one length, so that :func:`open_numpy` reads them back.

    A .npy file gets a field a column. In a .npz file the columns x0, x1 … make the matrix ``X``,
    y0, y1 … the matrix ``Y``, and the others are vectors under their names.
    """
    if suffix == ".npy":
        rows = len(next(iter(columns.values())))
        table = np.empty(rows, dtype=[(name, column.dtype) for name, column in columns.items()])
        for name, column in columns.items():
            table[name] = column
        np.save(file, table, allow_pickle=False)
        return
    arrays = dict(columns)
    for key, prefix in _MATRICES.items():
        numbered = [f"{prefix}{j}" for j in range(len(columns))]
        own = [name for name in numbered if name in columns]
        if own and own == numbered[: len(own)]:
            arrays[key] = np.column_stack([arrays.pop(name) for name in own])
    np.savez(file, **arrays)
