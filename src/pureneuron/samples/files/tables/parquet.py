"""Columns of a Parquet file: of the others nothing is read, of a row group one block at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pureneuron.samples.files.tables.arrow import ArrowTable

__all__ = ["ParquetTable"]

_BUFFER = 1 << 20  # bytes of each column that are read at once where row groups are large
_LARGE = 1 << 27  # bytes of a row group
_MANY = 24  # times as many rows as are wanted at a time
_AHEAD = 2  # batches


class ParquetTable(ArrowTable):
    """Columns of a Parquet file.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is not Parquet or is cut short.
    """

    kind = "Parquet"

    def about_rows(self) -> int:
        """Return how many rows there are."""
        return int(self._metadata.num_rows)

    def _schema(self) -> tuple[dict[str, Any], Sequence[str]]:
        from pyarrow import parquet

        # Not a dataset: that would add columns where a folder is called like "noise=0.1".
        with parquet.ParquetFile(self.path) as file:
            self._metadata = file.metadata
            schema = file.schema_arrow
        pandas = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        index = [name for name in pandas.get("index_columns", ()) if isinstance(name, str)]
        return self._distinct(schema.names, schema.types), index

    def _batches(self, columns: Sequence[str], labels: Sequence[str], n_rows: int) -> Iterator[Any]:
        wanted = list(dict.fromkeys((*columns, *labels)))
        count = self._metadata.num_row_groups
        groups = [self._metadata.row_group(i) for i in range(count)]
        large = any(g.total_byte_size > _LARGE or g.num_rows > _MANY * n_rows for g in groups)
        if large or self._metadata.num_rows < n_rows * count:
            yield from self._in_pieces(wanted, n_rows)
        else:
            yield from self._by_groups(wanted, n_rows)

    def _by_groups(self, wanted: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Read whole row groups, each in several threads: the quicker way."""
        import pyarrow.dataset as ds
        from pyarrow.fs import LocalFileSystem

        # One file, not a folder: that would add columns where one is called like "noise=0.1".
        file = ds.ParquetFileFormat().make_fragment(str(self.path), LocalFileSystem())
        # Reading far ahead takes memory, and the processors from those who wait for the rows.
        yield from file.to_batches(
            columns=wanted, batch_size=n_rows, batch_readahead=_AHEAD, fragment_readahead=1
        )

    def _in_pieces(self, wanted: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Read some rows at a time, of groups too large to be held, or of many small ones."""
        from pyarrow import parquet

        with parquet.ParquetFile(
            self.path, metadata=self._metadata, buffer_size=_BUFFER, pre_buffer=False
        ) as file:
            yield from file.iter_batches(batch_size=n_rows, columns=wanted)
