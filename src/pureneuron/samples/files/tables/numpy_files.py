"""Columns in NumPy's own files, .npz and .npy. Pickled objects are never read.

A .npy file with named fields has a column a field; with one plain matrix, columns without names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError

import numpy as np
from numpy.lib import format as npy_format

from pureneuron.samples.files.tables.matrices import MatrixTable, Rows, table_of, unnamed_table
from pureneuron.typing import AnyArray

__all__ = ["open_npy", "open_npz"]

_LONGEST_HEADER = 1 << 24  # bytes: some 400,000 named fields
# zipfile has not implemented every compression: a damaged archive may name any.
_DAMAGED = (
    ValueError,
    EOFError,
    OSError,
    BadZipFile,
    ZlibError,
    TokenError,
    NotImplementedError,
)


def open_npz(path: Path) -> MatrixTable:
    """Open the .npz file ``path``.

    Raises
    ------
    ValueError
        If the file is not NumPy's, is cut short, holds pickled objects, or arrays of a shape that
        makes no columns.
    """
    return table_of(path, _checked(path, (b"PK\x03\x04", b"PK\x05\x06"), _members))


def open_npy(path: Path) -> MatrixTable:
    """Open the .npy file ``path``, which is mapped into memory and not read at once.

    Raises
    ------
    ValueError
        As :func:`open_npz`.
    """
    array: _MappedRows = _checked(path, (b"\x93NUMPY",), _MappedRows)
    return table_of(path, {"array": array}) if array.dtype.names else unnamed_table(path, array)


class _MappedRows:
    """An array in a .npy file. It is mapped for each read, so that what was read is let go."""

    def __init__(self, path: Path) -> None:
        array = np.load(path, mmap_mode="r", allow_pickle=False, max_header_size=_LONGEST_HEADER)
        if array.dtype.names:
            array = array.reshape(-1)
        self.shape, self.dtype = array.shape, array.dtype
        self._path, self._offset = path, array.offset
        self._order: Any = "C" if array.flags.c_contiguous else "F"

    def __getitem__(self, rows: slice) -> AnyArray:
        start, stop = rows.start, rows.stop
        if self._order == "F":
            array = np.memmap(self._path, self.dtype, "r", self._offset, self.shape, "F")
            return np.array(array[start:stop])
        row_bytes = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
        shape = (stop - start, *self.shape[1:])
        return np.array(
            np.memmap(self._path, self.dtype, "r", self._offset + start * row_bytes, shape)
        )


class _PackedRows:
    """An array in a .npz file, unpacked as its rows are read."""

    def __init__(self, archive: ZipFile, member: str) -> None:
        self._archive, self._member = archive, member
        with archive.open(member) as file:
            self.shape, self._in_columns, self.dtype = _header(file)
            self._begin = file.tell()
        self._row_bytes = self.dtype.itemsize * int(np.prod(self.shape[1:], dtype=np.int64))
        self._whole: AnyArray | None = None
        self._file: IO[bytes] | None = None
        self._next = 0

    def __getitem__(self, rows: slice) -> AnyArray:
        is_last = rows.stop == self.shape[0]
        if self._in_columns and len(self.shape) == 2:  # No row of it is in one place.
            if self._whole is None:
                with self._archive.open(self._member) as file:
                    self._whole = npy_format.read_array(file, allow_pickle=False)
            piece = self._whole[rows]
            self._whole = None if is_last else self._whole
            return piece
        if self._file is None or rows.start != self._next:
            self._file = self._archive.open(self._member)
            self._file.seek(self._begin + rows.start * self._row_bytes)
        count = (rows.stop - rows.start) * self._row_bytes
        raw = self._file.read(count)
        if len(raw) < count:
            raise EOFError(f"{len(raw)} of {count} bytes are there")
        self._next = rows.stop
        if is_last:
            self._file.read(1)  # At its end the checksum is compared.
            self._file.close()
            self._file = None
        return np.frombuffer(raw, self.dtype).reshape(rows.stop - rows.start, *self.shape[1:])


def _members(path: Path) -> dict[str, Rows]:
    archive = ZipFile(path)  # It stays open for as long as there is an array of it.
    members = [name for name in archive.namelist() if name.endswith(".npy")]
    return {name.removesuffix(".npy"): _PackedRows(archive, name) for name in members}


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy_format.read_magic(file)
    read = {
        (1, 0): npy_format.read_array_header_1_0,
        (2, 0): npy_format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"version {version} of the format is for names beyond ASCII: rename them")
    shape, in_columns, dtype = read(file, max_header_size=_LONGEST_HEADER)
    if dtype.hasobject:
        raise ValueError("Python objects")
    return shape, in_columns, dtype


def _checked(path: Path, signatures: tuple[bytes, ...], read: Callable[[Path], Any]) -> Any:
    with path.open("rb") as file:
        if not file.read(6).startswith(signatures):
            raise ValueError(f"{path} is not a NumPy file, or it is cut short")
    try:
        return read(path)
    except _DAMAGED as error:
        if "Python objects" in str(error) or "allow_pickle" in str(error):
            raise ValueError(
                f"{path} holds pickled Python objects, which are never read because they can run "
                "code: save plain arrays of numbers"
            ) from error
        raise ValueError(
            f"{path} is not a readable NumPy file: {error}; it may be cut short"
        ) from error
