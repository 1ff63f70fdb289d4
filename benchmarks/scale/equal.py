"""Networks from the same rows in other places: how far they are from one another."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import zarr
from benchmarks.scale.data import Folder

from pureneuron import recover
from pureneuron.recovery import Recovery
from pureneuron.samples import ArraySamples, Samples, StreamedSamples, read_samples
from pureneuron.samples.dask import DaskSamples
from pureneuron.typing import Array

__all__ = ["largest_differences"]

ROWS = 2_000_000


def largest_differences(folder: Path) -> dict[str, float]:
    """Fit the rows in each place; return relative differences of all weights to the first."""
    data = Folder(ROWS, biases=True)
    X, Y = data.arrays()
    found: dict[str, float] = {}
    first: Recovery | None = None
    for name, samples in _places(folder, data, X, Y):
        recovery = recover(samples, data.size, fit_hidden_bias=True, fit_intercept=True, rng=0)
        first = first or recovery
        if recovery.status is not first.status:
            raise RuntimeError(f"{name}: {recovery.status}, not {first.status}")
        found[name] = _difference(first, recovery)
    return found


def _difference(first: Recovery, other: Recovery) -> float:
    network = other.network.permuted(first.network.match(other.network).permutation)
    pairs = [
        (getattr(first.network, name), getattr(network, name))
        for name in ("A", "W", "hidden_bias", "output_bias")
    ]
    return max(float(np.abs(a - b).max() / np.abs(a).max()) for a, b in pairs)


def _places(folder: Path, data: Folder, X: Array, Y: Array):  # type: ignore[no-untyped-def]
    import dask.array as da

    path = data.written(folder)
    yield "Parquet", read_samples(path, memory_limit="100MiB")
    yield "Parquet, small batches", read_samples(path, memory_limit="4MiB")
    yield "memory, made anew", ArraySamples(X, Y).recomputed()
    yield "memory", ArraySamples(X, Y)
    own = folder / "equal.zarr"
    group = zarr.open_group(own, mode="w")
    for name, M in (("X", X), ("Y", Y)):
        group.create_array(name, data=M, chunks=(100_000, M.shape[1]))
    yield "Zarr", read_samples(own, memory_limit="100MiB")
    with h5py.File(folder / "equal.h5", "w") as file:
        file["X"], file["Y"] = X, Y
    yield "HDF5", read_samples(folder / "equal.h5", memory_limit="100MiB")
    yield "batches of 777 rows", _cut(X, Y, 777)
    chunks = (150_000, X.shape[1])
    yield "Dask", DaskSamples.from_arrays(da.from_array(X, chunks), da.from_array(Y, chunks))


def _cut(X: Array, Y: Array, rows: int) -> Samples:
    return StreamedSamples(
        lambda: ((X[i : i + rows], Y[i : i + rows], None) for i in range(0, len(X), rows))
    )
