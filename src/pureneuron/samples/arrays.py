"""Samples held in memory."""

from __future__ import annotations

from dataclasses import dataclass

from pureneuron.devices import is_on_device, refuse_apart
from pureneuron.samples.batch import Batch
from pureneuron.samples.freed_memory import keep_freed_memory
from pureneuron.samples.groups import group_codes, group_column
from pureneuron.samples.numbers import real_array
from pureneuron.samples.protocol import HeldBatches
from pureneuron.typing import AnyArray

__all__ = ["ArraySamples", "batches_of"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how rows are held.

    Attributes
    ----------
    batch_entries, batch_rows : int
        A batch of this many entries of X and Y (a few megabytes), and at least so many rows, stays
        near the processor's cache while it is long enough that the cost of a call does not show
        (rates.py, make bench).
    device_entries : int
        The same on a device, which has no use for small batches and room for large ones (gpu.py).
    """

    batch_entries: int = 1_000_000
    batch_rows: int = 512
    device_entries: int = 50_000_000


THRESHOLDS = Thresholds()


class ArraySamples(HeldBatches):
    """Rows of ``X`` and ``Y`` in memory, as arrays of any Array API library.

    Lists and data frames become NumPy arrays. Float32 is kept; integers and booleans become
    float64.

    Parameters
    ----------
    X : (n, d) array or array-like
        Inputs.
    Y : (n, m) or (n,) array or array-like
        Outputs; a vector is one column.
    weight : (n,) array or array-like, optional
        Sample weights, not negative.
    groups : (n,) array or array-like, optional
        A label for each row, whole numbers or text: rows of one group may share their noise.
    input_names, output_names : sequence of str, optional
        Column names; ``x0 …`` and ``y0 …`` if left out.
    batch_rows : int, optional
        Rows a batch; a size that suits the processor if left out.

    Raises
    ------
    ValueError
        If an argument is of another shape, if the numbers of rows or of names do not fit, if the
        values are complex, text or objects, if a label is missing, or if X, Y and weight are not of
        one library and on one device.
    """

    def __init__(
        self,
        X: AnyArray,
        Y: AnyArray,
        weight: AnyArray | None = None,
        *,
        groups: AnyArray | None = None,
        input_names: tuple[str, ...] | None = None,
        output_names: tuple[str, ...] | None = None,
        batch_rows: int | None = None,
    ) -> None:
        X, Y = real_array("X", X), real_array("Y", Y)
        if Y.ndim == 1:
            Y = Y[:, None]
        for name, matrix in (("X", X), ("Y", Y)):
            if matrix.ndim != 2:
                raise ValueError(
                    f"{name} has shape {tuple(matrix.shape)}: a matrix with a row a sample is "
                    "expected"
                )
        if weight is not None:
            weight = real_array("weight", weight)
            if weight.ndim != 1:
                raise ValueError(
                    f"weight has shape {tuple(weight.shape)}: a vector with one weight a row is "
                    "expected"
                )
        refuse_apart(X=X, Y=Y, weight=weight)
        codes = None if groups is None else group_codes(groups)
        parts = {"X": X, "Y": Y, "weight": weight, "groups": codes}
        rows = {name: part.shape[0] for name, part in parts.items() if part is not None}
        if len(set(rows.values())) != 1:
            raise ValueError(
                f"{' and '.join(rows)} must have equally many rows, got {list(rows.values())}"
            )
        for what, names, count in (
            ("input_names", input_names, X.shape[1]),
            ("output_names", output_names, Y.shape[1]),
        ):
            if names is not None and len(names) != count:
                raise ValueError(f"{what} has {len(names)} names for {count} columns")
        extra = {} if codes is None else group_column(codes, X)
        whole = Batch(X, Y, weight, extra=extra)
        super().__init__(batches_of(whole, batch_rows), input_names, output_names)


def batches_of(whole: Batch, batch_rows: int | None = None) -> tuple[Batch, ...]:
    """Cut rows that lie in memory into batches, of a size that suits the processor."""
    keep_freed_memory()
    width = whole.X.shape[1] + whole.Y.shape[1]
    on_device = is_on_device(whole.X)
    entries = THRESHOLDS.device_entries if on_device else THRESHOLDS.batch_entries
    fitting = max(THRESHOLDS.batch_rows, entries // max(width, 1))
    return tuple(whole.parts(batch_rows or fitting)) or (whole,)
