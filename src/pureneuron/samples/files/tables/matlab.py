"""Columns in MATLAB files: matrices ``X`` and ``Y``, or one matrix of columns.

Files of version 7.3 are HDF5 with rows and columns turned round. Older ones are read whole, through
SciPy.
"""

from __future__ import annotations

from pathlib import Path
from zlib import error as ZlibError

import numpy as np

from pureneuron.samples.files.tables.hdf5 import Hdf5Rows, hdf5_arrays, named_or_not
from pureneuron.samples.files.tables.matrices import MatrixTable, Rows
from pureneuron.typing import AnyArray

__all__ = ["open_matlab"]

_MATRICES = ("X", "Y", "x", "y")


def open_matlab(path: Path) -> MatrixTable:
    """Open a .mat file. Of what else it holds (cells, structures, text) nothing is read.

    Raises
    ------
    ImportError
        If h5py is needed and not installed.
    ValueError
        If the file is no MATLAB file, is cut short, or holds no matrices.
    """
    with path.open("rb") as file:
        is_hdf5 = file.read(19) == b"MATLAB 7.3 MAT-file"
    arrays: dict[str, Rows] = {}
    if is_hdf5:
        for name, each in hdf5_arrays(path).items():
            if not name.startswith("#"):  # What cells and structures refer to.
                arrays[name] = Hdf5Rows(*each, turned=True)
    else:
        arrays.update(_loaded(path))
    return named_or_not(
        path, {name: _column_or_matrix(name, each) for name, each in arrays.items()}
    )


class _Column:
    """A matrix of one column as a vector."""

    def __init__(self, matrix: Rows) -> None:
        self._matrix = matrix
        self.shape, self.dtype = matrix.shape[:1], matrix.dtype

    def __getitem__(self, rows: slice) -> AnyArray:
        return self._matrix[rows][:, 0]


def _column_or_matrix(name: str, array: Rows) -> Rows:
    """Return a column as the vector that it is: MATLAB knows none."""
    is_column = array.shape[1:] == (1,) and name not in _MATRICES
    return _Column(array) if is_column else array


def _loaded(path: Path) -> dict[str, AnyArray]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    # SciPy has not implemented every version: a damaged header may name any.
    damaged = (ValueError, TypeError, OSError, EOFError, ZlibError)
    try:
        loaded = loadmat(path)
    except (*damaged, MatReadError, NotImplementedError) as error:
        raise ValueError(
            f"{path} is not a readable MATLAB file: {error}; it may be cut short"
        ) from error
    return {
        name: array
        for name, array in loaded.items()
        if isinstance(array, np.ndarray) and array.dtype.kind in "fiubc"
    }
