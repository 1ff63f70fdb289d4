"""Standard errors of a network, confidence intervals, and errors of its predictions."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from pureneuron.model import TwoLayerNetwork
from pureneuron.summary import student
from pureneuron.typing import Array, IndexArray

__all__ = ["Intervals", "StandardErrors", "Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Sizes that decide how much is held at a time.

    Attributes
    ----------
    entries : int
        Entries of an array for standard errors of predictions: sixteen megabytes (rates.py).
    """

    entries: int = 2_000_000


THRESHOLDS = Thresholds()


@dataclass(frozen=True, eq=False)
class Intervals:
    """Confidence intervals; the last axis holds the lower and the upper end.

    Attributes
    ----------
    A, W, linear : (m, k, 2), (k, d, 2) and (m, d, 2) arrays
        Around the entries of the network.
    hidden_bias, output_bias, negative_slope : (k, 2), (m, 2) and (2,) arrays
        Likewise.
    """

    A: Array
    W: Array
    hidden_bias: Array
    output_bias: Array
    negative_slope: Array
    linear: Array


@dataclass(frozen=True, eq=False)
class StandardErrors:
    """Standard errors of a network in normal form, in the units of the data.

    What is not fitted has a standard error of zero; what the data leave undetermined, infinity.

    Attributes
    ----------
    A, W, hidden_bias, output_bias, negative_slope, linear
        Of the entries of the network, arrays of the same shapes.
    kind : str
        What is assumed of the noise: "iid", "robust", "serial" or "groups".
    freedom : float
        Degrees of freedom of Student's law, by which intervals are made.
    root : (b, p) array
        Independent changes of A row by row, W row by row, hidden biases, output biases, the slope,
        and L row by row where it is fitted, whose squares add up to their covariance; where a
        standard error is infinite, of what is known.
    """

    A: Array
    W: Array
    hidden_bias: Array
    output_bias: Array
    negative_slope: float
    linear: Array
    kind: str
    freedom: float
    root: Array

    @classmethod
    def of_variance(
        cls,
        variance: Array,
        root: Array,
        sizes: tuple[int, int, int],
        kind: str,
        freedom: float,
    ) -> StandardErrors:
        """Take the variances of all unknowns apart; sizes are k, d and m."""
        k, d, m = sizes
        A, W, b, c, slope, L = _apart(np.sqrt(variance), k, d, m)
        L = L if len(L) else np.zeros((m, d))
        return cls(A, W, b, c, float(slope[0]), L, kind, freedom, root)

    @property
    def covariance(self) -> Array:
        """Covariance (p, p) of all unknowns, in the order of ``root``."""
        return np.asarray(self.root.T @ self.root)

    def permuted(self, order: IndexArray) -> StandardErrors:
        """Return those of the network made of the neurons ``order``, in that order."""
        (m, k), d = self.A.shape, self.W.shape[1]
        A, W, b, c, slope, L = _apart(np.arange(float(self.root.shape[1])), k, d, m)
        moved = [A[:, order].ravel(), W[order].ravel(), b[order], c, slope, L.ravel()]
        index = np.concatenate(moved).astype(np.intp)
        return replace(
            self,
            A=self.A[:, order],
            W=self.W[order],
            hidden_bias=self.hidden_bias[order],
            root=self.root[:, index],
        )

    def intervals(self, network: TwoLayerNetwork, level: float) -> Intervals:
        """Return confidence intervals around the entries of the network."""
        factor = student(self.freedom, 0.5 + level / 2.0)
        names = [each.name for each in fields(Intervals)]
        ends = {
            name: np.stack(
                [
                    np.asarray(getattr(network, name) + sign * factor * getattr(self, name))
                    for sign in (-1.0, 1.0)
                ],
                axis=-1,
            )
            for name in names
        }
        return Intervals(**ends)

    def of_prediction(self, network: TwoLayerNetwork, X: Array) -> Array:
        """Return the standard errors (n, m) of the outputs that the network predicts for X.

        Some rows at a time: what moves each of them has as many entries as there are unknowns.
        """
        rows = max(THRESHOLDS.entries // (len(self.root) * sum(self.A.shape) or 1), 1)
        parts = [self._of_rows(network, X[i : i + rows]) for i in range(0, len(X), rows)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.A)))

    def _of_rows(self, network: TwoLayerNetwork, X: Array) -> Array:
        (m, k), d = self.A.shape, self.W.shape[1]
        A, W, b, c, slope, L = _apart(self.root.T, k, d, m)
        pre = X @ network.W.T + network.hidden_bias
        D = np.where(pre > 0.0, 1.0, network.negative_slope)
        H = pre * D
        moved = D[:, :, None] * (np.einsum("nd,kdp->nkp", X, W) + b)
        moved = moved + np.minimum(pre, 0.0)[:, :, None] * slope[0]
        change = np.einsum("mk,nkp->nmp", network.A, moved) + np.einsum("nk,mkp->nmp", H, A) + c
        if len(L):
            change += np.einsum("nd,mdp->nmp", X, L)
        return np.asarray(np.linalg.norm(change, axis=2))


def _apart(values: Array, k: int, d: int, m: int) -> tuple[Array, ...]:
    """Take a vector of all unknowns, or a matrix with a row each, apart: A, W, b, c, slope, L.

    L has no rows where it is not fitted.
    """
    A, W, b, c, slope, L = np.split(values, np.cumsum([m * k, k * d, k, m, 1]))
    rest = values.shape[1:]
    L = L.reshape(m if len(L) else 0, d, *rest)
    return A.reshape(m, k, *rest), W.reshape(k, d, *rest), b, c, slope, L
