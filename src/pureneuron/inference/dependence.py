"""What the noise is like: whether rows share it, and whether it has the same size in all of them.

The kinds, each a case of the next:

- ``iid``: independent rows with noise of one law; outputs may differ, and be correlated;
- ``robust``: independent rows, noise whose size may depend on the inputs (counts);
- ``serial``: noise with memory, rows in order;
- ``groups``: rows of a group may share noise; groups are independent.

``auto`` takes the first that two tests do not reject: a test of scores against sums of those before
them, and a test of the size of the residual against the fitted outputs, their squares, the size of
the input and the weight of the row, if there are weights (as that of T. S. Breusch and A. R. Pagan,
Econometrica 47, 1979). Both are studentised by the terms themselves, so that neither the law of the
noise nor a memory of the inputs matters. Sizes and functions are bounded first: a unit that is
seldom on and strong there would leave nothing but a few large terms, which say little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

import array_api_compat
import numpy as np

from pureneuron.inference.scores import largest_score
from pureneuron.linalg import times
from pureneuron.model import Activation
from pureneuron.optimize import Fit, single_suffices
from pureneuron.optimize.least_squares.kernels import activations, like, residual_sums
from pureneuron.problem.survey import THRESHOLDS as SURVEY
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
    n_projections : int
        Projections of the scores (calibration).
    spans : tuple of int
        How many rows before are added up (calibration).
    enough_rows : int
        Rows that are looked at, in runs of consecutive ones (calibration).
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
    spans: tuple[int, ...] = (1, 4, 12)
    enough_rows: int = 2500
    serial: float = 1e-2
    unequal: float = 1e-2
    generous: float = 2.0
    most_lag: float = 0.1


THRESHOLDS = Thresholds()
_ANDREWS = 1.1447  # of his lag for Bartlett's kernel


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
    left_out : float
        Share of the variance of the scores' mean that Bartlett's kernel of that lag leaves out.
    memory : float
        Rows that tell as much as one that is independent.
    """

    kind: ErrorKind
    lag: int
    why: str
    left_out: float = 0.0
    memory: float = 1.0

    @property
    def is_alike(self) -> bool:
        """Whether noise is independent from row to row, and alike in all of them."""
        return self.kind == "iid"

    @classmethod
    def serial(cls, lag: int, n_rows: int, why: str) -> Self:
        """Return noise with the memory for which Andrews' rule gives a lag.

        The rule sees in the scores the memory of an AR(1) series of correlation φ: the lag is
        ``c (q² n)^{1/3}`` with ``q = 2φ / (1 − φ²)``, Bartlett's kernel leaves out the share
        ``q / lag``, and ``(1 + φ) / (1 − φ)`` rows tell as much as one.
        """
        left_out = float(np.sqrt(lag / (n_rows * (THRESHOLDS.generous * _ANDREWS) ** 3)))
        q = left_out * lag
        correlation = (np.sqrt(1.0 + q**2) - 1.0) / q
        memory = float((1.0 + correlation) / (1.0 - correlation))
        return cls("serial", lag, why, left_out, memory)


