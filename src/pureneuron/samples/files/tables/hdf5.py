"""Columns in HDF5 files: a data set ``X`` and one ``Y``, or one matrix of columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.samples.files.tables.matrices import MatrixTable, Rows, table_of, unnamed_table
from pureneuron.samples.files.tables.table import optional
from pureneuron.typing import AnyArray

__all__ = ["Hdf5Rows", "hdf5_arrays", "named_or_not", "open_hdf5"]


def open_hdf5(path: Path) -> MatrixTable:
    """Open an HDF5 file; data sets in groups are named with their path, ``train/X``.

    Raises
    ------
    ImportError
        If h5py is not installed.
    ValueError
        If the file is no HDF5 file, is cut short, or holds no data set that makes columns.
    """
    return named_or_not(path, {name: Hdf5Rows(*each) for name, each in hdf5_arrays(path).items()})


def named_or_not(path: Path, arrays: Mapping[str, Rows]) -> MatrixTable:
    """Make a table; one matrix alone, called otherwise than X or Y, has columns without names."""
    if len(arrays) == 1:
        (name, array), *_ = arrays.items()
        if name not in ("X", "Y", "x", "y") and len(array.shape) == 2:
            return unnamed_table(path, array)
    return table_of(path, arrays)


def hdf5_arrays(path: Path) -> dict[str, tuple[Path, str, tuple[int, ...], np.dtype[Any]]]:
    """Return path, name, shape and type of each data set, by its name.

    Raises
    ------
    ImportError, ValueError
        As :func:`open_hdf5`.
    """
    h5py = optional("h5py", "HDF5 files")
    found: dict[str, tuple[Path, str, tuple[int, ...], np.dtype[Any]]] = {}

    def note(name: str, each: Any) -> None:
        if isinstance(each, h5py.Dataset) and each.shape is not None:
            found[name] = (path, name, each.shape, each.dtype)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(note)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"{path} is not a readable HDF5 file: {error}; it may be cut short"
        ) from error
    return found


class Hdf5Rows:
    """A data set of an HDF5 file, which is opened for each read.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The data set.
    shape : tuple of int
        Its shape.
    dtype : dtype
        Its type.
    turned : bool
        Whether rows and columns change places, as in files that MATLAB wrote.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        *,
        turned: bool = False,
    ) -> None:
        self._path, self._name, self._turned = path, name, turned
        self.shape, self.dtype = shape[::-1] if turned else shape, dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        """Read some rows."""
        h5py = optional("h5py", "HDF5 files")
        with h5py.File(self._path, "r") as file:
            stored = file[self._name]
            piece = np.asarray(stored[..., rows].T if self._turned else stored[rows])
        if piece.dtype.kind == "O":  # Text of any length comes as bytes.
            piece = np.array([v.decode() if isinstance(v, bytes) else v for v in piece.flat])
        return piece
