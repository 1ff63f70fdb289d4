"""Which format a file is of, by its ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pureneuron.samples.files.tables.delimited import DelimitedTable
from pureneuron.samples.files.tables.feather import FeatherTable
from pureneuron.samples.files.tables.hdf5 import open_hdf5
from pureneuron.samples.files.tables.matlab import open_matlab
from pureneuron.samples.files.tables.numpy_files import open_npy, open_npz
from pureneuron.samples.files.tables.parquet import ParquetTable
from pureneuron.samples.files.tables.table import Dialect, Table
from pureneuron.samples.files.tables.zarr_files import open_zarr

__all__ = ["ENDINGS", "ending_of", "open_table"]

_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_BINARY: dict[str, Callable[[Path], Table]] = {
    ".parquet": ParquetTable,
    ".pq": ParquetTable,
    ".feather": FeatherTable,
    ".arrow": FeatherTable,
    ".npz": open_npz,
    ".npy": open_npy,
    ".h5": open_hdf5,
    ".hdf5": open_hdf5,
    ".mat": open_matlab,
    ".zarr": open_zarr,
}
ENDINGS = (*_BINARY, *_TEXT)


def ending_of(path: Path) -> str | None:
    """Return the known ending that ``path`` has, or None."""
    name = path.name.lower()
    return next((ending for ending in reversed(ENDINGS) if name.endswith(ending)), None)


def open_table(path: Path, dialect: Dialect) -> Table:
    """Open the file ``path``, a folder in the case of Zarr.

    Raises
    ------
    ValueError
        If its ending is not known, if it is damaged or of another format, or if a dialect is given
        for a file that is no text.
    ImportError
        If a package that reads it is not installed.
    """
    ending = ending_of(path)
    if ending is None:
        raise ValueError(
            f"{path}: cannot read files that end in {path.suffix or 'nothing'}; "
            f"the known endings are {', '.join(ENDINGS)}"
        )
    if ending in _TEXT:
        return DelimitedTable(path, dialect)
    for name in ("delimiter", "decimal", "encoding"):
        if getattr(dialect, name) is not None:
            raise ValueError(f"{path} is no text file: {name} does not apply to it")
    return _BINARY[ending](path)
