"""Functions of the inputs that a residual might hide: what the omitted-unit test looks for.

Each family betrays one way in which the model may fail. All are functions of the white inputs; with
hidden biases a constant is one of those, and random directions have thresholds by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.linalg import rectified
from pureneuron.model import unit_rows
from pureneuron.optimize import Fit
from pureneuron.samples import Batch
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["MEANINGS", "Candidates", "Thresholds", "candidates"]


@dataclass(frozen=True)
class Thresholds:
    """How many functions there are, at most, of each family (calibration).

    Attributes
    ----------
    random, between, around : int
        Directions drawn at random; halfway between two fitted units, or a unit and another turned
        round; near a fitted unit.
    near : float
        How far from the unit those are.
    own : int
        Units that are turned round, shifted, or give their step.
    shift : float
        By how much, in standard deviations of their pre-activation.
    squares : int
        Inputs and outputs whose squares are tried; and inputs themselves.
    """

    random: int = 48
    between: int = 20
    around: int = 20
    near: float = 0.3
    own: int = 12
    shift: float = 0.7
    squares: int = 6


THRESHOLDS = Thresholds()

# What a family says, to the user.
MEANINGS = {
    "unit": "a unit is missing",
    "slope": "units respond on their negative side",
    "bias": "biases are missing",
    "bend": "units bend where they should have a kink (another activation, or an input is missing)",
    "input": (
        "outputs depend on the inputs in a way that no unit shows (fit_linear=True may be one)"
    ),
    "output": "outputs are a nonlinear function of what the units add up to",
}


@dataclass(frozen=True, eq=False)
class Candidates:
    """Functions ``σ(v·x − c)`` with σ the rectifier, and a few others.

    Attributes
    ----------
    directions, thresholds : (u, r) and (u,) arrays
        v and c of the rectifiers.
    families : tuple of str
        Family of every function, in the order in which :meth:`values` returns them.
    steps : (s,) array
        Fitted units whose step function is tried.
    constant : bool
        Whether the constant function is.
    linear, squared : (l, r) arrays
        Linear functions that are tried, and whose squares are.
    outputs : (o, m) array
        Combinations of the fitted outputs that are squared.
    """

    directions: Array
    thresholds: Array
    families: tuple[str, ...]
    steps: IndexArray
    constant: bool
    linear: Array
    squared: Array
    outputs: Array

    def like(self, batch: Batch) -> Candidates:
        """Return them in the array library and the precision of a batch."""
        xp = array_api_compat.array_namespace(batch.X)
        device = array_api_compat.device(batch.X)

        def moved(M: AnyArray) -> AnyArray:
            return xp.asarray(M, dtype=batch.X.dtype, device=device)

        return replace(
            self,
            directions=moved(self.directions),
            thresholds=moved(self.thresholds),
            linear=moved(self.linear),
            squared=moved(self.squared),
            outputs=moved(self.outputs),
        )

    def values(
        self, X: AnyArray, D: AnyArray, fitted: AnyArray, root: AnyArray | None
    ) -> tuple[AnyArray, AnyArray]:
        """Return the values in the rows, each times the root of its weight.

        The candidates must be :meth:`like` the rows. Rectifiers (u, n) come apart from the others
        (C − u, n): they are most, and one array of all would be a copy.

        Parameters
        ----------
        X : (r, n) array
            White rows, across.
        D : (k, n) array
            Slopes of the fitted units.
        fitted : (m, n) array
            Fitted outputs.
        root : (n, 1) array or None
            Roots of the weights; None stands for ones.
        """
        xp = array_api_compat.array_namespace(X)
        one = xp.ones_like(X[:1, :]) if root is None else root.T
        shifted = xp.concat([self.directions, -self.thresholds[:, None]], axis=1)
        rectifiers = rectified(shifted @ xp.concat([X, one]))
        others: list[Any] = [X[:0, :]]
        if len(self.steps):
            steps = xp.asarray(self.steps, device=array_api_compat.device(X))
            others.append(xp.take(D, steps, axis=0) * one)
        if self.constant:
            others.append(one)
        if self.linear.shape[0]:
            others.append(self.linear @ X)
        if self.squared.shape[0]:
            others.append(_squares(xp, self.squared @ X, root))
        if self.outputs.shape[0]:
            others.append(_squares(xp, self.outputs @ fitted, root))
        return rectifiers, xp.concat(others)


def _squares(xp: Any, M: AnyArray, root: AnyArray | None) -> AnyArray:
    if root is None:
        return M * M
    return M * M / xp.where(root > 0.0, root, xp.ones_like(root)).T


def candidates(fit: Fit, *, rng: np.random.Generator) -> Candidates:
    """Draw the candidates for a fit."""
    problem, W = fit.problem, fit.point.W
    t = THRESHOLDS
    r, k, m = problem.n_inputs, len(W), problem.n_outputs
    some = rng.permutation(k)[: t.own]
    pairs = rng.integers(k, size=(2, t.between))
    signs = rng.choice([-1.0, 1.0], size=(t.between, 1))
    around = W[rng.integers(k, size=t.around)]
    units = np.concatenate(
        [
            rng.standard_normal((t.random, r)),
            W[pairs[0]] + signs * W[pairs[1]] + 0.1 * rng.standard_normal((t.between, r)),
            around + t.near * unit_rows(rng.standard_normal((t.around, r))),
        ]
    )
    # Beside a linear part, units that are turned round and linear functions are nothing new.
    turned = some[:0] if problem.fit_linear else some
    directions = unit_rows(np.concatenate([units, -W[turned], W[some], W[some]]))
    shift = np.full(len(some), t.shift)
    thresholds = np.concatenate([np.zeros(len(units) + len(turned)), shift, -shift])
    squared = unit_rows(rng.standard_normal((min(t.squares, r), r)))
    linear = squared[:0] if problem.fit_linear else squared
    outputs = np.eye(m) if m <= t.squares else unit_rows(rng.standard_normal((t.squares, m)))
    steps = np.zeros(0, dtype=np.intp) if problem.fit_hidden_bias else some
    constant = not problem.fit_intercept and not (problem.fit_linear and problem.fit_hidden_bias)
    families = (
        ("unit",) * len(units)
        + ("slope",) * len(turned)
        + ("bend",) * (2 * len(some))
        + ("bias",) * (len(steps) + constant)
        + ("input",) * (len(linear) + len(squared))
        + ("output",) * len(outputs)
    )
    return Candidates(directions, thresholds, families, steps, constant, linear, squared, outputs)
