"""What the noise is like: whether rows share it, and whether it has the same size in all of them.

The kinds, each a case of the next:

- ``iid``: independent rows with noise of one law; outputs may differ, and be correlated;
- ``robust``: independent rows, noise whose size may depend on the inputs (counts);
- ``serial``: noise with memory, rows in order;
- ``groups``: rows of a group may share noise; groups are independent.

``auto`` takes the first that two tests do not reject: a portmanteau test of the scores in row order
(J. R. M. Hosking, JASA 75, 1980), and a score test of the squared residual against the fitted
outputs, their squares and the size of the input (T. S. Breusch and A. R. Pagan, Econometrica 47,
1979; studentised, so that the law of the noise does not matter).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import array_api_compat
import numpy as np
from scipy import special

from pureneuron.inference.scores import largest_score
from pureneuron.linalg import tall_product, times
from pureneuron.model import Activation
from pureneuron.optimize import Fit
from pureneuron.optimize.least_squares.kernels import activations, like, residual
from pureneuron.problem import Problem
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array

__all__ = ["Dependence", "ErrorKind", "Thresholds", "assumed_dependence"]

ErrorKind: TypeAlias = Literal["iid", "robust", "serial", "groups"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_projections, n_lags : int
        Projections of the scores, and lags that are looked at (calibration).
    serial, unequal : float
        Levels at which noise counts as noise with memory, or of unequal size. A wrong alarm costs a
        little precision of the standard errors, no more (calibration).
    generous : float
        What the lag that Andrews' rule gives is multiplied by: that rule is for the least mean
        square error, which leaves standard errors too small (calibration).
    most_lag : float
        Largest lag, as a share of the rows (calibration).
    """

    n_projections: int = 4
    n_lags: int = 12
    serial: float = 1e-3
    unequal: float = 1e-2
    generous: float = 2.0
    most_lag: float = 0.1


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Dependence:
    """What is assumed of the noise.

    Attributes
    ----------
    kind : str
        "iid", "robust", "serial" or "groups".
    lag : int
        Rows over which noise is remembered, with "serial"; else 0.
    why : str
        For the report.
    """

    kind: ErrorKind
    lag: int
    why: str


def assumed_dependence(
    fit: Fit,
    asked: Literal["auto", "iid", "robust", "serial"],
    *,
    grouped: bool,
    rng: np.random.Generator,
) -> Dependence:
    """Return what is to be assumed of the noise of a fit.

    Parameters
    ----------
    fit : Fit
        The fit.
    asked : str
        "auto", or the kind.
    grouped : bool
        Whether rows come in groups, which counts before all else.
    rng : numpy.random.Generator
        Draws projections of the scores.
    """
    if grouped:
        return Dependence("groups", 0, "rows of a group may share noise")
    if asked in ("iid", "robust"):
        return Dependence(asked, 0, "asked for")
    problem = fit.problem
    sums = problem.samples.reduce(
        _dependence_sums, fit.point.W, fit.point.A, *_projections(fit, rng), problem.activation
    )
    statistic, p_serial, lag = _portmanteau(sums["products"], problem.n_rows)
    if asked == "serial":
        return Dependence("serial", lag, "asked for")
    if p_serial < THRESHOLDS.serial:
        return Dependence("serial", lag, f"scores are correlated in row order (p = {p_serial:.2g})")
    p_unequal = _unequal(sums, problem)
    if p_unequal < THRESHOLDS.unequal:
        why = f"the size of the residual depends on the outputs (p = {p_unequal:.2g})"
        return Dependence("robust", 0, why)
    return Dependence("iid", 0, "nothing speaks against independent noise of one law")


def _projections(fit: Fit, rng: np.random.Generator) -> tuple[Array, ...]:
    m, q = fit.point.A.shape
    k, r = fit.point.W.shape
    n = THRESHOLDS.n_projections
    U, P, Z = (rng.standard_normal((size, n)) for size in (m, k, r))
    # Activations are positive mostly: their sum keeps what memory of the noise there is.
    V = np.abs(rng.standard_normal((q, n)))
    size = np.linalg.norm(fit.point.columns) / np.sqrt(m)
    return U, V, P / max(size, np.finfo(np.float64).tiny), Z


