"""Gauss–Newton models of many points of one problem at once, for few rows.

A descent on a few hundred rows is calls, not arithmetic. Here every array has the points for its
first axis, and the rows for its last, along which it is worked through entry by entry: a call does
for all points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pureneuron.linalg import gram_inverses
from pureneuron.model import Activation, unit_rows
from pureneuron.optimize.least_squares.matrix_free import THRESHOLDS as PRODUCTS
from pureneuron.optimize.quadratic_model import damping_scale
from pureneuron.problem import Problem
from pureneuron.problem.rows import BESIDE
from pureneuron.samples import Batch, Stacked
from pureneuron.typing import Array, BoolArray, IndexArray

__all__ = ["PointsTogether", "RowsTogether", "StepsTogether"]


@dataclass(frozen=True, eq=False)
class RowsTogether:
    """The white rows of a problem, and what each point is fitted to.

    Attributes
    ----------
    X : (n, r) array
        Inputs.
    beside : (q, n) array
        The columns that stand beside the activations.
    Y : (s, m, n) array
        Outputs, for each point its own.
    activation : Activation
        σ.
    total : float
        Sum of the weights.
    """

    X: Array
    beside: Array
    Y: Array
    activation: Activation
    total: float

    @classmethod
    def of(cls, problems: list[Problem]) -> RowsTogether:
        """Gather the rows of problems that differ in their outputs at most."""
        first, *others = {id(each): each for each in problems}.values()
        rows = first.samples.reduce(_rows)
        outputs = {id(first): rows["Y"].T}
        outputs |= {id(each): each.samples.reduce(_outputs)["Y"].T for each in others}
        beside = rows["beside"].T if "beside" in rows else np.empty((0, len(rows["X"])))
        Y = np.stack([outputs[id(each)] for each in problems])
        return cls(rows["X"], beside, Y, first.activation, first.total)

    def along(self, W: Array) -> Array:
        """Return the inputs along directions W (s, k, r) of each point, (s, k, n)."""
        s, k, r = W.shape
        flat = W.reshape(s * k, r).astype(self.X.dtype)
        return (flat @ self.X.T).reshape(s, k, len(self.X))

    def across(self, M: Array) -> Array:
        """Return ``M X`` for each of the matrices M (s, k, n), in double precision."""
        s, k, n = M.shape
        return np.asarray(M.reshape(s * k, n) @ self.X, np.float64).reshape(s, k, -1)

    def of_points(self, points: IndexArray | BoolArray) -> RowsTogether:
        """Return the rows with the outputs of some points."""
        return replace(self, Y=self.Y[points])


@dataclass(frozen=True, eq=False)
class StepsTogether:
    """Steps ``V`` (s, k, r) from s points, and the decreases that are ``predicted`` (s,)."""

    V: Array
    predicted: Array


@dataclass(frozen=True, eq=False)
class PointsTogether:
    """What the descents of s points ask of the rows.

    Attributes
    ----------
    W, A : (s, k, r) and (s, m, k + q) arrays
        White rows of unit length, and the output weights that are best for them.
    loss : (s,) array
        As for :class:`~pureneuron.optimize.Point`, and so are the next two.
    gram, gram_inverse : (s, k + q, k + q) arrays
    gradient : (s, k, r) array
        Half the negative gradient of the squared residual per row.
    active : (s, k, k) array
        How often two neurons are active together: mean products of slopes.
    D, H : (s, k, n) and (s, k + q, n) arrays
        Slopes and activations.
    """

    W: Array
    A: Array
    loss: Array
    gram: Array
    gram_inverse: Array
    gradient: Array
    active: Array
    D: Array
    H: Array

    @classmethod
    def at(cls, rows: RowsTogether, W: Array, reference: Array | None = None) -> PointsTogether:
        """Project out A at W (s, k, r), and gather the gradient.

        Parameters
        ----------
        reference : (s, m, k + q) array, optional
            An A near the best, in the scale of W as given: residuals are measured against it, and
            keep their digits where they are small.
        """
        (s, k, r), total, Y = W.shape, rows.total, rows.Y
        given, W = W, unit_rows(W.reshape(s * k, r)).reshape(s, k, r)
        Z = rows.along(W)
        D = np.asarray(rows.activation.slopes(Z), Z.dtype)
        H = np.empty((s, k + len(rows.beside), len(rows.X)), Z.dtype)
        np.multiply(Z, D, out=H[:, :k])
        H[:, k:] = rows.beside
        gram = _products(H, H) / total
        inverse = gram_inverses(gram)
        if reference is None:
            A, E = np.zeros((s, Y.shape[1], H.shape[1])), Y
        else:
            A = reference.copy()
            A[:, :, :k] *= np.sum(given * W, axis=2)[:, None]
            E = Y - A.astype(H.dtype) @ H
        change = (_products(E, H) / total) @ inverse
        A, E = A + change, E - change.astype(H.dtype) @ H
        loss = np.sum(E * E, axis=(1, 2), dtype=np.float64) / total / Y.shape[1]
        pulled = A[:, :, :k].transpose(0, 2, 1).astype(H.dtype) @ E
        np.multiply(pulled, D, out=pulled)
        gradient = rows.across(pulled) / total
        return cls(W, A, loss, gram, inverse, gradient, _products(D, D) / total, D, H)

    def of_points(self, points: IndexArray | BoolArray) -> PointsTogether:
        """Return some of the points."""
        return PointsTogether(**{name: M[points] for name, M in vars(self).items()})

    def with_points(self, points: BoolArray, others: PointsTogether) -> PointsTogether:
        """Return the points with some of them replaced, in their own memory."""
        if points.all():
            return others
        mine, theirs = vars(self), vars(others)
        for name, M in mine.items():
            M[points] = theirs[name][points]
        return self

    @property
    def coupling(self) -> Array:
        """``AᵀA`` over the neurons, (s, k, k)."""
        columns = self.A[:, :, : self.W.shape[1]]
        return np.asarray(columns.transpose(0, 2, 1) @ columns)

    def steps(self, rows: RowsTogether, damping: Array, accuracy: Array) -> StepsTogether:
        """Solve the damped systems by conjugate gradients, each to its own accuracy.

        Parameters
        ----------
        damping, accuracy : (s,) arrays
            As for :class:`~pureneuron.optimize.quadratic_model.QuadraticModel`.
        """
        Q = self.coupling
        often = self.active.diagonal(axis1=1, axis2=2)
        ridge = (damping[:, None] * damping_scale(Q, often))[:, :, None]
        inverse = gram_inverses(Q * self.active + ridge * np.eye(Q.shape[1]))
        V, residual = np.zeros_like(self.W), self.gradient.copy()
        preconditioned = inverse @ residual
        direction = preconditioned
        rho = _dots(residual, preconditioned)
        enough, left = accuracy**2 * rho, np.arange(len(V))
        points = self
        for _ in range(PRODUCTS.most_products):
            going = rho > enough[left]
            if not going.any():
                break
            if not going.all():
                left, rho, direction = left[going], rho[going], direction[going]
                points = points.of_points(going)
            own = points.product(rows, direction, Q[left]) + ridge[left] * direction
            curvature = _dots(direction, own)
            length = np.where(curvature > 0.0, rho / np.where(curvature > 0.0, curvature, 1.0), 0.0)
            V[left] += length[:, None, None] * direction
            residual[left] -= length[:, None, None] * own
            preconditioned = inverse[left] @ residual[left]
            before, rho = rho, _dots(residual[left], preconditioned)
            direction = preconditioned + (rho / before)[:, None, None] * direction
            rho = np.where(curvature > 0.0, rho, 0.0)
        # 2 g·V − V·(J'J)V with (J'J + ridge)V = g − residual.
        predicted = _dots(V, self.gradient + residual + ridge * V)
        return StepsTogether(V, predicted)

    def product(self, rows: RowsTogether, V: Array, Q: Array) -> Array:
        """Return the products of the Gauss–Newton matrices with ``V`` (s, k, r)."""
        U = rows.along(V)
        np.multiply(U, self.D, out=U)
        C = (_products(U, self.H) / rows.total) @ self.gram_inverse
        U -= C.astype(U.dtype) @ self.H
        pulled = Q.astype(U.dtype) @ U
        np.multiply(pulled, self.D, out=pulled)
        return np.asarray(rows.across(pulled) / rows.total)


def _products(M: Array, N: Array) -> Array:
    """Products ``M Nᵀ`` over the rows, (s, p, q), in double precision."""
    return np.asarray(M @ N.transpose(0, 2, 1), np.float64)


def _dots(M: Array, N: Array) -> Array:
    """Inner products of s matrices with as many others, (s,)."""
    return np.asarray(np.einsum("sij,sij->s", M, N))


def _outputs(batch: Batch) -> dict[str, Stacked]:
    return {"Y": Stacked(batch.Y)}


def _rows(batch: Batch) -> dict[str, Stacked]:
    parts = {"X": Stacked(batch.X), **_outputs(batch)}
    if BESIDE in batch.extra:
        parts["beside"] = Stacked(batch.extra[BESIDE])
    return parts
