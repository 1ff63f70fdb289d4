"""Rows that are brought onto a device, to be summed there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pureneuron.devices import check_device, onto
from pureneuron.samples.arrays import batches_of
from pureneuron.samples.batch import Batch, Kernel, Merged
from pureneuron.samples.protocol import HeldBatches, Samples
from pureneuron.typing import IndexArray

__all__ = ["on_device"]


def on_device(samples: Samples, device: str) -> Samples:
    """Return samples with their rows on a device of PyTorch's, such as a GPU.

    Rows in memory are copied there once. Of others each pass copies batch after batch, and
    works on one while the next is read.

    Parameters
    ----------
    samples : Samples
        With rows of NumPy's: arrays, files, or anything that yields batches; not those that the
        workers of a cluster hold.
    device : str
        As PyTorch calls it: "cuda", "cuda:1".

    Returns
    -------
    Samples
        With the same names, notes and fingerprint.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError
        If it has no such device here, or that has no double precision.
    """
    check_device(device)
    if isinstance(samples, HeldBatches):
        whole = _moved(samples.joined(), device)
        there: Samples = HeldBatches(batches_of(whole), samples.input_names, samples.output_names)
    else:
        there = _StreamedThere(samples.derive(_moved, device), device)
    for name in ("notes", "fingerprint"):
        if hasattr(samples, name):
            setattr(there, name, getattr(samples, name))
    return there


class _StreamedThere(Samples):
    """Samples whose batches come onto a device one after the other; what is taken stays there."""

    def __init__(self, there: Samples, device: str) -> None:
        self._there, self._device = there, device
        self.n_inputs, self.n_outputs = there.n_inputs, there.n_outputs
        self.input_names, self.output_names = there.input_names, there.output_names

    def origin(self, row: int) -> tuple[str, int]:
        return self._there.origin(row)

    def reduce(self, kernel: Kernel, *params: Any) -> Merged:
        return self._there.reduce(kernel, *params)

    def derive(self, fn: Callable[..., Batch], *params: Any) -> Samples:
        return _StreamedThere(self._there.derive(fn, *params), self._device)

    def take(self, rows: IndexArray) -> Samples:
        return super().take(rows).derive(_moved, self._device)

    def head(self, n_rows: int) -> Samples:
        return self._there.head(n_rows)


def _moved(batch: Batch, device: str) -> Batch:
    """Return a batch on a device."""
    weight = batch.weight
    return replace(
        batch,
        X=onto(batch.X, device),
        Y=onto(batch.Y, device),
        weight=None if weight is None else onto(weight, device),
        extra={name: onto(column, device) for name, column in batch.extra.items()},
    )
