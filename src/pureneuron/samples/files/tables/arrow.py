"""What the formats that pyarrow reads share: columns of its types, and their way into a matrix."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.samples.files.tables.table import Block, Table, optional
from pureneuron.samples.listing import abbreviated
from pureneuron.typing import AnyArray

__all__ = ["ArrowTable"]


class ArrowTable(Table):
    """Columns of pyarrow's types. A column of lists, all of one length p, counts as p columns.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is of another format or is cut short, or if names occur twice.
    """

    kind: str

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pa = optional("pyarrow", "Parquet, Feather and CSV files")
        with self._reading():
            self._types, index = self._schema()
            self._places = self._placed()
        self.hidden = tuple(name for name in index if name in self._places)
        self.names = tuple(name for name in self._places if name not in set(self.hidden))

    @abstractmethod
    def _schema(self) -> tuple[dict[str, Any], Sequence[str]]:
        """Return the type of each column, and which columns are the index of a data frame."""

    @abstractmethod
    def _batches(self, columns: Sequence[str], labels: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Yield record batches of at most ``n_rows`` rows that hold ``columns`` and ``labels``."""

    def is_single(self, names: Sequence[str]) -> bool:
        """Tell whether the columns ``names`` are all float32."""
        single = self._pa.float32()
        return all(self._type(name) == single for name in names)

    def blocks(
        self, names: Sequence[str], *, labels: Sequence[str] = (), n_rows: int
    ) -> Iterator[Block]:
        """Yield all rows in order, at most ``n_rows`` at a time."""
        types = [self._type(name) for name in names]
        strange = {kind for kind in set(types) if not self._is_numeric(kind)}
        for name, kind in zip(names, types, strict=True):
            if kind in strange:
                raise ValueError(
                    f"column {name} of {self.path} is of type {kind}: real numbers are expected"
                )
        runs = [
            (column, [position for _, position in run])
            for column, run in groupby((self._places[n] for n in names), key=lambda place: place[0])
        ]
        dtype = np.float32 if self.is_single(names) else np.float64
        columns = tuple(dict.fromkeys(column for column, _ in runs))
        start = 0
        with self._reading():
            for batch in self._batches(columns, labels, n_rows):
                index = {name: i for i, name in enumerate(batch.schema.names)}
                # Columns lie one after the other, as they do in the file.
                M = np.empty((len(names), batch.num_rows), dtype).T
                end = 0
                for column, positions in runs:
                    begin, end = end, end + len(positions)
                    values = batch.column(index[column])
                    if positions[0] is None:
                        M[:, begin] = self._numbers(values)
                    else:
                        M[:, begin:end] = self._lists(values, column, start)[:, positions]
                yield M, {name: self._labels(batch.column(index[name])) for name in labels}
                start += batch.num_rows

    def _placed(self) -> Mapping[str, tuple[str, int | None]]:
        """Return where each column is: its name in the file, and its position in the lists."""
        places: dict[str, tuple[str, int | None]] = {}
        twice = []
        lists = {kind for kind in set(self._types.values()) if self._is_list(kind)}
        for column, kind in self._types.items():
            width = self._width(column, kind) if kind in lists else None
            numbered = [(f"{column}{j}", j) for j in range(width or 0)]
            for name, position in [(column, None)] if width is None else numbered:
                if name in places:
                    twice.append(name)
                places[name] = (column, position)
        if twice:
            raise ValueError(
                f"{self.path}: lists and columns both give a column {abbreviated(twice)}: "
                "rename one of them"
            )
        return places

    def _width(self, column: str, kind: Any) -> int | None:
        """Return how long the lists of a column are; None if the first row has none."""
        types, kind = self._pa.types, getattr(kind, "storage_type", kind)
        if types.is_fixed_size_list(kind):
            return int(kind.list_size)
        first = next((b for b in self._batches([column], [], 1) if b.num_rows), None)
        value = None if first is None else first.column(0)[0].as_py()
        return None if value is None else len(value)

    def _is_list(self, kind: Any) -> bool:
        """Tell whether a column of this type holds lists of numbers."""
        types, kind = self._pa.types, getattr(kind, "storage_type", kind)
        is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
        return is_list and self._is_numeric(kind.value_type)

    def _type(self, name: str) -> Any:
        column, position = self._places[name]
        kind = self._types[column]
        return kind if position is None else getattr(kind, "storage_type", kind).value_type

    def _is_numeric(self, kind: Any) -> bool:
        types = self._pa.types
        return bool(
            types.is_floating(kind)
            or types.is_integer(kind)
            or types.is_boolean(kind)
            or types.is_decimal(kind)
            or types.is_null(kind)
        )

    def _numbers(self, values: Any) -> AnyArray:
        """Return the values of a column as a vector; missing ones are NaN."""
        types = self._pa.types
        if not (types.is_floating(values.type) or types.is_integer(values.type)):
            values = values.cast(self._pa.float64(), safe=False)
        return values.to_numpy(zero_copy_only=False)

    def _lists(self, values: Any, column: str, start: int) -> AnyArray:
        """Return the lists of a column as the rows of a matrix."""
        from pyarrow import compute

        values = getattr(values, "storage", values)
        width = self._width_of(column)
        lengths = compute.fill_null(compute.list_value_length(values), -1).to_numpy(False)
        if (lengths != width).any():
            row = int(np.argmax(lengths != width))
            what = f"a list of {lengths[row]}" if lengths[row] >= 0 else "no list"
            raise ValueError(
                f"column {column} of {self.path} has {what} in row {start + row} (rows count from "
                f"0), where the first row has a list of {width}: lists of one length are expected"
            )
        return self._numbers(values.flatten()).reshape(len(values), width)

    def _width_of(self, column: str) -> int:
        return sum(1 for place, _ in self._places.values() if place == column)

    def _labels(self, values: Any) -> AnyArray:
        if self._pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        return values.to_numpy(zero_copy_only=False)

    def _distinct(self, names: Sequence[str], types: Sequence[Any]) -> dict[str, Any]:
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"{self.path} has more than one column named {abbreviated(twice)}")
        return dict(zip(names, types, strict=True))

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
