"""The least-squares problem in the coordinates that the engine works in.

Inputs are white on their span, outputs have unit power, and each row is scaled by the root of its
weight. A hidden bias is the weight of an input that is always 1; an output bias is the column of A
that belongs to a unit that is always 1. So neither appears in the algebra of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.moments.rows import Rows
from pureneuron.moments.second_order import SecondMoments, second_moments
from pureneuron.moments.whitening import Whitening, whitening
from pureneuron.network import TwoLayerNetwork
from pureneuron.samples import Batch, Max, Samples
from pureneuron.typing import Array

__all__ = ["Problem", "n_unknowns", "pose"]


@dataclass(frozen=True)
class Problem:
    """A data set in the engine's coordinates.

    Attributes
    ----------
    rows : Rows
        ``√w x̃`` and ``√w y / scale``, with the outputs mixed.
    total : float
        Sum of the weights.
    n_effective : float
        Number of rows, or what their weights leave of it.
    output_scale : float
        Standard deviation of the outputs, all together: loss is relative to its square.
    negative_slope : float
        Slope of σ on the negative side.
    fit_hidden_bias, fit_intercept : bool
        Whether ``b`` and ``c`` are fitted.
    whitening : Whitening
        The input coordinates.
    input_span : (d, r) array
        Orthonormal basis of the span of the inputs themselves (without the constant input).
    moments : SecondMoments
        Of the data as they came (with the constant input, where there is one), outputs mixed.
    unmix : (m, m) array
        The identity, or what leads from outputs that have been mixed back to those that came.
    single : bool
        Whether passes are made in single precision.
    """

    rows: Rows
    total: float
    n_effective: float
    output_scale: float
    negative_slope: float
    fit_hidden_bias: bool
    fit_intercept: bool
    whitening: Whitening
    input_span: Array
    moments: SecondMoments
    unmix: Array
    single: bool = False

    @property
    def source(self) -> Samples:
        """The data as they came."""
        return self.rows.source

    @property
    def samples(self) -> Samples:
        """The rows, in the precision of the problem."""
        return self.rows.single if self.single else self.rows.double

    @property
    def in_single_precision(self) -> Problem:
        """The same problem with its passes in single precision."""
        return replace(self, single=True)

    @property
    def n_rows(self) -> int:
        """Number of rows n."""
        return self.rows.source.n_rows

    @property
    def n_inputs(self) -> int:
        """Dimension r of the white coordinates."""
        return self.whitening.rank

    @property
    def n_outputs(self) -> int:
        """Number of outputs m."""
        return self.rows.source.n_outputs

    @property
    def biased(self) -> bool:
        """Whether hidden or output biases are fitted, which moments know nothing of."""
        return self.fit_hidden_bias or self.fit_intercept

    def shows_all(self, n_neurons: int) -> bool:
        """Tell whether ``B = A W`` can show k neurons: ``k ≤ min(r, m)``, and no biases."""
        return not self.biased and n_neurons <= min(self.n_inputs, self.n_outputs)

    @property
    def n_equations(self) -> float:
        """Number of measured outputs, n m, over the rows that count."""
        return self.n_effective * self.n_outputs

    def subset(self, size: int, *, rng: np.random.Generator) -> Problem:
        """Return a problem of ``size`` random rows, in memory."""
        rows = self.rows.subset(size, rng=rng)
        return replace(self, rows=rows, total=rows.total_weight(), n_effective=float(size))

    def with_outputs(self, M: Array, inverse: Array) -> Problem:
        """Return the same problem for the outputs ``M y``; ``inverse`` is that of M."""
        moments = replace(
            self.moments,
            yx=M @ self.moments.yx,
            yy=M @ self.moments.yy @ M.T,
            y=M @ self.moments.y,
        )
        return replace(
            self,
            rows=self.rows.with_outputs(M),
            moments=moments,
            unmix=self.unmix @ inverse,
        )

    @property
    def constant_input(self) -> Array:
        """White coordinates (r,) of the function that is 1; only with a hidden bias."""
        pick = np.zeros(len(self.moments.xx))
        pick[-1] = 1.0
        return self.whitening.to_white(pick)

    def coordinates(self, network: TwoLayerNetwork) -> tuple[Array, Array]:
        """Return W, a (k, r) array, and A, (m, k) or with an intercept (m, k + 1), of a network."""
        A = network.A
        if self.fit_intercept:
            A = np.column_stack([A, network.output_bias])
        mixed = np.linalg.solve(self.unmix, A) / self.output_scale
        return self.to_white(network), np.asarray(mixed, np.float64)

    def to_white(self, network: TwoLayerNetwork) -> Array:
        """Return the rows of W of ``network`` in white coordinates, a (k, r) array."""
        W = network.W
        if self.fit_hidden_bias:
            W = np.column_stack([W, network.hidden_bias])
        return self.whitening.to_white(W)

    def network(self, W: Array, A: Array) -> TwoLayerNetwork:
        """Return the network in normal form that white rows ``W`` and columns ``A`` stand for."""
        weights = self.whitening.from_white(W)
        A = self.unmix @ A * self.output_scale
        k = len(W)
        return TwoLayerNetwork(
            A=A[:, :k],
            W=weights[:, :-1] if self.fit_hidden_bias else weights,
            hidden_bias=weights[:, -1] if self.fit_hidden_bias else None,
            output_bias=A[:, k] if self.fit_intercept else None,
            negative_slope=self.negative_slope,
        ).normalized()


def n_unknowns(problem: Problem, n_neurons: int) -> int:
    """Count the unknowns of a network of k neurons, ``k (r + m − 1)`` and the output bias.

    Where the rows themselves limit the span, the inputs count in full: more rows would show them.
    """
    d = problem.n_inputs
    if d >= problem.n_effective:
        d = len(problem.moments.xx)
    count = n_neurons * (d + problem.n_outputs - 1)
    return count + problem.n_outputs * problem.fit_intercept


def pose(
    samples: Samples,
    *,
    negative_slope: float = 0.0,
    fit_hidden_bias: bool = False,
    fit_intercept: bool = False,
) -> Problem:
    """Bring ``samples`` to the engine's coordinates: one pass for moments.

    Weights count relative to one another: their largest is made 1, in one pass more.
    """
    largest = float(samples.reduce(_largest_weight)["largest"])
    if largest != 1.0:
        samples = samples.derive(_scaled_weights, largest)
    moments = second_moments(samples, constant_input=fit_hidden_bias)
    coordinates = whitening(moments.xx)
    d = samples.n_inputs
    span = whitening(moments.xx[:d, :d]).span if fit_hidden_bias else coordinates.span
    if coordinates.rank == 0 or (fit_hidden_bias and coordinates.rank == 1):
        raise ValueError(
            "X does not vary against its own size in double precision: subtract its mean first"
        )
    power = np.diag(moments.yy)
    variance = np.maximum(power - moments.y**2, power * np.finfo(np.float64).eps)
    scale = float(np.sqrt(np.mean(variance)))
    return Problem(
        rows=Rows(samples, coordinates.transform, 1.0 / scale, fit_hidden_bias, fit_intercept),
        total=moments.total,
        n_effective=moments.n_effective,
        output_scale=scale,
        negative_slope=negative_slope,
        fit_hidden_bias=fit_hidden_bias,
        fit_intercept=fit_intercept,
        whitening=coordinates,
        input_span=span,
        moments=moments,
        unmix=np.eye(samples.n_outputs),
    )


def _largest_weight(batch: Batch) -> dict[str, Max]:
    if batch.weight is None:
        return {"largest": Max(np.float64(1.0))}
    return {"largest": Max(array_api_compat.array_namespace(batch.weight).max(batch.weight))}


def _scaled_weights(batch: Batch, largest: float) -> Batch:
    weight = batch.weight
    return batch if weight is None else replace(batch, weight=weight / largest)
