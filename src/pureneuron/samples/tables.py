"""Columns in Parquet and CSV files, read and written through pyarrow, and the writing of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from pureneuron.samples.numpy_files import write_numpy
from pureneuron.samples.writing import check_target, complete_file
from pureneuron.typing import AnyArray

__all__ = ["CsvTable", "ParquetTable", "write_table"]

_WRITABLE = (".parquet", ".pq", ".csv", ".npz", ".npy")


class ParquetTable:
    """Columns of a Parquet file; only those asked for are read.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not Parquet or is cut short.
    """

    kind = "Parquet"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.named = True
        self.weight: str | None = None
        self._pa = _pyarrow()
        with self._reading():
            self._types = self._schema()
        self.names = tuple(self._types)

    def read(self, names: Sequence[str]) -> AnyArray:
        """Return the columns ``names`` as an (n, p) array, float32 if all are, else float64."""
        pa = self._pa
        for name in names:
            if not _is_numeric(pa, self._types[name]):
                raise ValueError(
                    f"column {name} of {self.path} is of type {self._types[name]}: "
                    "real numbers are expected"
                )
        narrow = all(self._types[name] == pa.float32() for name in names)
        target = pa.float32() if narrow else pa.float64()
        with self._reading():
            table = self._load(list(names))
            array = np.empty((table.num_rows, len(names)), np.float32 if narrow else np.float64)
            for j, name in enumerate(names):
                column = table[name]
                # Old versions of pyarrow cannot cast half precision; NumPy does it below.
                if self._types[name] != pa.float16():
                    column = column.cast(target, safe=False)
                array[:, j] = column.to_numpy()
        return array

    def read_labels(self, name: str) -> AnyArray:
        """Return the column ``name`` as it is, numbers or text, as an (n,) array."""
        types, kind = self._pa.types, self._types[name]
        with self._reading():
            column = self._load_labels(name)
            if types.is_dictionary(kind):
                column = column.cast(kind.value_type)
            return column.to_numpy()

    def _schema(self) -> dict[str, Any]:
        from pyarrow import parquet

        schema = parquet.read_schema(self.path)
        return _distinct(self.path, schema.names, schema.types)

    def _load(self, names: list[str]) -> Any:
        from pyarrow import parquet

        # Not read_table: that would add columns where a folder is called like "noise=0.1".
        with parquet.ParquetFile(self.path) as file:
            return file.read(columns=names)

    def _load_labels(self, name: str) -> Any:
        return self._load([name])[name]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Name the file in whatever goes wrong inside pyarrow."""
        try:
            yield
        except (self._pa.ArrowException, OSError) as error:
            raise ValueError(
                f"{self.path} is not a readable {self.kind} file: {error}; "
                "it may be cut short or of another format"
            ) from error


class CsvTable(ParquetTable):
    """Columns of a CSV file with a header line, told from text by the first rows.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is empty or is not CSV.
    """

    kind = "CSV"

    def _schema(self) -> dict[str, Any]:
        from pyarrow import csv

        with csv.open_csv(self.path) as reader:
            names = reader.schema.names
            types = reader.schema.types
        # "x0, x1" is a common header: blanks belong to no name.
        self._raw = dict(zip((name.strip() for name in names), names, strict=True))
        return _distinct(self.path, [name.strip() for name in names], types)

    def _load(self, names: list[str]) -> Any:
        from pyarrow import csv

        # A column that begins with whole numbers, or with nothing, may hold fractions further on.
        double, boolean = self._pa.float64(), self._pa.bool_()
        types = {self._raw[n]: boolean if self._types[n] == boolean else double for n in names}
        options = csv.ConvertOptions(column_types=types, include_columns=list(types))
        return csv.read_csv(self.path, convert_options=options).rename_columns(names)

    def _load_labels(self, name: str) -> Any:
        from pyarrow import compute, csv

        # As text: labels may look like numbers in the first rows, and otherwise further on.
        options = csv.ConvertOptions(
            column_types={self._raw[name]: self._pa.string()},
            include_columns=[self._raw[name]],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        column = csv.read_csv(self.path, convert_options=options)[self._raw[name]]
        return compute.utf8_trim_whitespace(column)


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
    pa = None if suffix in (".npz", ".npy") else _pyarrow()
    with complete_file(path) as part, part.open("wb") as file:
        if pa is None:
            write_numpy(file, suffix, arrays)
        elif suffix == ".csv":
            from pyarrow import csv

            csv.write_csv(pa.table(arrays), file)
        else:
            from pyarrow import parquet

            parquet.write_table(pa.table(arrays), file)


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError(
            "Parquet and CSV files need pyarrow: pip install 'pureneuron[files]'"
        ) from error
    return pyarrow  # type: ignore[no-any-return]


def _is_numeric(pa: ModuleType, kind: Any) -> bool:
    types = pa.types
    tests = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_null)
    return any(test(kind) for test in tests)


def _distinct(path: Path, names: Sequence[str], types: Sequence[Any]) -> dict[str, Any]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path} has more than one column named {', '.join(twice)}")
    return dict(zip(names, types, strict=True))
