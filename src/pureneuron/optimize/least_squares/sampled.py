"""Gauss–Newton steps with the curvature of some of the rows, and the gradient of all of them.

A pass over rows that do not lie in memory is dear, and what makes the Gauss–Newton matrix of it
costs more than all else in it. But where a descent ends hangs on the gradient alone. So where some
of the rows lie in memory that stand for all (:attr:`~pureneuron.problem.Problem.sample`), these
give the matrix: a step leaves what they have it wrong by, some hundredths of the way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.linalg import gram_inverse
from pureneuron.optimize.fit import Point
from pureneuron.optimize.least_squares.kernels import gradient_sums, profile_sums
from pureneuron.optimize.least_squares.matrix_free import MatrixFreeModel
from pureneuron.optimize.least_squares.pattern import PatternModel
from pureneuron.optimize.least_squares.projection import (
    profile,
    projected,
    scaled_reference,
)
from pureneuron.optimize.quadratic_model import Step
from pureneuron.problem import Problem
from pureneuron.typing import Array

__all__ = ["SampledModel"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    accuracy : float
        To which steps are solved for: a pass over all rows costs more than products of some
        (make bench-scale).
    """

    accuracy: float = 1e-3


THRESHOLDS = Thresholds()


class SampledModel:
    """The loss and its gradient of all rows, in one pass; the matrix of some.

    The pass measures residuals against a reference A, which is that of the sample where none is
    given. The best A is another, by little: what that changes of the gradient the sample tells.

    Parameters
    ----------
    problem : Problem
        All rows.
    near : PatternModel or MatrixFreeModel
        The model of the sample at W.
    sample : Problem
        Rows that stand for them.
    reference : (m, k + q) array, optional
        An A near the best for W.
    """

    def __init__(
        self,
        problem: Problem,
        sample: Problem,
        near: PatternModel | MatrixFreeModel,
        W: Array,
        reference: Array | None = None,
    ) -> None:
        self._near, self._sample, self._own = near, sample, near.point
        if reference is None:
            W, reference = near.point.W, near.point.A
        W, reference = scaled_reference(problem, W, reference)
        activation = problem.activation
        every = max(problem.n_rows // sample.n_rows, 1)
        sums, pulled = problem.samples.reduce_together(
            [
                (profile_sums, W, reference, activation),
                (gradient_sums, W, reference, activation, every),
            ]
        )
        self.point = projected(problem, W, reference, sums)
        A = self.point.A
        before, after = sample.samples.reduce_together(
            [(gradient_sums, W, each, activation, every) for each in (reference, A)]
        )
        turned = (before["gradient"] - after["gradient"]) / sample.total
        gradient = pulled["gradient"] / problem.total - turned
        # To stretch a row changes nothing with the best A, and the matrix knows no bounds there.
        stretching = np.einsum("ar,ar->a", gradient, W)
        self.gradient: Array = gradient - stretching[:, None] * W
        near.point, near.gradient = replace(near.point, A=A), self.gradient

    def step(self, damping: float, accuracy: float, scale: float | None = None) -> Step:
        """Solve the damped system; the scale of an earlier step does not matter."""
        return self._near.step(damping, min(accuracy, THRESHOLDS.accuracy))

    def foretold(self, W: Array) -> Point:
        """Return the point at W: A and its Gram matrix change as those of the sample do."""
        V, here, own = W - self.point.W, self.point, self._own
        there = profile(self._sample, W, own.A)
        gram = here.gram + there.gram - own.gram
        gain = float(np.sum(V * self.gradient)) / self._sample.n_outputs
        return Point(
            W=there.W,
            A=here.A + there.A - own.A,
            loss=max(here.loss - gain, 0.0),
            gram=gram,
            gram_inverse=gram_inverse(gram),
        )

    def reference(self, W: Array) -> Array:
        """Return the A that is foretold."""
        A = self.foretold(W).A.copy()
        A[:, : len(W)] /= np.linalg.norm(W, axis=1)
        return A

    def release(self) -> None:
        """Drop the activations of the sample."""
        self._near.release()
