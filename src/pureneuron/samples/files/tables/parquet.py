"""Columns of a Parquet file: of the others nothing is read, of a row group one block at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from pureneuron.samples.files.tables.arrow import ArrowTable

__all__ = ["ParquetTable"]

_BUFFER = 1 << 20  # bytes of each column that are read at once where row groups are large
_LARGE = 1 << 26  # bytes of a row group


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
        from pyarrow import parquet

        groups = (self._metadata.row_group(i) for i in range(self._metadata.num_row_groups))
        buffer = _BUFFER if any(group.total_byte_size > _LARGE for group in groups) else 0
        wanted = list(dict.fromkeys((*columns, *labels)))
        with parquet.ParquetFile(
            self.path,
            metadata=self._metadata,
            buffer_size=buffer,
            pre_buffer=False,
        ) as file:
            yield from file.iter_batches(batch_size=n_rows, columns=wanted)
