"""Gauss–Newton steps by preconditioned conjugate gradients: the matrix is applied, never formed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.model import Activation
from pureneuron.optimize.conjugate_gradients import Operator, Solution, conjugate_gradients
from pureneuron.optimize.fit import Point
from pureneuron.optimize.least_squares import gaussian_inputs
from pureneuron.optimize.least_squares.biased_gaussian_inputs import (
    BiasedGaussianMatrix,
    SplitRows,
)
from pureneuron.optimize.least_squares.gaussian_inputs import GaussianMatrix, correlations
from pureneuron.optimize.least_squares.kernels import (
    cross_sums,
    gradient_sums,
    gram_sums,
    product_sums,
    profile_sums,
    with_activations,
    with_change,
)
from pureneuron.optimize.least_squares.projection import reference_of, scaled_reference
from pureneuron.optimize.quadratic_model import Step, damping_scale
from pureneuron.problem import Problem, n_unknowns
from pureneuron.samples import Samples
from pureneuron.typing import Array

__all__ = ["MatrixFreeModel"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    most_products : int
        Products of a step, at most (success.py).
    coarse : float
        Accuracy from which on a first product is made with some rows only (make bench).
    some_equations : float
        Equations for each unknown in these rows (make bench).
    some_leftover : float
        The product stands if it leaves no more than this share of the preconditioned gradient's
        square. Exactly, one product leaves 0.02 to 0.1 where it is enough; so few rows add as much
        (make bench, success.py).
    reliable : float
        With less than this left, the preconditioner is taken for the inverse itself (make bench).
    activity_rows, activity_rows_a_neuron : int
        Rows that show how often two of k neurons are active together: so many, for each neuron so
        many (success.py).
    least_work : float
        Multiplications n k r below which a product with all rows costs no more than the calls for
        one with some (rates.py).
    least_work_biased : float
        Multiplications n k r below which solving with the matrix of Gaussian inputs and biases
        costs more than the products that it saves (make bench).
    """

    most_products: int = 60
    coarse: float = 0.1
    some_equations: float = 8.0
    some_leftover: float = 0.3
    reliable: float = 0.1
    activity_rows: int = 256
    activity_rows_a_neuron: int = 8
    least_work: float = 300_000
    least_work_biased: float = 5e6


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class _Matrix:
    """The Gauss–Newton matrix at a point, as some rows have it."""

    samples: Samples
    point: Point
    gram_inverse: Array
    total: float
    activation: Activation

    def __matmul__(self, V: Array) -> Array:
        W, coupling = self.point.W, self.point.coupling
        samples = self.samples.derive(with_change, W, V, self.activation)
        cross = samples.reduce(cross_sums, W, V, self.activation)["HU"]
        C = self.gram_inverse @ cross / self.total
        sums = samples.reduce(product_sums, W, V, C, coupling, self.activation)
        return np.asarray(sums["product"] / self.total)


