"""Several files with the same columns, read as one: piece by piece, or as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np

from pureneuron.samples.files.paths import Paths, find_files
from pureneuron.samples.files.roles import Columns, row_bytes, rows_in_cache
from pureneuron.samples.files.tables import Dialect, Table, open_table
from pureneuron.samples.groups import group_codes, group_keys
from pureneuron.samples.listing import abbreviated
from pureneuron.typing import AnyArray, IndexArray

__all__ = ["FileBatches", "FileSet", "Piece", "fingerprint_of"]


@dataclass(frozen=True)
class Piece:
    """Some consecutive rows of one file.

    Attributes
    ----------
    values : (n, p) array
        X, Y and weight side by side.
    labels : (n,) array or None
        Group labels.
    path : Path
        The file.
    row : int
        The row number, in the file, of the first row that was read with them.
    kept : (n,) array of int or None
        Which of the rows from there on they are, where a filter leaves some out.
    """

    values: AnyArray
    labels: AnyArray | None
    path: Path
    row: int
    kept: IndexArray | None = None

    def number(self, i: int) -> int:
        """Return the number, in the file, of the i-th row."""
        return self.row + (i if self.kept is None else int(self.kept[i]))


@dataclass(frozen=True)
class FileSet:
    """Files with the same columns, in order.

    Attributes
    ----------
    tables : tuple of Table
        The files.
    signatures : tuple
        Size and time of change of each as it was opened.
    dialect : Dialect
        How text files are written.
    """

    tables: tuple[Table, ...]
    signatures: tuple[tuple[int, int], ...] = field(repr=False)
    dialect: Dialect

    @classmethod
    def open(cls, paths: Paths, dialect: Dialect) -> FileSet:
        """Open all files, and compare their columns.

        Raises
        ------
        FileNotFoundError, ValueError, ImportError
            As :func:`~pureneuron.samples.files.paths.find_files` and
            :func:`~pureneuron.samples.files.tables.open_table`; ValueError also if a file has other
            columns than the first.
        """
        files = find_files(paths)
        signatures = tuple(_signature(path) for path in files)
        tables = tuple(open_table(path, dialect) for path in files)
        first = tables[0]
        expected = set(first.names)
        for table in tables[1:]:
            names = set(table.names)
            if names != expected or table.named != first.named:
                told = [
                    f"it {word} {abbreviated(sorted(each))}"
                    for word, each in (("lacks", expected - names), ("adds", names - expected))
                    if each
                ]
                raise ValueError(
                    f"{table.path} has other columns than {first.path}: "
                    f"{' and '.join(told) or 'only one of them has names'}"
                )
        return cls(tables, signatures, dialect)

    @property
    def first(self) -> Table:
        """The first file, which stands for all of them."""
        return self.tables[0]

    @property
    def name(self) -> str:
        """What the files are called in messages."""
        others = len(self.tables) - 1
        return f"{self.first.path}" + (f" and {others} more files" if others else "")

    def about_rows(self) -> int:
        """Return how many rows there are, or a guess."""
        return sum(table.about_rows() for table in self.tables)

    def dtype(self, columns: Columns) -> type[np.float32 | np.float64]:
        """Return float32 if inputs and outputs are so in all files, float64 otherwise."""
        names = (*columns.inputs, *columns.outputs)
        is_single = all(table.is_single(names) for table in self.tables)
        return np.float32 if is_single else np.float64

    def pieces(self, columns: Columns, n_rows: int) -> Iterator[Piece]:
        """Yield all rows that are meant, at most ``n_rows`` at a time.

        Raises
        ------
        ValueError
            If a file is damaged, holds what is no number, has changed since it was opened, or if
            there are no rows. The message names the file.
        """
        dtype, numbers, width = self.dtype(columns), columns.numbers, len(columns.values)
        kind, any_rows = "", False
        for table, signature in zip(self.tables, self.signatures, strict=True):
            _refuse_change(table.path, signature)
            row = 0
            try:
                for M, labels in table.blocks(numbers, labels=columns.labels, n_rows=n_rows):
                    groups = labels[columns.groups] if columns.groups else None
                    if groups is not None:
                        kind = _refuse_other_labels(table.path, groups, kind)
                    values, kept = M[:, :width], None
                    if columns.filter is not None:
                        by_name = dict(zip(numbers, M.T, strict=True)) | dict(labels)
                        met = columns.filter.rows({k: by_name[n] for k, n in columns.filtered})
                        kept = np.flatnonzero(met)
                        values, groups = values[kept], None if groups is None else groups[kept]
                    if len(values):
                        any_rows = True
                        values = values.astype(dtype, copy=False)
                        yield Piece(values, groups, table.path, row, kept)
                    row += len(M)
            except ValueError:
                _refuse_change(table.path, signature)  # What is wrong may come of that.
                raise
            _refuse_change(table.path, signature)
        if not any_rows:
            what = f"no rows that meet {columns.filter.text!r}" if columns.filter else "no rows"
            raise ValueError(f"{self.name} holds {what}")

    def load(self, columns: Columns, most_bytes: int | None) -> dict[str, AnyArray] | None:
        """Read all rows into memory.

        Parameters
        ----------
        columns : Columns
            What to read.
        most_bytes : int or None
            None if there is no limit.

        Returns
        -------
        dict or None
            Arrays ``X``, ``Y``, ``weight`` and ``groups``, as far as they are asked for; None if
            they take more than ``most_bytes``.

        Raises
        ------
        ValueError
            As :meth:`pieces`, and if a label is missing.
        """
        parts = {"X": len(columns.inputs), "Y": len(columns.outputs)}
        parts |= {"weight": 1} if columns.weight else {}
        dtype = self.dtype(columns)
        size = row_bytes(columns, dtype)
        room, used = self.about_rows(), 0
        if most_bytes is not None and room * size > most_bytes:
            return None
        arrays: dict[str, AnyArray] = {
            n: np.empty((max(room, 1), w), dtype) for n, w in parts.items()
        }
        labels: list[AnyArray] = []
        for piece in self.pieces(columns, rows_in_cache(columns)):
            count = len(piece.values)
            if used + count > room:
                # The number of rows was a guess.
                room = max(used + count, room + room // 4)
                if most_bytes is not None and room * size > most_bytes:
                    return None
                for array in arrays.values():
                    array.resize((room, array.shape[1]), refcheck=False)
            end = 0
            for name, width in parts.items():
                begin, end = end, end + width
                arrays[name][used : used + count] = piece.values[:, begin:end]
            used += count
            if piece.labels is not None:
                labels.append(piece.labels)
        for array in arrays.values():
            array.resize((used, array.shape[1]), refcheck=False)
        if columns.weight:
            arrays["weight"] = arrays["weight"][:, 0]
        if columns.groups:
            where = f"column {columns.groups} of {self.name}"
            arrays["groups"] = group_codes(np.concatenate(labels), name=where)
        return arrays


@dataclass(frozen=True)
class FileBatches:
    """The batches of files, read anew in each pass: for streamed samples.

    Attributes
    ----------
    files : FileSet
        The files.
    columns : Columns
        What is read of them.
    n_rows : int
        Most rows a batch.
    """

    files: FileSet
    columns: Columns
    n_rows: int

    def __call__(self) -> Iterator[tuple[AnyArray, ...]]:
        """Yield ``(X, Y, weight)`` or ``(X, Y, weight, groups)``."""
        held: list[Piece] = []
        rows = 0
        for piece in self.files.pieces(self.columns, self.n_rows):
            # Many small pieces make one batch.
            if held and rows + len(piece.values) > self.n_rows:
                yield self._batch(held)
                held, rows = [], 0
            held.append(piece)
            rows += len(piece.values)
        yield self._batch(held)

    def origin(self, row: int) -> tuple[str, int]:
        """Return the file that a row comes from, and its number there; it reads up to that row."""
        for piece in self.files.pieces(self.columns, self.n_rows):
            if row < len(piece.values):
                return str(piece.path), piece.number(row)
            row -= len(piece.values)
        raise IndexError("there are fewer rows")

    def _batch(self, pieces: Sequence[Piece]) -> tuple[AnyArray, ...]:
        M = _stacked([piece.values for piece in pieces])
        d, m = len(self.columns.inputs), len(self.columns.outputs)
        X, Y = M[:, :d], M[:, d : d + m]
        weight = M[:, d + m] if self.columns.weight else None
        if self.columns.groups is None:
            return X, Y, weight
        keys = [
            group_keys(
                piece.labels, offset=piece.row, name=f"column {self.columns.groups} of {piece.path}"
            )
            for piece in pieces
        ]
        return X, Y, weight, np.concatenate(keys)


def _stacked(parts: Sequence[AnyArray]) -> AnyArray:
    """Return matrices below one another, in the order in memory of the first."""
    if len(parts) == 1:
        return parts[0]
    if parts[0].flags.f_contiguous:
        return np.concatenate([part.T for part in parts], axis=1).T
    return np.concatenate(parts)


def fingerprint_of(files: FileSet, columns: Columns) -> str:
    """Return a text that is the same only for the same rows of the same, unchanged files."""
    told = [
        *((str(table.path.resolve()), *signature) for table, signature in _signed(files)),
        columns.inputs,
        columns.outputs,
        columns.weight,
        columns.groups,
        columns.filter.text if columns.filter else None,
        files.dialect,
    ]
    return blake2b(repr(told).encode(), digest_size=16).hexdigest()


def _signed(files: FileSet) -> Iterator[tuple[Table, tuple[int, int]]]:
    return zip(files.tables, files.signatures, strict=True)


def _signature(path: Path) -> tuple[int, int]:
    """Return size and time of change; of a folder, those of all files in it."""
    if not path.is_dir():
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
    stats = [each.stat() for each in path.rglob("*") if each.is_file()]
    return sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)


def _refuse_change(path: Path, signature: tuple[int, int]) -> None:
    if not path.exists() or _signature(path) != signature:
        raise ValueError(f"{path} has changed since it was opened: start again when it is complete")


def _refuse_other_labels(path: Path, labels: AnyArray, kind: str) -> str:
    """Refuse labels that are numbers in one file and text in another."""
    found = {"i": "number", "u": "number", "f": "number", "b": "number"}.get(
        labels.dtype.kind, "text"
    )
    if kind and found != kind:
        raise ValueError(f"{path} has a {found} for a group label, the files before it a {kind}")
    return found
