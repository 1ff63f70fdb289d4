"""Fit what was read to answers all over the region: for boxes that round coarsely, or are noisy.

Steps beside a line are short, so that they cross no hyperplane, and rounding is large against them:
in single precision a row is read to three digits. Answers to questions far apart determine it to
rounding, once it is known which side of its hyperplane each question is on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse.linalg import LinearOperator, lsmr

from pureneuron.identify.reading import Reading
from pureneuron.model import TwoLayerNetwork
from pureneuron.optimize import Limits, Point, minimize_mixed
from pureneuron.problem import pose
from pureneuron.recover import recover
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array, BoolArray

__all__ = ["beside_kinks", "fitted", "n_unknowns", "refined"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    least_seen : float
        Questions that must be on either side of a hyperplane for its neuron to be fitted, in units
        of those that would just determine it (make bench-identify).
    least_known : float
        The same in units of the numbers in a row of W and its bias (make bench-identify).
    cautious : float
        Times the error that a neuron alone would have: neurons that resemble each other are known
        less well (make bench-identify).
    tol : float
        Decrease of the loss, relative, that ends the fit.
    patience, least_gain : int, float
        Steps, and the share of the loss that must be left after them for more: with a neuron
        missing a fit does not get far, and takes long over it (make bench-identify).
    restarts : int
        Random starts of a fit to what is left (make bench-identify).
    answers, fewest : float, int
        Answers for each unknown of such a fit, and how many it gets at least; a fit to all of them
        follows (make bench-identify).
    many_unknowns : int
        Unknowns from which on sides are held while products with one output are fitted: damped
        steps for so many take minutes (make bench-identify).
    steps : int
        Times that sides are found anew, at most.
    worthwhile : float
        Share of the distance to the answers that one must gain for another one.
    accuracy, most_products : float, int
        Of the least squares between, and products with the questions, each way, at most.
    together : float
        Eigenvalue of what neurons have in common, relative to the largest, that counts as no less.
    """

    least_seen: float = 3.0
    least_known: float = 1.2
    cautious: float = 10.0
    tol: float = 1e-10
    patience: int = 5
    least_gain: float = 0.1
    restarts: int = 5
    answers: float = 12.0
    fewest: int = 5000
    many_unknowns: int = 1000
    steps: int = 12
    worthwhile: float = 0.2
    accuracy: float = 1e-3
    most_products: int = 100
    together: float = 1e-6


THRESHOLDS = Thresholds()


def n_unknowns(reading: Reading) -> int:
    """Return the number of unknowns, those of a linear part with them."""
    (k, d), m = reading.W.shape, len(reading.A)
    return int(k * (d + m) + m * (d + 1))


def hardly_switched(reading: Reading, Z: Array) -> BoolArray:
    """Tell which neurons too few of the questions Z (n, d) see on both sides, (k,)."""
    return np.asarray(_on_either_side(reading, Z) < _enough(reading))


def _enough(reading: Reading) -> float:
    """Return how many questions are to be on either side of a hyperplane.

    A question shows one number of a row of W, however many outputs there are.
    """
    m, d = reading.L.shape
    return float(max(THRESHOLDS.least_seen * (d / m + 4.0), THRESHOLDS.least_known * (d + 1.0)))


def beside_kinks(reading: Reading, Z: Array, rng: np.random.Generator) -> Array:
    """Return questions on both sides of the hyperplanes of neurons that Z hardly switches."""
    few = np.flatnonzero(hardly_switched(reading, Z))
    d, each = Z.shape[1], int(4.0 * _enough(reading))
    parts = [np.zeros((0, d))]
    for i in few:
        w = reading.W[i]
        points = rng.standard_normal((each, d))
        off = points @ w + reading.b[i] - np.linalg.norm(w) * rng.standard_normal(each)
        parts.append(points - np.outer(off / (w @ w), w))
    return np.concatenate(parts)


def fitted(
    Z: Array, Y: Array, n_neurons: int, seconds: float, rng: np.random.Generator
) -> Reading | None:
    """Fit neurons and a linear part to Y (n, m) at Z (n, d); None if time ends before any fit.

    Rows of W may be far off: what is fitted has more in it than these neurons. So a part of the
    answers will do.
    """
    d, m = Z.shape[1], Y.shape[1]
    enough = int(THRESHOLDS.answers * (n_neurons * (d + m) / m + d + 1))
    if (enough := max(enough, THRESHOLDS.fewest)) < len(Z):
        rows = rng.choice(len(Z), enough, replace=False)
        Z, Y = Z[rows], Y[rows]
    try:
        fit = recover(
            ArraySamples(Z, Y),
            n_neurons,
            fit_hidden_bias=True,
            fit_intercept=True,
            fit_linear=True,
            n_restarts=THRESHOLDS.restarts,
            time_limit=seconds,
            rng=rng,
        )
    except TimeoutError:
        return None
    net = fit.network
    unknown = np.ones(net.n_neurons)
    return Reading(net.W, net.hidden_bias, net.A, net.linear, net.output_bias, unknown)


def _on_either_side(reading: Reading, Z: Array) -> Array:
    on = np.sum(reading.preactivations(Z) > 0.0, axis=0)
    return np.asarray(np.minimum(on, len(Z) - on))


