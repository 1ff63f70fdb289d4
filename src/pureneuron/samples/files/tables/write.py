"""The writing of tables: Parquet, CSV and NumPy files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pureneuron.samples.files.tables.table import optional
from pureneuron.samples.writing import check_target, complete_file
from pureneuron.typing import AnyArray

__all__ = ["write_table"]

_WRITABLE = (".parquet", ".pq", ".csv", ".npz", ".npy")


def write_table(path: str | Path, columns: Mapping[str, AnyArray], *, force: bool = False) -> None:
    """Write named columns to a Parquet, CSV, .npz or .npy file, by its extension.

    The file appears when it is complete: what stood there before is kept until then.

    Parameters
    ----------
    path : str or Path
        Where to write.
    columns : mapping of str to (n,) array
        The columns, in order.
    force : bool
        Replace an existing file.

    Raises
    ------
    FileExistsError
        If the file exists and ``force`` is not given.
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If the extension is not known, or the columns are none, not vectors or of unequal length.
    ImportError
        If pyarrow is needed and not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _WRITABLE:
        raise ValueError(
            f"{path}: cannot write files that end in {suffix or 'nothing'}; "
            f"the known endings are {', '.join(_WRITABLE)}"
        )
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
        raise ValueError(f"{path}: columns must be vectors of one length, got {listed}")
    check_target(path, force=force)
    pa = None if suffix in (".npz", ".npy") else optional("pyarrow", "Parquet and CSV files")
    with complete_file(path) as part, part.open("wb") as file:
        if pa is None:
            _write_numpy(file, suffix, arrays)
        elif suffix == ".csv":
            from pyarrow import csv

            csv.write_csv(pa.table(arrays), file)
        else:
            from pyarrow import parquet

            parquet.write_table(pa.table(arrays), file)


def _write_numpy(file: BinaryIO, suffix: str, columns: Mapping[str, AnyArray]) -> None:
    """Write ``columns``, all of one length, so that they are read back as they were.

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
    for key, prefix in (("X", "x"), ("Y", "y")):
        numbered = [f"{prefix}{j}" for j in range(len(columns))]
        own = [name for name in numbered if name in columns]
        if own and own == numbered[: len(own)]:
            arrays[key] = np.column_stack([arrays.pop(name) for name in own])
    np.savez(file, **arrays)
