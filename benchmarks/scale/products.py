"""Only the products that a fit to rows in memory cannot do without, in a plain loop.

    python -m benchmarks.scale.products FOLDER

prints a line of JSON. For each block of rows: second moments (in double precision, as sums are);
twice the loss with its gradient, A projected out: ``HᵀH``, ``HᵀE`` and ``(D ∘ (E A))ᵀ X``; and once
the functions that the omitted-unit test tries, about 147 of them, with their products with residual
and activations, and what a neuron more adds with its products with those.
As many threads as there are cores share the blocks.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from pureneuron.samples.cores import over_batches, using_cores
from pureneuron.typing import Array

TRIED = 147
ROWS = 1024
BATCH = 50_000


def product_loop(X: Array, Y: Array) -> float:
    """Return the seconds that the products take."""
    rng = np.random.default_rng(0)
    d = X.shape[1]
    W, A = (rng.standard_normal((d, d), dtype=np.float32) for _ in range(2))
    directions = rng.standard_normal((TRIED, d), dtype=np.float32)
    more = np.vstack([W, directions[:1]])

    def moments(start: int) -> object:
        x, y = (M[start : start + BATCH].astype(np.float64) for M in (X, Y))
        return x.T @ x, y.T @ x, y.T @ y

    def gradient(start: int) -> object:
        sums = []
        for i in range(start, min(start + BATCH, len(X)), ROWS):
            x, y = X[i : i + ROWS], Y[i : i + ROWS]
            H = np.maximum(x @ W.T, 0.0)
            E = y - H @ A.T
            sums.append((H.T @ H, H.T @ E, ((E @ A) * (H > 0.0)).T @ x))
        return len(sums)

    def tried(start: int) -> object:
        sums = []
        for i in range(start, min(start + BATCH, len(X)), ROWS):
            x, y = X[i : i + ROWS], Y[i : i + ROWS]
            H = np.maximum(x @ W.T, 0.0)
            E, G = y - H @ A.T, np.maximum(x @ directions.T, 0.0)
            sums.append((G.T @ E, H.T @ G, E.T @ H, E.T @ E, ((E @ A) * (H > 0.0)).T @ x))
        return len(sums)

    def added(start: int) -> object:
        sums = []
        for i in range(start, min(start + BATCH, len(X)), ROWS):
            x, y = X[i : i + ROWS], Y[i : i + ROWS]
            H = np.maximum(x @ more.T, 0.0)
            E, change = y - H[:, :d] @ A.T, H[:, 1:] @ A.T
            pulled = (change @ A) * (H[:, :d] > 0.0)
            sums.append((np.vdot(E, change), change.T @ H, pulled.T @ x))
        return len(sums)

    start = time.perf_counter()
    with using_cores(None):
        for work in (moments, gradient, gradient, tried, added):
            list(over_batches(work, range(0, len(X), BATCH)))
    return time.perf_counter() - start


def main() -> None:
    """Measure them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    options = parser.parse_args()
    X, Y = (np.load(f"{options.folder}/{name}.npy") for name in "XY")
    print(json.dumps({"seconds": min(product_loop(X, Y) for _ in range(2))}))


if __name__ == "__main__":
    main()
