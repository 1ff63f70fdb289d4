"""The residual test: if neurons are missing, the residual still depends on the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import array_api_compat
import numpy as np
from scipy import special

from pureneuron.inference.scores import LEVELS
from pureneuron.linalg import svd, tall_product
from pureneuron.model import Activation, unit_rows
from pureneuron.optimize.least_squares.kernels import activations, like, residual
from pureneuron.problem import Problem
from pureneuron.samples import Batch, Leaf, Max, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["ResidualTest", "Thresholds", "draw_probes", "residual_test"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_probes, n_directed : int
        Random directions, and directions that the residual suggests (surety.py).
    part_rows : int
        Rows whose responses to all probes stay in the cache (rates.py).
    faint : float
        Power of an output's residual beside the largest below which it may be what the descent has
        left: that ends at gains of up to 3e-5 of the loss (efficiency.py).
    concentrated, fewest_rows : float
        Share of the squared residual in one row, and the number of rows below which it may be
        larger (surety.py).
    constant : float
        Variance of a white direction about its mean that is rounding: the direction is constant.
    dependent : float
        Eigenvalue of a correlation matrix below which outputs depend on each other (rounding).
    rows_an_output : int
        Rows an output needs for its correlations to be known (surety.py).
    """

    n_probes: int = 32
    n_directed: int = 3
    part_rows: int = 2048
    faint: float = 1e-4
    concentrated: float = 0.1
    fewest_rows: float = 20.0
    constant: float = 1e-9
    dependent: float = 1e-6
    rows_an_output: int = 10


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class ResidualTest:
    """Outcome of :func:`residual_test`.

    Attributes
    ----------
    statistic : float
        Largest standardised covariance between an output's residual and a probe.
    p_value : float
        Bound on the chance of one as large if the residual is noise independent of the inputs.
    concentrated : bool
        Whether a single row has more of the squared residual than noise hardly ever gives it.
        Covariances are blind to what few rows do.
    """

    statistic: float
    p_value: float
    concentrated: bool

    @property
    def is_rejected(self) -> bool:
        """Whether chance is out of the question."""
        return self.p_value < LEVELS.rejected

    @property
    def is_doubtful(self) -> bool:
        """Whether chance would seldom do it: a local minimum may be all there is to see."""
        return self.p_value < LEVELS.doubtful


def draw_probes(n_inputs: int, *, rng: np.random.Generator) -> Array:
    """Draw the random directions of the test, unit rows (p, r): the same for every fit of a run."""
    return unit_rows(rng.standard_normal((THRESHOLDS.n_probes, n_inputs)))


def residual_test(problem: Problem, W: Array, A: Array, probes: Array) -> ResidualTest:
    """Test the residual of a fit against functions of the inputs, in two passes.

    If the model holds, the residual is noise and has no covariance with any function of the inputs.
    Two kinds are tried: rectified random directions, and the directions that the residual itself
    suggests, found on every other row and tested on the rest. Each covariance is divided by its own
    root sum of squares, which stays honest for noise of any size and shape, and for weights of any
    kind. A neuron that is missing is missed by all outputs, each a little: for every random
    direction they are looked at together, by the correlations of the residual (Hotelling's T²).
    Fitting only makes covariances smaller, so that the p-value (Bonferroni over all functions, and
    over the two ways of looking) is a bound.

    Parameters
    ----------
    problem : Problem
        The data.
    W, A : (k, r) and (m, k) arrays
        The fit in the coordinates of the problem.
    probes : (p, r) array
        Random directions, from :func:`draw_probes`.
    """
    mean, whiten = _centred_coordinates(problem)
    rows = problem.samples.derive(_residual_and_inputs, W, A, mean, problem.activation)
    first = rows.reduce(_first_sums)
    power = first["EE"].diagonal()
    # Beside outputs with noise, what a noiseless one leaves is the optimiser's rounding.
    counted = power > THRESHOLDS.faint * power.max(initial=0.0)
    left, _, right = svd((first["cross"] * counted[:, None]) @ whiten, full_matrices=False)
    outputs, inputs = left[:, : THRESHOLDS.n_directed], right[: THRESHOLDS.n_directed] @ whiten.T
    probes = probes @ whiten.T
    sums = rows.reduce(_probe_sums, probes, outputs, inputs)
    spread = np.sqrt(sums["squares"])
    scores = sums["values"] / np.where(spread > 0.0, spread, 1.0)
    n_directed = inputs.shape[0]
    random = scores[: scores.size - n_directed].reshape(len(probes), -1)[:, counted]
    # A covariance that is there has the same sign in both halves of the rows. One that the fit has
    # removed has opposite signs, and the larger in one half, the larger in the other.
    directed = scores[scores.size - n_directed :]
    statistic = float(max(np.abs(random).max(initial=0.0), directed.max(initial=0.0)))
    alone = 2.0 * float(special.ndtr(-statistic)) * scores.size
    together = _together(random, first["EE"][counted][:, counted], problem.n_effective)
    most = max(THRESHOLDS.concentrated, THRESHOLDS.fewest_rows / problem.n_effective)
    return ResidualTest(
        statistic=statistic,
        p_value=min(2.0 * min(alone, together), 1.0),
        concentrated=bool(first["largest"] > most * power.sum()),
    )