class MatrixFreeModel:
    """One pass projects A out, a second gathers the loss and its gradient.

    That is six products of n rows. Without a reference the loss has all its digits, for it is that
    of the residual itself; but A has them all, where the loss is small, with a reference only.

    A product with the matrix is two passes. In memory the activations stay beside the rows until
    they are released; where the data stream they are computed anew from batch to batch.

    The preconditioner is the matrix that Gaussian inputs would have. With it, one product is
    usually all that a step takes; and that one is enough, and how far to go, some of the rows can
    tell. It is the Kronecker product ``(Q ∘ E[D Dᵀ] + μ diag) ⊗ E[x̃x̃ᵀ]`` where the activation does
    not know that matrix, where there is a linear part, and with hidden biases on few rows: there it
    costs more than it saves. The second factor of that product is the identity in white
    coordinates: that would be exact if the activation pattern did not depend on the input.
    """

    def __init__(self, problem: Problem, W: Array, reference: Array | None = None) -> None:
        self._problem = problem
        self._kept: Samples | None
        activation, total, n = problem.activation, problem.total, problem.n_rows
        W, A = scaled_reference(problem, W, reference)
        rows = self._kept = problem.samples.derive(with_activations, W, activation)
        sums = rows.reduce(profile_sums, W, None if reference is None else A, activation)
        gram = sums["HH"] / total
        inverse = gram_inverse(gram)
        A = A + (inverse @ (sums["HE"] / total)).T
        every = max(
            1, n // max(THRESHOLDS.activity_rows, THRESHOLDS.activity_rows_a_neuron * len(W))
        )
        sums = rows.reduce(gradient_sums, W, A, activation, every)
        loss = float(sums["EE"]) / total / problem.n_outputs
        self.point = Point(W=W, A=A, loss=loss, gram=gram, gram_inverse=inverse)
        self.gradient: Array = sums["gradient"] / total
        self._active = sums["DD"] * (n / sums["rows"] / total)

    @property
    def active(self) -> Array:
        """Mean square slope of each neuron, (k,)."""
        return np.asarray(self._active.diagonal())

    @property
    def _samples(self) -> Samples:
        """Rows with the activations beside them."""
        if self._kept is None:
            self._kept = self._problem.samples.derive(
                with_activations, self.point.W, self._problem.activation
            )
        return self._kept

    def foretold(self, W: Array) -> None:
        """Return None: A at another W takes a pass."""

    def reference(self, W: Array) -> Array | None:
        """Return the A that is best here, where the loss is so small that rounding may show."""
        return reference_of(self.point)

    def release(self) -> None:
        """Drop the activations: those of the next point need the room."""
        self._kept = None

    def step(self, damping: float, accuracy: float, scale: float | None = None) -> Step:
        """Solve the damped system until the preconditioned residual has shrunk to ``accuracy``."""
        gradient = self.gradient
        diagonal = damping * damping_scale(self.point.coupling, self.active)
        ridge, precondition = diagonal[:, None], self._preconditioner(diagonal)
        if scale is not None:
            direction = precondition(gradient)
            return Step(scale * direction, scale * float(np.sum(gradient * direction)), scale)

        def solve(matrix: _Matrix, accuracy: float, max_products: int) -> Solution:
            return conjugate_gradients(
                lambda V: matrix @ V + ridge * V, gradient, precondition, accuracy, max_products
            )

        some = self._some_rows if accuracy >= THRESHOLDS.coarse else None
        solution = None if some is None else solve(some, 0.0, 1)
        if solution is None or solution.leftover > THRESHOLDS.some_leftover:
            solution = solve(self._all_rows, accuracy, THRESHOLDS.most_products)
        V = solution.V
        # 2 g·V − V·(J'J)V with (J'J + ridge)V = g − residual.
        predicted = float(np.sum(V * (gradient + solution.residual + ridge * V)))
        reliable = solution.leftover <= THRESHOLDS.reliable and not self._problem.fit_hidden_bias
        return Step(V, predicted, solution.scale, reliable)

    def _preconditioner(self, diagonal: Array) -> Operator:
        matrix = self._gaussian_matrix(diagonal)
        if matrix is not None:
            return matrix.solve
        inverse = gram_inverse(self.point.coupling * self._active + np.diag(diagonal))
        return lambda residual: inverse @ residual

    def _gaussian_matrix(self, diagonal: Array) -> GaussianMatrix | BiasedGaussianMatrix | None:
        """Return the matrix of Gaussian inputs; None if it is not known or costs more than data."""
        problem, W, Q = self._problem, self.point.W, self.point.coupling
        if problem.fit_linear:
            return None
        intercept, least_sine = problem.fit_intercept, gaussian_inputs.THRESHOLDS.least_sine
        if problem.fit_hidden_bias:
            if problem.n_rows * W.size < THRESHOLDS.least_work_biased:
                return None
            split = SplitRows.of(W, problem.constant_input)
            biased = problem.activation.threshold_kernels(split.thresholds, split.cosines)
            if biased is None:
                return None
            return BiasedGaussianMatrix(W, split, Q, biased, diagonal, intercept=intercept)
        kernels = problem.activation.gaussian_kernels(correlations(W), least_sine)
        if kernels is None:
            return None
        return GaussianMatrix(W, Q, kernels, diagonal, intercept=intercept)

    @property
    def _all_rows(self) -> _Matrix:
        point, problem = self.point, self._problem
        return _Matrix(self._samples, point, point.gram_inverse, problem.total, problem.activation)

    @property
    def _some_rows(self) -> _Matrix | None:
        """The matrix as a part of the rows has it, if a part is enough."""
        problem, k = self._problem, len(self.point.W)
        n, columns = problem.n_rows, len(self.point.gram_inverse)
        size = THRESHOLDS.some_equations * n_unknowns(problem, k) / problem.n_outputs
        every = int(n / size)
        if every < 2 or n * self.point.W.size < THRESHOLDS.least_work:
            return None
        rows = self._samples.every_nth(every)
        sums = rows.reduce(gram_sums, self.point.W, problem.activation)
        # Divided by degrees of freedom: what is projected out was fitted to these few rows.
        total = problem.total * (sums["rows"] - columns) / n
        inverse = gram_inverse(sums["HH"] / total)
        return _Matrix(rows, self.point, inverse, total, problem.activation)
