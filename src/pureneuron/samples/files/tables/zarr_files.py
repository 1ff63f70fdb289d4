"""Columns in Zarr groups: arrays ``X`` and ``Y``, or one matrix of columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.samples.files.tables.hdf5 import named_or_not
from pureneuron.samples.files.tables.matrices import MatrixTable, unnamed_table
from pureneuron.samples.files.tables.table import optional
from pureneuron.typing import AnyArray

__all__ = ["open_zarr"]


def open_zarr(path: Path) -> MatrixTable:
    """Open a Zarr group or array, a folder, of version 2 or 3.

    Raises
    ------
    ImportError
        If zarr is not installed.
    ValueError
        If the folder is no Zarr group or array.
    """
    zarr = optional("zarr", "Zarr folders")
    try:
        opened = zarr.open(path, mode="r")
        if isinstance(opened, zarr.Array):
            return unnamed_table(path, _Rows(opened))
        arrays = {name: _Rows(array) for name, array in opened.arrays()}
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a readable Zarr group: {error}") from error
    # The members of a folder come in no order of their own.
    return named_or_not(path, dict(sorted(arrays.items())))


class _Rows:
    """An array in Zarr, whose rows are read chunk by chunk."""

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape, self.dtype = tuple(array.shape), np.dtype(array.dtype)

    def __getitem__(self, rows: slice) -> AnyArray:
        return np.asarray(self._array[rows])
