"""The rows of a problem: the raw samples in the coordinates that the engine works in.

They are made when they are asked for. Most fits run in single precision up to their last pass, and
that one works on the raw inputs: rows in double precision are then never made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import array_api_compat

from pureneuron.linalg import single_rows
from pureneuron.problem.second_moments import design, parts_in_double
from pureneuron.samples import Batch, Kernel, Leaf, Merged, Samples, Sum, merge_leaves
from pureneuron.samples.groups import GROUP, group_of
from pureneuron.typing import AnyArray, Array

__all__ = ["BESIDE", "GivenRows", "LinearRows", "Rows", "total_weight", "weight_sums"]

BESIDE = "beside"
"""Name of the extra columns that A has weights for beside the activations."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows ``√w Tᵀx`` and ``√w M (y − centre)``, for inputs x that may have a constant appended.

    Where there are weights, the extra column ``root`` holds ``√w``; where there is an intercept,
    ``beside`` holds the same, or ones: what A has weights for beside the
    activations. Where the rows have groups, ``group`` holds them as they are.

    Attributes
    ----------
    source : Samples
        The raw samples.
    transform : (d, r) array
        T.
    outputs : float or (m, m) array
        M, or the number that it is a multiple of the identity by.
    constant_input, intercept : bool
        Whether an input is appended that is always 1, and whether its column is wanted.
    centre : (m,) array or None
        What is subtracted from the outputs of the source; None stands for nothing.
    """

    source: Samples
    transform: Array
    outputs: float | Array
    constant_input: bool
    intercept: bool
    centre: Array | None = None

    @cached_property
    def double(self) -> Samples:
        """The rows in double precision; once made, they are kept."""
        return self.source.derive(_transformed, *self._parameters)

    @cached_property
    def single(self) -> Samples:
        """The rows in single precision; once made, they are kept."""
        return self.source.derive(_transformed_to_single, *self._parameters)

    def reduce_raw(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over ``√w x`` and ``√w M (y − centre)``, in double.

        One pass, which keeps nothing.
        """
        return self.source.reduce(_reduced_raw, *self._parameters[1:], kernel, *params)

    def on(self, source: Samples) -> Rows:
        """Return other samples in the same coordinates."""
        return replace(self, source=source)

    def with_outputs(self, M: Array) -> Rows:
        """Return the rows with their outputs multiplied by M."""
        outputs = self.outputs
        return replace(self, outputs=M * outputs if isinstance(outputs, float) else M @ outputs)

    def with_transform(self, transform: Array) -> Rows:
        """Return the rows in other coordinates of the inputs."""
        return replace(self, transform=transform)

    def with_inputs_beside(self, *, intercept: bool) -> LinearRows:
        """Return the rows with their inputs beside the activations; see :class:`LinearRows`."""
        return LinearRows(self, intercept)

    @property
    def _parameters(self) -> tuple[Array, float | Array, bool, bool, Array | None]:
        return self.transform, self.outputs, self.constant_input, self.intercept, self.centre


