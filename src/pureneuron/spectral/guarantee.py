"""What the theory promises for a given problem: α, β, and the bounds of Lemmas 11 and 14."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pureneuron.model import TwoLayerNetwork
from pureneuron.spectral.detector import detector_matrix
from pureneuron.spectral.distinguishing import distinguishing_matrix
from pureneuron.typing import Array

__all__ = ["Guarantee", "guarantee", "unscaled"]


@dataclass(frozen=True)
class Guarantee:
    """How well a problem is separated, in the paper's coordinates (``vec*`` unscaled).

    Attributes
    ----------
    alpha : float
        Least singular value of the distinguishing matrix, augmented where there is noise.
    beta : float
        Least singular value of A.
    spectrum : (K,) array
        Singular values of T, ``K = k(k+1)/2``, descending; with exact moments the last k vanish.
    """

    alpha: float
    beta: float
    spectrum: Array

    @property
    def gap(self) -> float:
        """The least singular value of T that should not vanish."""
        k = int((np.sqrt(8 * len(self.spectrum) + 1) - 1) / 2)
        return float(self.spectrum[-k - 1]) if len(self.spectrum) > k else np.inf

    @property
    def gap_bound(self) -> float:
        """Lower bound ``αβ²/√2`` of the gap: Lemma 14, which states αβ², corrected."""
        return float(self.alpha * self.beta**2 / np.sqrt(2.0))

    def null_space_error(self, error_of_T: float) -> float:
        """Bound the error of the projector on the null space of an estimate T̂.

        It is at most ``2 ‖T̂ − T‖_F / (αβ²)``: Lemma 11, which states √2 in place of 2, corrected.

        Parameters
        ----------
        error_of_T : float
            ``‖T̂ − T‖_F``.
        """
        scale = self.alpha * self.beta**2
        return 2.0 * error_of_T / scale if scale > 0.0 else np.inf


def guarantee(
    X: ArrayLike,
    network: TwoLayerNetwork,
    *,
    noisy: bool = True,
    sample_weight: ArrayLike | None = None,
) -> Guarantee:
    """Evaluate α, β and the spectrum of T for a network and inputs.

    Parameters
    ----------
    X : (n, d) array-like
        Inputs; with ``sample_weight`` the points and probabilities of a finite law, for which the
        result is exact.
    network : TwoLayerNetwork
        With as many outputs as neurons, and without biases; it is taken in normal form.
    noisy : bool
        Whether the detector is that of Lemma 9 and the distinguishing matrix augmented.
    sample_weight : (n,) array-like, optional
        Weights of the rows.

    Raises
    ------
    ValueError
        If the network has biases, a linear part or another number of outputs, or X is unusable.
    """
    if network.n_outputs != network.n_neurons:
        raise ValueError(
            f"the bounds are for as many outputs as neurons, got {network.n_outputs} outputs and "
            f"{network.n_neurons} neurons: reduce y to the column space of A first"
        )
    if network.hidden_bias.any() or network.output_bias.any() or network.linear.any():
        raise ValueError("the bounds are for networks without biases and without a linear part")
    network = network.normalized()
    N = distinguishing_matrix(X, network.W, augmented=noisy, sample_weight=sample_weight)
    T = detector_matrix(X, network.predict(X), noisy=noisy, sample_weight=sample_weight)
    return Guarantee(
        alpha=float(np.linalg.svd(N, compute_uv=False).min(initial=np.inf)),
        beta=float(np.linalg.svd(network.A, compute_uv=False).min()),
        spectrum=np.asarray(np.linalg.svd(unscaled(T), compute_uv=False), np.float64),
    )


def unscaled(T: Array) -> Array:
    """Return the detector matrix in the paper's coordinates: for ``u_i u_j`` in place of vec*.

    Its columns i < j carry both cross terms, and are √2 times those of T.
    """
    k = int((np.sqrt(8 * T.shape[1] + 1) - 1) / 2)
    i, j = np.triu_indices(k)
    return T * np.where(i == j, 1.0, np.sqrt(2.0))
