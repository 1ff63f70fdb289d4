"""The inference of a fit once more, row by row and with dense matrices: what tests compare with.

Unknowns are in the order of the library: A row by row, white W row by row, the slope where it is
fitted. Only the outputs of the model are written down here; derivatives are differences of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.model import LeakyReLU
from pureneuron.samples import Stacked


@dataclass(frozen=True)
class Rows:
    """White rows, each times the root of its weight; ``one`` is that root, or ones."""

    X: np.ndarray
    Y: np.ndarray
    one: np.ndarray
    total: float

    @classmethod
    def of(cls, problem):
        columns = problem.samples.reduce(_columns)
        return cls(**columns, total=float(np.sum(columns["one"] ** 2)))


def _columns(batch):
    one = batch.extra.get("root", np.ones_like(batch.X[:, :1]))
    return {"X": Stacked(batch.X), "Y": Stacked(batch.Y), "one": Stacked(one)}


def unknowns(fit, *, fits_slope=False):
    slope = [fit.problem.activation.negative_slope] if fits_slope else []
    return np.concatenate([fit.point.A.ravel(), fit.point.W.ravel(), slope])


def apart(fit, theta):
    """Return A, W and the slope."""
    (m, q), (k, r) = fit.point.A.shape, fit.point.W.shape
    A, W, rest = np.split(theta, [m * q, m * q + k * r])
    slope = rest[0] if len(rest) else fit.problem.activation.negative_slope
    return A.reshape(m, q), W.reshape(k, r), slope


def outputs(fit, theta, rows):
    """Return the outputs (n, m) of the model in the engine's coordinates."""
    A, W, slope = apart(fit, theta)
    Z = rows.X @ W.T
    H = np.where(Z > 0.0, Z, slope * Z)
    problem = fit.problem
    if problem.fit_linear:
        H = np.hstack([H, rows.X])
    if problem.fit_intercept and not (problem.fit_linear and problem.fit_hidden_bias):
        H = np.hstack([H, rows.one])
    return H @ A.T


def derivative(function, theta, step=1e-6):
    """Return the derivative of a function of vectors, the unknowns on the last axis."""
    columns = []
    for i in range(len(theta)):
        moved = np.zeros(len(theta))
        moved[i] = step
        columns.append((function(theta + moved) - function(theta - moved)) / (2.0 * step))
    return np.stack(columns, axis=-1)


def jacobian(fit, rows, *, fits_slope=False):
    """Return the derivative (n, m, p) of the outputs.

    Piecewise they are products of two unknowns, so that differences are exact up to rounding,
    where no unit switches between the two points.
    """
    theta = unknowns(fit, fits_slope=fits_slope)
    return derivative(lambda at: outputs(fit, at, rows), theta)


def residuals(fit, rows):
    return rows.Y - outputs(fit, unknowns(fit), rows)


def scores(fit, rows, *, fits_slope=False):
    """Return the score (n, p) of each row."""
    return np.einsum("nm,nmp->np", residuals(fit, rows), jacobian(fit, rows, fits_slope=fits_slope))


def jackknifed(fit, rows, number, *, fits_slope=False):
    """Return the sums of scores over blocks (b, p), what was fitted to their own noise put back.

    Unit by unit, residuals of a block are those of a regression on the derivatives of the unit:
    one less its hat matrix, of as many rows and columns as the block has rows, takes that back.
    With them comes the most that a block decides about the weights of each unit.
    """
    E, (m, q), (k, r) = residuals(fit, rows), fit.point.A.shape, fit.point.W.shape
    plain = scores(fit, rows, fits_slope=fits_slope)
    Z = rows.X @ fit.point.W.T
    D = np.where(Z > 0.0, 1.0, fit.problem.activation.negative_slope)
    found, most = [], np.zeros(k)
    for block in range(max(number) + 1):
        own = number == block
        summed = plain[own].sum(axis=0)
        for a in range(k):
            F, H = D[:, [a]] * rows.X, D[:, [a]] * Z[:, [a]]
            hat = F[own] @ np.linalg.solve(F.T @ F, F[own].T)
            most[a] = max(most[a], np.linalg.eigvalsh(hat)[-1])
            pulled = E[own] @ fit.point.A[:, a]
            at = m * q + a * r
            summed[at : at + r] = F[own].T @ np.linalg.solve(np.eye(own.sum()) - hat, pulled)
            strength = np.sum(H[own] ** 2) / np.sum(H**2)
            summed[a : m * q : q] /= 1.0 - strength
        found.append(summed)
    return np.array(found), most


def constrained_inverse(M, fit):
    """Invert M where rows of W move at right angles to themselves (Lagrange multipliers)."""
    (m, q), (k, r) = fit.point.A.shape, fit.point.W.shape
    p = len(M)
    C = np.zeros((k, p))
    for a in range(k):
        C[a, m * q + a * r : m * q + (a + 1) * r] = fit.point.W[a]
    bordered = np.block([[M, C.T], [C, np.zeros((k, k))]])
    return np.linalg.inv(bordered)[:p, :p]


def bread(fit, rows, *, fits_slope=False):
    J = jacobian(fit, rows, fits_slope=fits_slope).reshape(-1, len(unknowns(fit)) + fits_slope)
    return constrained_inverse(J.T @ J / rows.total, fit)


def reported(fit, theta):
    """Return the network in the units of the data: A, W, biases, slope, L where it is fitted."""
    A, W, slope = apart(fit, theta)
    network = fit.problem.with_activation(LeakyReLU(slope)).network(W, A)
    return np.concatenate(
        [
            network.A.ravel(),
            network.W.ravel(),
            network.hidden_bias,
            network.output_bias,
            [network.negative_slope],
            network.linear.ravel() if fit.problem.fit_linear else [],
        ]
    )


def delta_method(fit, white, *, fits_slope=False):
    """Return the covariance of the network as it is reported."""
    theta = unknowns(fit, fits_slope=fits_slope)
    G = derivative(lambda at: reported(fit, at), theta)
    return G @ white @ G.T
