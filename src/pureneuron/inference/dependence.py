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
from typing import Any, Literal, TypeAlias

import array_api_compat
import numpy as np
from scipy import special

from pureneuron.inference.scores import largest_score
from pureneuron.linalg import times
from pureneuron.model import Activation
from pureneuron.optimize import Fit, single_suffices
from pureneuron.optimize.least_squares.kernels import activations, like, residual_sums
from pureneuron.samples import Batch, Sum
from pureneuron.typing import AnyArray, Array, IndexArray

__all__ = ["Dependence", "ErrorKind", "Errors", "Thresholds", "assumed_dependence"]

ErrorKind: TypeAlias = Literal["iid", "robust", "serial", "groups"]
Errors: TypeAlias = Literal["auto", "iid", "robust", "serial"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    n_projections, n_lags : int
        Projections of the scores, and lags that are looked at (calibration).
    run, enough_rows : int
        Consecutive rows that are looked at together, and rows in all (calibration).
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
    run: int = 250
    enough_rows: int = 2500
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
    asked: Errors,
    *,
    grouped: bool,
    power: Array | None = None,
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
    power : (m,) array, optional
        Mean squares of the residual, where they are known.
    rng : numpy.random.Generator
        Draws projections of the scores.
    """
    if grouped:
        return Dependence("groups", 0, "rows of a group may share noise")
    if asked in ("iid", "robust"):
        return Dependence(asked, 0, "asked for")
    problem, point = fit.problem, fit.point
    rows = problem.in_single_precision if single_suffices(fit.loss) else problem
    if power is None:
        EE = rows.samples.reduce(residual_sums, point.W, point.A, problem.activation)["EE"]
        power = EE.diagonal() / problem.total
    some = rows.samples.take(_rows_in_runs(problem.n_rows))
    sums = some.reduce(
        _dependence_sums,
        (point.W, point.A),
        _projections(fit, rng),
        power,
        problem.activation,
    )
    p_serial, lag = _portmanteau(sums["products"], float(sums["rows"]), problem.n_rows)
    if asked == "serial":
        return Dependence("serial", lag, "asked for")
    if p_serial < THRESHOLDS.serial:
        return Dependence("serial", lag, f"scores are correlated in row order (p = {p_serial:.2g})")
    p_unequal = _unequal(sums)
    if p_unequal < THRESHOLDS.unequal:
        why = f"the size of the residual depends on the outputs (p = {p_unequal:.2g})"
        return Dependence("robust", 0, why)
    return Dependence("iid", 0, "nothing speaks against independent noise of one law")


def _rows_in_runs(n_rows: int) -> IndexArray:
    """Return the numbers of the rows of some runs: enough rows, all where there are few."""
    every = max(n_rows // THRESHOLDS.enough_rows, 1)
    starts = np.arange(0, n_rows, every * THRESHOLDS.run)
    rows = (starts[:, None] + np.arange(THRESHOLDS.run)).ravel()
    return rows[rows < n_rows]


def _projections(fit: Fit, rng: np.random.Generator) -> tuple[Array, ...]:
    m, q = fit.point.A.shape
    k, r = fit.point.W.shape
    n = THRESHOLDS.n_projections
    U, P, Z = (rng.standard_normal((size, n)) for size in (m, k, r))
    # Activations are positive mostly: their sum keeps what memory of the noise there is.
    V = np.abs(rng.standard_normal((q, n)))
    size = np.linalg.norm(fit.point.columns) / np.sqrt(m)
    return U, V, P / max(size, np.finfo(np.float64).tiny), Z


def _portmanteau(products: Array, n: float, n_rows: int) -> tuple[float, int]:
    """Test lags 1 … L of scores for correlation; return the p-value and Andrews' lag."""
    values, vectors = np.linalg.eigh(products[0])
    kept = values > max(values[-1], 0.0) * 1e-10
    if not kept.any():
        return 1.0, 1
    root = vectors[:, kept] / np.sqrt(values[kept])
    correlations = root.T @ products[1:] @ root
    statistic = float(n * np.sum(correlations**2))
    freedom = correlations.size
    first = np.clip(np.diagonal(correlations[0]), -0.97, 0.97)
    # Andrews (Econometrica 59, 1991), AR(1) plug-in for Bartlett's kernel, of whitened series.
    up = np.sum(4.0 * first**2 / ((1.0 - first) ** 6 * (1.0 + first) ** 2))
    down = np.sum(1.0 / (1.0 - first) ** 4)
    lag = THRESHOLDS.generous * 1.1447 * float(up / down * n_rows) ** (1.0 / 3.0)
    most = max(int(THRESHOLDS.most_lag * n_rows), 1)
    return float(special.chdtrc(freedom, statistic)), int(np.clip(lag, 1, most))


def _unequal(sums: dict[str, Array]) -> float:
    """Test whether squared residuals go with functions of the fit: a bound on the p-value."""
    mean = sums["f"] / float(sums["rows"])
    values = sums["r f"] - mean * sums["r"][:, None]
    # Σ r² (f − f̄)², multiplied out.
    squares = sums["r2 f2"] - 2.0 * mean * sums["r2 f"] + mean**2 * sums["r2"][:, None]
    return largest_score(values, np.maximum(squares, 0.0))[1]


def _dependence_sums(
    batch: Batch,
    here: tuple[AnyArray, AnyArray],
    projections: tuple[AnyArray, ...],
    power: AnyArray,
    activation: Activation,
) -> dict[str, Sum]:
    """Products of scores at all lags, and of squared residuals with functions of the fit.

    Parameters
    ----------
    batch : Batch
        All rows that are looked at, in one: runs must not be cut where batches are.
    power : (m,) array
        Mean squares of the residual.
    """
    xp = array_api_compat.array_namespace(batch.X)
    W, A, power, U, V, P, Z = (like(batch, M) for M in (*here, power, *projections))
    total: dict[str, Any] = {}
    for part in batch.parts(THRESHOLDS.run):
        D, H = activations(part, W, activation)
        fitted = H @ A.T
        E = part.Y - fitted
        scores = (E @ U) * (H @ V) + (times(E @ A[:, : W.shape[0]], D) @ P) * (part.X @ Z)
        n = scores.shape[0]
        lags = [
            scores[lag:, :].T @ scores[: max(n - lag, 0), :] for lag in range(THRESHOLDS.n_lags + 1)
        ]
        r = E * E - power
        size = xp.linalg.vecdot(part.X, part.X)[:, None]
        f = xp.stack([fitted, fitted * fitted, size * xp.ones_like(fitted)], axis=2)
        rf, r2 = r[:, :, None] * f, r * r
        r2f = r2[:, :, None] * f
        sums = {"products": xp.stack(lags), "rows": float(n), "r": r, "r2": r2, "f": f, "r f": rf}
        sums |= {"r2 f": r2f, "r2 f2": r2f * f}
        for name, values in sums.items():
            if name not in ("products", "rows"):
                values = xp.sum(values, axis=0)
            total[name] = total[name] + values if name in total else values
    return {name: Sum(values) for name, values in total.items()}
