"""The linear part of the network and what it spans.

A rectifier is half a linear map and half an even one, ``σ(t) = (t + |t|) / 2``, and a symmetric
input does not correlate with even functions of itself. So the regression of y on x sees the linear
half alone (Lemma 1): ``B = A W = 2 E[yxᵀ] E[xxᵀ]⁻¹``. Its column space is that of A, its row space
that of W: whatever d and m are, the rest of the spectral method works in k dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pureneuron.moments import Problem, design, SecondMoments, whitening
from pureneuron.samples import Batch, Sum
from pureneuron.samples.mirror import mirror_signs
from pureneuron.typing import AnyArray, Array

__all__ = ["LinearPart", "linear_map", "linear_part", "numerical_rank"]

_REPLICATES = 20


@dataclass(frozen=True)
class LinearPart:
    """Singular value decomposition of ``B`` in white coordinates.

    Attributes
    ----------
    outputs : (m, p) array
        Left singular vectors; the first k span the column space of A. ``p = min(m, r)``.
    inputs : (r, p) array
        Right singular vectors; the first k span the rows of W.
    singular_values : (p,) array
        In units of the outputs' root mean square.
    """

    outputs: Array
    inputs: Array
    singular_values: Array

    @property
    def matrix(self) -> Array:
        """``B``, an (m, r) array."""
        return np.asarray((self.outputs * self.singular_values) @ self.inputs.T)


def linear_map(moments: SecondMoments) -> Array:
    """Return ``B = 2 E[yxᵀ] E[xxᵀ]⁺`` of a ReLU network in the data's own units, an (m, d) array.

    This is Algorithm 1 for every output at once. Where the inputs do not span R^d its rows are the
    shortest that do; what counts as span is for :func:`pureneuron.moments.whitening` to say.
    """
    transform = whitening(moments.xx).transform
    return np.asarray(2.0 * (moments.yx @ transform) @ transform.T)


def linear_part(problem: Problem) -> LinearPart:
    """Compute ``B`` from the second moments; no pass over the data.

    With slope s on the negative side, ``σ(t) = (1+s)/2 t + (1−s)/2 |t|``, hence the factor.
    """
    yx = problem.moments.yx @ problem.whitening.transform / problem.output_scale
    outputs, values, inputs = np.linalg.svd(
        2.0 / (1.0 + problem.negative_slope) * yx, full_matrices=False
    )
    return LinearPart(outputs=outputs, inputs=inputs.T, singular_values=values)


def numerical_rank(problem: Problem, part: LinearPart, *, rng: np.random.Generator) -> int:
    """Count the singular values of ``B`` that stand out of its sampling noise, in one pass.

    Each row's contribution ``(y − Bx/2) xᵀ`` to the sampling error is multiplied by a random sign:
    that keeps the size and shape of the noise, heavy tails and correlations included, and removes
    the signal. A row and its mirror image get the same sign, for in mirrored data the even half of
    y cancels between them. The largest singular value over the replicates is the threshold.
    """
    seed = int(rng.integers(2**63))
    half = 0.5 * (1.0 + problem.negative_slope) * part.matrix
    sums = problem.source.reduce(
        _sign_flip_sums,
        problem.whitening.transform,
        half * problem.output_scale,
        seed,
        problem.fit_hidden_bias,
    )
    noise = (
        2.0
        / (1.0 + problem.negative_slope)
        / problem.total
        * sums["flipped"]
        / problem.output_scale
    )
    threshold = np.linalg.norm(noise, ord=2, axis=(1, 2)).max()
    threshold = max(threshold, 1e-10 * part.singular_values.max(initial=0.0))
    return int(np.sum(part.singular_values > threshold))


def _sign_flip_sums(
    batch: Batch, transform: AnyArray, linear: AnyArray, seed: int, constant_input: bool
) -> dict[str, Sum]:
    # The signs hash the inputs as they came: rounding in the transform would break the pairs.
    signs = mirror_signs(batch.X, seed, _REPLICATES)
    X, Y, _ = design(batch, constant_input)
    X = X @ transform
    E = np.asarray(Y - X @ linear.T)
    X = np.asarray(X)
    return {"flipped": Sum(np.stack([(E * sign[:, None]).T @ X for sign in signs]))}
