"""The problem in the coordinates that the engine works in.

Inputs are white on their span, outputs have unit power, and each row is scaled by the root of its
weight. A hidden bias is the weight of an input that is always 1; an output bias is the column of A
that belongs to a unit that is always 1. So neither appears in the algebra of the engine.

Where an output bias is fitted, the outputs come without their means: an offset that is large
against their spread would take digits from every sum. Without one, an offset is part of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pureneuron.linalg import svd, tall_product
from pureneuron.model import Activation, Likelihood, TwoLayerNetwork, counted
from pureneuron.problem.rows import GivenRows, LinearRows, Rows, weight_sums
from pureneuron.problem.second_moments import SecondMoments
from pureneuron.problem.whitening import Whitening, whitening_within
from pureneuron.results import StageReport
from pureneuron.samples import Batch, Samples, Sum
from pureneuron.samples.thinning import Kept
from pureneuron.typing import Array, IndexArray

__all__ = ["Problem", "Thresholds", "n_unknowns"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning.

    Attributes
    ----------
    across : float
        Share of an input across the span from which on its own weight is not known (rounding).
    most_spread : float
        Mean square of white inputs along any direction on a part of the rows, or the inverse, from
        which on it does not stand for all rows: single rows carry a direction of their own.
    most_sampled : float
        Share of all rows up to which a sample of them is worth its passes (make bench-scale).
    """

    across: float = 1e-6
    most_spread: float = 2.0
    most_sampled: float = 0.25


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Problem:
    """A data set in the engine's coordinates, and the model that is fitted to it.

    Attributes
    ----------
    rows : Rows, LinearRows or GivenRows
        ``√w x̃`` and ``√w (y − centre) / scale``, with the outputs whitened by the likelihood.
    n_rows : int
        Number of rows n.
    total : float
        Sum of the weights.
    n_effective : float
        Number of rows, or what their weights leave of it.
    output_scale : float
        Standard deviation of the outputs, all together: loss is relative to its square.
    activation : Activation
        σ.
    likelihood : Likelihood
        What is assumed of the noise.
    fit_hidden_bias, fit_intercept : bool
        Whether ``b`` and ``c`` are fitted.
    fit_linear : bool
        Whether a linear part ``L x`` is fitted beside the neurons.
    whitening : Whitening
        The input coordinates.
    input_span : (d, r) array
        Orthonormal basis of the span of the inputs themselves (without the constant input).
    moments : SecondMoments
        Of the raw data (with the constant input, where there is one), outputs centred and
        whitened.
    grouped : bool
        Whether the rows come with groups that may share noise.
    single : bool
        Whether passes are made in single precision.
    kept, runs : Kept or None
        Random rows, where there are many; and runs of consecutive ones, of samples that do not lie
        in memory.
    """

    rows: Rows | LinearRows | GivenRows
    n_rows: int
    total: float
    n_effective: float
    output_scale: float
    activation: Activation
    likelihood: Likelihood
    fit_hidden_bias: bool
    fit_intercept: bool
    whitening: Whitening
    input_span: Array
    moments: SecondMoments
    grouped: bool = False
    single: bool = False
    fit_linear: bool = False
    kept: Kept | None = None
    runs: Kept | None = None

    @property
    def source(self) -> Samples:
        """The raw data."""
        return self.rows.source

    @property
    def samples(self) -> Samples:
        """The rows, in the precision of the problem."""
        return self.rows.single if self.single else self.rows.double

    @property
    def inputs_across(self) -> IndexArray:
        """Numbers of the inputs that lie across the span in part: what each does is not known."""
        return np.flatnonzero(1.0 - np.sum(self.input_span**2, axis=1) > THRESHOLDS.across)

    @property
    def centre(self) -> Array:
        """What is subtracted from the outputs, (m,): with an intercept their means, else zeros."""
        return np.zeros(self.n_outputs) if self.rows.centre is None else self.rows.centre

    @property
    def units_differ(self) -> bool:
        """Whether outputs count differently."""
        return bool(np.ptp(self.likelihood.whiten.diagonal()) > 0.0)

    @property
    def whiten_outputs(self) -> Array:
        """Matrix (m, m) that takes outputs of the data, less the centre, to those of the rows."""
        return np.asarray(self.likelihood.whiten / self.output_scale)

    @property
    def colour_outputs(self) -> Array:
        """Its inverse."""
        return np.asarray(self.likelihood.colour * self.output_scale)

    @property
    def in_single_precision(self) -> Problem:
        """The same problem with its passes in single precision."""
        return replace(self, single=True)

    @property
    def n_inputs(self) -> int:
        """Dimension r of the white coordinates."""
        return self.whitening.rank

    @property
    def n_beside(self) -> int:
        """Number of columns of A that do not belong to neurons."""
        return self.n_inputs * self.fit_linear + self._has_own_intercept

    @property
    def _has_own_intercept(self) -> bool:
        """Whether the last of those columns is an intercept, which no input that is 1 makes up."""
        return self.fit_intercept and not (self.fit_linear and self.fit_hidden_bias)

    @property
    def n_outputs(self) -> int:
        """Number of outputs m."""
        return self.rows.source.n_outputs

    @property
    def biased(self) -> bool:
        """Whether hidden or output biases are fitted, which moments know nothing of."""
        return self.fit_hidden_bias or self.fit_intercept

    def linear_part_shows(self, n_neurons: int) -> bool:
        """Tell whether ``B = A W`` can show k neurons: ``k ≤ min(r, m)``, and nothing beside."""
        alone = not self.biased and not self.fit_linear
        return alone and n_neurons <= min(self.n_inputs, self.n_outputs)

    @property
    def n_equations(self) -> float:
        """Number of measured outputs, n m, over the rows that count."""
        return self.n_effective * self.n_outputs

    def describe(self) -> StageReport:
        """Report rows, sizes, and what the inputs span."""
        d, rank = self.input_span.shape
        span = "all of it" if self.whitening.full else f"{rank} dimensions"
        condition = self.whitening.condition
        return StageReport(
            "data",
            f"{counted(self.n_rows, 'row')}, {counted(d, 'input')} that span {span} "
            f"(condition of E[xxᵀ] {condition:.2g}), {counted(self.n_outputs, 'output')}",
            {
                "n_rows": self.n_rows,
                "n_effective": self.n_effective,
                "n_inputs": d,
                "n_outputs": self.n_outputs,
                "rank_of_inputs": rank,
                "condition_of_inputs": condition,
                "output_rms": self.output_scale,
            },
        )

    def subset(self, size: int, *, rng: np.random.Generator) -> Problem:
        """Return a problem of ``size`` random rows, in memory."""
        if self.kept is not None and size <= len(self.kept):
            rows = np.sort(rng.choice(len(self.kept), size=size, replace=False))
            return self.on(self.kept.samples).part(rows)
        return self.part(np.sort(rng.choice(self.n_rows, size=size, replace=False)))

    def thinned(self, size: float) -> Problem:
        """Return a problem of about ``size`` rows from everywhere, or of all if those are fewer."""
        if self.kept is not None and size <= len(self.kept):
            return self.on(self.kept.some(int(size)).samples)
        every = int(self.n_rows // size)
        return self.part(np.arange(0, self.n_rows, every)) if every > 1 else self

    @cached_property
    def sample(self) -> Problem | None:
        """The rows that are kept, of many that do not lie in memory, where they stand for them."""
        if self.kept is None or self.source.in_memory:
            return None
        if len(self.kept) > THRESHOLDS.most_sampled * self.n_rows:
            return None
        kept = self.on(self.kept.samples)
        return kept if kept.stands_for_all else None

    @property
    def stands_for_all(self) -> bool:
        """Whether its rows are spread as are all those that its coordinates come from."""
        gram = self.samples.reduce(_gram)["XX"] / self.total
        values = np.linalg.eigvalsh(gram)
        least, most = 1.0 / THRESHOLDS.most_spread, THRESHOLDS.most_spread
        return bool(values[0] >= least and values[-1] <= most)

    def part(self, rows: IndexArray) -> Problem:
        """Return a problem of some rows, by ascending number, in memory."""
        return self.on(self.source.take(rows))

    def on(self, held: Samples) -> Problem:
        """Return the problem of some rows that lie in memory."""
        rows, counted = self.rows.on(held), held.reduce(weight_sums)
        size = int(counted["rows"])
        return replace(
            self,
            rows=rows,
            n_rows=size,
            total=float(counted["total"]),
            n_effective=float(size),
            kept=None,
            runs=None,
        )

    def recomputed(self) -> Problem:
        """Return the same problem, of whose rows nothing that is derived is kept."""
        return replace(self, rows=self.rows.on(self.source.recomputed()))

    def on_rows_of(self, whole: Problem) -> Problem:
        """Return the same model of all rows that another problem has."""
        return replace(
            self,
            rows=self.rows.on(whole.source),
            n_rows=whole.n_rows,
            total=whole.total,
            n_effective=whole.n_effective,
            kept=whole.kept,
            runs=whole.runs,
        )

    def without_inputs(self, directions: Array) -> Problem:
        """Return the same problem without some directions of the inputs, (d, z) orthonormal.

        Rows of W are zero along them from then on.
        """
        assert not isinstance(self.rows, GivenRows)
        left = self.input_span - directions @ (directions.T @ self.input_span)
        U, s, _ = svd(left, full_matrices=False)
        span = U[:, s > 0.5]
        basis = span
        if self.fit_hidden_bias:
            basis = np.zeros((len(span) + 1, span.shape[1] + 1))
            basis[:-1, :-1], basis[-1, -1] = span, 1.0
        coordinates = whitening_within(self.moments.xx, basis)
        rows = self.rows.with_transform(coordinates.transform)
        return replace(self, rows=rows, whitening=coordinates, input_span=span)

    def with_linear_part(self) -> Problem:
        """Return the same problem with a linear part ``L x``; its inputs are held twice.

        A hidden bias is the weight of an input that is always 1: with one, L has an intercept.
        """
        if self.fit_linear:
            return self
        assert not isinstance(self.rows, LinearRows)
        own = self.fit_intercept and not self.fit_hidden_bias
        rows = self.rows.with_inputs_beside(intercept=own)
        return replace(self, rows=rows, fit_linear=True)

    def without_linear_part(self) -> Problem:
        """Return the same problem without the linear part."""
        assert isinstance(self.rows, LinearRows)
        return replace(self, rows=self.rows.rows, fit_linear=False)

    def with_likelihood(self, likelihood: Likelihood) -> Problem:
        """Return the same problem under another likelihood: outputs are whitened by that one."""
        M = likelihood.whiten @ self.likelihood.colour
        moments = replace(
            self.moments,
            yx=M @ self.moments.yx,
            yy=M @ self.moments.yy @ M.T,
            y=M @ self.moments.y,
        )
        return replace(self, rows=self.rows.with_outputs(M), moments=moments, likelihood=likelihood)

    def with_activation(self, activation: Activation) -> Problem:
        """Return the same problem with another activation; its rows are shared."""
        return replace(self, activation=activation)

    def noise_variance(self, loss: float, n_neurons: int) -> float:
        """Estimate the noise variance from the loss of a fit of k neurons."""
        return self.likelihood.noise_variance(loss, n_unknowns(self, n_neurons), self.n_equations)

    def negligible_gain(self, n_neurons: int, tol: float) -> float:
        """Return the share of the loss of a fit of k neurons that is not worth a step."""
        unknowns = n_unknowns(self, n_neurons)
        return self.likelihood.negligible_gain(unknowns, self.n_equations, tol)

    @property
    def constant_input(self) -> Array:
        """White coordinates (r,) of the function that is 1; only with a hidden bias."""
        pick = np.zeros(len(self.moments.xx))
        pick[-1] = 1.0
        return self.whitening.to_white(pick)

    def coordinates(self, network: TwoLayerNetwork) -> tuple[Array, Array]:
        """Return W, a (k, r) array, and A, (m, k) and what stands beside, of a network."""
        parts, bias = [network.A], (network.output_bias - self.centre)[:, None]
        if self.fit_linear:
            linear = [network.linear, bias] if self.fit_hidden_bias else [network.linear]
            parts.append(self.whitening.to_white(np.hstack(linear)))
        if self._has_own_intercept:
            parts.append(bias)
        whitened = self.whiten_outputs @ np.hstack(parts)
        return self.to_white(network), np.asarray(whitened, np.float64)

    def to_white(self, network: TwoLayerNetwork) -> Array:
        """Return the rows of W of ``network`` in white coordinates, a (k, r) array."""
        W = network.W
        if self.fit_hidden_bias:
            W = np.column_stack([W, network.hidden_bias])
        return self.whitening.to_white(W)

    def network(self, W: Array, A: Array) -> TwoLayerNetwork:
        """Return the network in normal form that white rows ``W`` and columns ``A`` stand for."""
        weights = self.whitening.from_white(W)
        A = self.colour_outputs @ A
        linear, bias = self.beside(A[:, len(W) :])
        return TwoLayerNetwork(
            A=A[:, : len(W)],
            W=weights[:, :-1] if self.fit_hidden_bias else weights,
            hidden_bias=weights[:, -1] if self.fit_hidden_bias else None,
            output_bias=bias + self.centre,
            negative_slope=self.activation.negative_slope,
            linear=linear,
        ).normalized()

    def beside(self, columns: Array) -> tuple[Array, Array]:
        """Return L (…, m, d) and c (…, m) for the columns of A that belong to no neuron.

        Parameters
        ----------
        columns : (…, m, q) array
            With outputs in the units of the data.
        """
        d, r = len(self.input_span), self.n_inputs
        linear, bias = np.zeros((*columns.shape[:-1], d)), np.zeros(columns.shape[:-1])
        if self.fit_linear:
            raw = columns[..., :r] @ self.whitening.transform.T
            linear = raw[..., :d]
            bias = raw[..., d] if self.fit_hidden_bias else bias
        return linear, bias + columns[..., -1] if self._has_own_intercept else bias


def _gram(batch: Batch) -> dict[str, Sum]:
    return {"XX": Sum(tall_product(batch.X, batch.X))}


def n_unknowns(problem: Problem, n_neurons: int) -> int:
    """Count the unknowns of a network of k neurons, ``k (r + m − 1)`` and the output bias.

    Where the rows themselves limit the span, the inputs count in full: more rows would show them.
    """
    d = problem.n_inputs
    if d >= problem.n_effective:
        d = len(problem.moments.xx)
    count = n_neurons * (d + problem.n_outputs - 1)
    return count + problem.n_outputs * problem.n_beside
