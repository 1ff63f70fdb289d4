"""A folder of Parquet files of equal size, drawn from a teacher, in single precision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from pureneuron import TwoLayerNetwork
from pureneuron.typing import Array

__all__ = ["Folder"]

_ROWS_A_GROUP = 250_000


@dataclass(frozen=True)
class Folder:
    """A data set in files.

    Attributes
    ----------
    n_rows, n_files : int
        Rows in all, and how many files they are in.
    biases : bool
        Whether the teacher has biases.
    size : int
        Inputs, neurons and outputs.
    noise : float
        Standard deviation of the noise, against that of the outputs, about.
    """

    n_rows: int
    n_files: int = 20
    biases: bool = False
    size: int = 10
    noise: float = 0.1

    @property
    def teacher(self) -> TwoLayerNetwork:
        """The network behind the rows."""
        rng, d = np.random.default_rng(0), self.size
        W, A = rng.standard_normal((d, d)) / np.sqrt(d), rng.standard_normal((d, d)) / np.sqrt(d)
        b, c = 0.5 * rng.standard_normal(d), rng.standard_normal(d)
        return TwoLayerNetwork(A, W, b, c) if self.biases else TwoLayerNetwork(A, W)

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """Draw the rows, some at a time."""
        teacher = self.teacher
        for i, start in enumerate(range(0, self.n_rows, _ROWS_A_GROUP)):
            rng = np.random.default_rng([1, i])
            n = min(_ROWS_A_GROUP, self.n_rows - start)
            X = rng.standard_normal((n, self.size), dtype=np.float32)
            Y = teacher.predict(X) + self.noise * rng.standard_normal((n, self.size))
            yield X, Y.astype(np.float32)

    def arrays(self) -> tuple[Array, Array]:
        """Return all rows, in memory."""
        X = np.empty((self.n_rows, self.size), np.float32)
        Y, end = np.empty_like(X), 0
        for x, y in self.blocks():
            X[end : end + len(x)], Y[end : end + len(x)] = x, y
            end += len(x)
        return X, Y

    def written(self, folder: Path) -> Path:
        """Write the files into a folder of their own, unless they are there; return that."""
        own = folder / f"{self.n_rows}-{self.size}-{'biased' if self.biases else 'plain'}"
        if (own / "_complete").exists():
            return own
        own.mkdir(parents=True, exist_ok=True)
        names = [f"{letter}{i}" for letter in "xy" for i in range(self.size)]
        of_a_file, writer, written = -(-self.n_rows // self.n_files), None, 0
        for X, Y in self.blocks():
            if writer is None or written >= of_a_file:
                if writer is not None:
                    writer.close()
                number, written = len(list(own.glob("*.parquet"))), 0
                schema = pa.schema([(name, pa.float32()) for name in names])
                writer = parquet.ParquetWriter(own / f"part-{number}.parquet", schema)
            columns = [*np.ascontiguousarray(X.T), *np.ascontiguousarray(Y.T)]
            writer.write_table(pa.table(dict(zip(names, columns, strict=True))))
            written += len(X)
        if writer is not None:
            writer.close()
        (own / "_complete").touch()
        return own
