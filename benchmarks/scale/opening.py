"""How long a file of many columns takes to open."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from pureneuron.samples import read_samples

COLUMNS = 60_000
ROWS = 20


def seconds_to_open() -> dict[str, float]:
    """Open a Parquet file through pyarrow, and as samples."""
    rng = np.random.default_rng(0)
    names = [*(f"x{i}" for i in range(COLUMNS - 1)), "y0"]
    table = pa.table({name: rng.standard_normal(ROWS) for name in names})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wide.parquet"
        parquet.write_table(table, path)
        start = time.perf_counter()
        parquet.read_table(path)
        arrow = time.perf_counter() - start
        start = time.perf_counter()
        read_samples(path)
        ours = time.perf_counter() - start
    return {"columns": COLUMNS, "arrow": arrow, "ours": ours}
