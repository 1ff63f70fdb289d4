"""The rows of a problem: those that came, in the coordinates that the engine works in.

They are made when they are asked for. Most fits run in single precision to their last pass, and
that one takes the inputs as they came: in double precision none are ever made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.moments.second_order import design
from pureneuron.samples import Batch, Kernel, Leaf, Merged, Samples, Sum, merge_leaves
from pureneuron.typing import AnyArray, Array

__all__ = ["Rows"]

# Entries of X and Y that are in double precision at a time, and the fewest rows.
_PART_ENTRIES, _PART_ROWS = 100_000, 1024


@dataclass(frozen=True)
class Rows:
    """Rows ``√w Tᵀx`` and ``√w M y``, for inputs x that may have been given a constant.

    Where there are weights, the extra column ``root`` holds ``√w``; where there is an intercept,
    ``one`` holds the same, or ones.

    Attributes
    ----------
    source : Samples
        The rows as they came.
    transform : (d, r) array
        T.
    outputs : float or (m, m) array
        M, or the number that it is a multiple of the identity by.
    constant_input, intercept : bool
        Whether an input is appended that is always 1, and whether ``one`` is wanted.
    """

    source: Samples
    transform: Array
    outputs: float | Array
    constant_input: bool
    intercept: bool

    @cached_property
    def double(self) -> Samples:
        """The rows in double precision; once made, they are kept."""
        return self.source.derive(_transformed, *self._parameters)

    @cached_property
    def single(self) -> Samples:
        """The rows in single precision; once made, they are kept."""
        return self.source.derive(_transformed_to_single, *self._parameters)

    def reduce_as_they_came(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over ``√w x`` and ``√w M y``, in double precision.

        One pass, which keeps nothing.
        """
        return self.source.reduce(_reduced_as_they_came, *self._parameters[1:], kernel, *params)

    def subset(self, size: int, *, rng: np.random.Generator) -> Rows:
        """Draw ``size`` rows at random, without replacement, into memory."""
        return replace(self, source=self.source.subset(size, rng=rng))

    def total_weight(self) -> float:
        """Return the sum of the weights, in one pass."""
        return float(self.source.reduce(_total)["total"])

    def with_outputs(self, M: Array) -> Rows:
        """Return the rows with ``M y`` in the place of the outputs y."""
        outputs = self.outputs
        return replace(self, outputs=M * outputs if isinstance(outputs, float) else M @ outputs)

    @property
    def _parameters(self) -> tuple[Array, float | Array, bool, bool]:
        return self.transform, self.outputs, self.constant_input, self.intercept


def _total(batch: Batch) -> dict[str, Sum]:
    if batch.weight is None:
        return {"total": Sum(float(batch.X.shape[0]))}
    return {"total": Sum(array_api_compat.array_namespace(batch.X).sum(batch.weight))}


def _transformed(batch: Batch, transform: AnyArray, *others: Any) -> Batch:
    rows = _as_they_came(batch, *others)
    return replace(rows, X=rows.X @ transform)


def _as_they_came(batch: Batch, outputs: AnyArray, constant_input: bool, intercept: bool) -> Batch:
    X, Y, one = design(batch, constant_input)
    extra = {"root": one} if batch.weight is not None else {}
    if intercept:
        extra["one"] = one
    Y = Y * outputs if isinstance(outputs, float) else Y @ outputs.T
    return Batch(X=X, Y=Y, offset=batch.offset, extra=extra)


def _transformed_to_single(batch: Batch, *parameters: Any) -> Batch:
    xp = array_api_compat.array_namespace(batch.X)
    columns: list[AnyArray] = []
    for part in _parts(batch):
        made = _transformed(part, *parameters)
        values = (made.X, made.Y, *made.extra.values())
        if not columns:
            columns = [_room(xp, batch, column) for column in values]
        rows = slice(part.offset - batch.offset, part.offset - batch.offset + len(part.X))
        for whole, column in zip(columns, values, strict=True):
            whole[rows] = column
    X, Y, *others = columns
    return Batch(X=X, Y=Y, offset=batch.offset, extra=dict(zip(made.extra, others, strict=True)))


def _room(xp: ModuleType, batch: Batch, column: AnyArray) -> AnyArray:
    shape, device = (batch.X.shape[0], column.shape[1]), array_api_compat.device(batch.X)
    return xp.empty(shape, dtype=xp.float32, device=device)


def _reduced_as_they_came(
    batch: Batch,
    outputs: AnyArray,
    constant_input: bool,
    intercept: bool,
    kernel: Kernel,
    *params: Any,
) -> Mapping[str, Leaf]:
    return merge_leaves(
        kernel(_as_they_came(part, outputs, constant_input, intercept), *params)
        for part in _parts(batch)
    )


def _parts(batch: Batch) -> Iterator[Batch]:
    return batch.parts(max(_PART_ROWS, _PART_ENTRIES // (batch.X.shape[1] + batch.Y.shape[1])))