def _portmanteau(products: Array, n: int) -> tuple[float, float, int]:
    """Test lags 1 … L of scores for correlation; return statistic, p-value and Andrews' lag."""
    zero = products[0]
    values, vectors = np.linalg.eigh(zero)
    kept = values > values[-1] * 1e-10
    root = vectors[:, kept] / np.sqrt(values[kept])
    correlations = root.T @ products[1:] @ root
    statistic = float(n * np.sum(correlations**2))
    freedom = correlations.size
    first = np.clip(np.diagonal(correlations[0]), -0.97, 0.97)
    # Andrews (Econometrica 59, 1991), AR(1) plug-in for Bartlett's kernel, of whitened series.
    up = np.sum(4.0 * first**2 / ((1.0 - first) ** 6 * (1.0 + first) ** 2))
    down = np.sum(1.0 / (1.0 - first) ** 4)
    lag = THRESHOLDS.generous * 1.1447 * float(up / down * n) ** (1.0 / 3.0)
    most = max(int(THRESHOLDS.most_lag * n), 1)
    return statistic, float(special.chdtrc(freedom, statistic)), int(np.clip(lag, 1, most))


def _unequal(sums: dict[str, Array], problem: Problem) -> float:
    """Test whether squared residuals go with functions of the fit: a bound on the p-value."""
    n = problem.total
    square, mean = sums["e2"] / n, sums["f"] / n
    values = sums["e2 f"] - square[:, None] * sums["f"]
    # Σ (e² − σ²)² (f − f̄)², multiplied out.
    squares = 0.0
    for power, factor in enumerate((1.0, -2.0 * mean, mean**2)):
        e4, e2, e0 = (sums[f"{name} f{2 - power}"] for name in ("e4", "e2", "e0"))
        squares = squares + factor * (e4 - 2.0 * square[:, None] * e2 + square[:, None] ** 2 * e0)
    return largest_score(values, np.maximum(squares, 0.0))[1]


def _dependence_sums(
    batch: Batch,
    W: AnyArray,
    A: AnyArray,
    U: AnyArray,
    V: AnyArray,
    P: AnyArray,
    Z: AnyArray,
    activation: Activation,
) -> dict[str, Sum]:
    xp = array_api_compat.array_namespace(batch.X)
    D, H = activations(batch, W, activation)
    E = residual(batch, H, A)
    fitted = batch.Y - E
    U, V, P, Z, columns = (like(batch, M) for M in (U, V, P, Z, A[:, : W.shape[0]]))
    scores = (E @ U) * (H @ V) + (times(E @ columns, D) @ P) * (batch.X @ Z)
    n = scores.shape[0]
    products = [
        tall_product(scores[lag:, :], scores[: n - lag, :])
        if lag < n
        else xp.zeros((scores.shape[1],) * 2, dtype=scores.dtype)
        for lag in range(THRESHOLDS.n_lags + 1)
    ]
    power = xp.linalg.vecdot(batch.X, batch.X)[:, None]
    functions = xp.stack([fitted, fitted * fitted, power * xp.ones_like(fitted)], axis=2)
    E2 = (E * E)[:, :, None]
    sums = {"products": Sum(xp.stack(products)), "e2": Sum(xp.sum(E2[:, :, 0], axis=0))}
    sums |= {"f": Sum(xp.sum(functions, axis=0)), "e2 f": Sum(xp.sum(E2 * functions, axis=0))}
    for name, of_E in (("e4", E2 * E2), ("e2", E2), ("e0", xp.ones_like(E2))):
        for power_f in range(3):
            sums[f"{name} f{power_f}"] = Sum(xp.sum(of_E * functions**power_f, axis=0))
    return sums