def _together(z: Array, covariance: Array, n: float) -> float:
    """Bound the chance of the largest T² of several rows of standard scores of the outputs."""
    scale = np.sqrt(covariance.diagonal())
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    kept = values > THRESHOLDS.dependent
    m = int(kept.sum())
    if m < 2 or n < THRESHOLDS.rows_an_output * m:
        return 1.0
    T2 = float(np.max(np.sum((z @ vectors[:, kept]) ** 2 / values[kept], axis=1)))
    return len(z) * float(special.fdtrc(m, n - m, T2 * (n - m) / (m * (n - 1.0))))


def _centred_coordinates(problem: Problem) -> tuple[Array, Array]:
    """Return the mean of the white inputs and what makes their variations white.

    Inputs far from zero vary little in white coordinates, which are white about zero.
    """
    d = len(problem.moments.xx)
    mean = problem.moments.x[:d] @ problem.whitening.transform
    shift = float(mean @ mean)
    if shift == 0.0:
        return mean, np.eye(len(mean))
    # A constant input does not vary at all: its direction is left out.
    stretch = 1.0 / np.sqrt(1.0 - shift) if shift < 1.0 - THRESHOLDS.constant else 0.0
    return mean, np.eye(len(mean)) + (stretch - 1.0) * np.outer(mean, mean) / shift


def _residual_and_inputs(
    batch: Batch, W: AnyArray, A: AnyArray, mean: AnyArray, activation: Activation
) -> Batch:
    """Put the residual in the place of Y, and inputs about their mean in that of X."""
    xp = array_api_compat.array_namespace(batch.X)
    _, H = activations(batch, W, activation)
    mean = like(batch, mean)
    # Of what comes of these, nobody needs more than a few digits.
    E = residual(batch, H, A)
    X = batch.X - (batch.extra["root"] * mean if "root" in batch.extra else mean)
    E, X = (xp.astype(M, xp.float32, copy=False) for M in (E, X))
    return Batch(X, E, offset=batch.offset)


def _first_sums(batch: Batch) -> dict[str, Leaf]:
    xp = array_api_compat.array_namespace(batch.X)
    even = slice(batch.offset % 2, None, 2)
    squares = batch.Y * batch.Y
    # Products with ones: sums over an axis are slow.
    return {
        "cross": Sum(tall_product(batch.Y[even, :], batch.X[even, :])),
        "EE": Sum(tall_product(batch.Y, batch.Y)),
        "largest": Max(xp.max(squares @ xp.ones_like(squares[0, :]))),
    }


def _probe_sums(
    batch: Batch, probes: AnyArray, outputs: AnyArray, inputs: AnyArray
) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    probes, outputs, inputs = (like(batch, M) for M in (probes, outputs, inputs))
    values, squares = 0.0, 0.0
    for part in batch.parts(THRESHOLDS.part_rows):
        X, E = part.X, part.Y
        Z = X @ probes.T
        phi = xp.astype(Z > 0.0, Z.dtype) * Z
        odd = slice(1 - part.offset % 2, None, 2)
        directed = (E[odd, :] @ outputs) * (X[odd, :] @ inputs.T)
        values = values + _flat(xp, tall_product(phi, E), directed)
        squares = squares + _flat(xp, tall_product(phi * phi, E * E), directed * directed)
    return {"values": Sum(values), "squares": Sum(squares)}


def _flat(xp: ModuleType, of_probes: AnyArray, directed: AnyArray) -> AnyArray:
    return xp.concat([xp.reshape(of_probes, (-1,)), xp.sum(directed, axis=0)])