def assumed_dependence(
    fit: Fit,
    asked: Errors,
    *,
    grouped: bool,
    residual: Array | None = None,
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
    residual : (m, m) array, optional
        Second moments of the residual, where they are known.
    rng : numpy.random.Generator
        Draws projections of the scores.
    """
    if grouped:
        return Dependence("groups", 0, "rows of a group may share noise")
    if asked in ("iid", "robust"):
        return Dependence(asked, 0, "asked for")
    problem, point = fit.problem, fit.point
    rows = problem.in_single_precision if single_suffices(fit.loss) else problem
    if residual is None:
        enough = rows if rows.kept is None else rows.on(rows.kept.samples)
        EE = enough.samples.reduce(residual_sums, point.W, point.A, problem.activation)["EE"]
        residual = EE / enough.total
    if rows.runs is not None:
        some = rows.on(rows.runs.samples).samples
    else:
        some = rows.samples.take(_rows_in_runs(problem.n_rows))
    sums = some.reduce(
        _dependence_sums,
        (point.W, point.A),
        _projections(fit, rng),
        residual.diagonal(),
        problem.activation,
    )
    p_serial = largest_score(sums["with those before"], sums["their squares"])[1]
    lag = _lag(sums["products"], problem.n_rows)
    if asked == "serial":
        return Dependence.serial(lag, problem.n_rows, "asked for")
    if p_serial < THRESHOLDS.serial:
        why = f"scores are correlated in row order (p = {p_serial:.2g})"
        return Dependence.serial(lag, problem.n_rows, why)
    p_unequal = largest_score(sums["unequal"], sums["unequal squares"])[1]
    if p_unequal < THRESHOLDS.unequal:
        why = f"the size of the residual differs between rows (p = {p_unequal:.2g})"
        return Dependence("robust", 0, why)
    return Dependence("iid", 0, "nothing speaks against independent noise of one law")


def _rows_in_runs(n_rows: int) -> IndexArray:
    """Return the numbers of the rows of some runs: enough rows, all where there are few."""
    every = max(n_rows // THRESHOLDS.enough_rows, 1)
    starts = np.arange(0, n_rows, every * SURVEY.run)
    rows = (starts[:, None] + np.arange(SURVEY.run)).ravel()
    return rows[rows < n_rows]


def _projections(fit: Fit, rng: np.random.Generator) -> tuple[Array, ...]:
    m, q = fit.point.A.shape
    k, r = fit.point.W.shape
    n = THRESHOLDS.n_projections
    U, P, Z = (rng.standard_normal((size, n)) for size in (m, k, r))
    # Activations are positive mostly: their sum keeps what memory of the noise there is.
    V = np.abs(rng.standard_normal((q, n)))
    size = float(np.linalg.norm(fit.point.columns)) / np.sqrt(m)
    return U, V, P / (size or 1.0), Z


def _lag(products: Array, n_rows: int) -> int:
    """Return Andrews' lag (Econometrica 59, 1991): AR(1) plug-in for Bartlett's kernel."""
    values, vectors = np.linalg.eigh(products[0])
    kept = values > max(values[-1], 0.0) * 1e-10
    if not kept.any():
        return 1
    # Of white series.
    root = vectors[:, kept] / np.sqrt(values[kept])
    first = np.clip(np.diagonal(root.T @ products[1] @ root), -0.97, 0.97)
    up = np.sum(4.0 * first**2 / ((1.0 - first) ** 6 * (1.0 + first) ** 2))
    down = np.sum(1.0 / (1.0 - first) ** 4)
    lag = THRESHOLDS.generous * _ANDREWS * float(up / down * n_rows) ** (1.0 / 3.0)
    most = max(int(THRESHOLDS.most_lag * n_rows), 1)
    return int(np.clip(lag, 1, most))


def _unequal(batch: Batch, fitted: AnyArray, E: AnyArray, power: AnyArray) -> dict[str, AnyArray]:
    """Return sums over rows of sizes of the residual times functions of the fit, and of squares.

    A weight counts rows, and does not say how loud they are: with weights the noise itself is to be
    alike, and not to go with them. Rows without weight say nothing.

    Parameters
    ----------
    batch : Batch
        The rows.
    fitted, E : (n, m) arrays
        The fitted outputs, and the residual.
    power : (m,) array
        Mean squares of the residual.
    """
    xp = array_api_compat.array_namespace(E)
    size = xp.linalg.vecdot(batch.X, batch.X)
    of_rows = [fitted, fitted * fitted, size[:, None] * xp.ones_like(fitted)]
    if "root" in batch.extra:
        seen = xp.nonzero(batch.extra["root"][:, 0])[0]
        root, E, *of_rows = (
            xp.take(each, seen, axis=0) for each in (batch.extra["root"], E, *of_rows)
        )
        E, powers = E / root, (root, root * root, root * root)
        of_rows = [each / power for each, power in zip(of_rows, powers, strict=True)]
        of_rows.append(root * xp.ones_like(E))
    functions, loud = xp.stack(of_rows, axis=2), xp.sqrt(power)
    sizes = xp.abs(E) / xp.where(loud > 0.0, xp.abs(E) + loud, xp.ones_like(E))
    middle = functions - xp.mean(functions, axis=0)
    spread = xp.abs(middle) + xp.sqrt(xp.mean(middle * middle, axis=0))
    bounded = middle / xp.where(spread > 0.0, spread, xp.ones_like(spread))
    terms = (sizes - xp.mean(sizes, axis=0))[:, :, None] * (bounded - xp.mean(bounded, axis=0))
    return {"unequal": xp.sum(terms, axis=0), "unequal squares": xp.sum(terms * terms, axis=0)}


def _with_those_before(scores: AnyArray) -> AnyArray:
    """Return products of scores with sums of those just before: of each kind, and of all.

    Without memory the mean of each is zero, given all rows before, whatever their sizes are.
    """
    xp = array_api_compat.array_namespace(scores)
    n, products = scores.shape[0], []
    before, nothing = xp.zeros_like(scores), xp.zeros_like(scores)
    for lag in range(1, max(THRESHOLDS.spans) + 1):
        before = before + xp.concat([nothing[:lag, :], scores[: max(n - lag, 0), :]])
        if lag in THRESHOLDS.spans:
            each = scores * before
            products += [each, xp.sum(each, axis=1)[:, None]]
    return xp.concat(products, axis=1)


def _dependence_sums(
    batch: Batch,
    here: tuple[AnyArray, AnyArray],
    projections: tuple[AnyArray, ...],
    power: AnyArray,
    activation: Activation,
) -> dict[str, Sum]:
    """Add up products of scores, and of sizes of the residual with functions of the fit.

    Parameters
    ----------
    batch : Batch
        All rows that are looked at, in one: runs must not be cut where batches are.
    power : (m,) array
        Mean squares of the residual.
    """
    xp = array_api_compat.array_namespace(batch.X)
    W, A, power, U, V, P, Z = (like(batch, M) for M in (*here, power, *projections))
    D, H = activations(batch, W, activation)
    fitted = H @ A.T
    E = batch.Y - fitted
    total = _unequal(batch, fitted, E, power)
    pulled = times(E @ A[:, : W.shape[0]], D) @ P
    scores = (E @ U) * (H @ V) + pulled * (batch.X @ Z)
    n = scores.shape[0]
    for start in range(0, n, SURVEY.run):
        run = scores[start : min(start + SURVEY.run, n), :]
        lags = xp.stack([run.T @ run, run[1:, :].T @ run[:-1, :]])
        pairs = _with_those_before(run)
        sums = {
            "products": lags,
            "with those before": xp.sum(pairs, axis=0),
            "their squares": xp.sum(pairs * pairs, axis=0),
        }
        for name, values in sums.items():
            total[name] = total[name] + values if name in total else values
    return {name: Sum(values) for name, values in total.items()}
