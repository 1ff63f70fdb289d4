"""Columns of text files: CSV with whatever delimiter, packed or not, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pureneuron.samples.files.tables.arrow import ArrowTable
from pureneuron.samples.files.tables.dialects import is_number, layout_of, read_head
from pureneuron.samples.files.tables.table import Block, Dialect, UnclearColumns
from pureneuron.typing import AnyArray

__all__ = ["DelimitedTable"]

_BLOCK = 1 << 20  # bytes, more where lines are longer


class DelimitedTable(ArrowTable):
    """Columns of a text file.

    Parameters
    ----------
    path : Path
        The file.
    dialect : Dialect
        What is known of how it is written.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    ValueError
        If the file is empty or is no such text, or if it is open how it is written.
    """

    kind = "CSV"

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self._dialect = dialect
        super().__init__(path)
        self.named = self._layout.names is not None

    def about_rows(self) -> int:
        """Return a guess at how many rows there are, by the length of the first lines."""
        n = self._layout.n_skipped
        rows = [line for line in self._head.lines[n:] if line.strip()]
        length = sum(len(line) + 1 for line in rows) / max(len(rows), 1)
        complete = self._head.size == sum(len(line) + 1 for line in self._head.lines)
        return len(rows) if complete else int(self._head.size / max(length, 1.0)) + 1

    def blocks(
        self, names: Sequence[str], *, labels: Sequence[str] = (), n_rows: int
    ) -> Iterator[Block]:
        """Yield all rows in order, at most ``n_rows`` at a time."""
        unsure = [name for name in (*names, *labels) if not name.isascii()]
        if self._head.guessed and unsure:
            raise UnclearColumns(
                f"{self.path} is not encoded in UTF-8, and column {unsure[0]} is perhaps called "
                "otherwise: say what the encoding is",
                "encoding",
                "latin-1",
            )
        both = [name for name in labels if name in set(names)]
        if both:
            raise ValueError(f"column {both[0]} of {self.path} is wanted as numbers and as text")
        return super().blocks(names, labels=labels, n_rows=n_rows)

    def _schema(self) -> tuple[dict[str, Any], Sequence[str]]:
        self._head = read_head(self.path, self._dialect.encoding)
        self._layout = layout_of(self.path, self._head.lines, self._dialect)
        # Of a block, each column is converted on its own: a few long lines would take long.
        long = self._head.line_bytes
        self._block = max(_BLOCK, min(64 * long, 32 * _BLOCK), 4 * long)
        numbered = tuple(str(j) for j in range(self._layout.width))
        self._columns = self._layout.names or numbered
        pa = self._pa
        types = [
            pa.bool_() if j in self._layout.booleans else pa.float64()
            for j in range(len(self._columns))
        ]
        return self._distinct(self._columns, types), ()

    def _batches(self, columns: Sequence[str], labels: Sequence[str], n_rows: int) -> Iterator[Any]:
        types = {name: self._types[name] for name in columns}
        types |= {name: self._pa.string() for name in labels}
        done, block = 0, self._block
        while True:
            try:
                with self._opened(types, done, block) as reader:
                    for batch in reader:
                        for start in range(0, batch.num_rows, n_rows):
                            yield batch.slice(start, n_rows)
                        done += batch.num_rows
                return
            except self._pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                if "straddling" in str(error) and block < self._head.size:
                    block *= 4  # A line is longer than a block; the rows before it are done.
                else:
                    self._refuse(columns, done, block, error)

    def _labels(self, values: Any) -> AnyArray:
        from pyarrow import compute

        return super()._labels(compute.utf8_trim_whitespace(values))

    def _opened(
        self, types: dict[str, Any], done: int, block: int, refused: list[Any] | None = None
    ) -> Any:
        """Open the file behind the first ``done`` rows, for the columns ``types``."""
        from pyarrow import csv

        def note(row: Any) -> str:
            if refused is not None:
                refused.append(row)
            return "error"

        packing = "gzip" if self.path.suffix.lower() == ".gz" else None
        return csv.open_csv(
            self._pa.input_stream(str(self.path), compression=packing),
            read_options=csv.ReadOptions(
                column_names=list(self._columns),
                skip_rows=self._layout.n_skipped,
                skip_rows_after_names=done,
                block_size=block,
                encoding=self._head.encoding,
                use_threads=refused is None,
            ),
            parse_options=csv.ParseOptions(
                delimiter=self._layout.delimiter, invalid_row_handler=note
            ),
            convert_options=csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                decimal_point=self._layout.decimal,
                # As text: labels may look like numbers in the first rows, and otherwise further on.
                strings_can_be_null=True,
                quoted_strings_can_be_null=self._pa.string() not in types.values(),
            ),
        )

    def _refuse(self, columns: Sequence[str], done: int, block: int, error: Exception) -> NoReturn:
        """Name the row and column of what is wrong behind the first ``done`` rows.

        Raises
        ------
        ValueError
            In any case.
        """
        refused: list[Any] = []
        text = dict.fromkeys(columns, self._pa.string())
        row = done
        try:
            with self._opened(text, done, block, refused) as reader:
                for batch in reader:
                    self._refuse_text(batch, columns, row)
                    row += batch.num_rows
        except self._pa.ArrowException:
            if not refused:
                raise error from None
            bad = refused[0]
            number = "" if bad.number is None else f" in line {bad.number}"
            raise ValueError(
                f"{self.path} is not a readable CSV file: Expected {bad.expected_columns} columns, "
                f"got {bad.actual_columns}{number}: {bad.text[:80]!r}"
            ) from error
        raise error

    def _refuse_text(self, batch: Any, columns: Sequence[str], row: int) -> None:
        from pyarrow import compute

        found = []
        for name in columns:
            values = batch.column(batch.schema.names.index(name))
            if self._types[name] == self._pa.bool_():
                known = self._pa.array(["true", "false", "1", "0"])
                texts = compute.fill_null(compute.is_in(compute.utf8_lower(values), known), True)
                wrong = [i for i, right in enumerate(texts.to_pylist()) if not right]
            else:
                sign = self._layout.decimal
                wrong = [
                    i
                    for i, value in enumerate(values.to_pylist())
                    if value is not None and not is_number(value, sign)
                ]
            if wrong:
                found.append((wrong[0], name, values[wrong[0]].as_py()))
        if not found:
            return
        i, name, value = min(found, key=lambda each: each[0])
        where = f"{self.path} holds {value!r} in row {row + i} (rows count from 0), column {name}"
        if self._layout.decimal == "." and is_number(value, ","):
            raise UnclearColumns(f"{where}: say what the decimal sign is", "decimal", ",")
        raise ValueError(f"{where}: a number is expected")
