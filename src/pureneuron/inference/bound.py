"""The Cramér–Rao bound: how well a network can be known from how many rows.

No unbiased estimate has smaller standard errors (C. R. Rao, 1945; H. Cramér, 1946), and the fit has
these where the noise is Gaussian and rows are many. It hangs on the network, on the law of the
inputs and on the noise, and falls with the root of the number of rows. So it answers how many rows
are needed before any are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.inference.covariance import Root, root_of
from pureneuron.inference.delta_method import standard_errors, unseen
from pureneuron.inference.information import information, is_small
from pureneuron.model import Gaussian, LeakyReLU, TwoLayerNetwork
from pureneuron.optimize import Descent, Fit, profile
from pureneuron.problem import Problem, n_unknowns, pose
from pureneuron.samples import ArraySamples
from pureneuron.standard_errors import StandardErrors
from pureneuron.typing import Array

__all__ = ["cramer_rao", "rows_needed"]


@dataclass(frozen=True)
class Thresholds:
    """Numbers that decide, each with its meaning and the benchmark that shows its effect.

    Attributes
    ----------
    drawn_rows : int
        Rows that are drawn of a law by name (tests/inference/test_bound.py).
    """

    drawn_rows: int = 20_000


THRESHOLDS = Thresholds()


def cramer_rao(
    network: TwoLayerNetwork,
    inputs: ArrayLike | str,
    noise: ArrayLike,
    n_rows: int | None = None,
    *,
    fit_hidden_bias: bool | None = None,
    fit_intercept: bool | None = None,
    fit_linear: bool | None = None,
    fit_slope: bool = False,
    rng: np.random.Generator | int | None = 0,
) -> StandardErrors:
    """Return the least standard errors that an unbiased estimate of a network can have.

    Parameters
    ----------
    network : TwoLayerNetwork
        The network, neurons in any scale; standard errors are those of its normal form.
    inputs : (n, d) array-like, or str
        Inputs of the law that will be measured, many enough to stand for it; or a law by name, as
        in :func:`~pureneuron.datasets.symmetric_inputs`, of which 20,000 rows are drawn.
    noise : float, (m,) or (m, m) array-like
        Standard deviation of the noise, of each output, or its covariance between outputs. The
        estimate is taken to know it, as ``noise_covariance="full"`` soon does.
    n_rows : int, optional
        How many rows will be measured; as many as there are inputs, if left out.
    fit_hidden_bias, fit_intercept, fit_linear : bool, optional
        Whether biases and a linear part are unknown, too; if left out, where the network has any.
    fit_slope : bool
        Whether the slope is.
    rng : Generator, int or None
        Draws inputs of a law by name.

    Returns
    -------
    StandardErrors
        In the units of the data, neurons in the order of the network; infinite where these inputs
        leave an entry undetermined, however many they are.

    Raises
    ------
    ValueError
        If sizes do not fit, the noise is no covariance, or there are too many unknowns.

    Examples
    --------
    >>> from pureneuron.datasets import make_teacher
    >>> teacher = make_teacher(n_inputs=5, n_neurons=3, n_outputs=4, rng=0)
    >>> one = cramer_rao(teacher, "gaussian", 0.1, 1000)
    >>> four = cramer_rao(teacher, "gaussian", 0.1, 4000)
    >>> bool(abs(one.W / four.W - 2.0).max() < 1e-12)
    True
    """
    X = _inputs(network, inputs, rng)
    if n_rows is None:
        if isinstance(inputs, str):
            raise ValueError(f"say how many rows of the law {inputs!r} there are: n_rows=…")
        n_rows = len(X)
    if n_rows < 1:
        raise ValueError(f"n_rows must be at least 1, got {n_rows!r}")
    covariance = _noise_covariance(noise, network.n_outputs)
    problem = pose(
        ArraySamples(X, network.predict(X)),
        activation=LeakyReLU(network.negative_slope),
        fit_hidden_bias=_or_any(fit_hidden_bias, network.hidden_bias, "fit_hidden_bias"),
        fit_intercept=_or_any(fit_intercept, network.output_bias, "fit_intercept"),
        fit_linear=_or_any(fit_linear, network.linear, "fit_linear"),
    ).with_likelihood(Gaussian.with_covariance(covariance))
    _refuse_large(problem, network.n_neurons)
    # At the network itself, where there is no residual.
    fit = Fit(problem, profile(problem, *problem.coordinates(network)), Descent(True, False, ()))
    known = information(fit, fits_slope=fit_slope, all_rows=True)
    whiten = problem.whiten_outputs
    S = known.score_covariance(whiten @ covariance @ whiten.T) / n_rows
    root = Root.of_scores(root_of(S), known)
    return standard_errors(fit, root, kind="iid", null=unseen(fit, known), to_first_order=True)


def rows_needed(
    network: TwoLayerNetwork,
    inputs: ArrayLike | str,
    noise: ArrayLike,
    error: float = 0.01,
    *,
    fit_hidden_bias: bool | None = None,
    fit_intercept: bool | None = None,
    fit_linear: bool | None = None,
    fit_slope: bool = False,
    rng: np.random.Generator | int | None = 0,
) -> int:
    """Return how many rows it takes to know every neuron to a share of its length.

    Parameters
    ----------
    network, inputs, noise
        As in :func:`cramer_rao`.
    error : float
        Root of the summed squared standard errors of a row of W, and of a column of A, against its
        length; 0.01 is 1 %.
    fit_hidden_bias, fit_intercept, fit_linear, fit_slope, rng
        As in :func:`cramer_rao`.

    Raises
    ------
    ValueError
        As :func:`cramer_rao` does, and if no number of such inputs is enough.

    Examples
    --------
    >>> from pureneuron.datasets import make_teacher
    >>> teacher = make_teacher(n_inputs=5, n_neurons=3, n_outputs=4, rng=0)
    >>> rows_needed(teacher, "gaussian", 0.1, 0.01)
    1192
    """
    if not error > 0.0:
        raise ValueError(f"error must be positive, got {error!r}")
    of_one_row = cramer_rao(
        network,
        inputs,
        noise,
        1,
        fit_hidden_bias=fit_hidden_bias,
        fit_intercept=fit_intercept,
        fit_linear=fit_linear,
        fit_slope=fit_slope,
        rng=rng,
    )
    lengths = np.linalg.norm(network.normalized().A, axis=0)
    rows = np.linalg.norm(of_one_row.W, axis=1)
    columns = np.linalg.norm(of_one_row.A, axis=0) / lengths
    largest = float(np.maximum(rows, columns).max())
    if not np.isfinite(largest):
        raise ValueError(
            "these inputs leave weights undetermined, however many there are: they do not vary in "
            "all dimensions, or do not switch every unit"
        )
    return max(int(np.ceil((largest / error) ** 2)), 1)


def _inputs(
    network: TwoLayerNetwork, inputs: ArrayLike | str, rng: np.random.Generator | int | None
) -> Array:
    if isinstance(inputs, str):
        # Their package reads data with scikit-learn, which takes half a second to import.
        from pureneuron.datasets import symmetric_inputs

        return symmetric_inputs(THRESHOLDS.drawn_rows, network.n_inputs, inputs, rng=rng)
    X = np.asarray(inputs, np.float64)
    if X.ndim != 2 or X.shape[1] != network.n_inputs:
        raise ValueError(
            f"inputs of shape {X.shape}; rows of {network.n_inputs} are expected, or a law by name"
        )
    return X


def _noise_covariance(noise: ArrayLike, n_outputs: int) -> Array:
    """Return the covariance between outputs that a number, deviations or a matrix stand for."""
    given = np.asarray(noise, np.float64)
    expected = {0: (), 1: (n_outputs,), 2: (n_outputs, n_outputs)}
    if given.shape != expected.get(given.ndim):
        raise ValueError(
            f"noise of shape {given.shape}; a number, {n_outputs} standard deviations or a "
            f"covariance of {n_outputs} outputs is expected"
        )
    covariance = given if given.ndim == 2 else np.diag(np.full(n_outputs, 1.0) * given**2)
    values = np.linalg.eigvalsh(covariance) if np.isfinite(given).all() else np.array([-1.0])
    symmetric = np.allclose(covariance, covariance.T)
    if not symmetric or values[-1] <= 0.0 or values[0] < -1e-12 * values[-1]:
        raise ValueError("noise must be positive, or a covariance: symmetric, and not negative")
    return np.asarray(covariance)


def _or_any(asked: bool | None, weights: Array, option: str) -> bool:
    has = bool(np.any(weights))
    if asked is False and has:
        what = "a linear part" if option == "fit_linear" else "biases"
        raise ValueError(f"{option}=False, and the network has {what}")
    return has if asked is None else asked


def _refuse_large(problem: Problem, n_neurons: int) -> None:
    if not is_small(problem, n_neurons):
        raise ValueError(
            f"{n_unknowns(problem, n_neurons)} unknowns are too many for the information to be "
            "formed"
        )
