"""Standard errors of the network as it is reported, in the units of the data.

It starts from what independent parts of the data move the unknowns by (:mod:`.covariance`). Rows of
W move on the unit sphere: a change of the white rows becomes one of the reported network by
the delta method, ``δŵ = (I − ŵŵᵀ) δw / |w|``, ``δb̂ = (δb − b̂ ŵᵀδw) / |w|``, and
``δÂ_a = |w| δA_a + Â_a ŵᵀδw / |w|``. A weight that is nearly all of its row hardly moves to first
order: to the second, a row that turns by τ shortens along itself by ``τ²/2``, and its length, which
A and the bias are scaled by, grows by as much. That is added to their variances.
"""

from __future__ import annotations

import numpy as np

from pureneuron.inference.blocks import Blocks
from pureneuron.inference.covariance import Root, large_covariance_root, widened
from pureneuron.inference.dependence import Dependence
from pureneuron.inference.information import Information
from pureneuron.optimize import Fit
from pureneuron.standard_errors import StandardErrors
from pureneuron.typing import Array

__all__ = ["large_standard_errors", "standard_errors", "unseen"]

# Share of an unknown in a direction without information that makes it undetermined (rounding).
_NULL = 1e-6


def standard_errors(
    fit: Fit,
    root: Root,
    *,
    kind: str,
    null: Array | None = None,
    to_first_order: bool = False,
) -> StandardErrors:
    """Return the standard errors of the network in the units of the data, neurons as in the fit.

    Where inputs do not span all dimensions, an entry of W that has a part across the span is not
    determined.

    Parameters
    ----------
    fit : Fit
        The fit.
    root : Root
        The :func:`covariance_root`.
    kind : str
        What it assumes of the noise.
    null : (z, u) array of bool, optional
        Which of the reported unknowns move along directions that the rows do not see.
    to_first_order : bool
        Whether squared turns of the rows are left out, as a bound does.
    """
    problem, k = fit.problem, fit.n_neurons
    reported = _reported(fit, root.A, root.W, root.slope)
    variance = np.einsum("ij,ij->j", reported, reported)
    d, m = len(problem.input_span), problem.n_outputs
    if not to_first_order:
        variance += _of_second_order(fit, variance[m * k : m * k + k * d].reshape(k, d))
    if null is not None and len(null):
        variance = np.where(np.any(null, axis=0), np.inf, variance)
    of_W, of_L = variance[m * k : m * k + k * d], variance[m * k + k * d + k + m + 1 :]
    for weights in (of_W, of_L):
        weights.reshape(-1, d)[:, problem.inputs_across] = np.inf
    return StandardErrors.of_variance(variance, reported, (k, d, m), kind, root.freedom)


def large_standard_errors(fit: Fit, dependence: Dependence, blocks: Blocks) -> StandardErrors:
    """Return them where the information is too large for its inverse.

    Parameters
    ----------
    fit, dependence, blocks
        As for ``large_covariance_root``.
    """
    root = large_covariance_root(fit, dependence, blocks)
    return standard_errors(fit, widened(fit, root), kind=dependence.kind)


def unseen(fit: Fit, known: Information, others: Array | None = None) -> Array | None:
    """Return which of the reported unknowns (z, u) move along directions without information.

    Parameters
    ----------
    fit, known : Fit and Information
        The fit, and what the rows say of it.
    others : (z', k, r) array, optional
        Changes of W that the rows do not see either.
    """
    (m, q), (k, r) = fit.point.A.shape, fit.point.W.shape
    others = np.zeros((0, k, r)) if others is None else others
    more = np.zeros((len(known.null), len(others)))
    more[: k * r] = others.reshape(-1, k * r).T
    null = np.hstack([known.null, more])
    z = null.shape[1]
    if z == 0:
        return None
    follow = -(known.follow @ null).transpose(2, 0, 1)
    along = null.T
    slope = along[:, k * r] if known.fits_slope else np.zeros(z)
    moved = np.abs(
        _reported(fit, follow.reshape(z, m, q), along[:, : k * r].reshape(z, k, r), slope)
    )
    return np.asarray(moved > _NULL * moved.max(initial=0.0))


def _of_second_order(fit: Fit, of_W: Array) -> Array:
    """Return what the squared turn of each row adds to the variances (u,) of what is reported.

    For a normal turn τ with squares t on average, ``τ²/2`` varies by no more than ``3 t²/4`` about
    zero. No number is known better than it is rounded.

    Parameters
    ----------
    fit : Fit
        The fit.
    of_W : (k, d) array
        Variances of the rows of W, to first order.
    """
    network = fit.network()
    turned = of_W.sum(axis=1)
    share = np.where(turned > 0.0, 0.75 * turned**2 + np.finfo(np.float64).eps ** 2, 0.0)
    parts = [
        network.A**2 * share,
        network.W**2 * share[:, None],
        network.hidden_bias**2 * share,
        np.zeros(fit.problem.n_outputs + 1),
        np.zeros(network.linear.size if fit.problem.fit_linear else 0),
    ]
    return np.concatenate([part.ravel() for part in parts])


def _reported(fit: Fit, dA: Array, dW: Array, dslope: Array) -> Array:
    """Return changes (b, u) of the reported unknowns for changes of those of the engine.

    Reported are A row by row, W row by row, hidden biases, output biases, the slope, and L row by
    row where it is fitted.
    """
    problem, point = fit.problem, fit.point
    b, k, d = len(dA), fit.n_neurons, len(problem.input_span)
    raw = problem.whitening.from_white(point.W)
    length = np.linalg.norm(raw[:, :d], axis=1)
    length = np.where(length > 0.0, length, 1.0)
    rows = raw / length[:, None]
    colour = problem.colour_outputs
    columns = colour @ point.columns * length
    dA = colour @ dA
    linear, bias = problem.beside(dA[:, :, k:])
    dW = (dW @ problem.whitening.transform.T) / length[:, None]
    along = np.einsum("bad,ad->ba", dW[:, :, :d], rows[:, :d])
    turned = dW - along[:, :, None] * rows
    parts = [
        dA[:, :, :k] * length + columns * along[:, None, :],
        turned[:, :, :d],
        turned[:, :, d] if problem.fit_hidden_bias else np.zeros((b, k)),
        bias,
        dslope[:, None],
        linear if problem.fit_linear else linear[:, :0],
    ]
    return np.hstack([part.reshape(b, int(np.prod(part.shape[1:]))) for part in parts])