def refined(reading: Reading, Z: Array, Y: Array) -> Reading:
    """Minimise the squared differences to the answers Y (n, m) at Z (n, d), from the reading.

    Neurons that few of the questions switch stay as they are.
    """
    moved = ~hardly_switched(reading, Z)
    stays = replace(reading.kept(~moved), L=np.zeros_like(reading.L), c=np.zeros_like(reading.c))
    moving = reading.kept(moved)
    if not moving.n_neurons:
        return reading
    many = Y.shape[1] == 1 and n_unknowns(moving) > THRESHOLDS.many_unknowns
    near = _by_sides if many else _by_descent
    new = near(moving, Z, Y - stays(Z))
    n, d = Z.shape
    off = float(np.sqrt(np.mean((Y - stays(Z) - new(Z)) ** 2)))
    freedom = max(0.1, 1.0 - n_unknowns(moving) / (n * Y.shape[1]))
    switched = _on_either_side(reading, Z)[moved]
    effects = np.linalg.norm(new.A, axis=0) * np.linalg.norm(new.W, axis=1)
    errors = THRESHOLDS.cautious * off / freedom * np.sqrt(d / switched) / effects
    new = replace(new, errors=errors)
    return new.with_units(stays.W, stays.b, stays.A, stays.errors)


def _by_sides(reading: Reading, Z: Array, Y: Array) -> Reading:
    """Minimise the squared differences to one output, from near the minimum.

    With the sides of all hyperplanes on which the questions are, the output is linear in the
    products ``a_i w_i`` and ``a_i b_i``: least squares by LSMR, and sides anew, until that does not
    help any more. Neurons are brought together by how often they are on at the same time, which for
    Gaussian questions is nearly all that there is between them.
    """
    a, y, n = reading.A[0], Y[:, 0], len(Z)
    best, loss = reading, float(np.linalg.norm(y - reading(Z)[:, 0]))
    for _ in range(THRESHOLDS.steps):
        sides = np.column_stack([best.preactivations(Z) > 0.0, np.ones(n)]).astype(np.float64)
        values, vectors = np.linalg.eigh(sides.T @ sides)
        apart = vectors / np.sqrt(np.maximum(values, THRESHOLDS.together * values[-1]))
        step = _least_squares(Z, sides, apart, y - best(Z)[:, 0])
        new = replace(
            best,
            W=best.W + step[:-1, :-1] / a[:, None],
            b=best.b + step[:-1, -1] / a,
            L=best.L + step[-1:, :-1],
            c=best.c + step[-1:, -1],
        )
        new_loss = float(np.linalg.norm(y - new(Z)[:, 0]))
        if not new_loss < loss or hardly_switched(new, Z).any():
            break
        gain, best, loss = 1.0 - new_loss / loss, new, new_loss
        if gain < THRESHOLDS.worthwhile:
            break
    return best


def _least_squares(Z: Array, sides: Array, apart: Array, y: Array) -> Array:
    """Return V (s, d + 1) for which ``Σ_i sides_i (v_i · z + β_i)`` is next to y, by LSMR.

    Parameters
    ----------
    Z, sides, y : arrays of shapes (n, d), (n, s), (n,)
        Questions, what counts where, and what is to be met.
    apart : (s, s) array
        Combinations of the rows that have little to do with one another.
    """
    (n, d), s = Z.shape, sides.shape[1]
    # The box rounds to single precision, and what is left is asked for again.
    X, on, mixed = (M.astype(np.float32) for M in (Z, sides, apart))

    def forward(u: Array) -> Array:
        V = mixed @ u.reshape(s, d + 1).astype(np.float32)
        return np.asarray(np.sum((X @ V[:, :d].T + V[:, d]) * on, axis=1, dtype=np.float64))

    def backward(r: Array) -> Array:
        weighted = (on * r[:, None].astype(np.float32)).T
        sums = np.column_stack([weighted @ X, weighted.sum(axis=1)])
        return np.asarray((mixed.T @ sums).ravel(), dtype=np.float64)

    operator = LinearOperator((n, s * (d + 1)), matvec=forward, rmatvec=backward, dtype=np.float64)
    tol = THRESHOLDS.accuracy
    u = lsmr(operator, y, atol=tol, btol=tol, maxiter=THRESHOLDS.most_products)[0]
    return np.asarray(apart @ u.reshape(s, d + 1))


def _by_descent(reading: Reading, Z: Array, Y: Array) -> Reading:
    """Minimise the squared differences by damped Gauss–Newton steps."""
    problem = pose(ArraySamples(Z, Y), fit_hidden_bias=True, fit_intercept=True, fit_linear=True)
    start = TwoLayerNetwork(reading.A, reading.W, reading.b, reading.c, linear=reading.L)
    W, A = problem.coordinates(start)
    limits, losses = Limits(tol=THRESHOLDS.tol), [np.inf]

    def is_stuck(point: Point) -> bool:
        losses.append(point.loss)
        before = losses[max(len(losses) - 1 - THRESHOLDS.patience, 0)]
        return point.loss > THRESHOLDS.least_gain * before

    fit = minimize_mixed(problem, W, A, limits=limits, joins=is_stuck)
    network = problem.network(fit.point.W, fit.point.A)
    return replace(
        reading,
        W=network.W,
        b=network.hidden_bias,
        A=network.A,
        L=network.linear,
        c=network.output_bias,
    )
