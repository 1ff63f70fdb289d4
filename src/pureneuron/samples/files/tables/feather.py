"""Columns of an Arrow file, which Feather files are as well."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from pureneuron.samples.files.tables.arrow import ArrowTable

__all__ = ["FeatherTable"]


class FeatherTable(ArrowTable):
    """Columns of an Arrow (Feather, version 2) file.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is of another format or is cut short.
    """

    kind = "Arrow"

    def about_rows(self) -> int:
        """Return how many rows there are."""
        with self._reading():
            columns = tuple(self._types)[:1]
            return sum(batch.num_rows for batch in self._batches(columns, (), sys.maxsize))

    def _schema(self) -> tuple[dict[str, Any], Sequence[str]]:
        from pyarrow import ipc

        with self._pa.memory_map(str(self.path)) as source:
            schema = ipc.open_file(source).schema
        pandas = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
        index = [name for name in pandas.get("index_columns", ()) if isinstance(name, str)]
        return self._distinct(schema.names, schema.types), index

    def _batches(self, columns: Sequence[str], labels: Sequence[str], n_rows: int) -> Iterator[Any]:
        from pyarrow import ipc

        place = {name: i for i, name in enumerate(self._types)}
        wanted = sorted({place[name] for name in (*columns, *labels)})
        options = ipc.IpcReadOptions(included_fields=wanted)
        with self._pa.OSFile(str(self.path)) as source:
            reader = ipc.open_file(source, options=options)
            for i in range(reader.num_record_batches):
                batch = reader.get_batch(i)
                for start in range(0, batch.num_rows, n_rows):
                    yield batch.slice(start, n_rows)