@dataclass(frozen=True, eq=False)
class LinearRows:
    """Rows whose white inputs stand beside the activations, for a linear part of their own.

    Attributes
    ----------
    rows : Rows
        The rows.
    intercept : bool
        Whether the column of the intercept stays beside them.
    """

    rows: Rows
    intercept: bool

    @property
    def source(self) -> Samples:
        """The raw samples."""
        return self.rows.source

    @property
    def centre(self) -> Array | None:
        """What is subtracted from the outputs of the source; None stands for nothing."""
        return self.rows.centre

    @cached_property
    def double(self) -> Samples:
        """The rows in double precision; once made, they are kept."""
        return self.rows.double.derive(_with_inputs_beside, self.intercept)

    @cached_property
    def single(self) -> Samples:
        """The rows in single precision; once made, they are kept."""
        return self.rows.single.derive(_with_inputs_beside, self.intercept)

    def reduce_raw(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over raw rows, as for :class:`Rows`, white ones beside."""
        return self.rows.reduce_raw(
            _with_white_beside, self.rows.transform, self.intercept, kernel, *params
        )

    def on(self, source: Samples) -> LinearRows:
        """Return other samples in the same coordinates."""
        return replace(self, rows=self.rows.on(source))

    def with_outputs(self, M: Array) -> LinearRows:
        """Return the rows with their outputs multiplied by M."""
        return replace(self, rows=self.rows.with_outputs(M))

    def with_transform(self, transform: Array) -> LinearRows:
        """Return the rows in other coordinates of the inputs."""
        return replace(self, rows=self.rows.with_transform(transform))


@dataclass(frozen=True, eq=False)
class GivenRows:
    """Rows that are in the engine's coordinates already: for problems within a problem.

    Attributes
    ----------
    source : Samples
        The rows; the extra column ``root`` holds the root of their weight, where they have one, and
        ``beside`` what A has weights for beside the activations.
    """

    source: Samples
    centre: None = None

    @property
    def double(self) -> Samples:
        """The rows as they are."""
        return self.source

    @property
    def single(self) -> Samples:
        """The rows as they are."""
        return self.source

    def reduce_raw(self, kernel: Kernel, *params: Any) -> Merged:
        """Run ``kernel(batch, *params)`` over the rows as they are."""
        return self.source.reduce(kernel, *params)

    def on(self, source: Samples) -> GivenRows:
        """Return other samples that are in the engine's coordinates."""
        return GivenRows(source)

    def with_outputs(self, M: Array) -> GivenRows:
        """Return the rows with ``M y`` in the place of the outputs y."""
        return GivenRows(self.source.derive(_with_outputs, M))

    def with_inputs_beside(self, *, intercept: bool) -> GivenRows:
        """Return the rows with their inputs beside the activations."""
        return GivenRows(self.source.derive(_with_inputs_beside, intercept))


def _with_inputs_beside(batch: Batch, intercept: bool) -> Batch:
    return _beside(batch, batch.X, intercept)


def _with_white_beside(
    batch: Batch, transform: AnyArray, intercept: bool, kernel: Kernel, *params: Any
) -> Mapping[str, Leaf]:
    return kernel(_beside(batch, batch.X @ transform, intercept), *params)


def _beside(batch: Batch, columns: AnyArray, intercept: bool) -> Batch:
    xp = array_api_compat.array_namespace(batch.X)
    if intercept:
        columns = xp.concat([columns, batch.extra[BESIDE]], axis=1)
    return replace(batch, extra={**batch.extra, BESIDE: columns})


def _with_outputs(batch: Batch, M: AnyArray) -> Batch:
    return replace(batch, Y=batch.Y @ M.T)


def total_weight(batch: Batch) -> AnyArray:
    """Return the sum of the weights of rows, raw ones or those of a problem."""
    if "root" in batch.extra:
        return (batch.extra["root"].T @ batch.extra["root"])[0, 0]
    if batch.weight is None:
        return float(batch.X.shape[0])
    return array_api_compat.array_namespace(batch.X).sum(batch.weight)


def weight_sums(batch: Batch) -> dict[str, Sum]:
    """Return the :func:`total_weight` as ``total``, and the number of ``rows``."""
    return {"total": Sum(total_weight(batch)), "rows": Sum(float(batch.X.shape[0]))}


def _transformed(batch: Batch, transform: AnyArray, *others: Any) -> Batch:
    rows = _raw(batch, *others)
    return replace(rows, X=rows.X @ transform)


def _raw(
    batch: Batch,
    outputs: AnyArray,
    constant_input: bool,
    intercept: bool,
    centre: AnyArray | None,
) -> Batch:
    X, Y, one = design(batch, constant_input, centre)
    extra = {"root": one} if batch.weight is not None else {}
    if intercept:
        extra[BESIDE] = one
    Y = Y * outputs if isinstance(outputs, float) else Y @ outputs.T
    return Batch(X=X, Y=Y, offset=batch.offset, extra={**extra, **group_of(batch)})


def _transformed_to_single(batch: Batch, *parameters: Any) -> Batch:
    names: list[str] = []

    def matrices() -> Iterator[list[AnyArray]]:
        for part in parts_in_double(batch):
            made = _transformed(part, *parameters)
            # Groups are whole numbers: single precision would confuse large ones.
            names[:] = (name for name in made.extra if name != GROUP)
            yield [made.X, made.Y, *(made.extra[name] for name in names)]

    X, Y, *others = single_rows(matrices(), batch.X.shape[0])
    extra = {**dict(zip(names, others, strict=True)), **group_of(batch)}
    return Batch(X=X, Y=Y, offset=batch.offset, extra=extra)


def _reduced_raw(
    batch: Batch,
    outputs: AnyArray,
    constant_input: bool,
    intercept: bool,
    centre: AnyArray | None,
    kernel: Kernel,
    *params: Any,
) -> Mapping[str, Leaf]:
    return merge_leaves(
        kernel(_raw(part, outputs, constant_input, intercept, centre), *params)
        for part in parts_in_double(batch)
    )
