"""How fast the first pass is, beside what it cannot do without: reading, and products.

    python -m benchmarks.scale.rates FOLDER

prints a line of JSON: rows per second, the best of several passes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import pyarrow.dataset as ds

from pureneuron.problem.survey import survey
from pureneuron.samples import read_samples
from pureneuron.samples.cores import effective_n_jobs, over_batches, using_cores

PASSES = 5


def best(work: Callable[[], None]) -> float:
    """Return the shortest of several times."""
    times = []
    for _ in range(PASSES):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure the three."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    options = parser.parse_args()
    dataset = ds.dataset(options.folder, format="parquet")
    names = [name for name in dataset.schema.names if name[0] in "xy"]
    n_rows = dataset.count_rows()

    def scan() -> None:
        for batch in dataset.to_batches(columns=names):
            batch.num_rows  # noqa: B018

    samples = read_samples(options.folder, memory_limit="700MiB")
    rng = np.random.default_rng(0)
    rows = 50_000
    X, Y = (rng.standard_normal((rows, len(names) // 2), dtype=np.float32) for _ in range(2))

    def products(_: int) -> None:
        # What second moments are made of: sums are in double precision, whatever the data.
        x, y = X.astype(np.float64), Y.astype(np.float64)
        x.T @ x, y.T @ x, y.T @ y

    with using_cores(None):
        moments = best(lambda: survey(samples, constant_input=False, centred=False))
        # As many batches as the files have, in as many threads.
        multiplied = best(lambda: list(over_batches(products, range(n_rows // rows))))
    print(
        json.dumps(
            {
                "rows": n_rows,
                "threads": effective_n_jobs(None),
                "scan": n_rows / best(scan),
                "products": n_rows / multiplied,
                "moments": n_rows / moments,
            }
        )
    )


if __name__ == "__main__":
    main()
