"""The direction along which a residual curves most: where a unit may be missing.

A unit ``a σ(w·x − b)`` that is missing adds ``φ(b) a_j w wᵀ`` to the average Hessian of what is
left of output j, ``E[e_j (xxᵀ − I)]``, if inputs are about Gaussian (Stein). Over all outputs this
is a tensor of rank one, ``a ⊗ w ⊗ w``, whose factors are found in turn: w as the eigenvector of the
Hessian of ``a·e`` whose eigenvalue is largest by size, and a as the curvatures along w
(alternating least squares). Among many inputs a direction that is drawn at random has hardly
anything in common with w, and nothing shows a unit there but this.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import array_api_compat
import numpy as np

from pureneuron.model import unit_rows
from pureneuron.optimize.fit import Point
from pureneuron.optimize.least_squares.kernels import like, with_only_residual
from pureneuron.problem import GivenRows, Problem
from pureneuron.samples import Batch, Sum
from pureneuron.spectral.hessians import hessian_sums
from pureneuron.typing import AnyArray, Array

__all__ = ["Thresholds", "curved_directions", "residual_problem"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    combinations : int
        Combinations of the outputs whose Hessians are gathered; of more outputs, these are random,
        and all outputs are looked at in the end (calibration).
    n_starts, n_turns : int
        Singular vectors of the tensor from which factors are found in turn, and how often
        (calibration).
    """

    combinations: int = 24
    n_starts: int = 3
    n_turns: int = 3


THRESHOLDS = Thresholds()


def residual_problem(problem: Problem, point: Point) -> Problem:
    """Return the problem of fitting units, and nothing beside them, to what a network leaves."""
    residuals = problem.samples.derive(with_only_residual, point.W, point.A, problem.activation)
    return replace(problem, rows=GivenRows(residuals), fit_intercept=False, fit_linear=False)


def curved_directions(residual: Problem, *, rng: np.random.Generator) -> Array:
    """Return the direction in which a residual curves most, both ways round, (2, r).

    Parameters
    ----------
    residual : Problem
        From :func:`residual_problem`.
    rng : numpy.random.Generator
        Draws combinations of the outputs.
    """
    m = residual.n_outputs
    mix = np.eye(m)
    if m > THRESHOLDS.combinations:
        mix = np.linalg.qr(rng.standard_normal((m, THRESHOLDS.combinations)))[0]
    w = _rank_one(_hessians(residual, mix))
    if mix.shape[1] < m:
        for _ in range(2):
            a = residual.samples.reduce(_curvature_sums, w)["curvatures"]
            w = _most_curved(_hessians(residual, unit_rows(a[None]).T)[0])
    return np.stack([w, -w])


def _hessians(residual: Problem, mix: Array) -> Array:
    """Return ``Σ e (xxᵀ − I)`` for c combinations (m, c) of the outputs, (c, r, r)."""
    r, c = residual.n_inputs, mix.shape[1]
    sums = residual.samples.reduce(hessian_sums, mix, np.zeros((r, c)), np.zeros(c), np.eye(r), 1)
    hessians = sums["hessians"].reshape(c, r, r)
    return np.asarray(hessians - sums["residual"][:, None, None] * np.eye(r))


def _rank_one(hessians: Array) -> Array:
    """Return the unit factor w of the tensor ``a ⊗ w ⊗ w`` that is nearest, among those found."""
    flat = hessians.reshape(len(hessians), -1)
    starts = np.linalg.eigh(flat @ flat.T)[1].T[::-1][: THRESHOLDS.n_starts]
    found: list[tuple[float, Array]] = []
    for a in starts:
        for _ in range(THRESHOLDS.n_turns):
            w = _most_curved(np.tensordot(a, hessians, 1))
            curvatures = w @ hessians @ w
            size = float(np.linalg.norm(curvatures))
            a = curvatures / max(size, np.finfo(np.float64).tiny)
        found.append((size, w))
    return max(found, key=lambda each: each[0])[1]


def _most_curved(hessian: Array) -> Array:
    values, vectors = np.linalg.eigh(hessian)
    return np.asarray(vectors[:, np.argmax(np.abs(values))])


def _curvature_sums(batch: Batch, w: AnyArray) -> dict[str, Sum]:
    """``Σ y ((w·x)² − 1)``, (m,)."""
    xp = array_api_compat.array_namespace(batch.X)
    along = batch.X @ like(batch, w)
    root = batch.extra.get("root")
    one = xp.ones_like(along) if root is None else root[:, 0]
    # Rows come scaled by the root of their weight, and the product has to carry the weight.
    squares = along * along / xp.where(one > 0.0, one, xp.ones_like(one)) - one
    return {"curvatures": Sum(squares @ batch.Y)}
